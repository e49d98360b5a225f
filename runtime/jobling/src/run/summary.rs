//! The last words of a run: a line for each Job.

use jobling_core::Timestamp;
use k8s_openapi::api::batch::v1::{Job, JobStatus};

use super::scene::{JobEnd, Scene};
use crate::print::human_duration;

/// Returns a line for each Job: how it ended, its counts and how long it took.
pub(super) fn summary(scene: &Scene, now: Timestamp) -> Vec<String> {
    let line = |name: &str, job: Option<&Job>, end: Option<&JobEnd>| {
        let status = job.and_then(|job| job.status.clone()).unwrap_or_default();
        let ending = match end {
            Some(JobEnd::Complete) => "complete".to_owned(),
            Some(JobEnd::Failed { reason, message }) => format!("failed: {reason}: {message}"),
            None => "not finished".to_owned(),
        };
        format!("job/{name} {ending} ({})", counts(&status, now))
    };
    scene.jobs().map(|(key, job)| line(&key.name, job.job.as_ref(), job.end.as_ref())).collect()
}

fn counts(status: &JobStatus, now: Timestamp) -> String {
    let mut parts = vec![format!("{} succeeded", status.succeeded.unwrap_or(0))];
    if let Some(failed) = status.failed.filter(|failed| *failed > 0) {
        parts.push(format!("{failed} failed"));
    }
    if let Some(active) = status.active.filter(|active| *active > 0) {
        parts.push(format!("{active} active"));
    }
    if let Some(start) = &status.start_time {
        let end = status.completion_time.as_ref().map_or(now, Timestamp::from);
        let took = end.since(Timestamp::from(start)).as_secs();
        parts.push(human_duration(i64::try_from(took).unwrap_or(i64::MAX)));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn counts_say_what_there_was() {
        let now = Timestamp::from_unix_seconds(1_000_000);
        for (status, text) in [
            (json!({}), "0 succeeded"),
            (json!({"succeeded": 3, "failed": 2, "active": 1}), "3 succeeded, 2 failed, 1 active"),
            (json!({"succeeded": 1, "startTime": "1970-01-12T13:46:35Z"}), "1 succeeded, 5s"),
        ] {
            let status: JobStatus = serde_json::from_value(status).unwrap();
            assert_eq!(counts(&status, now), text);
        }
    }
}
