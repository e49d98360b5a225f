//! A value without the paths of a set.

use serde_json::{Map, Value};

use super::element::Element;
use super::fields::FieldSet;
use super::read::parts;
use super::shape::Shape;

/// Returns `value` without what `set` names; a map or a list of which nothing is left becomes null.
pub(super) fn without(value: &Value, set: &FieldSet, shape: Shape) -> Value {
    let parts = parts(Some(value), shape);
    if parts.is_empty() {
        return value.clone();
    }
    let mut kept = Vec::new();
    for part in parts {
        match set.below(&part.element) {
            Some(below) if below.is_marked() => {}
            Some(below) => kept.push((part.element, without(part.value, below, part.shape))),
            None => kept.push((part.element, part.value.clone())),
        }
    }
    if kept.is_empty() {
        return Value::Null;
    }
    if value.is_object() {
        Value::Object(kept.into_iter().filter_map(named).collect::<Map<_, _>>())
    } else {
        Value::Array(kept.into_iter().map(|(_, value)| value).collect())
    }
}

fn named((element, value): (Element, Value)) -> Option<(String, Value)> {
    match element {
        Element::Field(name) => Some((name, value)),
        Element::Key(_) | Element::Value(_) | Element::Index(_) => None,
    }
}
