//! Durations as Go and kubectl write them: `90s`, `1h30m`, `500ms`.

use std::str::FromStr;
use std::time::Duration;

/// A length of time, as Go's `time.ParseDuration` reads it; a bare number is seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GoDuration {
    /// So long.
    For(Duration),
    /// A negative one: kubectl's "for ever" in `wait --timeout`.
    Negative,
}

/// Why a text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{given}\" is no duration; write it as 30s, 5m or 1h30m")]
pub(crate) struct DurationError {
    given: String,
}

impl GoDuration {
    /// Returns the length; `None` for a negative one.
    pub(crate) const fn limit(self) -> Option<Duration> {
        match self {
            Self::For(length) => Some(length),
            Self::Negative => None,
        }
    }
}

impl FromStr for GoDuration {
    type Err = DurationError;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let fault = || DurationError { given: given.to_owned() };
        let (negative, text) = match given.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, given.strip_prefix('+').unwrap_or(given)),
        };
        let length = if let Ok(seconds) = text.parse::<u64>() {
            Duration::from_secs(seconds)
        } else {
            length(text).ok_or_else(fault)?
        };
        Ok(if negative && !length.is_zero() { Self::Negative } else { Self::For(length) })
    }
}

fn length(mut text: &str) -> Option<Duration> {
    if text.is_empty() {
        return None;
    }
    let mut seconds = 0.0f64;
    while !text.is_empty() {
        let number_ends = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, rest) = text.split_at(number_ends);
        let unit_ends = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let (unit, rest) = rest.split_at(unit_ends);
        seconds += number.parse::<f64>().ok()? * unit_seconds(unit)?;
        text = rest;
    }
    Duration::try_from_secs_f64(seconds).ok()
}

fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        "us" | "µs" | "μs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_go_writes_them() {
        for (given, millis) in [
            ("30s", 30_000),
            ("1h30m", 5_400_000),
            ("1.5m", 90_000),
            ("250ms", 250),
            ("2m5s500ms", 125_500),
            ("0", 0),
            ("45", 45_000),
        ] {
            let expected = GoDuration::For(Duration::from_millis(millis));
            assert_eq!(given.parse(), Ok(expected), "{given}");
        }
        assert_eq!("-1s".parse(), Ok(GoDuration::Negative));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for given in ["", "s", "5x", "5 s", "1h-3m", "."] {
            assert!(given.parse::<GoDuration>().is_err(), "{given:?}");
        }
    }
}
