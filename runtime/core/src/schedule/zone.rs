//! A time zone, from the data inside the binary.

use chrono::{DateTime, Datelike, MappedLocalTime, NaiveDateTime, Offset, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::calendar::twin;
use crate::Timestamp;

/// An IANA time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(Tz);

/// A name that is no time zone's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone {0}")]
pub struct UnknownZone(pub String);

impl UnknownZone {
    /// Returns what is wanted, with the zone whose name or place is most like what was given.
    #[must_use]
    pub fn advice(&self) -> String {
        let given = self.0.to_lowercase();
        let likeness = |zone: &Tz| {
            let name = zone.name().to_lowercase();
            let place = name.rsplit('/').next().unwrap_or_default();
            strsim::jaro_winkler(&given, &name).max(strsim::jaro_winkler(&given, place))
        };
        let known = TZ_VARIANTS.iter().map(|zone| (likeness(zone), zone.name()));
        match known.max_by(|a, b| a.0.total_cmp(&b.0)) {
            Some((likeness, name)) if likeness > 0.9 => {
                format!("a zone is an IANA name: did you mean {name}?")
            }
            Some(_) | None => "a zone is an IANA name, such as Europe/Berlin or UTC".to_owned(),
        }
    }
}

impl Zone {
    /// UTC: the zone of a CronJob that names none.
    pub const UTC: Self = Self(Tz::UTC);

    /// Returns the zone of this IANA name, such as `Europe/Berlin`; in this case only, as Go looks it up.
    /// What a host's zone files have besides is known, too: `Factory`, and every zone below `posix/` and
    /// `right/`, where leap seconds count for nothing here.
    ///
    /// # Errors
    /// Where there is no such zone.
    pub fn parse(name: &str) -> Result<Self, UnknownZone> {
        let within = name.strip_prefix("posix/").or_else(|| name.strip_prefix("right/"));
        match within.unwrap_or(name) {
            "Factory" => Ok(Self::UTC),
            zone => zone.parse().map(Self).map_err(|_| UnknownZone(name.to_owned())),
        }
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
        let zone = match self.offset(at.unix_seconds()) {
            0 => "Z".to_owned(),
            offset => hours_and_minutes(offset, ":"),
        };
        self.write(at, "%Y-%m-%dT%H:%M:%S") + &zone
    }

    /// Returns `at` as events have it, by RFC 1123: `Mon, 23 Nov 2026 19:01:10 +0100`.
    #[must_use]
    pub fn rfc1123(self, at: Timestamp) -> String {
        let zone = hours_and_minutes(self.offset(at.unix_seconds()), "");
        self.write(at, "%a, %d %b %Y %H:%M:%S ") + &zone
    }

    fn write(self, at: Timestamp, form: &str) -> String {
        let local = self.local(at.unix_seconds());
        local.map(|local| local.format(form).to_string()).unwrap_or_default()
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

/// Writes an offset in seconds.
fn hours_and_minutes(offset: i64, between: &str) -> String {
    let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs() / 60);
    format!("{sign}{:02}{between}{:02}", minutes / 60, minutes % 60)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_zone_is_answered_with_the_nearest_that_is() {
        for (given, expected) in [
            ("america/new_york", "did you mean America/New_York?"),
            ("Berlin", "did you mean Europe/Berlin?"),
            ("Europe/Berln", "did you mean Europe/Berlin?"),
            ("GMT+5", "did you mean Etc/GMT+5?"),
            ("utc", "did you mean UTC?"),
            ("AAAAAAAAAAAAAAA", "such as Europe/Berlin or UTC"),
            ("", "such as Europe/Berlin or UTC"),
        ] {
            let advice = Zone::parse(given).unwrap_err().advice();
            assert!(advice.ends_with(expected), "{given}: {advice}");
        }
    }

    #[test]
    fn zones_of_a_hosts_files_are_known() {
        for (given, name) in
            [("Factory", "UTC"), ("posix/Asia/Tokyo", "Asia/Tokyo"), ("right/UTC", "UTC")]
        {
            assert_eq!(Zone::parse(given).map(Zone::name), Ok(name), "{given}");
        }
        assert_eq!(Zone::parse("posix/Nope"), Err(UnknownZone("posix/Nope".to_owned())));
    }

    #[test]
    fn times_are_written_with_the_zones_offset() {
        for (zone, second, rfc3339, rfc1123) in [
            ("UTC", 0, "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 +0000"),
            (
                "America/St_Johns",
                1_795_424_400,
                "2026-11-23T05:30:00-03:30",
                "Mon, 23 Nov 2026 05:30:00 -0330",
            ),
        ] {
            let (zone, at) = (Zone::parse(zone).unwrap(), Timestamp::from_unix_seconds(second));
            assert_eq!((&*zone.rfc3339(at), &*zone.rfc1123(at)), (rfc3339, rfc1123), "{zone}");
        }
    }
}
