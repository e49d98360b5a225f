//! The events at the end of a description.

use jiff::Timestamp;
use serde_json::Value;

use super::lines::{Lines, text_of};
use crate::print::age;

pub(super) fn describe(events: &[Value], now: Timestamp, lines: &mut Lines) {
    if events.is_empty() {
        return lines.field(0, "Events", "<none>");
    }
    lines.add(0, "Events:");
    lines.add(1, "Type\tReason\tAge\tFrom\tMessage");
    lines.add(1, "----\t------\t----\t----\t-------");
    for event in events {
        let message = text_of(&event["message"]);
        lines.add(
            1,
            &format!(
                "{}\t{}\t{}\t{}\t{}",
                text_of(&event["type"]),
                text_of(&event["reason"]),
                seen(event, now),
                source(event),
                message.trim().replace('\n', " "),
            ),
        );
    }
}

/// Returns how long ago; of one that was seen often: last, how often, since when.
fn seen(event: &Value, now: Timestamp) -> String {
    let at = |field: &str| event[field].as_str();
    let first = at("firstTimestamp").or(at("eventTime"));
    let last = at("lastTimestamp").or(first);
    match event["count"].as_i64() {
        Some(count) if count > 1 => {
            format!("{} (x{count} over {})", age(last, now), age(first, now))
        }
        _ => age(last, now),
    }
}

fn source(event: &Value) -> String {
    let component = text_of(&event["source"]["component"]);
    let host = text_of(&event["source"]["host"]);
    match (component.is_empty(), host.is_empty()) {
        (true, _) => text_of(&event["reportingComponent"]),
        (false, true) => component,
        (false, false) => format!("{component}, {host}"),
    }
}
