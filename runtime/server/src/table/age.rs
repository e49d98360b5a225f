//! Spans of time as `duration.HumanDuration` of apimachinery prints them: two units at most.

use jobling_core::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// Returns how long before `now` that was, such as `3m5s`; `<unknown>` of a time that is not set.
pub(super) fn since(time: Option<&Time>, now: Timestamp) -> String {
    match time {
        Some(time) => span(Timestamp::from(time), now),
        None => "<unknown>".to_owned(),
    }
}

/// Returns the time from `start` to `end`.
pub(crate) fn span(start: Timestamp, end: Timestamp) -> String {
    human((end.unix_micros() - start.unix_micros()) / 1_000_000)
}

fn human(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |large: i64, unit: char, small: i64, smaller: char| match small {
        0 => format!("{large}{unit}"),
        small => format!("{large}{unit}{small}{smaller}"),
    };
    match hours {
        // Clocks of two machines may differ a little.
        _ if seconds < -1 => "<invalid>".to_owned(),
        _ if seconds < 0 => "0s".to_owned(),
        _ if seconds < 120 => format!("{seconds}s"),
        _ if minutes < 10 => two(minutes, 'm', seconds % 60, 's'),
        _ if minutes < 180 => format!("{minutes}m"),
        ..8 => two(hours, 'h', minutes % 60, 'm'),
        8..48 => format!("{hours}h"),
        48..192 => two(days, 'd', hours % 24, 'h'),
        192..17_520 => format!("{days}d"),
        17_520..70_080 => two(days / 365, 'y', days % 365, 'd'),
        _ => format!("{}y", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_printed_as_kubectl_prints_it() {
        const MINUTE: i64 = 60;
        const HOUR: i64 = 60 * MINUTE;
        const DAY: i64 = 24 * HOUR;
        for (seconds, text) in [
            (-5, "<invalid>"),
            (-1, "0s"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (125, "2m5s"),
            (10 * MINUTE + 5, "10m"),
            (179 * MINUTE, "179m"),
            (3 * HOUR, "3h"),
            (3 * HOUR + 7 * MINUTE, "3h7m"),
            (8 * HOUR + 7 * MINUTE, "8h"),
            (47 * HOUR, "47h"),
            (2 * DAY, "2d"),
            (2 * DAY + HOUR, "2d1h"),
            (8 * DAY + HOUR, "8d"),
            (729 * DAY, "729d"),
            (730 * DAY, "2y"),
            (735 * DAY, "2y5d"),
            (3000 * DAY, "8y"),
        ] {
            assert_eq!(human(seconds), text, "{seconds} s");
        }
    }
}
