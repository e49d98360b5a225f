//! The calendar of an expression, in local time and without a zone: the `cron` crate, asked so that it
//! answers as the reference does.
//!
//! What the crate does otherwise: it wants seconds and years, counts Sunday as 1, needs both day fields
//! to match where the reference takes either, has no empty list, and ends in the year 2100.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc};

use super::error::Field;
use super::expression::Values;

/// The crate is asked about the 28 years up to this one: they hold every calendar that there is.
const LAST_TWIN: i32 = 1999;

/// When an expression's times come in a calendar of days that all have 24 hours.
#[derive(Debug, Clone)]
pub(super) struct Calendar {
    /// Any of these may bring the next time; none never does.
    any_of: Vec<cron::Schedule>,
}

impl Calendar {
    /// Returns the calendar of these fields, in the order of [`Field::ALL`].
    pub(super) fn new(fields: &[Values; 5]) -> Self {
        let [minute, hour, day, month, weekday] = *fields;
        let either = !day.is_open && !weekday.is_open;
        let days = if either {
            vec![(day, None), (Values::ALL, Some(weekday))]
        } else {
            vec![(day, Some(weekday))]
        };
        let schedule = |(day, weekday): (Values, Option<Values>)| {
            let weekday = weekday.unwrap_or(Values::ALL);
            let all = [minute, hour, day, month, weekday];
            let is_possible = all.iter().all(|values| !values.is_empty()) && has_date(day, month);
            is_possible.then(|| schedule(&all))
        };
        Self { any_of: days.into_iter().filter_map(schedule).collect() }
    }

    /// Returns whether no time ever comes: a field takes no value, or no month has such a day.
    pub(super) const fn is_empty(&self) -> bool {
        self.any_of.is_empty()
    }

    /// Returns the first time after `after`; `None` where neither this year nor the
    /// next has one.
    pub(super) fn next_after(&self, after: NaiveDateTime) -> Option<NaiveDateTime> {
        self.any_of.iter().filter_map(|one| next(one, after)).min()
    }
}

/// Whether one of the months ever has one of the days: 30 February never comes.
fn has_date(days: Values, months: Values) -> bool {
    let longest = |month| match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let first = days.iter().find(|&day| day > 0);
    first.is_some_and(|first| months.iter().any(|month| first <= longest(month)))
}

/// Writes the fields as the crate reads them.
fn schedule(fields: &[Values; 5]) -> cron::Schedule {
    let mut text = "0".to_owned();
    for (values, field) in fields.iter().zip(Field::ALL) {
        let list: Vec<String> = match field {
            _ if values.is_all_of(field) => vec!["*".to_owned()],
            Field::DayOfWeek => values.iter().map(|day| (day + 1).to_string()).collect(),
            Field::Minute | Field::Hour | Field::DayOfMonth | Field::Month => {
                values.iter().map(|value| value.to_string()).collect()
            }
        };
        text = format!("{text} {}", list.join(","));
    }
    text.parse().expect("lists of values within their bounds are the crate's grammar")
}

fn next(schedule: &cron::Schedule, after: NaiveDateTime) -> Option<NaiveDateTime> {
    (after.year()..=after.year() + 1).find_map(|year| {
        let twin = twin(year, LAST_TWIN)?;
        let from = if year == after.year() {
            after.with_year(twin)?
        } else {
            NaiveDate::from_ymd_opt(twin - 1, 12, 31)?.and_hms_opt(23, 59, 59)?
        };
        let from = DateTime::<Utc>::from_naive_utc_and_offset(from, Utc);
        let found = schedule.after(&from).next()?.naive_utc();
        (found.year() == twin).then(|| found.with_year(year)).flatten()
    })
}

/// Returns the last year up to `last` with the same calendar as `year`: as long, and beginning on the same
/// weekday. There is one among any 28 in a row that hold no exception from the leap years' rule.
pub(super) fn twin(year: i32, last: i32) -> Option<i32> {
    let shape = |year| {
        let first = NaiveDate::from_ymd_opt(year, 1, 1)?;
        Some((first.leap_year(), first.weekday()))
    };
    let wanted = shape(year)?;
    (last - 27..=last).rev().find(|&candidate| shape(candidate) == Some(wanted))
}
