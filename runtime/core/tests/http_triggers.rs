//! What the API says of an HTTPTrigger: what is filled in, and every field that is refused with its rule.

#![expect(clippy::unwrap_used, reason = "a trigger that is not judged is a failed test")]

use expect_test::expect;
use jobling_core::Timestamp;
use jobling_core::api::{
    Admitted, ApiError, FieldValidation, Identity, Kind, admit_create, admit_update,
};
use serde_json::{Value, json};

/// A trigger with these fields besides what it needs; null takes one away.
fn trigger(fields: &Value) -> Value {
    let mut spec = json!({
        "path": "/thumbnail",
        "auth": {"none": {}},
        "jobTemplate": {"spec": {"template": {"spec": {
            "restartPolicy": "Never", "containers": [{"name": "c", "image": "thumbnail:1"}],
        }}}},
    });
    let map = spec.as_object_mut().unwrap();
    map.extend(fields.as_object().unwrap().clone());
    map.retain(|_, value| !value.is_null());
    json!({"apiVersion": "jobling.dev/v1alpha1", "kind": "HTTPTrigger",
        "metadata": {"name": "thumbnail"}, "spec": spec})
}

fn create(fields: &Value) -> Result<Admitted, ApiError> {
    let identity = Identity {
        uid: "5e0c1b1e-0000-4000-8000-000000000001".to_owned(),
        now: Timestamp::from_unix_seconds(1_700_000_000),
        suffix: "abcde".to_owned(),
    };
    let strict = FieldValidation::Strict;
    admit_create(Kind::HTTPTrigger, "default", &trigger(fields), strict, &identity)
}

#[test]
fn what_is_not_said_is_filled_in() {
    let mut value = create(&json!({"rateLimit": {"requestsPerSecond": 5}, "idempotency": {},
        "concurrencyPolicy": "Queue"}))
    .unwrap()
    .object
    .to_value();
    value["spec"]["jobTemplate"]["spec"]["template"] = json!("…");
    expect![[r#"
        {
          "apiVersion": "jobling.dev/v1alpha1",
          "kind": "HTTPTrigger",
          "metadata": {
            "creationTimestamp": "2023-11-14T22:13:20Z",
            "generation": 1,
            "name": "thumbnail",
            "namespace": "default",
            "uid": "5e0c1b1e-0000-4000-8000-000000000001"
          },
          "spec": {
            "auth": {
              "none": {}
            },
            "bodyLimit": "1Mi",
            "concurrencyPolicy": "Queue",
            "failedJobsHistoryLimit": 1,
            "idempotency": {
              "header": "Idempotency-Key",
              "retentionSeconds": 86400
            },
            "jobTemplate": {
              "metadata": {},
              "spec": {
                "template": "…"
              }
            },
            "maxConcurrency": 1,
            "methods": [
              "POST"
            ],
            "path": "/thumbnail",
            "queueDepth": 100,
            "rateLimit": {
              "burst": 5,
              "requestsPerSecond": 5
            },
            "record": "Failures",
            "response": "Sync",
            "successfulJobsHistoryLimit": 3,
            "suspend": false,
            "timeoutSeconds": 30
          },
          "status": {}
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&value).unwrap());
}

#[test]
fn an_asynchronous_trigger_keeps_every_request_and_waits_for_none() {
    let spec = create(&json!({"response": "Async"})).unwrap().object.to_value()["spec"].take();
    assert_eq!((&spec["record"], &spec["timeoutSeconds"]), (&json!("Always"), &Value::Null));
}

#[test]
fn what_breaks_a_rule_is_refused_by_its_field() {
    let secret = json!({"name": "s", "key": "k"});
    for (fields, expected) in [
        (json!({"path": null}), "spec.path: Required value: such as /thumbnail"),
        (
            json!({"path": "thumbnail"}),
            "spec.path: Invalid value: \"thumbnail\": must begin with '/'",
        ),
        (
            json!({"methods": ["get"]}),
            "spec.methods[0]: Unsupported value: \"get\": supported values: \"DELETE\", \"GET\", \
             \"HEAD\", \"OPTIONS\", \"PATCH\", \"POST\", \"PUT\"",
        ),
        (json!({"methods": ["GET", "GET"]}), "spec.methods[1]: Duplicate value: \"GET\""),
        (
            json!({"auth": null}),
            "spec.auth: Required value: one of bearer, hmac and none; `none: {}` lets anybody ask",
        ),
        (
            json!({"auth": {"none": {}, "bearer": {"secretKeyRef": secret}}}),
            "spec.auth: Forbidden: may not specify more than 1 of bearer, hmac and none",
        ),
        (
            json!({"auth": {"bearer": {}}}),
            "spec.auth.bearer.secretKeyRef.name: Required value; \
             spec.auth.bearer.secretKeyRef.key: Required value",
        ),
        (
            json!({"auth": {"hmac": {"secretKeyRef": secret, "header": "X Y", "algorithm": "md5"}}}),
            "spec.auth.hmac.header: Invalid value: \"X Y\": must be the name of a header, of no more \
             than 128 characters; spec.auth.hmac.algorithm: Unsupported value: \"md5\": supported \
             values: \"sha256\"",
        ),
        (
            json!({"response": "Later"}),
            "spec.response: Unsupported value: \"Later\": supported values: \"Async\", \"Sync\"",
        ),
        (
            json!({"timeoutSeconds": 0}),
            "spec.timeoutSeconds: Invalid value: 0: must be from 1 to 3600",
        ),
        (
            json!({"response": "Async", "timeoutSeconds": 5}),
            "spec.timeoutSeconds: Forbidden: may not be set where response is Async; set \
             activeDeadlineSeconds in the jobTemplate",
        ),
        (
            json!({"concurrencyPolicy": "Maybe"}),
            "spec.concurrencyPolicy: Unsupported value: \"Maybe\": supported values: \"Allow\", \
             \"Forbid\", \"Queue\", \"Replace\"",
        ),
        (
            json!({"queueDepth": 5}),
            "spec.queueDepth: Forbidden: may not be set where concurrencyPolicy is not Queue",
        ),
        (
            json!({"maxConcurrency": 0, "rateLimit": {"burst": 0}}),
            "spec.maxConcurrency: Invalid value: 0: must be from 1 to 10000; \
             spec.rateLimit.requestsPerSecond: Invalid value: 0: must be from 1 to 1000000; \
             spec.rateLimit.burst: Invalid value: 0: must be from 1 to 1000000",
        ),
        (
            json!({"idempotency": {"header": "a b", "retentionSeconds": 0}}),
            "spec.idempotency.header: Invalid value: \"a b\": must be the name of a header, of no more \
             than 128 characters; spec.idempotency.retentionSeconds: Invalid value: 0: must be from 1 \
             to 2592000",
        ),
        (
            json!({"bodyLimit": "65Mi"}),
            "spec.bodyLimit: Invalid value: \"65Mi\": must be from 0 to 64Mi",
        ),
        (
            json!({"bodyLimit": "-1"}),
            "spec.bodyLimit: Invalid value: \"-1\": must be from 0 to 64Mi",
        ),
        (
            json!({"response": "Async", "record": "Failures"}),
            "spec.record: Invalid value: \"Failures\": must be Always where response is Async: the Job \
             is what remembers the request",
        ),
        (
            json!({"failedJobsHistoryLimit": -1}),
            "spec.failedJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            json!({"jobTemplate": {"spec": {"template": {"spec": {
                "restartPolicy": "Always", "containers": [{"name": "c", "image": "i"}]}}}}}),
            "spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: \
             \"OnFailure\", \"Never\"",
        ),
    ] {
        let error = create(&fields).unwrap_err();
        let told: Vec<String> = error
            .causes
            .iter()
            .map(|cause| format!("{}: {}", cause.field, cause.message))
            .collect();
        assert_eq!(told.join("; "), expected, "{fields}");
    }
}

#[test]
fn an_unknown_field_is_told_with_the_nearest_known_one() {
    let error = create(&json!({"timeoutSecond": 5})).unwrap_err();
    assert_eq!(
        error.message,
        "HTTPTrigger in version \"v1alpha1\" cannot be handled as a HTTPTrigger: strict decoding \
         error: unknown field \"spec.timeoutSecond\" (\"spec.timeoutSecond\": did you mean \
         \"timeoutSeconds\"?)"
    );
}

#[test]
fn a_quantity_may_be_a_number_and_a_changed_spec_is_a_new_generation() {
    let made = create(&json!({"bodyLimit": 1024})).unwrap().object;
    assert_eq!(made.to_value()["spec"]["bodyLimit"], "1024");
    let mut body = made.to_value();
    body["spec"]["suspend"] = json!(true);
    body["status"] = json!({"requests": 99});
    let changed = admit_update(&made, &body, FieldValidation::Strict).unwrap().object;
    assert_eq!(changed.metadata().generation, Some(2));
    assert_eq!(changed.to_value()["status"], json!({}), "a status is written by jobling alone");
}

#[test]
fn a_name_leaves_room_for_those_of_its_jobs() {
    let mut body = trigger(&json!({}));
    body["metadata"]["name"] = json!("n".repeat(53));
    let identity = Identity { uid: "u".into(), now: Timestamp::default(), suffix: "abcde".into() };
    let strict = FieldValidation::Strict;
    let error = admit_create(Kind::HTTPTrigger, "default", &body, strict, &identity).unwrap_err();
    assert_eq!(error.causes[0].field, "metadata.name");
    assert!(error.causes[0].message.ends_with("must be no more than 52 characters"));
}
