//! A Job of a CronJob's or an HTTPTrigger's template that a person starts, in place of the schedule or of a
//! request.

use jobling_core::Timestamp;
use jobling_core::api::Kind;
use jobling_core::control::cronjob::{INSTANTIATE, SCHEDULED_TIMESTAMP};
use jobling_core::control::trigger;
use jobling_core::schedule::Zone;
use serde_json::{Value, json};

/// The label of a CronJob's Jobs.
const LABEL: &str = "cronjob";

/// Returns the Job `name` of one run of `owner`; a CronJob's is scheduled for `now`.
pub(crate) fn instance_of(owner: &Value, name: &str, now: Timestamp) -> Value {
    let (spec, template) = (&owner["spec"], &owner["spec"]["jobTemplate"]);
    let mut annotations = template["metadata"]["annotations"].clone();
    let label = if owner["kind"] == Kind::HTTPTrigger.name() {
        annotations[trigger::INSTANTIATE] = "manual".into();
        trigger::LABEL
    } else {
        let zone = spec["timeZone"].as_str().and_then(|zone| Zone::parse(zone).ok());
        annotations[INSTANTIATE] = "manual".into();
        annotations[SCHEDULED_TIMESTAMP] = zone.unwrap_or(Zone::UTC).rfc3339(now).into();
        LABEL
    };
    let mut labels = template["metadata"]["labels"].clone();
    if labels[label].is_null() {
        labels[label] = owner["metadata"]["name"].clone();
    }
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": owner["metadata"]["namespace"],
            "labels": labels,
            "annotations": annotations,
        },
        "spec": template["spec"],
    })
}

/// Returns the name of the Job of a run at `now`, as the schedule would name it: the CronJob's and the
/// minutes since the epoch.
pub(crate) fn instance_name(owner: &str, now: Timestamp) -> String {
    format!("{owner}-{}", now.unix_seconds().div_euclid(60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_of_a_trigger_says_that_no_request_was_made() {
        let trigger = json!({"kind": "HTTPTrigger", "metadata": {"name": "thumbnail"},
            "spec": {"jobTemplate": {"spec": {"backoffLimit": 2}}}});
        let job = instance_of(&trigger, "try", Timestamp::default());
        assert_eq!(
            job["metadata"],
            json!({"name": "try", "namespace": null, "labels": {"httptrigger": "thumbnail"},
                "annotations": {"jobling.dev/instantiate": "manual"}})
        );
    }

    #[test]
    fn an_instance_has_what_a_scheduled_run_has() {
        let cron_job = json!({"metadata": {"name": "report", "namespace": "default"}, "spec": {
            "timeZone": "Europe/Berlin", "jobTemplate": {
                "metadata": {"labels": {"app": "x"}, "annotations": {"note": "kept"}},
                "spec": {"backoffLimit": 2}}}});
        let now = Timestamp::from_unix_seconds(1_790_000_000);
        let name = instance_name("report", now);
        assert_eq!(
            instance_of(&cron_job, &name, now),
            json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {
                "name": "report-29833333", "namespace": "default",
                "labels": {"app": "x", "cronjob": "report"},
                "annotations": {"note": "kept", "cronjob.kubernetes.io/instantiate": "manual",
                    "batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-09-21T16:13:20+02:00"}},
                "spec": {"backoffLimit": 2}})
        );
    }
}
