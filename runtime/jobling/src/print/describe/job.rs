//! A Job's description.

use jiff::Timestamp;
use serde_json::Value;

use super::lines::{Lines, controller_of, pairs, text_of, time_of};
use super::template;
use crate::print::human_duration;

pub(super) fn describe(job: &Value, lines: &mut Lines) {
    let (metadata, spec, status) = (&job["metadata"], &job["spec"], &job["status"]);
    lines.field(0, "Name", &text_of(&metadata["name"]));
    lines.field(0, "Namespace", &text_of(&metadata["namespace"]));
    if spec["selector"].is_object() {
        lines.field(0, "Selector", &pairs(&spec["selector"]["matchLabels"]));
    }
    lines.map("Labels", "=", &metadata["labels"]);
    lines.map("Annotations", ": ", &template::shown_annotations(metadata));
    if let Some(controller) = controller_of(job) {
        lines.field(0, "Controlled By", &controller);
    }
    lines.field_if(0, "Parallelism", &spec["parallelism"]);
    let completions = text_of(&spec["completions"]);
    let unset = completions.is_empty();
    lines.field(0, "Completions", if unset { "<unset>" } else { &completions });
    lines.field_if(0, "Completion Mode", &spec["completionMode"]);
    lines.field_if(0, "Suspend", &spec["suspend"]);
    lines.field_if(0, "Backoff Limit", &spec["backoffLimit"]);
    lines.field_if(0, "Backoff Limit Per Index", &spec["backoffLimitPerIndex"]);
    lines.field_if(0, "Max Failed Indexes", &spec["maxFailedIndexes"]);
    lines.field_if(0, "TTL Seconds After Finished", &spec["ttlSecondsAfterFinished"]);
    describe_times(spec, status, lines);
    describe_counts(status, lines);
    lines.add(0, "Pod Template:");
    template::describe(&spec["template"], lines);
}

fn describe_times(spec: &Value, status: &Value, lines: &mut Lines) {
    let (start, end) = (&status["startTime"], &status["completionTime"]);
    if start.is_string() {
        lines.field(0, "Start Time", &time_of(start));
    }
    if end.is_string() {
        lines.field(0, "Completed At", &time_of(end));
    }
    let parsed = |time: &Value| time.as_str().and_then(|time| time.parse::<Timestamp>().ok());
    if let (Some(start), Some(end)) = (parsed(start), parsed(end)) {
        lines.field(0, "Duration", &human_duration(end.as_second() - start.as_second()));
    }
    if let Some(seconds) = spec["activeDeadlineSeconds"].as_i64() {
        lines.field(0, "Active Deadline Seconds", &format!("{seconds}s"));
    }
}

fn describe_counts(status: &Value, lines: &mut Lines) {
    let count = |field: &str| status[field].as_i64().unwrap_or_default();
    let mut counts = format!("{} Active", count("active"));
    if status["ready"].is_number() {
        counts.push_str(&format!(" ({} Ready)", count("ready")));
    }
    counts.push_str(&format!(" / {} Succeeded / {} Failed", count("succeeded"), count("failed")));
    if count("terminating") > 0 {
        counts.push_str(&format!(" / {} Terminating", count("terminating")));
    }
    lines.field(0, "Pods Statuses", &counts);
    for (title, field) in
        [("Completed Indexes", "completedIndexes"), ("Failed Indexes", "failedIndexes")]
    {
        if let Some(indexes) = status[field].as_str().filter(|indexes| !indexes.is_empty()) {
            lines.field(0, title, &capped(indexes));
        }
    }
}

/// Returns at most 50 ranges of a list of indexes, as kubectl does.
fn capped(indexes: &str) -> String {
    match indexes.match_indices(',').nth(49) {
        Some((end, _)) => format!("{},...", &indexes[..end]),
        None => indexes.to_owned(),
    }
}
