//! When a schedule fires.

use std::time::Duration;

use super::calendar::Calendar;
use super::error::ScheduleError;
use super::expression::{Expression, Values};
use super::zone::{Zone, naive};
use super::{walk, words};
use crate::Timestamp;

const DAY: i64 = 86_400;
/// Longer than any month and the day before it. What is further off is not worth the search for clock
/// changes on the way.
const FAR: i64 = 33 * DAY;

/// What becomes of a local time that comes twice because the clocks are put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fold {
    /// It fires twice, as the reference does.
    #[default]
    Twice,
    /// It fires the first time only.
    Once,
}

/// A cron expression in a time zone.
///
/// ```
/// use jobling_core::{Timestamp, schedule::{Schedule, Zone}};
///
/// let zone = Zone::parse("America/New_York")?;
/// let schedule = Schedule::parse("0 9,17 * * 1-5", zone)?;
/// assert_eq!(schedule.describe(), "at 09:00 and 17:00, Monday to Friday, America/New_York");
/// // A Friday evening in summer.
/// let friday = Timestamp::from_unix_seconds(1_783_720_800);
/// let monday = schedule.next_after(friday).expect("it fires every week");
/// assert_eq!(zone.rfc3339(monday), "2026-07-13T09:00:00-04:00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Schedule {
    rule: Rule,
    zone: Zone,
    fold: Fold,
}

#[derive(Debug, Clone)]
enum Rule {
    Calendar(Box<Fields>),
    Every(Duration),
}

#[derive(Debug, Clone)]
struct Fields {
    values: [Values; 5],
    calendar: Calendar,
}

impl Schedule {
    /// Returns the schedule of a cron expression, which fires in the local time of `zone`. An expression
    /// that begins with `TZ=` or `CRON_TZ=` names a zone of its own, which goes before; `Local` is `zone`.
    ///
    /// # Errors
    /// What is wrong with the expression, and where.
    pub fn parse(text: &str, zone: Zone) -> Result<Self, ScheduleError> {
        if text.is_empty() {
            return Err(ScheduleError::Empty);
        }
        let (text, zone) = own_zone(text, zone)?;
        let rule = match Expression::parse(text)? {
            Expression::Calendar(values) => {
                Rule::Calendar(Box::new(Fields { values, calendar: Calendar::new(&values) }))
            }
            Expression::Every(period) => Rule::Every(period),
        };
        Ok(Self { rule, zone, fold: Fold::default() })
    }

    /// Returns the schedule with another rule for local times that come twice.
    #[must_use]
    pub fn with_fold(self, fold: Fold) -> Self {
        Self { fold, ..self }
    }

    /// Returns the zone in whose local time it fires.
    #[must_use]
    pub const fn zone(&self) -> Zone {
        self.zone
    }

    /// Returns the schedule in words, such as `at 09:00 and 17:00, Monday to Friday, Europe/Berlin`.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.rule {
            Rule::Calendar(fields) => words::calendar(&fields.values, self.zone),
            Rule::Every(period) => words::period(*period),
        }
    }

    /// Returns the first time after `after`; `None` where there is none within five years, as with
    /// 30 February. `@every` counts from the whole second of `after` itself.
    #[must_use]
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let after = after.unix_seconds();
        let next = match &self.rule {
            Rule::Every(period) => after.checked_add(i64::try_from(period.as_secs()).ok()?),
            Rule::Calendar(fields) => self.next_second(fields, after),
        };
        next.map(Timestamp::from_unix_seconds)
    }

    /// Returns the times after `after`, in order.
    pub fn upcoming(&self, after: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
        std::iter::successors(self.next_after(after), |&last| self.next_after(last))
    }

    /// Returns the last time after `after` and not after `until`; `None` where there is none. Looks at as
    /// many times as the logarithm of what is between, however many fire there.
    #[must_use]
    pub fn latest_between(&self, after: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let first = self.next_after(after).filter(|&first| first <= until)?;
        if let Rule::Every(period) = self.rule {
            let period = i64::try_from(period.as_secs()).ok()?;
            let more = (until.unix_seconds() - first.unix_seconds()) / period * period;
            return Some(Timestamp::from_unix_seconds(first.unix_seconds() + more));
        }
        let (mut latest, mut none_after) = (first.unix_seconds(), until.unix_seconds());
        while latest < none_after {
            let middle = latest + (none_after - latest) / 2;
            match self.next_after(Timestamp::from_unix_seconds(middle)) {
                Some(next) if next <= until => latest = next.unix_seconds(),
                Some(_) | None => none_after = middle,
            }
        }
        Some(Timestamp::from_unix_seconds(latest))
    }

    fn next_second(&self, fields: &Fields, after: i64) -> Option<i64> {
        let mut next = self.first_from(fields, after.checked_add(1)?)?;
        while self.fold == Fold::Once && self.zone.is_repeat(next) {
            next = self.first_from(fields, next + 1)?;
        }
        Some(next)
    }

    /// Returns the first time from the Unix second `from` on: from the calendar where it is near and no
    /// clock changes on the way, else step by step.
    fn first_from(&self, fields: &Fields, from: i64) -> Option<i64> {
        if fields.calendar.is_empty() {
            return None;
        }
        let offset = self.zone.offset(from);
        let before = naive(from.checked_add(offset)?.checked_sub(1)?)?;
        let near = fields.calendar.next_after(before).map(|at| at.and_utc().timestamp() - offset);
        // The walk begins with the month at the earliest and looks at the next midnight at the latest.
        let near =
            near.filter(|&at| at - from < FAR && self.zone.is_steady(from - FAR, at + 2 * DAY));
        near.or_else(|| walk::first_from(&fields.values, self.zone, from))
    }
}

/// Returns the expression without the zone that it may name itself, and the zone that it fires in.
fn own_zone(text: &str, zone: Zone) -> Result<(&str, Zone), ScheduleError> {
    let named = text.strip_prefix("TZ=").or_else(|| text.strip_prefix("CRON_TZ="));
    let Some(named) = named else { return Ok((text, zone)) };
    let Some((name, rest)) = named.split_once(' ') else {
        return Err(ScheduleError::ZoneAlone(text.to_owned()));
    };
    let zone = match name {
        "" => Zone::UTC,
        "Local" => zone,
        name => Zone::parse(name).map_err(|_| ScheduleError::Zone(name.to_owned()))?,
    };
    Ok((rest.trim(), zone))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_calendar_and_the_walk_agree_where_clocks_do_not_change(
            fields in proptest::array::uniform5(0usize..PARTS.len()),
            from in 0i64..5_000_000_000,
        ) {
            let mut column = 0;
            let text = fields.map(|part| { column += 1; PARTS[part][column - 1] }).join(" ");
            let Expression::Calendar(values) = Expression::parse(&text).unwrap() else {
                unreachable!("five fields are no period")
            };
            let by_calendar = Calendar::new(&values)
                .next_after(naive(from - 1).unwrap())
                .map(|next| next.and_utc().timestamp());
            let by_walk = walk::first_from(&values, Zone::UTC, from)
                .filter(|&at| by_calendar.is_some() || at < from + 365 * DAY);
            prop_assert_eq!(by_calendar, by_walk, "{} {}", text, from);
        }
    }

    /// A column for each field.
    const PARTS: [[&str; 5]; 7] = [
        ["*", "*", "*", "*", "*"],
        ["0", "0", "1", "1", "0"],
        ["59", "23", "31", "12", "6"],
        ["*/17", "*/5", "*/10", "*/5", "1-5"],
        ["?", "22-23", "29", "2", "2,4"],
        [",", "1,13", "29-31", "feb-apr", "?/1"],
        ["5/20", "?", "30", "2/2", "*/6"],
    ];
}
