//! Quantities in a JSON value: numbers become text, and every one gets its canonical form.

use serde_json::Value;

use super::{Fault, Problem};
use crate::api::field::Path;
use crate::api::quantity::Quantity;

/// Fields that hold one quantity.
const ONE: [&str; 3] = ["bodyLimit", "divisor", "sizeLimit"];

/// Fields that hold a map of quantities.
const MANY: [&str; 6] =
    ["limits", "requests", "capacity", "overhead", "allocatedResources", "default"];

/// Maps that hold a person's own keys, among which the names above mean nothing.
const FOREIGN: [&str; 6] =
    ["annotations", "binaryData", "data", "labels", "matchLabels", "stringData"];

/// Rewrites every quantity in `value` in its canonical form; returns those that cannot be read.
pub(super) fn normalise(value: &mut Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    walk(value, &Path::root(), &mut faults);
    faults
}

fn walk(value: &mut Value, path: &Path, faults: &mut Vec<Fault>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut().filter(|(key, _)| !FOREIGN.contains(&key.as_str())) {
                field(key, value, &path.child(key), faults);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                walk(item, &path.index(index), faults);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn field(key: &str, value: &mut Value, path: &Path, faults: &mut Vec<Fault>) {
    if ONE.contains(&key) {
        amount(value, path, faults);
    } else if let Value::Object(map) = value
        && MANY.contains(&key)
    {
        for (name, value) in map {
            amount(value, &path.child(name), faults);
        }
    } else {
        walk(value, path, faults);
    }
}

fn amount(value: &mut Value, path: &Path, faults: &mut Vec<Fault>) {
    let text = match &*value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        Value::Null => "0".to_owned(),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => return,
    };
    match text.parse::<Quantity>() {
        Ok(quantity) => *value = Value::String(quantity.to_string()),
        Err(error) => {
            let problem = Problem::Unreadable(error.to_string());
            faults.push(Fault { path: path.to_string(), problem });
        }
    }
}
