//! Descriptions of the other kinds: by their fields; a Secret's values are never shown.

use serde_json::Value;

use super::lines::{Lines, text_of};
use super::template::shown_annotations;

/// Fields of the metadata that say nothing to people.
const DULL: [&str; 6] = ["name", "namespace", "labels", "annotations", "managedFields", "selfLink"];

fn describe_head(object: &Value, lines: &mut Lines) {
    let metadata = &object["metadata"];
    lines.field(0, "Name", &text_of(&metadata["name"]));
    lines.field(0, "Namespace", &text_of(&metadata["namespace"]));
    lines.map("Labels", "=", &metadata["labels"]);
    lines.map("Annotations", ": ", &shown_annotations(metadata));
}

/// Adds any object.
pub(super) fn describe(object: &Value, lines: &mut Lines) {
    describe_head(object, lines);
    lines.field(0, "API Version", &text_of(&object["apiVersion"]));
    lines.field(0, "Kind", &text_of(&object["kind"]));
    lines.add(0, "Metadata:");
    for (name, value) in object["metadata"].as_object().into_iter().flatten() {
        if !DULL.contains(&name.as_str()) {
            field(1, name, value, lines);
        }
    }
    for (name, value) in object.as_object().into_iter().flatten() {
        if !matches!(name.as_str(), "apiVersion" | "kind" | "metadata") {
            field(0, name, value, lines);
        }
    }
}

fn field(level: usize, name: &str, value: &Value, lines: &mut Lines) {
    let title = spaced(name);
    match value {
        Value::Object(map) => {
            lines.add(level, &format!("{title}:"));
            for (name, value) in map {
                field(level + 1, name, value, lines);
            }
        }
        Value::Array(list) => {
            lines.add(level, &format!("{title}:"));
            for item in list {
                let Value::Object(map) = item else {
                    lines.add(level + 1, &text_of(item));
                    continue;
                };
                for (name, value) in map {
                    field(level + 1, name, value, lines);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            lines.field(level, &title, &text_of(value));
        }
    }
}

/// Returns `resourceVersion` as `Resource Version`; `podIP` as `Pod IP`.
fn spaced(name: &str) -> String {
    let mut words = String::new();
    let mut before = ' ';
    for c in name.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            words.push(' ');
        }
        words.extend(if words.is_empty() { c.to_uppercase().next() } else { Some(c) });
        before = c;
    }
    match name {
        "uid" => "UID".to_owned(),
        _ => words,
    }
}

/// Adds a Secret: which keys, and how large.
pub(super) fn describe_secret(secret: &Value, lines: &mut Lines) {
    describe_head(secret, lines);
    lines.add(0, "");
    lines.field(0, "Type", &text_of(&secret["type"]));
    lines.add(0, "");
    lines.add(0, "Data");
    lines.add(0, "====");
    for (key, value) in secret["data"].as_object().into_iter().flatten() {
        lines.field(0, key, &format!("{} bytes", decoded_length(value)));
    }
}

/// Returns how many bytes a base64 text stands for.
fn decoded_length(value: &Value) -> usize {
    let text = value.as_str().unwrap_or_default().trim_end_matches('=');
    text.len() * 3 / 4
}

/// Adds a ConfigMap with its values.
pub(super) fn describe_config_map(map: &Value, lines: &mut Lines) {
    describe_head(map, lines);
    lines.add(0, "");
    lines.add(0, "Data");
    lines.add(0, "====");
    for (key, value) in map["data"].as_object().into_iter().flatten() {
        lines.add(0, &format!("{key}:"));
        lines.add(0, "----");
        for line in text_of(value).lines() {
            lines.add(0, line);
        }
        lines.add(0, "");
    }
    lines.add(0, "");
    lines.add(0, "BinaryData");
    lines.add(0, "====");
    for (key, value) in map["binaryData"].as_object().into_iter().flatten() {
        lines.field(0, key, &format!("{} bytes", decoded_length(value)));
    }
    lines.add(0, "");
}
