//! A value taken apart by its shape: its parts, each with the step that leads to it, and the set of all
//! paths that it sets.

use serde_json::{Map, Value};

use super::element::{Element, path_text};
use super::fields::FieldSet;
use super::shape::{self, Shape};
use crate::api::{ApiError, Reason};

/// A part of a value.
#[derive(Debug, Clone)]
pub(super) struct Part<'a> {
    /// The step to it.
    pub(super) element: Element,
    /// What it is.
    pub(super) value: &'a Value,
    /// How it is set.
    pub(super) shape: Shape,
}

/// Returns the parts of a value; empty for what is set as a whole, for a scalar and for what is empty.
/// An item of a list that lacks its keys is left out: what is stored has been checked.
pub(super) fn parts(value: Option<&Value>, shape: Shape) -> Vec<Part<'_>> {
    match (value, shape) {
        (Some(Value::Object(fields)), Shape::Granular(place)) => fields
            .iter()
            .map(|(name, value)| Part {
                element: Element::Field(name.clone()),
                value,
                shape: shape::field(place, name),
            })
            .collect(),
        (Some(Value::Array(items)), Shape::Set) => items
            .iter()
            .map(|value| Part {
                element: Element::Value(value.to_string()),
                value,
                shape: Shape::Atomic,
            })
            .collect(),
        (Some(Value::Array(items)), Shape::Keyed(keys, item)) => items
            .iter()
            .filter_map(|value| {
                let element = key_of(value, keys).ok()?;
                Some(Part { element, value, shape: item.shape() })
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Returns the step to an item, or the key that it lacks.
fn key_of(item: &Value, keys: &[&'static str]) -> Result<Element, &'static str> {
    let mut found = Map::new();
    for key in keys {
        let default = || shape::default_key(key).map(Value::from);
        let value = item.get(key).cloned().or_else(default).ok_or(*key)?;
        found.insert((*key).to_owned(), value);
    }
    Ok(Element::Key(Value::Object(found).to_string()))
}

/// Returns every path that `value` sets: its scalars, its wholes, its items, and what is empty.
pub(super) fn fields_of(value: &Value, shape: Shape) -> FieldSet {
    let mut set = FieldSet::default();
    collect(value, shape, &mut set);
    set
}

fn collect(value: &Value, shape: Shape, node: &mut FieldSet) {
    let is_item = matches!(shape, Shape::Set | Shape::Keyed(..));
    let parts = parts(Some(value), shape);
    if parts.is_empty() && !(is_item && value.is_array()) {
        node.mark();
    }
    for part in parts {
        let inner = node.at(part.element);
        collect(part.value, part.shape, inner);
        if is_item {
            inner.mark();
        }
    }
}

/// Checks that the items of a client's lists can be told apart.
///
/// # Errors
/// `BadRequest` for an item without its keys, or two of the same.
pub(super) fn check_items(value: &Value, shape: Shape) -> Result<(), ApiError> {
    check(value, shape, &mut Vec::new())
}

fn check(value: &Value, shape: Shape, path: &mut Vec<Element>) -> Result<(), ApiError> {
    let refuse = |path: &[Element], why: String| {
        let message = format!("failed to create typed patch object: {}: {why}", path_text(path));
        Err(ApiError::new(Reason::BadRequest, message))
    };
    if let (Value::Array(items), Shape::Keyed(keys, _)) = (value, shape) {
        let lacking =
            items.iter().enumerate().find_map(|(at, item)| Some((at, key_of(item, keys).err()?)));
        if let Some((at, key)) = lacking {
            let why = format!(
                "element {at}: associative list with keys has an element that omits key field \
                 \"{key}\" (and doesn't have default value)"
            );
            return refuse(path, why);
        }
    }
    let parts = parts(Some(value), shape);
    for (at, part) in parts.iter().enumerate() {
        if parts[..at].iter().any(|before| before.element == part.element) {
            return refuse(path, format!("duplicate entries for key {}", part.element));
        }
        path.push(part.element.clone());
        check(part.value, part.shape, path)?;
        path.pop();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::Kind;

    fn spec(pod: Value) -> Value {
        json!({"spec": {"template": {"spec": pod}}})
    }

    #[test]
    fn every_path_that_a_manifest_sets_is_found() {
        let port = json!({"containerPort": 80});
        for (given, expected) in [
            (
                spec(json!({"containers": [{"name": "c", "args": ["a"], "ports": [port]}]})),
                json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {
                    "k:{\"name\":\"c\"}": {
                        ".": {},
                        "f:args": {},
                        "f:name": {},
                        "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {
                            ".": {},
                            "f:containerPort": {},
                        }},
                    },
                }}}}}),
            ),
            (
                json!({"metadata": {"labels": {"a": "1"}, "annotations": {}, "finalizers": ["a/b"]}}),
                json!({"f:metadata": {
                    "f:labels": {"f:a": {}},
                    "f:annotations": {},
                    "f:finalizers": {"v:\"a/b\"": {}},
                }}),
            ),
            (
                spec(json!({"nodeSelector": {"a": "b"}, "volumes": [], "tolerations": []})),
                json!({"f:spec": {"f:template": {"f:spec": {
                    "f:nodeSelector": {},
                    "f:tolerations": {},
                }}}}),
            ),
            (
                json!({"spec": {"selector": {"matchLabels": {"a": "b"}}}}),
                json!({"f:spec": {"f:selector": {}}}),
            ),
        ] {
            let given = fields_of(&given, shape::root(Kind::Job));
            let expected = FieldSet::from_v1(&expected);
            assert_eq!(given.paths(), expected.paths());
        }
    }

    #[test]
    fn items_that_cannot_be_told_apart_are_refused_with_where() {
        for (pod, why) in [
            (
                json!({"containers": [{"name": "c"}, {"image": "x"}]}),
                "element 1: associative list with keys has an element that omits key field \"name\"",
            ),
            (
                json!({"containers": [{"name": "c", "env": [{"name": "A"}, {"name": "A"}]}]}),
                ".spec.template.spec.containers[name=\"c\"].env: duplicate entries for key \
                 [name=\"A\"]",
            ),
        ] {
            let error = check_items(&spec(pod), shape::root(Kind::Job)).unwrap_err();
            assert!(error.message.contains(why), "{why}: {error}");
        }
    }
}
