//! What Go's JSON decoding does to a value that serde does not: empty is unset.

use serde_json::{Map, Value};

/// Fields that Go keeps when they are empty, because they are pointers there.
const KEPT_WHEN_EMPTY: [&str; 8] = [
    "storageClassName",
    "volumeAttributesClassName",
    "timeZone",
    "succeededIndexes",
    "failedIndexes",
    "managedBy",
    "runtimeClassName",
    "containerName",
];

/// Booleans that Go drops when they are false, because they are no pointers there.
const DROPPED_WHEN_FALSE: [&str; 8] = [
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "readOnly",
    "stdin",
    "stdinOnce",
    "tty",
    "defaultRequest",
];

/// Maps whose keys a person chose: their values are kept as they are.
const CHOSEN_KEYS: [&str; 8] = [
    "annotations",
    "binaryData",
    "data",
    "labels",
    "limits",
    "matchLabels",
    "nodeSelector",
    "stringData",
];

/// Returns `value` without nulls, and without the empty strings, lists and maps that Go's
/// `omitempty` never writes back.
pub(super) fn without_empty(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(pruned(map)),
        Value::Array(items) => Value::Array(items.iter().map(without_empty).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn pruned(map: &Map<String, Value>) -> Map<String, Value> {
    let kept = map.iter().filter(|(key, value)| !is_unset(key, value));
    kept.map(|(key, value)| {
        let chosen = CHOSEN_KEYS.contains(&key.as_str()) || key == "requests";
        let value = if chosen { value.clone() } else { without_empty(value) };
        (key.clone(), value)
    })
    .collect()
}

fn is_unset(key: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty() && !KEPT_WHEN_EMPTY.contains(&key),
        Value::Array(items) => items.is_empty(),
        Value::Bool(set) => !set && DROPPED_WHEN_FALSE.contains(&key),
        Value::Object(map) => map.is_empty() && (CHOSEN_KEYS.contains(&key) || key == "requests"),
        Value::Number(_) => false,
    }
}

/// Returns what Go calls the type of a JSON value.
pub(super) fn type_word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
