//! Schedules against what robfig/cron v3 answered: tests/reference.

#![expect(clippy::unwrap_used, reason = "a recorded case that cannot be read is a failed test")]

use jobling_core::Timestamp;
use jobling_core::schedule::{Schedule, ScheduleError, Zone};
use serde_json::Value;

fn cases(files: [&str; 2]) -> Vec<Value> {
    let read = |file| {
        let path = format!("{}/../../tests/reference/{file}", env!("CARGO_MANIFEST_DIR"));
        let mut document: Value =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        serde_json::from_value::<Vec<Value>>(document["cases"].take()).unwrap()
    };
    files.into_iter().flat_map(read).collect()
}

#[test]
fn fire_times_are_the_references() {
    let mut wrong = Vec::new();
    let all = cases(["cron_next.json", "cron_changes.json"]);
    for case in &all {
        let zone = Zone::parse(case["tz"].as_str().unwrap()).unwrap();
        let schedule = Schedule::parse(case["spec"].as_str().unwrap(), zone).unwrap();
        let from: jiff::Timestamp = case["from"].as_str().unwrap().parse().unwrap();
        let from = Timestamp::from_unix_micros(from.as_microsecond());
        let expected = case["next"].as_array().unwrap().iter().filter_map(Value::as_str);
        let given: Vec<String> =
            schedule.upcoming(from).take(5).map(|at| zone.rfc3339(at)).collect();
        if !given.iter().map(String::as_str).eq(expected) {
            wrong.push(format!("{} {} {}: {given:?}", case["spec"], case["tz"], case["next"]));
        }
    }
    assert!(!all.is_empty() && wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_is_no_schedule_is_refused_with_the_references_words() {
    let mut wrong = Vec::new();
    let all = cases(["cron_parse.json", "cron_odd.json"]);
    for case in &all {
        let text = case["spec"].as_str().unwrap();
        let given = Schedule::parse(text, Zone::UTC).map_err(|error| error.to_string());
        let is_same = match (&given, case["error"].as_str()) {
            (Ok(_), None) => case["ok"] == Value::Bool(true),
            // Go's own account of a number or a duration is not repeated.
            (Err(error), Some(expected)) => error.starts_with(
                expected.split(": strconv").next().unwrap().split(": time:").next().unwrap(),
            ),
            (Ok(_), Some(_)) | (Err(_), None) => false,
        };
        if !is_same {
            wrong.push(format!("{text}: {}, got {:?}", case["error"], given.err()));
        }
    }
    assert!(!all.is_empty() && wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn an_error_names_the_field_the_place_and_what_is_allowed() {
    for (text, message) in [
        (
            "0 9 * * MON-7",
            "end of range (7) above maximum (6): MON-7; this is the day of week at column 9, which \
             takes 0 to 6 and SUN to SAT, Sunday being 0",
        ),
        (
            "0,60 9 * * *",
            "end of range (60) above maximum (59): 60; this is the minute at column 3, which takes \
             0 to 59",
        ),
        (
            "0 9 * janvier *",
            "failed to parse int from janvier: janvier; this is the month at column 7, which takes \
             1 to 12 and JAN to DEC",
        ),
        (
            "0 9 * *",
            "expected exactly 5 fields, found 4: [0 9 * *]; the five are minute, hour, day of \
             month, month and day of week",
        ),
        (
            "@Daily",
            "unrecognized descriptor: @Daily; known are @yearly, @annually, @monthly, @weekly, \
             @daily, @midnight, @hourly and @every DURATION, in lower case",
        ),
    ] {
        let error = Schedule::parse(text, Zone::UTC).unwrap_err();
        assert_eq!(error.to_string(), message, "{text}");
    }
    assert_eq!(Schedule::parse("", Zone::UTC).unwrap_err(), ScheduleError::Empty);
}
