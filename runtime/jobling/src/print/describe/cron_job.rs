//! A CronJob's description; what kubectl does not tell comes after what it does: the schedule in words,
//! the next runs, and how late the last ones began.

use jiff::Timestamp;
use jobling_core::api::{Kind, Object};
use jobling_core::control::cronjob::{LATENESS_SECONDS, in_words, upcoming};
use serde_json::Value;

use super::lines::{Lines, items, pairs, text_of, time_of};
use super::template;

/// Runs to come that are shown.
const NEXT: usize = 5;
/// Runs that were, whose lateness is shown.
const LAST: usize = 5;

/// Adds a CronJob; `jobs` are its Jobs.
pub(super) fn describe(cron_job: &Value, jobs: &[Value], now: Timestamp, lines: &mut Lines) {
    let (metadata, spec, status) = (&cron_job["metadata"], &cron_job["spec"], &cron_job["status"]);
    lines.field(0, "Name", &text_of(&metadata["name"]));
    lines.field(0, "Namespace", &text_of(&metadata["namespace"]));
    lines.map("Labels", "=", &metadata["labels"]);
    lines.map("Annotations", ": ", &template::shown_annotations(metadata));
    lines.field(0, "Schedule", &text_of(&spec["schedule"]));
    lines.field(0, "Concurrency Policy", &text_of(&spec["concurrencyPolicy"]));
    lines.field(0, "Suspend", &capitalized(&spec["suspend"]));
    lines.field(0, "Time Zone", &or_unset(&spec["timeZone"], ""));
    for (title, field) in [
        ("Successful Job History Limit", "successfulJobsHistoryLimit"),
        ("Failed Job History Limit", "failedJobsHistoryLimit"),
    ] {
        lines.field(0, title, &or_unset(&spec[field], ""));
    }
    let deadline = or_unset(&spec["startingDeadlineSeconds"], "s");
    lines.field(0, "Starting Deadline Seconds", &deadline);
    describe_template(&spec["jobTemplate"]["spec"], lines);
    let last = &status["lastScheduleTime"];
    let last = if last.is_string() { time_of(last) } else { "<unset>".to_owned() };
    lines.field(0, "Last Schedule Time", &last);
    let active: Vec<String> =
        items(&status["active"]).iter().map(|job| text_of(&job["name"])).collect();
    let active = if active.is_empty() { "<none>".to_owned() } else { active.join(", ") };
    lines.field(0, "Active Jobs", &active);
    describe_runs(cron_job, now, lines);
    describe_lateness(jobs, lines);
}

fn describe_template(spec: &Value, lines: &mut Lines) {
    let selector = &spec["selector"];
    let selector =
        if selector.is_object() { pairs(&selector["matchLabels"]) } else { "<unset>".to_owned() };
    lines.field(0, "Selector", &selector);
    lines.field(0, "Parallelism", &or_unset(&spec["parallelism"], ""));
    lines.field(0, "Completions", &or_unset(&spec["completions"], ""));
    if let Some(seconds) = spec["activeDeadlineSeconds"].as_i64() {
        lines.field(0, "Active Deadline Seconds", &format!("{seconds}s"));
    }
    lines.add(0, "Pod Template:");
    template::describe(&spec["template"], lines);
}

fn describe_runs(cron_job: &Value, now: Timestamp, lines: &mut Lines) {
    let Ok(Object::CronJob(cron_job)) = Object::from_value(Kind::CronJob, cron_job) else { return };
    let Some((words, zone)) = in_words(&cron_job) else { return };
    lines.field(0, "Schedule In Words", &words);
    let now = jobling_core::Timestamp::from_unix_micros(now.as_microsecond());
    let runs = upcoming(&cron_job, now, NEXT);
    listed("Next Runs", runs.into_iter().map(|run| zone.rfc3339(run)), lines);
}

/// Adds how late the last runs began: those whose Jobs are still there.
fn describe_lateness(jobs: &[Value], lines: &mut Lines) {
    let mut late: Vec<(&Value, &str)> = jobs
        .iter()
        .filter_map(|job| {
            let metadata = &job["metadata"];
            Some((metadata, metadata["annotations"][LATENESS_SECONDS].as_str()?))
        })
        .collect();
    late.sort_by_key(|(metadata, _)| text_of(&metadata["creationTimestamp"]));
    let last = late.iter().rev().take(LAST);
    let last =
        last.map(|(metadata, seconds)| format!("{}: {seconds}s", text_of(&metadata["name"])));
    listed("Lateness", last, lines);
}

fn listed(title: &str, entries: impl Iterator<Item = String>, lines: &mut Lines) {
    let mut entries = entries.peekable();
    if entries.peek().is_none() {
        return lines.field(0, title, "<none>");
    }
    for (at, entry) in entries.enumerate() {
        let heading = if at == 0 { format!("{title}:") } else { String::new() };
        lines.add(0, &format!("{heading}\t{entry}"));
    }
}

fn or_unset(value: &Value, unit: &str) -> String {
    if value.is_null() { "<unset>".to_owned() } else { text_of(value) + unit }
}

/// Returns a bool as Go's `%v` of kubectl's `printBoolPtr` has it.
fn capitalized(value: &Value) -> String {
    match value.as_bool() {
        Some(true) => "True".to_owned(),
        Some(false) => "False".to_owned(),
        None => "<unset>".to_owned(),
    }
}
