//! Every served kind, as kubectl sends it, and what a client may not do.

use jobling_core::Timestamp;
use jobling_core::api::{
    ApiError, FieldValidation, Identity, Kind, Object, Reason, admit_create, admit_update,
};
use serde_json::{Value, json};

fn identity() -> Identity {
    Identity {
        uid: "5e0c1b1e-0000-4000-8000-000000000001".to_owned(),
        now: Timestamp::from_unix_seconds(1_700_000_000),
        suffix: "abcde".to_owned(),
    }
}

fn create(kind: Kind, body: &Value) -> Result<Object, ApiError> {
    let strict = FieldValidation::Strict;
    admit_create(kind, "default", body, strict, &identity()).map(|admitted| admitted.object)
}

fn update(old: &Object, body: &Value) -> Result<Object, ApiError> {
    admit_update(old, body, FieldValidation::Strict).map(|admitted| admitted.object)
}

/// The fields at fault, or the reason where no field is.
fn fault(error: &ApiError) -> String {
    match error.causes.as_slice() {
        [] => error.reason.as_str().to_owned(),
        causes => causes.iter().map(|cause| cause.field.clone()).collect::<Vec<_>>().join(" "),
    }
}

#[test]
fn every_kind_gets_its_metadata_and_its_defaults() {
    let named = json!({"name": "a"});
    let event = json!({"kind": "Job", "namespace": "default", "name": "a"});
    for (kind, body, pointer, value) in [
        (Kind::Namespace, json!({"metadata": named}), "/status/phase", json!("Active")),
        (
            Kind::Namespace,
            json!({"metadata": named}),
            "/metadata/labels/kubernetes.io~1metadata.name",
            json!("a"),
        ),
        (Kind::ServiceAccount, json!({"metadata": named}), "/metadata/namespace", json!("default")),
        (
            Kind::ConfigMap,
            json!({"metadata": named, "data": {"k": "v"}}),
            "/metadata/uid",
            json!("5e0c1b1e-0000-4000-8000-000000000001"),
        ),
        (Kind::Secret, json!({"metadata": named}), "/type", json!("Opaque")),
        (
            Kind::Secret,
            json!({"metadata": named, "data": {"a": "YQ==", "b": "YQ=="}, "stringData": {"b": "b"}}),
            "/data",
            json!({"a": "YQ==", "b": "Yg=="}),
        ),
        (
            Kind::PersistentVolumeClaim,
            json!({"metadata": named, "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1024Mi"}},
            }}),
            "/spec",
            json!({
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}},
                "volumeMode": "Filesystem",
            }),
        ),
        (
            Kind::Event,
            json!({"metadata": named, "involvedObject": event, "reason": "Seen", "type": "Normal"}),
            "/reason",
            json!("Seen"),
        ),
        (
            Kind::Event,
            json!({"metadata": {"generateName": "a-"}, "involvedObject": event}),
            "/metadata/name",
            json!("a-abcde"),
        ),
    ] {
        let object = create(kind, &body).unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(object.to_value().pointer(pointer), Some(&value), "{kind}{pointer}");
        assert_eq!(update(&object, &object.to_value()).unwrap(), object, "{kind} as it is");
    }
}

#[test]
fn what_breaks_a_rule_is_refused_by_its_field() {
    let named = json!({"name": "a"});
    for (kind, body, faults) in [
        (Kind::Namespace, json!({"metadata": {"name": "a.b"}}), "metadata.name"),
        (Kind::ConfigMap, json!({"metadata": {"name": "A"}}), "metadata.name"),
        (Kind::ConfigMap, json!({"metadata": named, "data": {"a/b": ""}}), "data[a/b]"),
        (Kind::ConfigMap, json!({"metadata": {"name": "a", "namespace": "b"}}), "BadRequest"),
        (Kind::ConfigMap, json!({"kind": "Secret", "metadata": named}), "BadRequest"),
        (
            Kind::Secret,
            json!({"metadata": named, "type": "kubernetes.io/ssh-auth"}),
            "data[ssh-privatekey]",
        ),
        (Kind::Secret, json!({"metadata": named, "data": {"a": "not base64!"}}), "BadRequest"),
        (
            Kind::PersistentVolumeClaim,
            json!({"metadata": named}),
            "spec.accessModes spec.resources[storage]",
        ),
        (Kind::Pod, json!({"metadata": named}), "Forbidden"),
        (
            Kind::Event,
            json!({"metadata": named, "involvedObject": {"namespace": "b"}}),
            "involvedObject.namespace",
        ),
    ] {
        let error = create(kind, &body).unwrap_err();
        assert_eq!(fault(&error), faults, "{kind} {body}: {error}");
    }
}

#[test]
fn a_pod_is_refused_with_what_to_do_instead() {
    let error = create(Kind::Pod, &json!({"metadata": {"name": "p"}})).unwrap_err();
    assert_eq!(error.reason, Reason::Forbidden);
    assert_eq!(
        error.message,
        "pods \"p\" is forbidden: this host makes pods for Jobs only; put the pod's spec into a \
         Job's spec.template"
    );
}

#[test]
fn what_is_immutable_stays() {
    let secret = create(
        Kind::Secret,
        &json!({"metadata": {"name": "a"}, "immutable": true, "data": {"k": "YQ=="}}),
    );
    let mut changed = secret.as_ref().unwrap().to_value();
    changed["data"]["k"] = json!("Yg==");
    changed["type"] = json!("other");
    assert_eq!(fault(&update(&secret.unwrap(), &changed).unwrap_err()), "type data");

    let map = create(Kind::ConfigMap, &json!({"metadata": {"name": "a"}})).unwrap();
    let mut sealed = map.to_value();
    sealed["immutable"] = json!(true);
    let sealed = update(&map, &sealed).unwrap();
    assert_eq!(fault(&update(&sealed, &map.to_value()).unwrap_err()), "immutable");
}

#[test]
fn a_client_does_not_choose_what_the_server_does() {
    let body = json!({"metadata": {
        "name": "a", "uid": "mine", "generation": 7, "resourceVersion": "9",
        "creationTimestamp": "2001-01-01T00:00:00Z", "deletionTimestamp": "2001-01-01T00:00:00Z",
    }});
    let metadata = create(Kind::ConfigMap, &body).unwrap().to_value()["metadata"].take();
    assert_eq!(
        metadata,
        json!({
            "name": "a", "namespace": "default", "uid": identity().uid,
            "creationTimestamp": "2023-11-14T22:13:20Z",
        })
    );
}

#[test]
fn what_is_told_of_a_flood_of_errors_is_bounded() {
    let keys = |prefix: &str| -> Value {
        let entries = (0..100_000).map(|n| (format!("{prefix}{n}"), json!("")));
        Value::Object(entries.collect())
    };
    let body = json!({"metadata": {"name": "c"}, "data": keys("/")});
    assert_eq!(create(Kind::ConfigMap, &body).unwrap_err().causes.len(), 1000);

    let mut body = keys("an-unknown-field");
    body["metadata"] = json!({"name": "c"});
    assert!(create(Kind::ConfigMap, &body).unwrap_err().message.len() < 100_000);

    // What cannot be read is found behind any number of fields that can be dropped.
    body["metadata"]["name"] = json!(1);
    let lenient = FieldValidation::Ignore;
    let error = admit_create(Kind::ConfigMap, "default", &body, lenient, &identity()).unwrap_err();
    assert!(error.message.contains("cannot unmarshal number"), "{error}");
}

#[test]
fn a_secrets_value_is_in_no_error() {
    for body in [
        json!({"metadata": {"name": "s"}, "data": {"a": "hunter2!"}}),
        json!({"metadata": {"name": "s"}, "data": {"a": {"b": "hunter2"}}}),
        json!({"metadata": {"name": "s"}, "data": {"a": ["hunter2"]}}),
        json!({"metadata": {"name": "s"}, "data": "hunter2"}),
        json!({"metadata": {"name": "s"}, "stringData": ["hunter2"]}),
        json!({"metadata": {"name": "s"}, "stringData": {"a_/": "hunter2"}}),
        json!({"metadata": {"name": "s"}, "type": "kubernetes.io/dockercfg",
               "stringData": {".dockercfg": "hunter2"}}),
    ] {
        let error = create(Kind::Secret, &body).unwrap_err();
        let said = format!("{error} {:?}", error.causes);
        assert!(!said.contains("hunter2"), "{said}");
        assert!(said.contains("data") || said.contains("stringData"), "{said}");
    }
}

#[test]
fn a_value_that_cannot_be_read_is_told_with_its_field_and_what_it_takes() {
    let job = |container: Value| json!({"metadata": {"name": "j"}, "spec": {"template": {"spec": {"containers": [container]}}}});
    for (kind, body, parts) in [
        (
            Kind::Secret,
            json!({"metadata": {"name": "s"}, "data": {"a": "no base64!"}}),
            ["data.a: Invalid", "it must be a base64-encoded string"],
        ),
        (
            Kind::ConfigMap,
            json!({"metadata": {"name": "c", "creationTimestamp": "yesterday"}}),
            ["metadata.creationTimestamp: ", "it must be a time such as 2026-01-31T12:00:00Z"],
        ),
        (
            Kind::Job,
            job(json!({"name": "c", "resources": {"limits": {"memory": "1GB"}}})),
            ["containers[0].resources.limits.memory: ", "quantities must match"],
        ),
        (
            Kind::Job,
            job(json!({"name": "c", "args": [1]})),
            ["cannot unmarshal number", "of type string"],
        ),
    ] {
        let error = create(kind, &body).unwrap_err();
        assert_eq!(error.reason, Reason::BadRequest);
        for part in parts {
            assert!(error.message.contains(part), "{part:?} in {error}");
        }
    }
}

#[test]
fn a_cron_jobs_annotations_of_this_host_are_read_or_refused() {
    let cron_job = |key: &str, value: &str| {
        json!({
            "metadata": {"name": "a", "annotations": {key: value}},
            "spec": {"schedule": "@hourly", "jobTemplate": {"spec": {"template": {"spec": {
                "restartPolicy": "Never", "containers": [{"name": "main", "image": "hello"}]}}}}},
        })
    };
    for (key, value, message) in [
        ("jobling.dev/spread-seconds", "0", None),
        ("jobling.dev/spread-seconds", "600", None),
        ("jobling.dev/spread-seconds", "86400", None),
        ("jobling.dev/fold", "once", None),
        ("jobling.dev/fold", "twice", None),
        (
            "jobling.dev/spread-seconds",
            "86401",
            Some("\"86401\": must be a whole number of seconds from 0 to 86400"),
        ),
        (
            "jobling.dev/spread-seconds",
            "+5",
            Some("\"+5\": must be a whole number of seconds from 0 to 86400"),
        ),
        (
            "jobling.dev/spread-seconds",
            "10m",
            Some("\"10m\": must be a whole number of seconds from 0 to 86400"),
        ),
        (
            "jobling.dev/spread-seconds",
            "",
            Some("\"\": must be a whole number of seconds from 0 to 86400"),
        ),
        ("jobling.dev/fold", "onse", Some("\"onse\": supported values: \"once\", \"twice\"")),
    ] {
        let made = create(Kind::CronJob, &cron_job(key, value));
        let told = made.err().map(|error| {
            assert_eq!(fault(&error), format!("metadata.annotations[{key}]"), "{value:?}");
            error.causes[0].message.clone()
        });
        let told = told.as_deref().and_then(|told| told.split_once(": ")).map(|(_, rest)| rest);
        assert_eq!(told, message, "{key}: {value:?}");
    }
}
