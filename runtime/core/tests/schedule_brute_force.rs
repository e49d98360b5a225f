//! Schedules against a second implementation that is too simple to be wrong: it looks at every minute.

#![expect(
    clippy::unwrap_used,
    reason = "a moment or a zone of this file that cannot be read fails the test"
)]

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveDateTime, Offset, TimeZone, Timelike};
use chrono_tz::Tz;
use jobling_core::Timestamp;
use jobling_core::schedule::{Fold, Schedule, ScheduleError, Zone};
use proptest::prelude::*;

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
/// How far the minutes are looked at.
const HORIZON: i64 = 4 * DAY;
/// So many of the times that are found are compared.
const MOST: usize = 200;

/// Zones and moments within a day of which their clocks change (or not: UTC).
const CHANGES: [(&str, i64); 14] = [
    ("UTC", 1_709_164_800),
    ("America/New_York", 1_710_054_000),
    ("America/New_York", 1_730_613_600),
    ("Europe/London", 1_711_846_800),
    ("Europe/London", 1_729_990_800),
    ("Australia/Lord_Howe", 1_712_415_600),
    ("Australia/Lord_Howe", 1_728_142_200),
    ("Pacific/Apia", 1_325_239_200),
    ("Pacific/Apia", 1_333_202_400),
    ("Africa/Cairo", 1_714_082_400),
    ("Africa/Cairo", 1_730_408_400),
    ("America/Sao_Paulo", 1_539_486_000),
    ("America/Sao_Paulo", 1_550_368_800),
    ("Africa/Casablanca", 1_710_036_000),
];

/// A field as text, and the same as a set.
#[derive(Debug, Clone)]
struct Field {
    text: String,
    values: BTreeSet<u32>,
    is_open: bool,
}

impl Field {
    fn new(text: String, values: impl IntoIterator<Item = u32>) -> Self {
        Self { is_open: text == "*", values: values.into_iter().collect(), text }
    }
}

fn field(least: u32, greatest: u32) -> impl Strategy<Value = Field> {
    let value = || least..=greatest;
    prop_oneof![
        4 => Just(Field::new("*".into(), least..=greatest)),
        2 => proptest::collection::btree_set(value(), 1..4).prop_map(|values| {
            let list: Vec<String> = values.iter().map(u32::to_string).collect();
            Field::new(list.join(","), values)
        }),
        2 => (value(), value()).prop_map(|(a, b)| {
            let (low, high) = (a.min(b), a.max(b));
            Field::new(format!("{low}-{high}"), low..=high)
        }),
        2 => (2u32..30).prop_map(move |step| {
            let taken = (least..=greatest).step_by(usize::try_from(step).unwrap());
            Field::new(format!("*/{step}"), taken)
        }),
    ]
}

fn fields() -> impl Strategy<Value = [Field; 5]> {
    let months = prop_oneof![6 => Just(Field::new("*".into(), 1..=12)), 1 => field(1, 12)];
    (field(0, 59), field(0, 23), field(1, 31), months, field(0, 6))
        .prop_map(|(minute, hour, day, month, weekday)| [minute, hour, day, month, weekday])
}

fn local(zone: Tz, second: i64) -> NaiveDateTime {
    let utc = DateTime::from_timestamp(second, 0).unwrap().naive_utc();
    utc + zone.offset_from_utc_datetime(&utc).fix()
}

fn matches(fields: &[Field; 5], at: NaiveDateTime) -> bool {
    let [minute, hour, day, month, weekday] = fields;
    let by_day = day.values.contains(&at.day());
    let by_weekday = weekday.values.contains(&at.weekday().num_days_from_sunday());
    let is_day =
        if day.is_open || weekday.is_open { by_day && by_weekday } else { by_day || by_weekday };
    minute.values.contains(&at.minute())
        && hour.values.contains(&at.hour())
        && month.values.contains(&at.month())
        && is_day
}

/// The minutes after `from` at which the fields match, as far as the horizon.
fn by_looking(fields: &[Field; 5], zone: Tz, from: i64) -> Vec<i64> {
    let first = (from / MINUTE + 1) * MINUTE;
    let minutes = (0..HORIZON / MINUTE).map(|minute| first + minute * MINUTE);
    minutes.filter(|&at| matches(fields, local(zone, at))).collect()
}

/// The hours with a change of the clock that the reference's steps stumble over: a midnight that is skipped, or
/// a change by less than an hour.
fn awkward_hours(zone: Tz, from: i64) -> Vec<i64> {
    let hours = (from - 2 * HOUR..from + HORIZON).step_by(3_600);
    let is_awkward = |at: &i64| {
        let (before, after) = (local(zone, *at), local(zone, *at + 3_600));
        let gone = (after - before).num_minutes() - 60;
        gone % 60 != 0 || gone > 0 && after.date() > before.date()
    };
    hours.filter(is_awkward).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_minute_is_missed_and_none_is_added(
        fields in fields(),
        (zone, change) in proptest::sample::select(&CHANGES[..]),
        shift in -2 * DAY..2 * DAY,
    ) {
        let text = fields.each_ref().map(|field| field.text.as_str()).join(" ");
        let schedule = Schedule::parse(&text, Zone::parse(zone).unwrap()).unwrap();
        let tz: Tz = zone.parse().unwrap();
        let from = change + shift;
        let until = (from / MINUTE + 1) * MINUTE + HORIZON;
        let given: Vec<i64> = schedule
            .upcoming(Timestamp::from_unix_seconds(from))
            .map(Timestamp::unix_seconds)
            .take_while(|&at| at < until)
            .take(MOST)
            .collect();
        prop_assert!(given.windows(2).all(|pair| pair[0] < pair[1]), "{text} {zone} {from}: order");
        let until = if given.len() == MOST { given[MOST - 1] + 1 } else { until };
        // A search that comes over such a change, or begins in its hour, ends where the reference's steps take
        // it, be it days later; the next one is plain again.
        let own_ways = awkward_hours(tz, from).into_iter().map(|change| {
            let next = given.iter().find(|&&at| at > change + 2 * HOUR);
            change..=next.copied().unwrap_or(i64::MAX)
        });
        let own_ways: Vec<_> = own_ways.collect();
        let is_plain = |at: &i64| !own_ways.iter().any(|way| way.contains(at));
        let mut expected = by_looking(&fields, tz, from);
        expected.retain(|at| *at < until && is_plain(at));
        let given: Vec<i64> = given.into_iter().filter(is_plain).collect();
        prop_assert_eq!(given, expected, "{} {} {}", text, zone, from);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused_with_its_place(
        text in prop_oneof!["\\PC{0,40}", "[*?/,0-9a-z@ =TZ.-]{0,30}", "@every [0-9.hmsuµ-]{0,20}"],
        from in 0i64..4_000_000_000,
    ) {
        match Schedule::parse(&text, Zone::UTC) {
            Ok(schedule) => {
                let from = Timestamp::from_unix_seconds(from);
                prop_assert!(schedule.next_after(from).is_none_or(|next| next > from));
                prop_assert!(!schedule.describe().is_empty());
            }
            Err(ScheduleError::Part { place, part, .. }) if !text.contains("TZ=") => {
                prop_assert_eq!(text.get(place), Some(part.as_str()));
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}

#[test]
fn a_repeated_hour_fires_twice_or_once_as_the_annotation_says() {
    let zone = Zone::parse("America/New_York").unwrap();
    // The evening before the clocks went back in 2024.
    let evening = Timestamp::from_unix_seconds(1_730_592_000);
    let twice = Schedule::parse("30 1 * * *", zone).unwrap();
    for (schedule, expected) in [
        (twice.clone(), ["2024-11-03T01:30:00-04:00", "2024-11-03T01:30:00-05:00"]),
        (twice.with_fold(Fold::Once), ["2024-11-03T01:30:00-04:00", "2024-11-04T01:30:00-05:00"]),
    ] {
        let given: Vec<String> =
            schedule.upcoming(evening).take(2).map(|at| zone.rfc3339(at)).collect();
        assert_eq!(given, expected);
    }
}

#[test]
fn a_date_that_never_comes_is_never_waited_for() {
    for text in ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *", ", * * * *", "* * , * *"] {
        for zone in ["UTC", "America/New_York", "Africa/Cairo"] {
            let schedule = Schedule::parse(text, Zone::parse(zone).unwrap()).unwrap();
            for from in [0, 1_700_000_000, 4_102_444_800, 253_402_300_799, i64::MAX / 1_000_000] {
                assert_eq!(
                    schedule.next_after(Timestamp::from_unix_seconds(from)),
                    None,
                    "{text} {zone} {from}"
                );
            }
        }
    }
}

#[test]
fn a_day_that_a_zone_leaves_out_is_passed() {
    // Samoa had no 30 December 2011.
    let zone = Zone::parse("Pacific/Apia").unwrap();
    let schedule = Schedule::parse("0 12 * * 5,6", zone).unwrap();
    let thursday = Timestamp::from_unix_seconds(1_325_200_000);
    let next = schedule.next_after(thursday).map(|at| zone.rfc3339(at));
    assert_eq!(next.as_deref(), Some("2011-12-31T12:00:00+14:00"));
}
