//! The answers of a real Kubernetes API server, case by case: tests/reference.

#![expect(clippy::unwrap_used, reason = "a recorded case that cannot be read is a failed test")]

use jobling_core::Timestamp;
use jobling_core::api::{
    ApiError, FieldValidation, Identity, Kind, Object, admit_create, admit_status_update,
    admit_update, patch,
};
use jobling_core::engine::{Patch, PatchKind};
use serde_json::{Map, Value, json};

fn cases(file: &str) -> Vec<Value> {
    let path = format!("{}/../../tests/reference/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let mut document: Value = serde_json::from_str(&text).unwrap();
    serde_json::from_value(document["cases"].take()).unwrap()
}

/// A uid as the engine draws them: it becomes a label's value, so a marker will not do.
const UID: &str = "5e0c1b1e-0000-4000-8000-000000000001";

fn identity() -> Identity {
    Identity {
        uid: UID.to_owned(),
        now: Timestamp::from_unix_seconds(1_700_000_000),
        suffix: "abcde".to_owned(),
    }
}

fn kind(case: &Value) -> Kind {
    Kind::of_resource("batch", case["resource"].as_str().unwrap()).unwrap()
}

fn create(kind: Kind, manifest: &Value) -> Result<(Object, Vec<String>), ApiError> {
    admit_create(kind, "default", manifest, FieldValidation::Strict, &identity())
        .map(|admitted| (admitted.object, admitted.warnings))
}

/// Uids differ from run to run: they are made alike, wherever they are in `value`.
fn without_uids(value: &Value) -> Value {
    let is_uid = |word: &str| word.len() == 36 && word.matches('-').count() == 4;
    let text = value.to_string();
    let words = text.split_inclusive(|c: char| !(c.is_ascii_hexdigit() || c == '-'));
    let mut out = String::new();
    for word in words {
        let end = word.len() - word.chars().next_back().map_or(0, char::len_utf8);
        let (word, delimiter) = word.split_at(end);
        out.push_str(if is_uid(word) { "<UID>" } else { word });
        out.push_str(delimiter);
    }
    serde_json::from_str(&out).unwrap()
}

/// The object with its uid as the recorded answers show one.
fn shown(object: &Object) -> Value {
    without_uids(&object.to_value())
}

/// What of a Status must be equal: the code, the reason, and each cause's reason, field and message.
fn answer(status: &Value, code: &Value) -> Value {
    let causes: Vec<Value> = status["details"]["causes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|cause| json!([cause["reason"], cause["field"], cause["message"]]))
        .collect();
    json!({"code": code, "reason": status["reason"], "causes": causes})
}

/// Of a wrong cron expression or time zone, the reference says what is wrong; we go on with where, and what
/// is allowed.
fn without_advice(mut given: Value, expected: &Value) -> Value {
    let causes = given["causes"].as_array_mut().into_iter().flatten();
    for (cause, expected) in causes.zip(expected["causes"].as_array().into_iter().flatten()) {
        let texts = cause[2].as_str().zip(expected[2].as_str());
        let is_advised = cause[1] == "spec.schedule" || cause[1] == "spec.timeZone";
        if is_advised && texts.is_some_and(|(text, start)| text.starts_with(start)) {
            cause[2] = expected[2].clone();
        }
    }
    given
}

fn answer_of(error: &ApiError) -> Value {
    let status = serde_json::to_value(error.to_status()).unwrap();
    answer(&status, &status["code"])
}

/// Every field of `expected` must be in `given`, and no other, but for those that are the time's.
fn differences(path: &str, expected: &Value, given: &Value, found: &mut Vec<String>) {
    match (expected, given) {
        (Value::Object(expected), Value::Object(given)) => {
            let keys: std::collections::BTreeSet<&String> =
                expected.keys().chain(given.keys()).collect();
            for key in keys.into_iter().filter(|key| *key != "creationTimestamp" && *key != "uid") {
                let (a, b) = (expected.get(key), given.get(key));
                differences(
                    &format!("{path}.{key}"),
                    a.unwrap_or(&Value::Null),
                    b.unwrap_or(&Value::Null),
                    found,
                );
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                differences(&format!("{path}[{index}]"), a, b, found);
            }
        }
        (Value::Null, Value::Array(items)) if items.is_empty() => {}
        (Value::Null, Value::Object(fields)) if fields.is_empty() => {}
        (Value::Object(fields), Value::Null) if fields.is_empty() => {}
        (a, b) if a == b => {}
        (a, b) => found.push(format!("{path}: expected {a}, got {b}")),
    }
}

#[test]
fn new_objects_are_judged_and_filled_in_as_by_kubernetes() {
    let mut wrong = Vec::new();
    let all = cases("validation_create.json");
    for case in &all {
        let name = &case["name"];
        let code = case["code"].as_u64().unwrap();
        match create(kind(case), &case["manifest"]) {
            Ok((object, warnings)) if code < 300 => {
                let mut found = Vec::new();
                differences("", &case["result"], &shown(&object), &mut found);
                let expected = case["warnings"].as_array().map_or(0, Vec::len);
                if warnings.len() != expected {
                    found.push(format!("warnings {warnings:?}, expected {}", case["warnings"]));
                }
                wrong.extend(found.into_iter().map(|what| format!("{name}{what}")));
            }
            Ok(_) => wrong.push(format!("{name}: accepted, expected {}", case["status"])),
            Err(error) => {
                let expected = answer(&case["status"], &case["code"]);
                let given = without_advice(answer_of(&error), &expected);
                if expected != given {
                    wrong.push(format!("{name}:\n   expected {expected}\n   got      {given}"));
                }
            }
        }
    }
    assert!(!all.is_empty() && wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn patch_kind(content_type: &str) -> Option<PatchKind> {
    match content_type {
        "application/json-patch+json" => Some(PatchKind::Json),
        "application/merge-patch+json" => Some(PatchKind::Merge),
        "application/strategic-merge-patch+json" => Some(PatchKind::Strategic),
        _ => None,
    }
}

fn change(old: &Object, step: &Value, kind: PatchKind) -> Result<Object, ApiError> {
    let patch = Patch { kind, body: step["body"].clone() };
    let body = patch::apply(old.kind(), &old.to_value(), &patch)?;
    let admitted = match step["op"].as_str().unwrap() {
        "PATCH/status" => admit_status_update(old, &body, FieldValidation::Warn)?,
        _ => admit_update(old, &body, FieldValidation::Warn)?,
    };
    Ok(admitted.object)
}

/// Of an update's spec, pod templates were not recorded.
fn without_template(mut spec: Value) -> Value {
    if let Some(fields) = spec.as_object_mut() {
        fields.remove("template");
        fields.remove("jobTemplate");
    }
    spec
}

#[test]
fn changes_are_judged_as_by_kubernetes() {
    let mut wrong = Vec::new();
    let mut judged = 0;
    for case in cases("validation_update.json") {
        let name = case["name"].clone();
        let (mut object, _) = create(kind(&case), &case["initial"]).unwrap();
        for step in case["steps"].as_array().unwrap() {
            // Server-side apply and the comparison of resourceVersions are the server's and the engine's.
            let Some(format) = patch_kind(step["contentType"].as_str().unwrap()) else { continue };
            if name == "rv-mismatch" {
                continue;
            }
            judged += 1;
            match change(&object, step, format) {
                Ok(next) if step["code"] == 200 => {
                    let (given, step) = (shown(&next), without_uids(step));
                    let mut found = Vec::new();
                    let spec = without_template(given["spec"].clone());
                    differences(".spec", &step["spec"], &spec, &mut found);
                    differences(".status", &step["statusObj"], &given["status"], &mut found);
                    if given["metadata"]["generation"] != step["generation"] {
                        found.push(format!("generation {}", given["metadata"]["generation"]));
                    }
                    wrong.extend(found.into_iter().map(|what| format!("{name}{what}")));
                    object = next;
                }
                Ok(_) => wrong.push(format!("{name}: accepted, expected {}", step["status"])),
                Err(error) => {
                    let expected = without_uids(&answer(&step["status"], &step["code"]));
                    let given = without_advice(without_uids(&answer_of(&error)), &expected);
                    if expected != given {
                        wrong.push(format!("{name}:\n   expected {expected}\n   got      {given}"));
                    }
                }
            }
        }
    }
    assert!(judged > 20 && wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_was_admitted_is_admitted_again_unchanged() {
    for case in cases("validation_create.json") {
        let Ok((object, _)) = create(kind(&case), &case["manifest"]) else { continue };
        let again = admit_update(&object, &object.to_value(), FieldValidation::Strict);
        let again = again.unwrap_or_else(|error| panic!("{}: {error}", case["name"])).object;
        assert_eq!(again, object, "{}", case["name"]);
    }
}

#[test]
fn an_unknown_field_is_refused_with_the_nearest_known_name() {
    let manifest = json!({"metadata": {"name": "j"}, "spec": {"backofLimit": 1, "zzz": null}});
    let error = create(Kind::Job, &manifest).unwrap_err();
    for part in ["unknown field \"spec.backofLimit\"", "did you mean \"backoffLimit\"", "spec.zzz"]
    {
        assert!(error.message.contains(part), "{part} in {error}");
    }
    let lenient = admit_create(
        Kind::ConfigMap,
        "default",
        &json!({"metadata": {"name": "c"}, "dta": Map::new()}),
        FieldValidation::Warn,
        &identity(),
    );
    assert_eq!(lenient.unwrap().warnings, ["unknown field \"dta\""]);
}
