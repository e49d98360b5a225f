//! What `apply` must patch: the difference between what a manifest says, what it said the last time and
//! what the object is now, as kubectl's three-way strategic merge (`strategicpatch.CreateThreeWayMergePatch`).

use serde_json::{Map, Value, json};

use super::schema::{self, List, Place};
use crate::api::Kind;

/// Returns the strategic merge patch that brings `current` to `modified`: what `modified` sets is set,
/// what only `original` set is removed, what others set stays. Empty where nothing is to be done.
#[must_use]
pub fn three_way(kind: Kind, original: &Value, modified: &Value, current: &Value) -> Value {
    let original = without_nulls(original);
    let modified = without_nulls(modified);
    let (original, modified) = (fields(Some(&original)), fields(Some(&modified)));
    Value::Object(object(Place::Object(kind), &original, &modified, &fields(Some(current))))
}

fn fields(value: Option<&Value>) -> Map<String, Value> {
    value.and_then(Value::as_object).cloned().unwrap_or_default()
}

fn items(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A field that a manifest leaves null is one that it does not set.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let set = map.iter().filter(|(_, value)| !value.is_null());
            Value::Object(set.map(|(key, value)| (key.clone(), without_nulls(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_nulls).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn object(
    place: Place,
    original: &Map<String, Value>,
    modified: &Map<String, Value>,
    current: &Map<String, Value>,
) -> Map<String, Value> {
    let mut patch = Map::new();
    for (name, wanted) in modified {
        match (wanted, current.get(name)) {
            (Value::Object(wanted), Some(Value::Object(now))) => {
                let before = fields(original.get(name));
                let inner = object(schema::child(place, name), &before, wanted, now);
                if !inner.is_empty() {
                    patch.insert(name.clone(), Value::Object(inner));
                }
            }
            (Value::Array(wanted), Some(Value::Array(now))) => {
                list(place, name, items(original.get(name)), wanted, now, &mut patch);
            }
            (wanted, Some(now)) if wanted == now => {}
            (wanted, _) => {
                patch.insert(name.clone(), wanted.clone());
            }
        }
    }
    let dropped = original.keys().filter(|name| !modified.contains_key(*name));
    for name in dropped.filter(|name| current.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    patch
}

fn list(
    place: Place,
    name: &str,
    original: &[Value],
    modified: &[Value],
    current: &[Value],
    patch: &mut Map<String, Value>,
) {
    match schema::list(place, name) {
        List::Replace => {
            if modified != current {
                patch.insert(name.to_owned(), Value::from(modified));
            }
        }
        List::AsSet => {
            let added: Vec<Value> =
                modified.iter().filter(|item| !current.contains(item)).cloned().collect();
            let dropped = original.iter().filter(|item| !modified.contains(item));
            let dropped: Vec<Value> =
                dropped.filter(|item| current.contains(item)).cloned().collect();
            if !added.is_empty() {
                patch.insert(name.to_owned(), Value::from(added));
            }
            if !dropped.is_empty() {
                patch.insert(format!("$deleteFromPrimitiveList/{name}"), Value::from(dropped));
            }
        }
        List::ByKey(key) => {
            let place = schema::child(place, name);
            let changed = by_key(place, key, original, modified, current);
            if changed.is_empty() && in_order(key, modified, current) {
                return;
            }
            let order: Vec<Value> = modified.iter().map(|item| json!({key: item[key]})).collect();
            patch.insert(format!("$setElementOrder/{name}"), Value::from(order));
            if !changed.is_empty() {
                patch.insert(name.to_owned(), Value::from(changed));
            }
        }
    }
}

fn by_key(
    place: Place,
    key: &str,
    original: &[Value],
    modified: &[Value],
    current: &[Value],
) -> Vec<Value> {
    let mut changed = Vec::new();
    for wanted in modified {
        let Some(now) = with_key(current, key, &wanted[key]) else {
            changed.push(wanted.clone());
            continue;
        };
        let before = fields(with_key(original, key, &wanted[key]));
        let mut inner = object(place, &before, &fields(Some(wanted)), &fields(Some(now)));
        if !inner.is_empty() {
            inner.insert(key.to_owned(), wanted[key].clone());
            changed.push(Value::Object(inner));
        }
    }
    for before in original {
        let dropped = with_key(modified, key, &before[key]).is_none();
        if dropped && with_key(current, key, &before[key]).is_some() {
            changed.push(json!({"$patch": "delete", key: before[key]}));
        }
    }
    changed
}

fn with_key<'v>(list: &'v [Value], key: &str, wanted: &Value) -> Option<&'v Value> {
    list.iter().find(|item| &item[key] == wanted)
}

/// Returns whether the elements of `modified` are in their order in `current`, whatever is between them.
fn in_order(key: &str, modified: &[Value], current: &[Value]) -> bool {
    let wanted = modified.iter().map(|item| &item[key]);
    let now = current.iter().map(|item| &item[key]);
    now.filter(|value| modified.iter().any(|item| &item[key] == *value)).eq(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::patch::apply;
    use crate::engine::{Patch, PatchKind};

    fn job(labels: &Value, containers: &Value) -> Value {
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "x", "labels": labels},
               "spec": {"template": {"spec": {"containers": containers}}}})
    }

    #[test]
    fn what_the_manifest_says_and_the_object_has_is_no_difference() {
        let manifest = job(&json!({"a": "1"}), &json!([{"name": "c", "image": "i"}]));
        let mut current = manifest.clone();
        current["metadata"]["uid"] = json!("7");
        current["metadata"]["labels"]["other"] = json!("x");
        current["spec"]["template"]["spec"]["containers"][0]["terminationMessagePath"] =
            json!("/t");
        current["spec"]["parallelism"] = json!(1);
        assert_eq!(three_way(Kind::Job, &manifest, &manifest, &current), json!({}));
    }

    #[test]
    fn what_the_last_manifest_set_and_this_one_leaves_out_is_removed() {
        let original = job(
            &json!({"keep": "1", "drop": "2"}),
            &json!([{"name": "c", "image": "i", "env": [{"name": "A", "value": "1"}]}, {"name": "d"}]),
        );
        let modified = job(&json!({"keep": "1"}), &json!([{"name": "c", "image": "j"}]));
        let mut current = original.clone();
        current["metadata"]["labels"]["other"] = json!("3");
        assert_eq!(
            three_way(Kind::Job, &original, &modified, &current),
            json!({"metadata": {"labels": {"drop": null}}, "spec": {"template": {"spec": {
            "$setElementOrder/containers": [{"name": "c"}],
            "containers": [
                {"name": "c", "image": "j", "env": null},
                {"name": "d", "$patch": "delete"},
            ]}}}})
        );
    }

    #[test]
    fn a_patch_brings_the_object_to_what_the_manifest_says() {
        let original = job(&json!({"a": "1"}), &json!([{"name": "c"}, {"name": "d"}]));
        let cases = [
            job(&json!({}), &json!([{"name": "d"}, {"name": "c"}])),
            job(&json!({"b": "2"}), &json!([{"name": "new", "image": "x"}, {"name": "c"}])),
            job(&json!({"a": "2"}), &json!([{"name": "c", "args": ["1", "2"]}])),
        ];
        for modified in cases {
            let body = three_way(Kind::Job, &original, &modified, &original);
            let patch = Patch { kind: PatchKind::Strategic, body };
            let patched = apply(Kind::Job, &original, &patch).unwrap();
            assert_eq!(patched, modified, "{}", patch.body);
        }
    }

    #[test]
    fn a_field_that_is_null_is_not_set() {
        let manifest = json!({"metadata": {"name": "x", "creationTimestamp": null}});
        let current =
            json!({"metadata": {"name": "x", "creationTimestamp": "2026-01-01T00:00:00Z"}});
        assert_eq!(three_way(Kind::ConfigMap, &manifest, &manifest, &current), json!({}));
    }
}
