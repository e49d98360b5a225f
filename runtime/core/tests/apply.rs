//! Server-side apply and managedFields, as Kubernetes has them: who has which field after what.

#![expect(clippy::unwrap_used, reason = "what a test is about is there")]

use jobling_core::Timestamp;
use jobling_core::api::managed::{Applied, Manager, OnConflict, apply, claim_changes, claim_new};
use jobling_core::api::{
    ApiError, FieldValidation, Identity, Kind, Object, Reason, admit_create, admit_update, patch,
};
use jobling_core::engine::{Patch, PatchKind};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::FieldsV1;
use serde_json::{Value, json};

/// An object, and what is done to it.
struct World {
    kind: Kind,
    object: Option<Object>,
    now: i64,
}

fn given(kind: Kind) -> World {
    World { kind, object: None, now: 0 }
}

impl World {
    fn manager(&mut self, name: &str) -> Manager {
        self.now += 1;
        let now = Timestamp::from_unix_seconds(self.now);
        Manager { name: name.to_owned(), subresource: "", now }
    }

    fn create(&mut self, name: &str, body: &Value) {
        let manager = self.manager(name);
        let mut object = self.admit(body);
        claim_new(&mut object, &manager);
        self.object = Some(object);
    }

    fn admit(&self, body: &Value) -> Object {
        let identity = Identity {
            uid: "5e0c1b1e-0000-4000-8000-000000000001".to_owned(),
            now: Timestamp::from_unix_seconds(0),
            suffix: "abcde".to_owned(),
        };
        let strict = FieldValidation::Strict;
        admit_create(self.kind, "default", body, strict, &identity).unwrap().object
    }

    fn patch(&mut self, name: &str, body: Value) {
        let manager = self.manager(name);
        let old = self.object.clone().unwrap();
        let patch = Patch { kind: PatchKind::Strategic, body };
        let body = patch::apply(self.kind, &old.to_value(), &patch).unwrap();
        let mut object = admit_update(&old, &body, FieldValidation::Strict).unwrap().object;
        claim_changes(&mut object, &old, &manager);
        self.object = Some(object);
    }

    fn try_apply(
        &mut self,
        name: &str,
        config: &Value,
        on_conflict: OnConflict,
    ) -> Result<(), ApiError> {
        let manager = self.manager(name);
        let Applied { body, managed_fields } =
            apply(self.kind, self.object.as_ref(), config, &manager, on_conflict)?;
        let mut object = match &self.object {
            Some(old) => admit_update(old, &body, FieldValidation::Strict)?.object,
            None => self.admit(&body),
        };
        object.metadata_mut().managed_fields = managed_fields;
        self.object = Some(object);
        Ok(())
    }

    fn apply(&mut self, name: &str, config: &Value) {
        self.try_apply(name, config, OnConflict::Refuse).unwrap();
    }

    fn conflict(&mut self, name: &str, config: &Value) -> ApiError {
        self.try_apply(name, config, OnConflict::Refuse).unwrap_err()
    }

    fn value(&self, pointer: &str) -> Value {
        let value = self.object.as_ref().unwrap().to_value();
        value.pointer(pointer).cloned().unwrap_or_default()
    }

    /// Returns the fields of a manager.
    fn fields(&self, name: &str) -> Value {
        let entries = self.object.as_ref().unwrap().metadata().managed_fields.clone();
        let entries = entries.unwrap_or_default();
        let entry = entries.into_iter().find(|entry| entry.manager.as_deref() == Some(name));
        entry.and_then(|entry| entry.fields_v1).map_or(Value::Null, |FieldsV1(fields)| fields)
    }

    /// Returns `MANAGER OPERATION @SECOND` of every entry.
    fn entries(&self) -> Vec<String> {
        let entries = self.object.as_ref().unwrap().metadata().managed_fields.clone();
        let entries = entries.unwrap_or_default().into_iter().map(|entry| {
            let at = entry.time.map(|time| time.0.as_second()).unwrap_or_default();
            format!("{} {} @{at}", entry.manager.unwrap(), entry.operation.unwrap())
        });
        entries.collect()
    }
}

fn config_map(data: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data})
}

fn cron_job(spec: Value) -> Value {
    let mut job = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c"}, "spec": {
        "schedule": "@daily",
        "jobTemplate": {"spec": {"template": {"spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "c", "image": "x"}],
        }}}},
    }});
    if let Value::Object(fields) = spec {
        job["spec"].as_object_mut().unwrap().extend(fields);
    }
    job
}

#[test]
fn a_field_that_its_manager_applies_no_longer_goes() {
    let mut world = given(Kind::ConfigMap);
    world.apply("me", &config_map(&json!({"a": "1", "b": "1"})));
    world.apply("me", &config_map(&json!({"b": "2"})));
    assert_eq!(world.value("/data"), json!({"b": "2"}));
    assert_eq!(world.fields("me"), json!({"f:data": {"f:b": {}}}));
    world.apply("me", &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}));
    assert_eq!(world.value("/data"), Value::Null);
}

#[test]
fn a_field_that_somebody_else_applies_too_stays() {
    let mut world = given(Kind::ConfigMap);
    world.apply("me", &config_map(&json!({"a": "1", "b": "1"})));
    world.apply("you", &config_map(&json!({"a": "1"})));
    world.apply("me", &config_map(&json!({"b": "1"})));
    assert_eq!(world.value("/data"), json!({"a": "1", "b": "1"}));
    world.apply("you", &config_map(&json!({})));
    assert_eq!(world.value("/data"), json!({"b": "1"}));
}

#[test]
fn a_field_that_somebody_else_has_set_otherwise_is_in_conflict() {
    let mut world = given(Kind::ConfigMap);
    world.apply("me", &config_map(&json!({"a": "1"})));
    world.patch("kubectl-edit", json!({"data": {"a": "2", "x": "1"}}));
    let error = world.conflict("me", &config_map(&json!({"a": "3"})));
    assert_eq!(
        (error.reason, error.message.as_str()),
        (
            Reason::Conflict,
            "Apply failed with 1 conflict: conflict with \"kubectl-edit\" using v1: .data.a"
        )
    );
    let cause = &error.causes[0];
    assert_eq!(
        (cause.reason, cause.field.as_str(), cause.message.as_str()),
        ("FieldManagerConflict", ".data.a", "conflict with \"kubectl-edit\" using v1")
    );
    world.try_apply("me", &config_map(&json!({"a": "3"})), OnConflict::Force).unwrap();
    assert_eq!(world.value("/data"), json!({"a": "3", "x": "1"}));
    assert_eq!(world.fields("kubectl-edit"), json!({"f:data": {"f:x": {}}}));
}

#[test]
fn conflicts_with_several_managers_are_told_by_manager() {
    let mut world = given(Kind::ConfigMap);
    world.apply("you", &config_map(&json!({"a": "1", "b": "1"})));
    world.patch("kubectl-edit", json!({"data": {"c": "1"}}));
    let error = world.conflict("me", &config_map(&json!({"a": "2", "b": "2", "c": "2"})));
    assert_eq!(
        error.message,
        "Apply failed with 3 conflicts: conflicts with \"kubectl-edit\" using v1:\n- .data.c\n\
         conflicts with \"you\":\n- .data.a\n- .data.b"
    );
}

#[test]
fn the_same_configuration_again_changes_nothing() {
    let mut world = given(Kind::CronJob);
    let mut config = cron_job(json!({"suspend": true}));
    config["metadata"]["creationTimestamp"] = Value::Null;
    config["status"] = json!({"active": []});
    world.apply("me", &config);
    let before = world.object.clone();
    world.apply("me", &config);
    assert_eq!(world.object, before);
    assert_eq!(world.entries(), ["me Apply @1"]);
}

#[test]
fn items_are_applied_by_their_key_and_go_by_it() {
    let containers = "/spec/jobTemplate/spec/template/spec/containers";
    let with_env = |env: Value| {
        let mut job = cron_job(json!({}));
        job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["env"] = env;
        job
    };
    let (a, b) = (json!({"name": "A", "value": "1"}), json!({"name": "B", "value": "1"}));
    let mut world = given(Kind::CronJob);
    world.apply("me", &with_env(json!([a, b])));
    world.patch(
        "you",
        json!({"spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [
            {"name": "c", "env": [{"name": "X", "value": "1"}]},
        ]}}}}}}),
    );
    world.apply("me", &with_env(json!([b])));
    let env = world.value(containers)[0]["env"].clone();
    let names: Vec<&str> =
        env.as_array().unwrap().iter().filter_map(|item| item["name"].as_str()).collect();
    assert_eq!(names, ["B", "X"]);
}

#[test]
fn whoever_creates_or_changes_an_object_has_what_was_set_and_defaulted() {
    let job = json!({"metadata": {"name": "j", "labels": {"app": "x"}}, "spec": {"template": {"spec": {
        "restartPolicy": "Never",
        "containers": [{"name": "c", "image": "x", "env": [{"name": "A", "value": "1"}]}],
    }}}});
    let mut world = given(Kind::Job);
    world.create("kubectl-create", &job);
    // As a Kubernetes API server wrote it for the same manifest.
    let expected = json!({
        "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
        "f:spec": {
            "f:backoffLimit": {}, "f:completionMode": {}, "f:completions": {},
            "f:manualSelector": {}, "f:parallelism": {}, "f:podReplacementPolicy": {}, "f:suspend": {},
            "f:template": {"f:spec": {
                "f:containers": {"k:{\"name\":\"c\"}": {
                    ".": {},
                    "f:env": {".": {}, "k:{\"name\":\"A\"}": {".": {}, "f:name": {}, "f:value": {}}},
                    "f:image": {}, "f:imagePullPolicy": {}, "f:name": {}, "f:resources": {},
                    "f:terminationMessagePath": {}, "f:terminationMessagePolicy": {},
                }},
                "f:dnsPolicy": {}, "f:restartPolicy": {}, "f:schedulerName": {},
                "f:securityContext": {}, "f:terminationGracePeriodSeconds": {},
            }},
        },
    });
    assert_eq!(world.fields("kubectl-create"), expected);
    world.patch("kubectl-label", json!({"metadata": {"labels": {"app": "y", "b": "1"}}}));
    let labels = json!({"f:metadata": {"f:labels": {"f:app": {}, "f:b": {}}}});
    assert_eq!(world.fields("kubectl-label"), labels);
    let left = world.fields("kubectl-create");
    assert_eq!(left["f:metadata"], json!({"f:labels": {}}));
    assert_eq!(world.entries(), ["kubectl-create Update @1", "kubectl-label Update @2"]);
}

#[test]
fn a_change_that_changes_nothing_is_nobodys() {
    let mut world = given(Kind::ConfigMap);
    world.create("me", &config_map(&json!({"a": "1"})));
    world.patch("you", json!({"data": {"a": "1"}}));
    assert_eq!(world.entries(), ["me Update @1"]);
    world.patch("you", json!({"data": {"a": null}}));
    assert!(world.entries().is_empty(), "nothing is left that anybody has set");
}

#[test]
fn who_goes_over_from_kubectl_apply_takes_what_that_has_set() {
    let mut config = config_map(&json!({"a": "1"}));
    let last = config.to_string();
    let mut object = config.clone();
    object["metadata"]["annotations"] =
        json!({"kubectl.kubernetes.io/last-applied-configuration": last});
    let mut world = given(Kind::ConfigMap);
    world.create("kubectl-client-side-apply", &object);
    config["data"]["a"] = json!("2");
    let error = world.conflict("somebody", &config);
    assert_eq!(error.reason, Reason::Conflict, "{error}");
    world.apply("kubectl", &config);
    assert_eq!(world.value("/data/a"), "2");
    let annotation = "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration";
    assert_eq!(world.value(annotation), format!("{config}\n"));
}

#[test]
fn what_was_there_before_managers_were_kept_is_in_conflict_too() {
    let mut world = given(Kind::ConfigMap);
    world.object = Some(world.admit(&config_map(&json!({"a": "1", "b": "1"}))));
    let error = world.conflict("me", &config_map(&json!({"a": "2"})));
    assert!(error.message.contains("\"before-first-apply\" using v1: .data.a"), "{error}");
    world.apply("me", &config_map(&json!({"a": "1"})));
    assert_eq!(world.entries(), ["me Apply @2", "before-first-apply Update @2"]);
}

#[test]
fn managed_fields_are_a_clients_to_move_and_not_to_apply() {
    let mut world = given(Kind::ConfigMap);
    let mut config = config_map(&json!({"a": "1"}));
    world.create("me", &config);
    world.patch("me", json!({"metadata": {"managedFields": [{}]}}));
    assert!(world.entries().is_empty(), "{:?}", world.entries());
    config["metadata"]["managedFields"] = json!([]);
    assert_eq!(world.conflict("me", &config).message, "metadata.managedFields must be nil");
}
