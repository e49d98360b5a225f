//! The Job of one request.

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::{Response, Rules};
use crate::api::{HTTPTrigger, Kind};
use crate::pods::uuid;
use crate::trigger::TriggerCall;

/// The label of a request's Job: its trigger's name.
pub const LABEL: &str = "httptrigger";

/// The annotation of a request's Job with the so manieth request it is of its trigger's, of those that
/// became Jobs. Those that wait are let in by it.
pub const REQUEST_NUMBER: &str = "jobling.dev/request-number";

/// The annotation of a request's Job with the request's method and path.
pub const REQUEST_LINE: &str = "jobling.dev/request-line";

/// The annotation of a request's Job while it waits for its turn; `spec.suspend` is true meanwhile.
pub const QUEUED: &str = "jobling.dev/queued";

/// The annotation of a Job that a person made of a trigger, as of a CronJob. No request is counted.
pub const INSTANTIATE: &str = "jobling.dev/instantiate";

/// So much of the method and path is kept as an annotation.
const LINE_BYTES: usize = 256;

/// Returns the Job of the trigger's request `number`, to be admitted as any other. Whoever may sign or
/// tell what `seed` is drawn from cannot tell the name beforehand, with which the answer can be read.
pub(crate) fn job(trigger: &HTTPTrigger, call: &TriggerCall, number: u64, seed: &[u8]) -> Job {
    let template = &trigger.spec.job_template;
    let from_template = template.metadata.as_ref();
    let owner = trigger.metadata.name.clone().unwrap_or_default();
    let mut labels = from_template.and_then(|meta| meta.labels.clone()).unwrap_or_default();
    labels.entry(LABEL.to_owned()).or_insert_with(|| owner.clone());
    let mut annotations =
        from_template.and_then(|meta| meta.annotations.clone()).unwrap_or_default();
    annotations.insert(REQUEST_NUMBER.to_owned(), number.to_string());
    annotations.insert(REQUEST_LINE.to_owned(), line(call));
    Job {
        metadata: ObjectMeta {
            name: Some(format!("{owner}-{}", suffix(trigger, number, seed))),
            namespace: trigger.metadata.namespace.clone(),
            labels: Some(labels),
            annotations: Some(annotations),
            owner_references: Some(vec![owner_of(trigger)]),
            ..ObjectMeta::default()
        },
        spec: Some(spec(trigger)),
        status: None,
    }
}

/// Returns the Job of a request that ran without one and failed: one attempt, no other.
pub(crate) fn failed_job(
    trigger: &HTTPTrigger,
    call: &TriggerCall,
    number: u64,
    seed: &[u8],
) -> Job {
    let mut job = job(trigger, call, number, seed);
    let spec = job.spec.get_or_insert_default();
    let template = std::mem::take(&mut spec.template);
    *spec = JobSpec {
        template,
        backoff_limit: Some(0),
        ttl_seconds_after_finished: spec.ttl_seconds_after_finished,
        ..JobSpec::default()
    };
    if let Some(pod) = &mut spec.template.spec {
        pod.restart_policy = Some("Never".to_owned());
    }
    job
}

/// Lets the Job run that has waited.
pub(crate) fn release(job: &mut Job) {
    if let Some(annotations) = &mut job.metadata.annotations {
        annotations.remove(QUEUED);
    }
    job.metadata.generation = job.metadata.generation.map(|generation| generation + 1);
    job.spec.get_or_insert_default().suspend = Some(false);
}

/// Takes note that somebody has let a Job run that waited.
pub(crate) fn let_in(job: &mut Job) {
    let waits = job.spec.as_ref().is_some_and(|spec| spec.suspend == Some(true));
    if let Some(annotations) = job.metadata.annotations.as_mut().filter(|_| !waits) {
        annotations.remove(QUEUED);
    }
}

/// Returns the reference by which a Job is the trigger's.
fn owner_of(trigger: &HTTPTrigger) -> OwnerReference {
    OwnerReference {
        api_version: Kind::HTTPTrigger.api_version(),
        kind: Kind::HTTPTrigger.name().to_owned(),
        name: trigger.metadata.name.clone().unwrap_or_default(),
        uid: trigger.metadata.uid.clone().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// A request that is waited for has its limit as its Job's, so that none runs on for nobody.
fn spec(trigger: &HTTPTrigger) -> JobSpec {
    let mut spec = trigger.spec.job_template.spec.clone().unwrap_or_default();
    let rules = Rules::of(&trigger.spec);
    if rules.response == Response::Sync {
        let timeout = i64::try_from(rules.timeout.as_secs()).unwrap_or(i64::MAX);
        let given = spec.active_deadline_seconds.unwrap_or(i64::MAX);
        spec.active_deadline_seconds = Some(given.min(timeout));
    }
    spec
}

fn line(call: &TriggerCall) -> String {
    let mut line = format!("{} {}", call.method, call.path);
    line.truncate(line.floor_char_boundary(LINE_BYTES));
    line
}

/// Returns ten letters drawn from the request.
fn suffix(trigger: &HTTPTrigger, number: u64, seed: &[u8]) -> String {
    const LETTERS: &[u8; 16] = b"bcdfghjklmnpqrst";
    let uid = trigger.metadata.uid.as_deref().unwrap_or_default();
    let drawn = uuid(&[seed, uid.as_bytes(), &number.to_be_bytes()]);
    let digits = drawn.chars().filter_map(|digit| digit.to_digit(16));
    let letter = |digit: u32| {
        char::from(LETTERS[usize::try_from(digit).expect("a hexadecimal digit is below 16")])
    };
    // The sixth byte's first digit is the version: the last ten are all chance.
    digits.skip(22).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::super::testing::{call, trigger};
    use super::*;

    #[test]
    fn a_requests_job_has_the_templates_metadata_and_says_what_it_answers() {
        let trigger = trigger(&json!({
            "timeoutSeconds": 20,
            "jobTemplate": {
                "metadata": {"labels": {"app": "a"}, "annotations": {"note": "b"}},
                "spec": {"backoffLimit": 2, "template": {}},
            },
        }));
        let made = job(&trigger, &call("/thumbnail"), 7, b"seed");
        expect![[r#"
            {
              "apiVersion": "batch/v1",
              "kind": "Job",
              "metadata": {
                "annotations": {
                  "jobling.dev/request-line": "POST /thumbnail",
                  "jobling.dev/request-number": "7",
                  "note": "b"
                },
                "labels": {
                  "app": "a",
                  "httptrigger": "thumbnail"
                },
                "name": "thumbnail-NAME",
                "namespace": "default",
                "ownerReferences": [
                  {
                    "apiVersion": "jobling.dev/v1alpha1",
                    "blockOwnerDeletion": true,
                    "controller": true,
                    "kind": "HTTPTrigger",
                    "name": "thumbnail",
                    "uid": "u-1"
                  }
                ]
              },
              "spec": {
                "activeDeadlineSeconds": 20,
                "backoffLimit": 2,
                "template": {}
              }
            }"#]]
        .assert_eq(&{
            let name = made.metadata.name.clone().unwrap();
            serde_json::to_string_pretty(&made).unwrap().replace(&name, "thumbnail-NAME")
        });
    }

    #[test]
    fn no_two_requests_have_one_name() {
        let trigger = trigger(&json!({}));
        let name = |number, seed: &[u8]| job(&trigger, &call("/"), number, seed).metadata.name;
        assert_eq!(name(1, b"a").unwrap().len(), "thumbnail-".len() + 10);
        assert_ne!(name(1, b"a"), name(2, b"a"));
        assert_ne!(name(1, b"a"), name(1, b"b"));
    }

    #[test]
    fn the_shorter_of_two_deadlines_holds() {
        for (response, timeout, given, deadline) in [
            ("Sync", 30, None, Some(30)),
            ("Sync", 30, Some(10), Some(10)),
            ("Sync", 30, Some(99), Some(30)),
            ("Async", 30, None, None),
            ("Async", 30, Some(99), Some(99)),
        ] {
            let trigger = trigger(&json!({
                "response": response, "timeoutSeconds": timeout,
                "jobTemplate": {"spec": {"activeDeadlineSeconds": given, "template": {}}},
            }));
            let spec = job(&trigger, &call("/"), 1, b"").spec.unwrap();
            assert_eq!(spec.active_deadline_seconds, deadline, "{response} {timeout} {given:?}");
        }
    }

    #[test]
    fn a_failed_requests_job_is_tried_once() {
        let trigger = trigger(&json!({"jobTemplate": {"spec": {
            "backoffLimit": 4, "parallelism": 3, "completions": 3,
            "ttlSecondsAfterFinished": 60,
            "podFailurePolicy": {"rules": []},
            "template": {"spec": {"restartPolicy": "OnFailure", "containers": []}},
        }}}));
        let spec = failed_job(&trigger, &call("/"), 1, b"").spec.unwrap();
        assert_eq!(
            serde_json::to_value(spec).unwrap(),
            json!({"backoffLimit": 0, "ttlSecondsAfterFinished": 60,
                "template": {"spec": {"restartPolicy": "Never", "containers": []}}})
        );
    }
}
