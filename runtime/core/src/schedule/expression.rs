//! Reads a cron expression: which values each field takes, and whether it was left open.
//!
//! The grammar is that of robfig/cron v3's `parser.go`, its oddities included: what follows the hyphen
//! of `*-3` is passed over, and empty parts of a list count for nothing.

use std::time::Duration;

use super::duration;
use super::error::{Fault, Field, ScheduleError};

/// The values that a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Values {
    /// A bit for each value.
    bits: u64,
    /// Whether one of its parts is `*` or `?`, without a step above 1. Of two day fields, only those
    /// without such a part are restricted.
    pub(super) is_open: bool,
}

/// A cron expression, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    /// At the times that the fields describe, in the order of [`Field::ALL`].
    Calendar([Values; 5]),
    /// Again and again after so long, in whole seconds.
    Every(Duration),
}

impl Values {
    const NONE: Self = Self { bits: 0, is_open: false };

    /// Whatever the field.
    pub(super) const ALL: Self = Self { bits: u64::MAX, is_open: true };

    /// Returns whether no value is taken.
    pub(super) const fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// Returns whether `value` is taken.
    pub(super) const fn contains(self, value: u32) -> bool {
        self.bits >> value & 1 == 1
    }

    /// Returns the values, in order.
    pub(super) fn iter(self) -> impl Iterator<Item = u32> {
        (0..64).filter(move |&value| self.contains(value))
    }

    /// Returns whether every value of `field` is taken.
    pub(super) fn is_all_of(self, field: Field) -> bool {
        let (least, greatest) = field.bounds();
        (least..=greatest).all(|value| self.contains(value))
    }

    fn join(self, other: Self) -> Self {
        Self { bits: self.bits | other.bits, is_open: self.is_open || other.is_open }
    }
}

impl Expression {
    /// Reads `text`, which names no zone.
    pub(super) fn parse(text: &str) -> Result<Self, ScheduleError> {
        if text.starts_with('@') {
            return descriptor(text);
        }
        let parts: Vec<&str> = text.split_whitespace().collect();
        let Ok(parts) = <[&str; 5]>::try_from(parts.as_slice()) else {
            let found = parts.into_iter().map(str::to_owned).collect();
            return Err(ScheduleError::Fields { found });
        };
        let mut fields = [Values::NONE; 5];
        for ((values, field), part) in fields.iter_mut().zip(Field::ALL).zip(parts) {
            *values = list(field, part, offset_within(text, part))?;
        }
        Ok(Self::Calendar(fields))
    }
}

fn descriptor(text: &str) -> Result<Expression, ScheduleError> {
    let fields = match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        other => return every(other),
    };
    Expression::parse(fields)
}

/// Never less than a second, and whole seconds only (robfig/cron `constantdelay.go`).
fn every(text: &str) -> Result<Expression, ScheduleError> {
    let Some(written) = text.strip_prefix("@every ") else {
        return Err(ScheduleError::Descriptor(text.to_owned()));
    };
    let duration = duration::parse(written);
    let duration = duration.ok_or_else(|| ScheduleError::Duration(text.to_owned()))?;
    Ok(Expression::Every(Duration::from_secs(duration.as_secs().max(1))))
}

/// Where `part`, a slice of `text`, begins in it.
fn offset_within(text: &str, part: &str) -> usize {
    part.as_ptr().addr() - text.as_ptr().addr()
}

/// Reads the parts of a field, of which the first byte is the expression's `start`th.
fn list(field: Field, text: &str, start: usize) -> Result<Values, ScheduleError> {
    let mut values = Values::NONE;
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let begin = start + offset_within(text, part);
        let read = range(field, part).map_err(|fault| ScheduleError::Part {
            field,
            place: begin..begin + part.len(),
            part: part.to_owned(),
            fault,
        })?;
        values = values.join(read);
    }
    Ok(values)
}

/// Reads `*`, `N`, `N-M`, each with `/STEP` or without.
fn range(field: Field, text: &str) -> Result<Values, Fault> {
    let (least, greatest) = field.bounds();
    let (least, greatest) = (u64::from(least), u64::from(greatest));
    let (span, step) = match text.split_once('/') {
        Some((span, step)) => (span, Some(step)),
        None => (text, None),
    };
    let (low, high) = match span.split_once('-') {
        Some((low, high)) => (low, Some(high)),
        None => (span, None),
    };
    let is_open = matches!(low, "*" | "?");
    let (begin, mut end) = match high {
        _ if is_open => (least, greatest),
        None => (value(field, low)?, value(field, low)?),
        Some(high) => {
            let begin = value(field, low)?;
            if high.contains('-') {
                return Err(Fault::Hyphens);
            }
            (begin, value(field, high)?)
        }
    };
    let step = match step {
        None => 1,
        Some(step) if step.contains('/') => return Err(Fault::Slashes),
        Some(step) => {
            if high.is_none() {
                end = greatest;
            }
            number(step)?
        }
    };
    if begin < least {
        return Err(Fault::Below(begin, least));
    }
    if end > greatest {
        return Err(Fault::Above(end, greatest));
    }
    if begin > end {
        return Err(Fault::Backwards(begin, end));
    }
    if step == 0 {
        return Err(Fault::NoStep);
    }
    let taken = (begin..=end).step_by(usize::try_from(step).unwrap_or(usize::MAX));
    let bits = taken.fold(0, |bits, value| bits | 1 << value);
    Ok(Values { bits, is_open: is_open && step == 1 })
}

fn value(field: Field, text: &str) -> Result<u64, Fault> {
    field.value_of(text).map_or_else(|| number(text), |value| Ok(u64::from(value)))
}

/// Within Go's `int`, with a sign or without.
fn number(text: &str) -> Result<u64, Fault> {
    let number: i64 = text.parse().map_err(|_| Fault::NoNumber(text.to_owned()))?;
    u64::try_from(number).map_err(|_| Fault::Negative(number, text.to_owned()))
}
