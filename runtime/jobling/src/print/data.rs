//! Objects as JSON and YAML text, in kubectl's form.

use serde::Serialize;
use serde_json::{Value, json};

/// Returns the value as JSON with kubectl's indentation, and a newline.
pub(crate) fn json_text(value: &Value) -> String {
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    value.serialize(&mut serializer).expect("a value with string keys is JSON");
    let mut text = String::from_utf8(bytes).expect("serde_json writes UTF-8");
    text.push('\n');
    text
}

/// Returns the value as YAML.
pub(crate) fn yaml_text(value: &Value) -> String {
    serde_yaml::to_string(value).expect("a JSON value is YAML")
}

/// Returns the `v1` List of `items`.
pub(crate) fn list_of(items: Vec<Value>) -> Value {
    json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}})
}

/// Returns the object without `metadata.managedFields`, which nobody reads.
pub(crate) fn without_managed_fields(mut object: Value) -> Value {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    object
}
