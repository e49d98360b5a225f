//! What differs between two values of a shape, path by path.

use std::collections::BTreeMap;

use serde_json::Value;

use super::element::Element;
use super::fields::FieldSet;
use super::read::{Part, parts};
use super::shape::Shape;

/// The paths that differ.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Changes {
    /// Set in the new value only.
    pub(super) added: FieldSet,
    /// Set in both, to something else.
    pub(super) modified: FieldSet,
    /// Set in the old value only.
    pub(super) removed: FieldSet,
}

impl Changes {
    /// Returns what differs between `old` and `new`.
    pub(super) fn between(old: &Value, new: &Value, shape: Shape) -> Self {
        let mut changes = Self::default();
        changes.compare(Some(old), Some(new), shape, &mut Vec::new());
        changes
    }

    /// Returns what the change set: what is new and what is other than before.
    pub(super) fn set(&self) -> FieldSet {
        self.added.union(&self.modified)
    }

    fn compare(
        &mut self,
        old: Option<&Value>,
        new: Option<&Value>,
        shape: Shape,
        path: &mut Vec<Element>,
    ) {
        let both = side_by_side(parts(old, shape), parts(new, shape));
        let is_leaf = both.is_empty();
        for (element, (old, new)) in both {
            path.push(element);
            match (old.as_slice(), new.as_slice()) {
                ([old], [new]) => self.compare(Some(old.value), Some(new.value), new.shape, path),
                ([old], []) => self.compare(Some(old.value), None, old.shape, path),
                ([], [new]) => self.compare(None, Some(new.value), new.shape, path),
                // The same key several times, as environment variables may have it: as one value.
                (old, new) => self.note(&values(old), &values(new), path),
            }
            path.pop();
        }
        match (old, new) {
            (None, _) => self.added.insert(path),
            (_, None) => self.removed.insert(path),
            (Some(old), Some(new)) if is_leaf && old != new => self.modified.insert(path),
            (Some(_), Some(_)) => {}
        }
    }

    fn note(&mut self, old: &[&Value], new: &[&Value], path: &[Element]) {
        match (old, new) {
            ([], _) => self.added.insert(path),
            (_, []) => self.removed.insert(path),
            (old, new) if old != new => self.modified.insert(path),
            _ => {}
        }
    }
}

/// The parts of the old and of the new value that one step leads to.
type Beside<'a> = (Vec<Part<'a>>, Vec<Part<'a>>);

fn side_by_side<'a>(old: Vec<Part<'a>>, new: Vec<Part<'a>>) -> BTreeMap<Element, Beside<'a>> {
    let mut both: BTreeMap<Element, Beside<'a>> = BTreeMap::new();
    for part in old {
        both.entry(part.element.clone()).or_default().0.push(part);
    }
    for part in new {
        both.entry(part.element.clone()).or_default().1.push(part);
    }
    both
}

fn values<'a>(parts: &[Part<'a>]) -> Vec<&'a Value> {
    parts.iter().map(|part| part.value).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::Kind;
    use crate::api::managed::shape;

    #[test]
    fn what_a_change_adds_modifies_and_removes_is_told_apart() {
        let job = |labels: Value, env: Value| {
            json!({"metadata": {"labels": labels}, "spec": {"template": {"spec": {"containers": [
                {"name": "c", "env": env},
            ]}}}})
        };
        let env = |env: Value| {
            json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"c\"}": {
                "f:env": env,
            }}}}}})
        };
        let (a1, a2) = (json!({"name": "A", "value": "1"}), json!({"name": "A", "value": "2"}));
        let none = json!({});
        for (old, new, added, modified, removed) in [
            (
                job(json!({"a": "1", "b": "1"}), json!([])),
                job(json!({"a": "2", "c": "1"}), json!([])),
                json!({"f:metadata": {"f:labels": {"f:c": {}}}}),
                json!({"f:metadata": {"f:labels": {"f:a": {}}}}),
                json!({"f:metadata": {"f:labels": {"f:b": {}}}}),
            ),
            (
                job(none.clone(), json!([a1])),
                job(none.clone(), json!([a2])),
                none.clone(),
                env(json!({"k:{\"name\":\"A\"}": {"f:value": {}}})),
                none.clone(),
            ),
            (
                job(none.clone(), json!([a1, a2])),
                job(none.clone(), json!([a2, a1])),
                none.clone(),
                env(json!({"k:{\"name\":\"A\"}": {}})),
                none.clone(),
            ),
            (
                job(none.clone(), json!([])),
                job(none.clone(), json!([a1])),
                env(json!({"k:{\"name\":\"A\"}": {".": {}, "f:name": {}, "f:value": {}}})),
                none.clone(),
                none.clone(),
            ),
        ] {
            let changes = Changes::between(&old, &new, shape::root(Kind::Job));
            assert_eq!(changes.added.to_v1(), added, "added by {new}");
            assert_eq!(changes.modified.to_v1(), modified, "modified by {new}");
            assert_eq!(changes.removed.to_v1(), removed, "removed by {new}");
        }
    }
}
