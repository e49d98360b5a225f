//! What a scalar without quotes means: as kubectl reads it, by go-yaml v2's `resolve.go`, which is YAML
//! 1.1 where YAML 1.2 differs.

use granit_parser::{ScalarStyle, Tag};
use serde_json::{Number, Value};

/// Returns the value of a scalar.
///
/// # Errors
/// Why a tag does not fit, or that JSON has no such number.
pub(super) fn resolve(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
    match tag.and_then(Tag::core_suffix) {
        Some("str") => Ok(Value::String(text.to_owned())),
        Some(suffix) => tagged(text, suffix),
        // A tag of one's own is passed over, as by go-yaml.
        None if style == ScalarStyle::Plain && tag.is_none() => plain(text),
        None => Ok(Value::String(text.to_owned())),
    }
}

fn tagged(text: &str, suffix: &str) -> Result<Value, String> {
    let value = plain(text)?;
    let fits = match suffix {
        "int" => value.is_i64() || value.is_u64(),
        "float" => value.is_number(),
        "bool" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    };
    if fits { Ok(value) } else { Err(format!("\"{text}\" is no !!{suffix}; remove the tag")) }
}

fn plain(text: &str) -> Result<Value, String> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Value::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Value::Bool(false)
        }
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF"
        | "-.inf" | "-.Inf" | "-.INF" => {
            return Err(format!("{text} is no number of JSON's; quote it or give a number"));
        }
        _ => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
    })
}

fn number(text: &str) -> Option<Number> {
    match text.bytes().next()? {
        b'.' => float(text),
        b'0'..=b'9' | b'+' | b'-' => {
            let plain = text.replace('_', "");
            integer(&plain).or_else(|| float(&plain))
        }
        _ => None,
    }
}

/// Reads an integer as Go does with base 0: the prefix tells, and a leading zero means octal.
fn integer(text: &str) -> Option<Number> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let prefixed = |prefix: [&str; 2]| prefix.iter().find_map(|prefix| digits.strip_prefix(prefix));
    let (digits, radix) = if let Some(hex) = prefixed(["0x", "0X"]) {
        (hex, 16)
    } else if let Some(binary) = prefixed(["0b", "0B"]) {
        (binary, 2)
    } else if let Some(octal) = prefixed(["0o", "0O"]) {
        (octal, 8)
    } else if digits.len() > 1 && digits.starts_with('0') {
        (&digits[1..], 8)
    } else {
        (digits, 10)
    };
    // Rust's own parser would take a second sign.
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    let magnitude = i128::from(u64::from_str_radix(digits, radix).ok()?);
    let value = if negative { -magnitude } else { magnitude };
    Number::from_i128(value)
}

/// A whole number written as a float is written as a whole number into JSON, as Go does.
fn float(text: &str) -> Option<Number> {
    if !text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) {
        return None;
    }
    let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
    // Above this, Go writes an exponent.
    if value.fract() == 0.0 && value.abs() < 1e21 {
        return format!("{value:.0}").parse().ok();
    }
    Number::from_f64(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::plain;

    #[test]
    fn a_plain_scalar_means_what_it_means_to_kubectl() {
        for (text, value) in [
            ("", json!(null)),
            ("~", json!(null)),
            ("null", json!(null)),
            ("nil", json!("nil")),
            ("yes", json!(true)),
            ("y", json!(true)),
            ("Off", json!(false)),
            ("oN", json!("oN")),
            ("0", json!(0)),
            ("-0", json!(0)),
            ("+5", json!(5)),
            ("1_000", json!(1000)),
            ("0644", json!(420)),
            ("0o644", json!(420)),
            ("0x1F", json!(31)),
            ("-0b11", json!(-3)),
            ("08", json!(8)),
            ("18446744073709551615", json!(u64::MAX)),
            ("1e3", json!(1000)),
            ("2.0", json!(2)),
            ("1.50", json!(1.5)),
            (".5", json!(0.5)),
            ("5.", json!(5)),
            ("1e999", json!("1e999")),
            ("--5", json!("--5")),
            ("+-5", json!("+-5")),
            ("0x", json!("0x")),
            ("0x-1", json!("0x-1")),
            ("-", json!("-")),
            (".", json!(".")),
            ("1:30", json!("1:30")),
            ("100m", json!("100m")),
            ("1Gi", json!("1Gi")),
            ("1.2.3", json!("1.2.3")),
            ("2026-11-23", json!("2026-11-23")),
            ("0 0 * * *", json!("0 0 * * *")),
            ("infinity", json!("infinity")),
            ("<<", json!("<<")),
        ] {
            assert_eq!(plain(text), Ok(value), "{text}");
        }
        assert!(plain(".nan").is_err() && plain("-.Inf").is_err());
    }
}
