//! Durations as Go writes them: `1h30m`, `-1.5s`.

use std::time::Duration;

const NANOSECOND: u128 = 1;
const SECOND: u128 = 1_000_000_000;
/// The longest that Go's durations can be, in nanoseconds.
const LONGEST: u128 = i64::MAX as u128;

/// Returns the duration that `text` writes by the rules of Go's `time.ParseDuration`, a negative one as
/// zero; `None` where it writes none.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_negative = text.starts_with('-');
    if unsigned == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = unsigned;
    let mut nanos = 0u128;
    while let Some((part, after)) = term(rest) {
        nanos += part;
        if nanos > LONGEST + u128::from(is_negative) {
            return None;
        }
        rest = after;
    }
    if !rest.is_empty() || unsigned.is_empty() {
        return None;
    }
    let nanos = u64::try_from(nanos).ok()?;
    Some(if is_negative { Duration::ZERO } else { Duration::from_nanos(nanos) })
}

/// Reads a number with its unit: its nanoseconds, and what follows it.
fn term(text: &str) -> Option<(u128, &str)> {
    let (whole, after) = digits(text);
    let (fraction, after) = after.strip_prefix('.').map_or(("", after), digits);
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
    let (unit, after) = after.split_at(end);
    let unit = nanos_of(unit)?;
    let whole = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()? };
    Some((u128::from(whole) * unit + part_of(unit, fraction), after))
}

/// Returns the nanoseconds that the digits behind the point stand for: in floating point, as Go has it,
/// where nineteen nines are a whole unit.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "what is lost is lost in Go, too; nothing here is negative"
)]
fn part_of(unit: u128, fraction: &str) -> u128 {
    let (mut digits, mut scale) = (0u64, 1.0);
    for digit in fraction.bytes() {
        let next = digits.checked_mul(10).map(|digits| digits + u64::from(digit - b'0'));
        // More digits than fit count for nothing.
        let Some(next) = next.filter(|&next| next <= 1 << 63) else { break };
        (digits, scale) = (next, scale * 10.0);
    }
    (digits as f64 * (unit as f64 / scale)) as u128
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

fn nanos_of(unit: &str) -> Option<u128> {
    Some(match unit {
        "ns" => NANOSECOND,
        // Both of Unicode's micro signs.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => 3_600 * SECOND,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (text, nanos) in [
            ("0", Some(0)),
            ("5s", Some(5_000_000_000)),
            ("1h30m", Some(5_400_000_000_000)),
            ("1.5h", Some(5_400_000_000_000)),
            (".5s", Some(500_000_000)),
            ("5.s", Some(5_000_000_000)),
            ("+1ms", Some(1_000_000)),
            ("-5m", Some(0)),
            ("3us2ns", Some(3_002)),
            ("1.9999999999999999999s", Some(2_000_000_000)),
            ("0.00000000000000000000000001h", Some(0)),
            ("9223372036854775807ns", Some(i64::MAX.unsigned_abs())),
            ("9223372036854775808ns", None),
            ("", None),
            ("-", None),
            (".s", None),
            ("5", None),
            ("5 m", None),
            ("5m ", None),
            ("1d", None),
            ("99999999999999999999h", None),
        ] {
            assert_eq!(parse(text), nanos.map(Duration::from_nanos), "{text}");
        }
    }
}
