//! A time zone, from the data inside the binary.

use chrono::{DateTime, Datelike, MappedLocalTime, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;

use super::calendar::twin;
use crate::Timestamp;

/// An IANA time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(Tz);

/// A name that is no time zone's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone {0}")]
pub struct UnknownZone(pub String);

impl Zone {
    /// UTC: the zone of a CronJob that names none.
    pub const UTC: Self = Self(Tz::UTC);

    /// Returns the zone of this IANA name, such as `Europe/Berlin`; in this case only, as Go looks it up.
    ///
    /// # Errors
    /// Where there is no such zone.
    pub fn parse(name: &str) -> Result<Self, UnknownZone> {
        name.parse().map(Self).map_err(|_| UnknownZone(name.to_owned()))
    }

    /// Returns the IANA name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// Returns `at` as RFC 3339 with this zone's offset, in whole seconds: `2026-11-23T19:01:10+01:00`,
    /// with `Z` where the offset is none.
    #[must_use]
    pub fn rfc3339(self, at: Timestamp) -> String {
        let offset = self.offset(at.unix_seconds());
        let local = self.local(at.unix_seconds());
        let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs() / 60);
        let zone = match offset {
            0 => "Z".to_owned(),
            _ => format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60),
        };
        local
            .map(|local| format!("{}{zone}", local.format("%Y-%m-%dT%H:%M:%S")))
            .unwrap_or_default()
    }

    /// Returns how many seconds local time is ahead of UTC at this Unix second.
    pub(super) fn offset(self, second: i64) -> i64 {
        let Some(utc) = naive(second).and_then(within_tables) else { return 0 };
        i64::from(self.0.offset_from_utc_datetime(&utc).fix().local_minus_utc())
    }

    /// Returns the local time at this Unix second.
    pub(super) fn local(self, second: i64) -> Option<NaiveDateTime> {
        naive(second.checked_add(self.offset(second))?)
    }

    /// Returns the Unix second of this local time, by the rule of Go's `time.Date`: of one that comes
    /// twice or not at all, the one that the offset at the same numbers of UTC leads to.
    pub(super) fn resolve(self, local: NaiveDateTime) -> Option<i64> {
        let same_numbers = local.and_utc().timestamp();
        match self.offset(same_numbers) {
            0 => Some(same_numbers),
            guess => same_numbers.checked_sub(self.offset(same_numbers.checked_sub(guess)?)),
        }
    }

    /// Returns whether no clock changes between these Unix seconds. Two changes within a day that undo
    /// each other are not seen; no zone has them.
    pub(super) fn is_steady(self, from: i64, until: i64) -> bool {
        let offset = self.offset(from);
        let mut days = (from..until).step_by(86_400);
        self == Self::UTC
            || self.offset(until) == offset && days.all(|day| self.offset(day) == offset)
    }

    /// Returns whether the local time at this Unix second was there before: the second pass of an hour
    /// that a clock change repeats.
    pub(super) fn is_repeat(self, second: i64) -> bool {
        let Some(local) = self.local(second) else { return false };
        match self.0.offset_from_local_datetime(&local) {
            MappedLocalTime::Ambiguous(first, _) => {
                i64::from(first.fix().local_minus_utc()) != self.offset(second)
            }
            MappedLocalTime::Single(_) | MappedLocalTime::None => false,
        }
    }
}

impl std::fmt::Display for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The tables end with 2099; from then on, zones follow the rules of the last years for ever: a year is as
/// the last one with the same calendar.
fn within_tables(utc: NaiveDateTime) -> Option<NaiveDateTime> {
    const LAST: i32 = 2099;
    if utc.year() <= LAST {
        return Some(utc);
    }
    utc.with_year(twin(utc.year(), LAST)?)
}

/// Returns this second of a clock that knows no zone; `None` beyond the calendar's quarter of a million
/// years.
pub(super) fn naive(second: i64) -> Option<NaiveDateTime> {
    DateTime::from_timestamp(second, 0).map(|time| time.naive_utc())
}
