//! Kubernetes' strategic merge patch: objects merge, lists merge as their type says, and `$patch`,
//! `$retainKeys`, `$deleteFromPrimitiveList` and `$setElementOrder` say what a merge cannot.

use serde_json::{Map, Value};

use super::schema::{self, List, Place};
use crate::api::{ApiError, Kind, Reason};

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList/";
const ELEMENT_ORDER: &str = "$setElementOrder/";

/// Returns `current` with `patch` merged into it.
///
/// # Errors
/// `BadRequest` where a directive is none or a list's element lacks its key.
pub(super) fn merge(kind: Kind, current: &Value, patch: &Value) -> Result<Value, ApiError> {
    let empty = Map::new();
    let current = current.as_object().unwrap_or(&empty);
    let patch = patch.as_object().unwrap_or(&empty);
    merge_object(Place::Object(kind), current, patch).map(Value::Object)
}

fn bad(why: String) -> ApiError {
    ApiError::new(Reason::BadRequest, why)
}

fn merge_object(
    place: Place,
    current: &Map<String, Value>,
    patch: &Map<String, Value>,
) -> Result<Map<String, Value>, ApiError> {
    match patch.get(DIRECTIVE).map(|value| value.as_str().unwrap_or_default()) {
        Some("replace") => return Ok(without_directives(patch)),
        Some("delete") => return Ok(Map::new()),
        Some("merge") | None => {}
        Some(other) => return Err(bad(format!("unknown patch type: {other}"))),
    }
    let mut merged = current.clone();
    retain(&mut merged, patch)?;
    for (key, value) in patch.iter().filter(|(key, _)| !key.starts_with('$')) {
        merge_field(place, &mut merged, key, value)?;
    }
    for (key, value) in patch {
        if let Some(name) = key.strip_prefix(DELETE_FROM_LIST) {
            delete_from(&mut merged, name, value);
        } else if let Some(name) = key.strip_prefix(ELEMENT_ORDER) {
            let by = schema::list(place, name);
            reorder(&mut merged, name, by, value);
        }
    }
    Ok(merged)
}

/// `$retainKeys` drops every other key of the object as it is.
fn retain(merged: &mut Map<String, Value>, patch: &Map<String, Value>) -> Result<(), ApiError> {
    let Some(kept) = patch.get(RETAIN_KEYS) else { return Ok(()) };
    let Value::Array(kept) = kept else {
        return Err(bad(format!("{RETAIN_KEYS} must be a list of keys")));
    };
    merged.retain(|key, _| kept.iter().any(|name| name == key));
    Ok(())
}

fn merge_field(
    place: Place,
    merged: &mut Map<String, Value>,
    key: &str,
    value: &Value,
) -> Result<(), ApiError> {
    let inner = schema::child(place, key);
    match (merged.get(key), value) {
        (_, Value::Null) => {
            merged.remove(key);
        }
        (current, Value::Object(patch)) => {
            let none = Map::new();
            let current = current.and_then(Value::as_object);
            let deleted = patch.get(DIRECTIVE).is_some_and(|directive| directive == "delete");
            if deleted {
                merged.remove(key);
                return Ok(());
            }
            let object = merge_object(inner, current.unwrap_or(&none), patch)?;
            merged.insert(key.to_owned(), Value::Object(object));
        }
        (current, Value::Array(patch)) => {
            let current = current.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let list = merge_list(inner, schema::list(place, key), current, patch)?;
            merged.insert(key.to_owned(), Value::Array(list));
        }
        (_, Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            merged.insert(key.to_owned(), value.clone());
        }
    }
    Ok(())
}

fn merge_list(
    place: Place,
    by: List,
    current: &[Value],
    patch: &[Value],
) -> Result<Vec<Value>, ApiError> {
    if patch.iter().any(|item| directive(item) == Some("replace")) {
        let kept = patch.iter().filter(|item| directive(item).is_none());
        return Ok(kept.map(plain).collect());
    }
    match by {
        List::Replace => Ok(patch.iter().map(plain).collect()),
        List::AsSet => {
            let mut merged = current.to_vec();
            let added = patch.iter().filter(|item| !current.contains(item));
            merged.extend(added.cloned());
            Ok(merged)
        }
        List::ByKey(key) => merge_by_key(place, key, current, patch),
    }
}

fn merge_by_key(
    place: Place,
    key: &str,
    current: &[Value],
    patch: &[Value],
) -> Result<Vec<Value>, ApiError> {
    let mut merged = current.to_vec();
    for item in patch {
        let Value::Object(fields) = item else {
            return Err(bad(format!("an element of a list that merges by \"{key}\" is no object")));
        };
        let Some(wanted) = fields.get(key) else {
            return Err(bad(format!("map: {item} does not contain declared merge key: {key}")));
        };
        let at = merged.iter().position(|existing| existing.get(key) == Some(wanted));
        match (directive(item), at) {
            (Some("delete"), Some(_)) => {
                merged.retain(|existing| existing.get(key) != Some(wanted));
            }
            (Some("delete"), None) => {}
            (_, Some(at)) => {
                let none = Map::new();
                let existing = merged[at].as_object().unwrap_or(&none);
                merged[at] = Value::Object(merge_object(place, existing, fields)?);
            }
            (_, None) => {
                merged.push(Value::Object(merge_object(place, &Map::new(), fields)?));
            }
        }
    }
    Ok(merged)
}

fn directive(item: &Value) -> Option<&str> {
    item.get(DIRECTIVE)?.as_str()
}

/// Returns a value without the directives in it, as something new is stored.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(without_directives(map)),
        Value::Array(items) => Value::Array(items.iter().map(plain).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn without_directives(map: &Map<String, Value>) -> Map<String, Value> {
    let kept = map.iter().filter(|(key, value)| !is_directive(key) && !value.is_null());
    kept.map(|(key, value)| (key.clone(), plain(value))).collect()
}

fn is_directive(key: &str) -> bool {
    key == DIRECTIVE
        || key == RETAIN_KEYS
        || key.starts_with(DELETE_FROM_LIST)
        || key.starts_with(ELEMENT_ORDER)
}

fn delete_from(merged: &mut Map<String, Value>, name: &str, values: &Value) {
    let (Some(list), Some(values)) =
        (merged.get_mut(name).and_then(Value::as_array_mut), values.as_array())
    else {
        return;
    };
    list.retain(|item| !values.contains(item));
    if list.is_empty() {
        merged.remove(name);
    }
}

/// Puts the elements that the order names into that order; the others keep their places after them.
fn reorder(merged: &mut Map<String, Value>, name: &str, by: List, order: &Value) {
    let (Some(list), Some(order)) =
        (merged.get_mut(name).and_then(Value::as_array_mut), order.as_array())
    else {
        return;
    };
    let rank = |item: &Value| {
        let same = |wanted: &&Value| match by {
            List::ByKey(key) => wanted.get(key).is_some() && wanted.get(key) == item.get(key),
            List::AsSet | List::Replace => *wanted == item,
        };
        order.iter().position(|wanted| same(&wanted)).unwrap_or(order.len())
    };
    list.sort_by_key(rank);
}
