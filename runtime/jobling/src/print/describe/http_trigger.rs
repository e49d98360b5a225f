//! An HTTPTrigger's description: which requests it takes, what has come, and its newest Jobs.

use jiff::Timestamp;
use jobling_core::control::trigger::{QUEUED, REQUEST_LINE, REQUEST_NUMBER};
use serde_json::Value;

use super::lines::{Lines, text_of, time_of};
use super::template;
use crate::print::human_duration;

/// Jobs that are shown.
const LAST: usize = 5;

/// Adds an HTTPTrigger; `jobs` are its Jobs, `endpoint` is where requests are taken, if it is known.
pub(super) fn describe(
    trigger: &Value,
    jobs: &[Value],
    endpoint: Option<&str>,
    now: Timestamp,
    lines: &mut Lines,
) {
    let (metadata, spec) = (&trigger["metadata"], &trigger["spec"]);
    lines.field(0, "Name", &text_of(&metadata["name"]));
    lines.field(0, "Namespace", &text_of(&metadata["namespace"]));
    lines.map("Labels", "=", &metadata["labels"]);
    lines.map("Annotations", ": ", &template::shown_annotations(metadata));
    let path = text_of(&spec["path"]);
    lines.field(0, "Path", &path);
    let url = endpoint.map(|endpoint| format!("{endpoint}{path}"));
    lines.field(
        0,
        "URL",
        url.as_deref().unwrap_or("<none>  (serve --trigger-listen takes requests)"),
    );
    lines.field(0, "Methods", &listed(&spec["methods"]));
    lines.field(0, "Auth", &auth(&spec["auth"]));
    describe_rules(spec, lines);
    lines.add(0, "Pod Template:");
    template::describe(&spec["jobTemplate"]["spec"]["template"], lines);
    describe_status(&trigger["status"], lines);
    describe_requests(jobs, now, lines);
}

fn describe_rules(spec: &Value, lines: &mut Lines) {
    lines.field(0, "Response", &text_of(&spec["response"]));
    if let Some(seconds) = spec["timeoutSeconds"].as_i64() {
        lines.field(0, "Timeout", &format!("{seconds}s"));
    }
    lines.field(0, "Concurrency Policy", &text_of(&spec["concurrencyPolicy"]));
    lines.field_if(0, "Max Concurrency", &spec["maxConcurrency"]);
    lines.field_if(0, "Queue Depth", &spec["queueDepth"]);
    let rate = &spec["rateLimit"];
    if rate.is_object() {
        let (per_second, burst) = (&rate["requestsPerSecond"], &rate["burst"]);
        lines.field(0, "Rate Limit", &format!("{per_second} a second, {burst} at once"));
    }
    let idempotency = &spec["idempotency"];
    if idempotency.is_object() {
        let header = text_of(&idempotency["header"]);
        let seconds = idempotency["retentionSeconds"].as_i64().unwrap_or_default();
        let kept = human_duration(seconds);
        lines.field(0, "Idempotency", &format!("by {header}, remembered for {kept}"));
    }
    lines.field(0, "Body Limit", &text_of(&spec["bodyLimit"]));
    lines.field(0, "Record", &text_of(&spec["record"]));
    lines.field(0, "Suspend", &text_of(&spec["suspend"]));
    for (title, field) in [
        ("Successful Job History Limit", "successfulJobsHistoryLimit"),
        ("Failed Job History Limit", "failedJobsHistoryLimit"),
    ] {
        lines.field(0, title, &text_of(&spec[field]));
    }
}

fn describe_status(status: &Value, lines: &mut Lines) {
    let count = |field: &str| status[field].as_i64().unwrap_or_default();
    let requests = format!("{} ({} failed)", count("requests"), count("failures"));
    lines.field(0, "Requests", &requests);
    let active = format!("{} Active / {} Queued", count("active"), count("queued"));
    lines.field(0, "Jobs", &active);
    for (title, field) in
        [("Last Request Time", "lastRequestTime"), ("Last Failure Time", "lastFailureTime")]
    {
        let time = &status[field];
        let time = if time.is_string() { time_of(time) } else { "<unset>".to_owned() };
        lines.field(0, title, &time);
    }
}

/// Adds the newest requests of which a Job is there.
fn describe_requests(jobs: &[Value], now: Timestamp, lines: &mut Lines) {
    let annotation = |job: &Value, key: &str| text_of(&job["metadata"]["annotations"][key]);
    let number = |job: &&Value| annotation(job, REQUEST_NUMBER).parse::<u64>().ok();
    let mut requests: Vec<&Value> = jobs.iter().filter(|job| number(job).is_some()).collect();
    requests.sort_by_key(|job| std::cmp::Reverse(number(job)));
    if requests.is_empty() {
        return lines.field(0, "Last Requests", "<none>");
    }
    lines.add(0, "Last Requests:");
    lines.add(1, "Job\tRequest\tState\tAge");
    lines.add(1, "---\t-------\t-----\t---");
    for job in requests.into_iter().take(LAST) {
        let made = job["metadata"]["creationTimestamp"].as_str();
        let made = made.and_then(|time| time.parse::<Timestamp>().ok());
        let age = made.map(|made| human_duration(now.as_second() - made.as_second()));
        lines.add(
            1,
            &format!(
                "{}\t{}\t{}\t{}",
                text_of(&job["metadata"]["name"]),
                annotation(job, REQUEST_LINE),
                state(job),
                age.unwrap_or_default(),
            ),
        );
    }
}

fn state(job: &Value) -> &'static str {
    let conditions = job["status"]["conditions"].as_array().into_iter().flatten();
    let holds = |kind: &str| {
        conditions
            .clone()
            .any(|condition| condition["type"] == kind && condition["status"] == "True")
    };
    if holds("Complete") {
        "Complete"
    } else if holds("Failed") {
        "Failed"
    } else if job["metadata"]["annotations"][QUEUED].is_string() {
        "Queued"
    } else {
        "Running"
    }
}

fn auth(auth: &Value) -> String {
    let secret = |of: &Value| {
        let (name, key) = (&of["secretKeyRef"]["name"], &of["secretKeyRef"]["key"]);
        format!("the key '{}' in secret '{}'", text_of(key), text_of(name))
    };
    if auth["bearer"].is_object() {
        format!("bearer: {}", secret(&auth["bearer"]))
    } else if auth["hmac"].is_object() {
        let header = text_of(&auth["hmac"]["header"]);
        format!("hmac in {header}: {}", secret(&auth["hmac"]))
    } else {
        "none".to_owned()
    }
}

fn listed(values: &Value) -> String {
    let values = values.as_array().into_iter().flatten();
    values.map(text_of).collect::<Vec<_>>().join(", ")
}
