//! One patch of whichever format, applied.

use serde_json::Value;

use super::{json, strategic};
use crate::api::{ApiError, Kind, Reason};
use crate::engine::{Patch, PatchKind};

/// Lists and maps within each other that an object may have: what is stored must be read again, and
/// reading is bounded too.
const DEPTH: usize = 100;

/// Returns `current` with `patch` applied. What comes out is judged afterwards, as any change.
///
/// # Errors
/// `Invalid` where a JSON patch's test or path fails, `RequestEntityTooLarge` where a patch makes far
/// more of the object than was sent, `BadRequest` where the patch is none.
pub fn apply(kind: Kind, current: &Value, patch: &Patch) -> Result<Value, ApiError> {
    let changed = match patch.kind {
        PatchKind::Json => json::apply(current, &patch.body)?,
        PatchKind::Merge => {
            check_object(&patch.body)?;
            let mut changed = current.clone();
            json_patch::merge(&mut changed, &patch.body);
            changed
        }
        PatchKind::Strategic => {
            check_object(&patch.body)?;
            strategic::merge(kind, current, &patch.body)?
        }
    };
    if is_within(&changed, DEPTH) {
        return Ok(changed);
    }
    let why = format!("the patch nests lists and maps more than {DEPTH} deep");
    Err(ApiError::new(Reason::RequestEntityTooLarge, why))
}

fn check_object(body: &Value) -> Result<(), ApiError> {
    if body.is_object() {
        return Ok(());
    }
    Err(ApiError::new(Reason::BadRequest, "a merge patch must be an object"))
}

fn is_within(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels > 0 && items.iter().all(|item| is_within(item, levels - 1)),
        Value::Object(map) => levels > 0 && map.values().all(|item| is_within(item, levels - 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn patched(kind: PatchKind, current: &Value, body: Value) -> Result<Value, ApiError> {
        apply(Kind::Job, current, &Patch { kind, body })
    }

    fn container(fields: Value) -> Value {
        json!({"spec": {"template": {"spec": {"containers": [fields]}}}})
    }

    #[test]
    fn a_strategic_merge_patch_merges_lists_by_their_key() {
        let two = json!([{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]);
        for (what, current, patch, expected) in [
            (
                "a new element is added",
                two.clone(),
                json!([{"name": "c"}]),
                json!([{"name": "a", "value": "1"}, {"name": "b", "value": "2"}, {"name": "c"}]),
            ),
            (
                "a known one is merged",
                two.clone(),
                json!([{"name": "b", "value": "3"}]),
                json!([{"name": "a", "value": "1"}, {"name": "b", "value": "3"}]),
            ),
            (
                "a null removes a field",
                two.clone(),
                json!([{"name": "b", "value": null}]),
                json!([{"name": "a", "value": "1"}, {"name": "b"}]),
            ),
            (
                "one is deleted",
                two.clone(),
                json!([{"name": "a", "$patch": "delete"}]),
                json!([{"name": "b", "value": "2"}]),
            ),
            (
                "all are replaced",
                two,
                json!([{"$patch": "replace"}, {"name": "c"}]),
                json!([{"name": "c"}]),
            ),
        ] {
            let given = container(json!({"name": "c", "env": current}));
            let patch = container(json!({"name": "c", "env": patch}));
            let expected = container(json!({"name": "c", "env": expected}));
            assert_eq!(patched(PatchKind::Strategic, &given, patch).unwrap(), expected, "{what}");
        }
    }

    #[test]
    fn a_strategic_merge_patch_follows_its_directives() {
        for (what, current, patch, expected) in [
            (
                "a list without a key is replaced",
                container(json!({"name": "c", "args": ["a", "b"]})),
                container(json!({"name": "c", "args": ["c"]})),
                container(json!({"name": "c", "args": ["c"]})),
            ),
            (
                "finalizers are a set",
                json!({"metadata": {"finalizers": ["a"]}}),
                json!({"metadata": {"finalizers": ["a", "b"]}}),
                json!({"metadata": {"finalizers": ["a", "b"]}}),
            ),
            (
                "values are taken out of a set",
                json!({"metadata": {"finalizers": ["a", "b"]}}),
                json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}),
                json!({"metadata": {"finalizers": ["b"]}}),
            ),
            (
                "only some keys are kept",
                json!({"metadata": {"labels": {"a": "1", "b": "2"}}}),
                json!({"metadata": {"labels": {"$retainKeys": ["b", "c"], "c": "3"}}}),
                json!({"metadata": {"labels": {"b": "2", "c": "3"}}}),
            ),
            (
                "elements are put in order",
                container(json!({"name": "c", "env": [{"name": "a"}, {"name": "b"}]})),
                container(
                    json!({"name": "c", "$setElementOrder/env": [{"name": "b"}, {"name": "a"}]}),
                ),
                container(json!({"name": "c", "env": [{"name": "b"}, {"name": "a"}]})),
            ),
            (
                "a map is deleted",
                json!({"metadata": {"labels": {"a": "1"}, "name": "j"}}),
                json!({"metadata": {"labels": {"$patch": "delete"}}}),
                json!({"metadata": {"name": "j"}}),
            ),
        ] {
            assert_eq!(patched(PatchKind::Strategic, &current, patch).unwrap(), expected, "{what}");
        }
    }

    #[test]
    fn a_patch_that_is_none_is_refused_with_why() {
        let twice = json!([{"op": "copy", "from": "", "path": "/a"}]);
        for (kind, body, reason, why) in [
            (PatchKind::Merge, json!([]), Reason::BadRequest, "must be an object"),
            (PatchKind::Strategic, json!("x"), Reason::BadRequest, "must be an object"),
            (
                PatchKind::Strategic,
                json!({"$patch": "x"}),
                Reason::BadRequest,
                "unknown patch type: x",
            ),
            (
                PatchKind::Strategic,
                container(json!({"image": "i"})),
                Reason::BadRequest,
                "does not contain declared merge key: name",
            ),
            (PatchKind::Json, json!({}), Reason::BadRequest, "error decoding patch"),
            (
                PatchKind::Json,
                json!([{"op": "x", "path": "/a"}]),
                Reason::BadRequest,
                "error decoding patch",
            ),
            (
                PatchKind::Json,
                json!([{"op": "test", "path": "/b", "value": 2}]),
                Reason::Invalid,
                "operation 0 at \"/b\"",
            ),
            (
                PatchKind::Json,
                json!([{"op": "remove", "path": "/none"}]),
                Reason::Invalid,
                "operation 0 at \"/none\"",
            ),
            (
                PatchKind::Json,
                json!(vec![twice[0].clone(); 10_001]),
                Reason::RequestEntityTooLarge,
                "10000, got 10001",
            ),
            (
                PatchKind::Json,
                json!(vec![twice[0].clone(); 200]),
                Reason::RequestEntityTooLarge,
                "more than 100 deep",
            ),
        ] {
            let error = patched(kind, &json!({"b": 1}), body).unwrap_err();
            assert_eq!(error.reason, reason, "{error}");
            assert!(error.message.contains(why), "{why} in {error}");
        }
    }

    #[test]
    fn copies_cannot_grow_without_bound() {
        let first = json!({"op": "add", "path": "/a", "value": ["x".repeat(1000)]});
        let mut operations = vec![first];
        operations.extend((0..40).map(|n| {
            let path = if n % 2 == 0 { "/b" } else { "/a" };
            let from = if n % 2 == 0 { "/a" } else { "/b" };
            json!({"op": "copy", "from": from, "path": format!("{path}/-")})
        }));
        let error =
            patched(PatchKind::Json, &json!({"b": []}), Value::Array(operations)).unwrap_err();
        assert_eq!(error.reason, Reason::RequestEntityTooLarge, "{error}");
    }

    /// Any JSON that is made of the words that patches know.
    fn any_json() -> impl Strategy<Value = Value> {
        let words = ["delete", "replace", "merge", "a", "b", "", "$patch"];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..3_i64).prop_map(Value::from),
            prop::sample::select(words.to_vec()).prop_map(Value::from),
        ];
        let keys = [
            "metadata",
            "spec",
            "template",
            "containers",
            "env",
            "name",
            "value",
            "finalizers",
            "$patch",
            "$retainKeys",
            "$setElementOrder/env",
            "$setElementOrder/finalizers",
            "$deleteFromPrimitiveList/finalizers",
        ];
        leaf.prop_recursive(6, 48, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(prop::sample::select(keys.to_vec()), inner, 0..4)
                    .prop_map(|map| map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
            ]
        })
    }

    fn any_operation() -> impl Strategy<Value = Value> {
        let operations = ["add", "remove", "replace", "move", "copy", "test"];
        let paths =
            ["", "/", "/spec", "/spec/env/0", "/spec/env/-", "/metadata/name", "/spec/01", "x"];
        let select = |from: &'static [&'static str]| prop::sample::select(from);
        (
            prop::sample::select(operations.to_vec()),
            prop::sample::select(paths.to_vec()),
            select(&["", "/spec", "/spec/env/0", "/metadata"]),
            any_json(),
        )
            .prop_map(|(op, path, from, value)| {
                json!({"op": op, "path": path, "from": from, "value": value})
            })
    }

    proptest! {
        #[test]
        fn any_patch_is_applied_or_refused(current in any_json(), body in any_json()) {
            for kind in [PatchKind::Json, PatchKind::Merge, PatchKind::Strategic] {
                let _answer = patched(kind, &current, body.clone());
            }
        }

        #[test]
        fn any_operations_are_applied_or_refused(
            current in any_json(),
            operations in prop::collection::vec(any_operation(), 0..6),
        ) {
            let _answer = patched(PatchKind::Json, &current, Value::Array(operations));
        }

        #[test]
        fn a_merge_patch_applied_twice_is_applied_once(current in any_json(), body in any_json()) {
            if let Ok(once) = patched(PatchKind::Merge, &current, body.clone()) {
                prop_assert_eq!(patched(PatchKind::Merge, &once, body).unwrap(), once);
            }
        }
    }
}
