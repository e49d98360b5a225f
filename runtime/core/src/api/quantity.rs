//! `resource.Quantity`: amounts such as `1500m`, `1Gi` or `5e9`, read, compared and written as
//! Kubernetes does. Exact: no floating point.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// Billionths: the finest step that a quantity keeps.
const NANOS: i128 = 1_000_000_000;

/// The largest magnitude, as apimachinery's `maxAllowed`: 2^63-1 whole units.
const MAX_NANOS: i128 = i64::MAX as i128 * NANOS;

/// The suffixes of powers of ten, each with its power; `""` is one.
const DECIMAL: [(&str, i32); 10] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];

/// The suffixes of powers of 1024, in order from `Ki`.
const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// Which suffixes a quantity is written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// `m`, `k`, `M`…
    DecimalSi,
    /// `Ki`, `Mi`…
    BinarySi,
    /// `e3`, `e6`…
    DecimalExponent,
}

/// Why a text is no quantity. The sentences are apimachinery's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// The text has not the shape of a number and a suffix.
    #[error(
        "quantities must match the regular expression \
         '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    )]
    Format,
    /// The suffix is none of those known.
    #[error("unable to parse quantity's suffix")]
    Suffix,
}

/// An amount. Equality and order are those of the amount, whatever the suffix.
#[derive(Debug, Clone, Copy)]
pub struct Quantity {
    nanos: i128,
    format: Format,
}

impl Quantity {
    /// Returns zero.
    #[must_use]
    pub const fn zero() -> Self {
        Self { nanos: 0, format: Format::DecimalSi }
    }

    /// Returns `count` whole units.
    #[must_use]
    pub const fn of_units(count: u64) -> Self {
        Self { nanos: count as i128 * NANOS, format: Format::DecimalSi }
    }

    /// Returns `count` thousandths.
    #[must_use]
    pub const fn of_milli_units(count: u64) -> Self {
        Self { nanos: count as i128 * (NANOS / 1000), format: Format::DecimalSi }
    }

    /// Returns the quantity that `text` stands for, or zero where it stands for none; for fields
    /// that decoding has read before.
    #[must_use]
    pub fn of_checked(text: &str) -> Self {
        text.parse().unwrap_or(Self::zero())
    }

    /// Returns whole units, rounded up as `Quantity.Value` does; bytes for memory and storage. A
    /// negative quantity gives 0.
    #[must_use]
    pub fn units(self) -> u64 {
        self.rounded_up(NANOS)
    }

    /// Returns thousandths, rounded up as `Quantity.MilliValue` does; what cpu is counted in. A
    /// negative quantity gives 0.
    #[must_use]
    pub fn milli_units(self) -> u64 {
        self.rounded_up(NANOS / 1000)
    }

    /// Returns whether the quantity is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.nanos < 0
    }

    /// Returns whether the quantity is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.nanos == 0
    }

    /// Returns whether the quantity has no fraction.
    #[must_use]
    pub const fn is_integer(self) -> bool {
        self.nanos % NANOS == 0
    }

    /// Returns how many of `divisor` this is, rounded up; a divisor of zero, or below, counts as one
    /// (`pkg/api/v1/resource`: `convertResourceMemoryToString` and its like).
    #[must_use]
    pub fn in_units_of(self, divisor: Self) -> u64 {
        self.rounded_up(if divisor.nanos > 0 { divisor.nanos } else { NANOS })
    }

    fn rounded_up(self, step: i128) -> u64 {
        let steps = self.nanos.div_euclid(step) + i128::from(self.nanos.rem_euclid(step) != 0);
        u64::try_from(steps.max(0)).unwrap_or(u64::MAX)
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let (negative, rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, suffix) = rest.split_at(number_end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return Err(QuantityError::Format);
        }
        let (format, base, exponent) = read_suffix(suffix)?;
        let magnitude = match base {
            2 => scaled_by_two(whole, fraction, exponent.unsigned_abs()),
            _ => scaled_by_ten(whole, fraction, exponent),
        };
        Ok(Self { nanos: if negative { -magnitude } else { magnitude }, format })
    }
}

/// Returns the format, the base and the power of a suffix.
fn read_suffix(suffix: &str) -> Result<(Format, i32, i32), QuantityError> {
    if let Some((_, power)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        return Ok((Format::DecimalSi, 10, *power));
    }
    if let Some(index) = BINARY.iter().position(|name| *name == suffix) {
        let power = i32::try_from((index + 1) * 10).unwrap_or(0);
        return Ok((Format::BinarySi, 2, power));
    }
    match suffix.strip_prefix(['e', 'E']) {
        Some(digits) => match digits.parse::<i32>() {
            Ok(power) => Ok((Format::DecimalExponent, 10, power)),
            Err(_) if digits.trim_start_matches(['+', '-']).bytes().all(|b| b.is_ascii_digit()) => {
                Err(QuantityError::Suffix)
            }
            Err(_) => Err(shape_error(suffix)),
        },
        None => Err(shape_error(suffix)),
    }
}

/// A suffix of letters that the grammar knows is a wrong suffix; any other makes a wrong shape.
fn shape_error(suffix: &str) -> QuantityError {
    let letters = suffix.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
    let digits = letters.strip_prefix(['+', '-']).unwrap_or(letters);
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        QuantityError::Suffix
    } else {
        QuantityError::Format
    }
}

/// Returns the nanos of `whole.fraction` times 10^power, rounded up and capped.
fn scaled_by_ten(whole: &str, fraction: &str, power: i32) -> i128 {
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|b| b - b'0').collect();
    let shift = i64::from(power) + 9 - i64::try_from(fraction.len()).unwrap_or(i64::MAX);
    let keep = i64::try_from(digits.len()).unwrap_or(i64::MAX).saturating_add(shift.min(0));
    let kept = usize::try_from(keep.max(0)).unwrap_or(usize::MAX).min(digits.len());
    let mut value: i128 = 0;
    for digit in &digits[..kept] {
        value = capped(value.saturating_mul(10).saturating_add(i128::from(*digit)));
    }
    for _ in 0..shift.clamp(0, 40) {
        value = capped(value.saturating_mul(10));
    }
    let lost = digits[kept..].iter().any(|digit| *digit != 0);
    capped(value + i128::from(lost))
}

/// Returns the nanos of `whole.fraction` times 2^power, rounded up and capped.
fn scaled_by_two(whole: &str, fraction: &str, power: u32) -> i128 {
    // Eighteen places of the fraction are more than a nano of an Ei can show.
    let places = fraction.len().min(18);
    let whole = scaled_by_ten(whole, "", -9);
    let denominator = 10_i128.pow(u32::try_from(places).unwrap_or(18));
    let numerator = fraction[..places].bytes().fold(0, |n: i128, b| n * 10 + i128::from(b - b'0'));
    let units = whole.saturating_mul(1_i128 << power);
    // numerator < 10^18 and 2^60 < 1.2 * 10^18: their product is below 2^121.
    let part = numerator << power;
    let part_nanos = (part / denominator).saturating_mul(NANOS)
        + ((part % denominator) * NANOS + denominator - 1) / denominator;
    capped(units.saturating_mul(NANOS).saturating_add(part_nanos))
}

fn capped(nanos: i128) -> i128 {
    nanos.min(MAX_NANOS)
}

/// The canonical form: no fraction, the largest suffix that keeps it whole.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nanos == 0 {
            return f.write_str("0");
        }
        let small = self.nanos.abs() < 1024 * NANOS;
        match self.format {
            Format::BinarySi if !small && self.is_integer() => write_binary(f, self.nanos / NANOS),
            Format::BinarySi | Format::DecimalSi => write_decimal(f, self.nanos, Format::DecimalSi),
            Format::DecimalExponent => write_decimal(f, self.nanos, Format::DecimalExponent),
        }
    }
}

fn write_binary(f: &mut fmt::Formatter<'_>, mut units: i128) -> fmt::Result {
    let mut suffix = "";
    for name in BINARY {
        if units % 1024 != 0 {
            break;
        }
        units /= 1024;
        suffix = name;
    }
    write!(f, "{units}{suffix}")
}

fn write_decimal(f: &mut fmt::Formatter<'_>, nanos: i128, format: Format) -> fmt::Result {
    let mut amount = nanos;
    let mut step = 0;
    while amount % 1000 == 0 && step + 1 < DECIMAL.len() {
        amount /= 1000;
        step += 1;
    }
    let (suffix, power) = DECIMAL[step];
    match format {
        Format::DecimalExponent if power != 0 => write!(f, "{amount}e{power}"),
        Format::DecimalExponent | Format::DecimalSi | Format::BinarySi => {
            write!(f, "{amount}{suffix}")
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_quantity_is_written_in_its_canonical_form() {
        for (text, canonical) in [
            ("1", "1"),
            ("0", "0"),
            ("1500m", "1500m"),
            ("1.5", "1500m"),
            ("1024Ki", "1Mi"),
            ("1.5Gi", "1536Mi"),
            ("0.5Gi", "512Mi"),
            ("512Ki", "512Ki"),
            ("1Ki", "1Ki"),
            ("1000Mi", "1000Mi"),
            ("1000", "1k"),
            ("100000", "100k"),
            ("1000m", "1"),
            ("1e3", "1e3"),
            ("5E", "5E"),
            ("12e6", "12e6"),
            ("1e2", "100"),
            ("0.1n", "1n"),
            ("-1.5Ki", "-1536"),
            (".5", "500m"),
            ("5.", "5"),
            ("99999999999999999999", "9223372036854775807"),
            ("0.5Mi", "512Ki"),
            ("0.0001Ki", "102400u"),
        ] {
            let read: Quantity = text.parse().unwrap();
            assert_eq!(read.to_string(), canonical, "{text}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_refused_with_its_reason() {
        for (text, error) in [
            ("", QuantityError::Format),
            ("abc", QuantityError::Format),
            ("1 Gi", QuantityError::Format),
            ("1GB", QuantityError::Format),
            ("1.2.3", QuantityError::Format),
            ("--1", QuantityError::Format),
            ("1gi", QuantityError::Format),
            ("1KK", QuantityError::Suffix),
            ("1K", QuantityError::Suffix),
            ("1mi", QuantityError::Suffix),
        ] {
            assert_eq!(text.parse::<Quantity>(), Err(error), "{text:?}");
        }
    }

    #[test]
    fn units_are_rounded_up() {
        for (text, units, milli) in [
            ("5G", 5_000_000_000, 5_000_000_000_000),
            ("1Gi", 1 << 30, (1 << 30) * 1000),
            ("1500m", 2, 1500),
            ("1n", 1, 1),
            ("-3", 0, 0),
        ] {
            let read: Quantity = text.parse().unwrap();
            assert_eq!((read.units(), read.milli_units()), (units, milli), "{text}");
        }
    }

    #[test]
    fn amounts_compare_whatever_their_suffix() {
        let read = |text: &str| text.parse::<Quantity>().unwrap();
        assert_eq!(read("1024Mi"), read("1Gi"));
        assert!(read("1G") < read("1Gi") && read("999m") < read("1") && read("-1") < read("0"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*") {
            let _answer = text.parse::<Quantity>();
        }

        #[test]
        fn the_canonical_form_reads_back_as_the_same_amount(
            text in "[+-]?[0-9]{1,30}(\\.[0-9]{0,20})?(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|e-?[0-9]{1,3})?"
        ) {
            let read: Quantity = text.parse().unwrap();
            let again: Quantity = read.to_string().parse().unwrap();
            prop_assert_eq!(read, again);
            prop_assert_eq!(read.to_string(), again.to_string());
        }
    }
}
