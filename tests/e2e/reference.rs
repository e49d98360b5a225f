//! What a real Kubernetes API server answered (tests/reference), asked of the real daemon over HTTP.

use std::collections::BTreeSet;

use harness::{Answer, Connection, Daemon, Folder};
use serde_json::{Value, json};

/// Accepted there, refused here: zones of the reference's host that are no places on Earth.
const ZONES_NOT_SERVED: [&str; 2] = ["tz=right/UTC", "tz=Factory"];

const JSON: &str = "application/json";

#[test]
fn new_objects_are_answered_as_by_kubernetes() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder.path().join("data"), &[]);
    let mut connection = daemon.connect();
    let mut wrong = Vec::new();
    for case in cases(include_str!("../reference/validation_create.json")) {
        let name = case["name"].as_str().expect("a name");
        if ZONES_NOT_SERVED.contains(&name) {
            continue;
        }
        let validation = case["fieldValidation"].as_str().unwrap_or("Strict");
        let path = format!("POST {}?dryRun=All&fieldValidation={validation}", collection(&case));
        let answer = connection.send(&path, JSON, &case["manifest"].to_string());
        let mut found = compare(&answer, &case);
        if case["code"] == 201 {
            differences("", &case["result"], &without_uids(&answer.json()), &mut found);
            let warnings = case["warnings"].as_array().map_or(0, Vec::len);
            if answer.all("warning").count() != warnings {
                found.push(format!("warnings {:?}", answer.all("warning").collect::<Vec<_>>()));
            }
        }
        wrong.extend(found.into_iter().map(|what| format!("{name}: {what}")));
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn changes_are_answered_as_by_kubernetes() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder.path().join("data"), &[]);
    let mut connection = daemon.connect();
    let mut wrong = Vec::new();
    for case in cases(include_str!("../reference/validation_update.json")) {
        let path = format!(
            "{}/{}",
            collection(&case),
            case["initial"]["metadata"]["name"].as_str().expect("a name")
        );
        let made = connection.send(
            &format!("POST {}", collection(&case)),
            JSON,
            &case["initial"].to_string(),
        );
        assert_eq!(made.code, 201, "{}: {}", case["name"], made.body);
        for step in case["steps"].as_array().expect("steps") {
            let found = take(&mut connection, &path, step);
            wrong.extend(found.into_iter().map(|what| format!("{}: {what}", case["name"])));
        }
        let gone =
            connection.send(&format!("DELETE {path}?propagationPolicy=Background"), JSON, "");
        assert_eq!(gone.code, 200, "{}: {}", case["name"], gone.body);
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Takes a step of a case, and returns what was answered otherwise than recorded.
fn take(connection: &mut Connection, path: &str, step: &Value) -> Vec<String> {
    let sub = step["op"].as_str().and_then(|op| op.strip_prefix("PATCH")).expect("a PATCH");
    let body = step["body"].as_str().map_or_else(|| step["body"].to_string(), str::to_owned);
    let content_type = step["contentType"].as_str().expect("a type");
    let answer = connection.send(&format!("PATCH {path}{sub}"), content_type, &body);
    let mut found = compare(&answer, step);
    if step["code"] == 200 && answer.code == 200 {
        let (given, step) = (without_uids(&answer.json()), without_uids(step));
        differences(".spec", &step["spec"], &without_template(given["spec"].clone()), &mut found);
        differences(".status", &step["statusObj"], &given["status"], &mut found);
        if given["metadata"]["generation"] != step["generation"] {
            found.push(format!("generation {}", given["metadata"]["generation"]));
        }
    }
    found
}

fn cases(text: &str) -> Vec<Value> {
    let mut document: Value = serde_json::from_str(text).expect("recorded cases");
    let Value::Array(cases) = document["cases"].take() else { panic!("no cases") };
    assert!(cases.len() > 20, "there are cases");
    cases
}

fn collection(case: &Value) -> String {
    let resource = case["resource"].as_str().expect("a resource");
    format!("/apis/batch/v1/namespaces/default/{resource}")
}

/// Returns in what of its code, reason and causes an answer differs from the recorded one.
fn compare(answer: &Answer, expected: &Value) -> Vec<String> {
    let said = if answer.code >= 400 { answer.json() } else { Value::Null };
    let given = without_uids(&json!({"code": answer.code, "of": summary(&said)}));
    let expected =
        without_uids(&json!({"code": expected["code"], "of": summary(&expected["status"])}));
    let given = without_advice(given, &expected);
    if given == expected {
        return Vec::new();
    }
    vec![format!("\n   expected {expected}\n   got      {given}")]
}

fn summary(status: &Value) -> Value {
    let causes = status["details"]["causes"].as_array().into_iter().flatten();
    let causes: Vec<Value> =
        causes.map(|cause| json!([cause["reason"], cause["field"], cause["message"]])).collect();
    let details = &status["details"];
    json!({"reason": status["reason"], "kind": details["kind"], "group": details["group"], "causes": causes})
}

/// Of a wrong cron expression, the reference says what is wrong; we go on with where, and what is allowed.
fn without_advice(mut given: Value, expected: &Value) -> Value {
    let causes = given["of"]["causes"].as_array_mut().into_iter().flatten();
    for (cause, expected) in causes.zip(expected["of"]["causes"].as_array().into_iter().flatten()) {
        let texts = cause[2].as_str().zip(expected[2].as_str());
        if cause[1] == "spec.schedule" && texts.is_some_and(|(text, start)| text.starts_with(start))
        {
            cause[2] = expected[2].clone();
        }
    }
    given
}

/// Uids differ from run to run: they are made alike, wherever they are in `value`.
fn without_uids(value: &Value) -> Value {
    let is_uid = |word: &str| word.len() == 36 && word.matches('-').count() == 4;
    let text = value.to_string();
    let mut out = String::new();
    for word in text.split_inclusive(|c: char| !(c.is_ascii_hexdigit() || c == '-')) {
        let end = word.len() - word.chars().next_back().map_or(0, char::len_utf8);
        let (word, delimiter) = word.split_at(end);
        out.push_str(if is_uid(word) { "<UID>" } else { word });
        out.push_str(delimiter);
    }
    serde_json::from_str(&out).expect("what was JSON")
}

/// Of an update's spec, pod templates were not recorded.
fn without_template(mut spec: Value) -> Value {
    if let Some(fields) = spec.as_object_mut() {
        fields.remove("template");
        fields.remove("jobTemplate");
    }
    spec
}

/// What is the server's own in every answer, or the time's.
const OWN: [&str; 4] = ["creationTimestamp", "uid", "managedFields", "resourceVersion"];

/// Every field of `expected` must be in `given`, and no other.
fn differences(path: &str, expected: &Value, given: &Value, found: &mut Vec<String>) {
    match (expected, given) {
        (Value::Object(expected), Value::Object(given)) => {
            let keys: BTreeSet<&String> = expected.keys().chain(given.keys()).collect();
            for key in keys.into_iter().filter(|key| !OWN.contains(&key.as_str())) {
                let of = |map: &serde_json::Map<String, Value>| map.get(key).cloned();
                let (a, b) = (of(expected).unwrap_or_default(), of(given).unwrap_or_default());
                differences(&format!("{path}.{key}"), &a, &b, found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                differences(&format!("{path}[{index}]"), a, b, found);
            }
        }
        (Value::Null, Value::Array(items)) if items.is_empty() => {}
        (Value::Null, Value::Object(fields)) | (Value::Object(fields), Value::Null)
            if fields.is_empty() => {}
        (a, b) if a == b => {}
        (a, b) => found.push(format!("{path}: expected {a}, got {b}")),
    }
}
