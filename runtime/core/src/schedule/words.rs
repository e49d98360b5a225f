//! A schedule in words.

use std::time::Duration;

use super::error::Field;
use super::expression::Values;
use super::zone::Zone;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
/// More times of day than this are not listed one by one.
const MOST_TIMES: usize = 8;

/// Returns the fields in words, such as `at 09:00 and 17:00, Monday to Friday, Europe/Berlin`.
pub(super) fn calendar(fields: &[Values; 5], zone: Zone) -> String {
    let [minute, hour, day, month, weekday] = *fields;
    let mut parts = vec![time_words(minute, hour)];
    parts.extend(day_words(day, weekday).or_else(|| {
        // Minutes of every hour need no day to be understood.
        (!hour.is_all_of(Field::Hour) && month.is_all_of(Field::Month))
            .then(|| "every day".to_owned())
    }));
    if !month.is_all_of(Field::Month) {
        parts.push(format!("in {}", names(month, Field::Month)));
    }
    parts.push(zone.name().to_owned());
    parts.join(", ")
}

/// Returns a period of at least a second in words, such as `every 1h30m`.
pub(super) fn period(period: Duration) -> String {
    let seconds = period.as_secs();
    let units = [(seconds / 3_600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let shown = units.iter().filter(|(count, _)| *count > 0);
    shown.fold("every ".to_owned(), |text, (count, unit)| format!("{text}{count}{unit}"))
}

fn time_words(minute: Values, hour: Values) -> String {
    let times: Vec<String> = hour
        .iter()
        .flat_map(|hour| minute.iter().map(move |minute| format!("{hour:02}:{minute:02}")))
        .take(MOST_TIMES + 1)
        .collect();
    if times.is_empty() {
        return "never".to_owned();
    }
    if times.len() <= MOST_TIMES {
        return format!("at {}", listed(&times));
    }
    let minutes = match step(minute, Field::Minute) {
        Some(1) => "every minute".to_owned(),
        Some(step) => format!("every {step} minutes"),
        None => match numbers(minute, Field::Minute) {
            text if minute.iter().count() == 1 => format!("at minute {text}"),
            text => format!("at minutes {text}"),
        },
    };
    match step(hour, Field::Hour) {
        Some(1) if minutes.starts_with("every") => minutes,
        Some(1) => format!("{minutes} of every hour"),
        Some(step) => format!("{minutes} of every {}", ordinal_hour(step)),
        None => match numbers(hour, Field::Hour) {
            text if hour.iter().count() == 1 => format!("{minutes} of hour {text}"),
            text => format!("{minutes} of hours {text}"),
        },
    }
}

fn ordinal_hour(step: u32) -> String {
    match step {
        2 => "second hour".to_owned(),
        3 => "third hour".to_owned(),
        other => format!("{other}th hour"),
    }
}

fn day_words(day: Values, weekday: Values) -> Option<String> {
    let days = (!day.is_all_of(Field::DayOfMonth)).then(|| match numbers(day, Field::DayOfMonth) {
        text if text.is_empty() => "on no day of the month".to_owned(),
        text if day.iter().count() == 1 => format!("on day {text} of the month"),
        text => format!("on days {text} of the month"),
    });
    let weekdays = (!weekday.is_all_of(Field::DayOfWeek)).then(|| names(weekday, Field::DayOfWeek));
    let joint = if day.is_open || weekday.is_open { "if it is" } else { "or" };
    match (days, weekdays) {
        (Some(days), Some(weekdays)) => Some(format!("{days} {joint} {weekdays}")),
        // A day field that is not open matches every day when it lists all of them.
        (Some(_), None) | (None, Some(_)) if !day.is_open && !weekday.is_open => None,
        (days, weekdays) => days.or(weekdays),
    }
}

fn numbers(values: Values, field: Field) -> String {
    spans(values, field, |value| value.to_string())
}

fn names(values: Values, field: Field) -> String {
    let named: &[&str] = if field == Field::Month { &MONTHS } else { &DAYS };
    let (first, _) = field.bounds();
    spans(values, field, |value| {
        let at = usize::try_from(value - first).unwrap_or(usize::MAX);
        named.get(at).copied().unwrap_or_default().to_owned()
    })
}

/// Lists the values, three or more in a row as `A to B`.
fn spans(values: Values, field: Field, name: impl Fn(u32) -> String) -> String {
    let (least, greatest) = field.bounds();
    let mut listed_spans = Vec::new();
    let mut at = least;
    while at <= greatest {
        if !values.contains(at) {
            at += 1;
            continue;
        }
        let end = (at..=greatest).take_while(|&value| values.contains(value)).last().unwrap_or(at);
        if end - at >= 2 {
            listed_spans.push(format!("{} to {}", name(at), name(end)));
        } else {
            listed_spans.extend((at..=end).map(&name));
        }
        at = end + 1;
    }
    listed(&listed_spans)
}

/// Returns the step with which the values go through the whole field from its least value.
fn step(values: Values, field: Field) -> Option<u32> {
    let (least, greatest) = field.bounds();
    (1..=30).find(|&step| {
        (least..=greatest).all(|value| values.contains(value) == ((value - least) % step == 0))
            && (greatest - least + 1) % step == 0
    })
}

/// Such as `a, b and c`.
fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [many @ .., last] => format!("{} and {last}", many.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::expression::Expression;
    use super::*;

    #[test]
    fn schedules_read_as_sentences() {
        for (text, words) in [
            ("0 9,17 * * 1-5", "at 09:00 and 17:00, Monday to Friday"),
            ("* * * * *", "every minute"),
            ("*/15 * * * *", "every 15 minutes"),
            ("*/7 * * * *", "at minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 of every hour"),
            ("@hourly", "at minute 0 of every hour"),
            ("0 */6 * * *", "at 00:00, 06:00, 12:00 and 18:00, every day"),
            ("0 */2 * * *", "at minute 0 of every second hour, every day"),
            ("@daily", "at 00:00, every day"),
            ("@weekly", "at 00:00, Sunday"),
            ("@monthly", "at 00:00, on day 1 of the month"),
            ("@yearly", "at 00:00, on day 1 of the month, in January"),
            ("30 2 1,15 * *", "at 02:30, on days 1 and 15 of the month"),
            ("0 0 13 * 5", "at 00:00, on day 13 of the month or Friday"),
            (
                "0 0 */2 * MON",
                "at 00:00, on days 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29 and 31 of the month or Monday",
            ),
            ("0 0 1-31 * 5", "at 00:00, every day"),
            (
                "* 9-17 * JUN-AUG 0,6",
                "every minute of hours 9 to 17, Sunday and Saturday, in June to August",
            ),
            (", * * * *", "never"),
        ] {
            let expression = Expression::parse(text).unwrap();
            let Expression::Calendar(fields) = expression else { panic!("{text} has no fields") };
            let described = calendar(&fields, Zone::UTC);
            assert_eq!(described.strip_suffix(", UTC"), Some(words), "{text}");
        }
    }

    #[test]
    fn a_period_needs_no_zone() {
        for (seconds, words) in [(1, "every 1s"), (90, "every 1m30s"), (7_200, "every 2h")] {
            assert_eq!(period(Duration::from_secs(seconds)), words, "{seconds} s");
        }
    }
}
