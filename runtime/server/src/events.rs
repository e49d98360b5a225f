//! Events in their two shapes: `v1`, which is stored, and `events.k8s.io/v1`, the same in newer words.

use serde_json::{Value, json};

/// What each field is called in `v1` and in `events.k8s.io/v1`.
const NAMES: [(&str, &str); 6] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
];
const CONTROLLER: (&str, &str) = ("reportingComponent", "reportingController");

/// Returns an event of `v1` as one of `events.k8s.io/v1`.
pub(crate) fn from_core(event: Value) -> Value {
    renamed(event, "events.k8s.io/v1", |(core, newer)| (core, newer))
}

/// Returns an event of `events.k8s.io/v1` as one of `v1`.
pub(crate) fn to_core(event: Value) -> Value {
    renamed(event, "v1", |(core, newer)| (newer, core))
}

fn renamed(
    mut event: Value,
    api_version: &str,
    direction: impl Fn((&'static str, &'static str)) -> (&'static str, &'static str),
) -> Value {
    let Some(fields) = event.as_object_mut() else { return event };
    for pair in NAMES.into_iter().chain([CONTROLLER]) {
        let (from, to) = direction(pair);
        if let Some(value) = fields.remove(from) {
            fields.insert(to.to_owned(), value);
        }
    }
    fields.insert("apiVersion".to_owned(), json!(api_version));
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_keeps_what_it_says_in_either_shape() {
        let core = json!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": "a"},
            "involvedObject": {"kind": "Job", "name": "report"},
            "message": "Created pod: report-x",
            "reason": "SuccessfulCreate",
            "reportingComponent": "job-controller",
            "count": 2,
        });
        let newer = from_core(core.clone());
        assert_eq!(newer["apiVersion"], "events.k8s.io/v1");
        assert_eq!(newer["regarding"]["name"], "report");
        assert_eq!(newer["note"], "Created pod: report-x");
        assert_eq!(newer["reportingController"], "job-controller");
        assert_eq!(newer["deprecatedCount"], 2);
        assert_eq!(newer.get("message"), None);
        assert_eq!(to_core(newer), core);
    }
}
