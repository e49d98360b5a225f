//! The row of an Event.

use jobling_core::Timestamp;
use k8s_openapi::api::core::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, Time};
use serde_json::json;

use super::age::since;
use super::row::{Column, Row};

pub(super) const COLUMNS: [Column; 10] = [
    Column::text("Last Seen"),
    Column::text("Type"),
    Column::text("Reason"),
    Column::text("Object"),
    Column::wide("Subobject"),
    Column::wide("Source"),
    Column::text("Message"),
    Column::wide("First Seen"),
    Column::wide("Count"),
    Column { priority: 1, ..Column::name() },
];

pub(super) fn row(event: &Event, now: Timestamp) -> Row {
    let micro = |time: &MicroTime| Time(time.0);
    let first = event.first_timestamp.clone().or_else(|| event.event_time.as_ref().map(micro));
    let last = event.last_timestamp.clone().or_else(|| first.clone());
    let series = event.series.as_ref();
    let last = series.and_then(|series| series.last_observed_time.as_ref().map(micro)).or(last);
    let count = match series {
        Some(series) => series.count.unwrap_or_default(),
        // An event that happened once has no count in the newer API.
        None => event.count.filter(|count| *count != 0).unwrap_or(1),
    };
    Row::new(vec![
        json!(since(last.as_ref(), now)),
        json!(event.type_),
        json!(event.reason),
        json!(target(event)),
        json!(event.involved_object.field_path.as_deref().unwrap_or_default()),
        json!(source(event)),
        json!(event.message.as_deref().unwrap_or_default().trim()),
        json!(since(first.as_ref(), now)),
        json!(count),
        json!(event.metadata.name),
    ])
}

fn target(event: &Event) -> String {
    let involved = &event.involved_object;
    let kind = involved.kind.as_deref().unwrap_or_default().to_lowercase();
    match involved.name.as_deref() {
        Some(name) if !name.is_empty() => format!("{kind}/{name}"),
        _ => kind,
    }
}

fn source(event: &Event) -> String {
    let filled = |text: Option<&String>| text.filter(|text| !text.is_empty()).cloned();
    let source = event.source.as_ref();
    let component = filled(source.and_then(|source| source.component.as_ref()))
        .or_else(|| filled(event.reporting_component.as_ref()))
        .unwrap_or_default();
    let host = filled(source.and_then(|source| source.host.as_ref()))
        .or_else(|| filled(event.reporting_instance.as_ref()));
    match host {
        Some(host) => format!("{component}, {host}"),
        None => component,
    }
}

#[cfg(test)]
mod tests {
    use jobling_core::api::Kind;
    use serde_json::{Value, json};

    use super::super::row::testing::{ago, printed};

    #[test]
    fn an_event_tells_when_it_was_last_seen_and_of_what() {
        for (times, last, first, count) in [
            (
                json!({"firstTimestamp": ago(300), "lastTimestamp": ago(9), "count": 4}),
                "9s",
                "5m",
                "4",
            ),
            (json!({"firstTimestamp": ago(30)}), "30s", "30s", "1"),
            (json!({"eventTime": micro(40)}), "40s", "40s", "1"),
            (
                json!({"eventTime": micro(40), "series": {"count": 3, "lastObservedTime": micro(2)}}),
                "2s",
                "40s",
                "3",
            ),
            (json!({}), "<unknown>", "<unknown>", "1"),
        ] {
            let mut event = json!({
                "metadata": {"name": "report.1"},
                "involvedObject": {"kind": "Job", "name": "report"},
                "type": "Normal",
                "reason": "SuccessfulCreate",
                "message": "Created pod: report-x \n",
                "source": {"component": "job-controller"},
            });
            event.as_object_mut().unwrap().extend(times.as_object().unwrap().clone());
            let row = format!(
                "{last} | Normal | SuccessfulCreate | job/report |  | job-controller | \
                 Created pod: report-x | {first} | {count} | report.1"
            );
            assert_eq!(printed(Kind::Event, event), row, "{times}");
        }
    }

    fn micro(seconds: i64) -> Value {
        json!(ago(seconds).replace('Z', ".000000Z"))
    }
}
