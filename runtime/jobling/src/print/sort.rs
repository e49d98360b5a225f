//! `--sort-by`: the order of objects by the value at a path.

use std::cmp::Ordering;

use serde_json::Value;

use crate::jsonpath::{EvaluateError, JsonPath};

/// Puts `objects` in the order of what `path` finds in each; what has no such value comes first.
pub(crate) fn sort_by_path(objects: &mut Vec<Value>, path: &JsonPath) -> Result<(), EvaluateError> {
    let mut keyed = Vec::with_capacity(objects.len());
    for object in objects.drain(..) {
        let key = path.find(&object)?.first().map(|value| (*value).clone());
        keyed.push((key, object));
    }
    keyed.sort_by(|(left, _), (right, _)| order(left.as_ref(), right.as_ref()));
    objects.extend(keyed.into_iter().map(|(_, object)| object));
    Ok(())
}

/// Numbers by size, times and other texts by their letters, quantities such as `1Gi` by their text.
fn order(left: Option<&Value>, right: Option<&Value>) -> Ordering {
    match (left, right) {
        (Some(Value::Number(left)), Some(Value::Number(right))) => {
            left.as_f64().partial_cmp(&right.as_f64()).unwrap_or(Ordering::Equal)
        }
        (Some(Value::String(left)), Some(Value::String(right))) => left.cmp(right),
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
        (Some(left), Some(right)) => left.to_string().cmp(&right.to_string()),
    }
}
