//! A set of paths into an object, as `fieldsV1` writes it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::element::Element;

/// Says in `fieldsV1` that a path is in the set although longer ones are, too.
const ITSELF: &str = ".";

/// Steps that a path may have: nothing that is served is as deep.
const DEPTH: usize = 64;

/// A set of paths: each node is a step, and says whether the path to it is in the set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct FieldSet {
    is_member: bool,
    children: BTreeMap<Element, Self>,
}

impl FieldSet {
    /// Returns the set in a `fieldsV1`; what cannot be read is left out.
    pub(super) fn from_v1(value: &Value) -> Self {
        let mut set = Self::read(value, DEPTH);
        set.is_member = false;
        set
    }

    fn read(value: &Value, depth: usize) -> Self {
        let fields = value.as_object().filter(|fields| !fields.is_empty() && depth > 0);
        let Some(fields) = fields else { return Self { is_member: true, ..Self::default() } };
        let mut set = Self { is_member: fields.contains_key(ITSELF), ..Self::default() };
        for (text, inner) in fields {
            if let Some(element) = Element::parse(text) {
                set.children.insert(element, Self::read(inner, depth - 1));
            }
        }
        set
    }

    /// Returns the set as a `fieldsV1`.
    pub(super) fn to_v1(&self) -> Value {
        let mut fields = Map::new();
        for (element, inner) in &self.children {
            let mut value = inner.to_v1();
            if inner.is_member && !inner.children.is_empty() {
                value[ITSELF] = json!({});
            }
            fields.insert(element.to_text(), value);
        }
        Value::Object(fields)
    }

    /// Returns the node of a step below this one, made where there was none.
    pub(super) fn at(&mut self, element: Element) -> &mut Self {
        self.children.entry(element).or_default()
    }

    /// Puts the path to this node into the set.
    pub(super) const fn mark(&mut self) {
        self.is_member = true;
    }

    /// Returns whether the path to this node is in the set.
    pub(super) const fn is_marked(&self) -> bool {
        self.is_member
    }

    /// Returns what the set has below a step.
    pub(super) fn below(&self, element: &Element) -> Option<&Self> {
        self.children.get(element)
    }

    /// Adds a path.
    pub(super) fn insert(&mut self, path: &[Element]) {
        let node = path.iter().fold(self, |node, element| node.at(element.clone()));
        node.mark();
    }

    /// Returns whether no path is in the set.
    pub(super) fn is_empty(&self) -> bool {
        !self.is_member && self.children.values().all(Self::is_empty)
    }

    /// Returns what is in either set.
    pub(super) fn union(&self, other: &Self) -> Self {
        let mut set = self.clone();
        set.take(other);
        set
    }

    fn take(&mut self, other: &Self) {
        self.is_member |= other.is_member;
        for (element, inner) in &other.children {
            self.at(element.clone()).take(inner);
        }
    }

    /// Returns what is in this set and not in `other`. A path stays though a shorter one goes.
    pub(super) fn difference(&self, other: &Self) -> Self {
        self.combine(other, |here, there| here && !there)
    }

    /// Returns what is in both sets.
    pub(super) fn intersection(&self, other: &Self) -> Self {
        self.combine(other, |here, there| here && there)
    }

    fn combine(&self, other: &Self, keep: fn(bool, bool) -> bool) -> Self {
        let nothing = Self::default();
        let children = self.children.iter().map(|(element, inner)| {
            let beside = other.children.get(element).unwrap_or(&nothing);
            (element.clone(), inner.combine(beside, keep))
        });
        Self {
            is_member: keep(self.is_member, other.is_member),
            children: children.filter(|(_, inner)| !inner.is_empty()).collect(),
        }
    }

    /// Returns the set without a path and all that is below it.
    pub(super) fn without(&self, path: &[Element]) -> Self {
        let mut set = self.clone();
        set.cut(path);
        set
    }

    fn cut(&mut self, path: &[Element]) {
        match path {
            [] => {}
            [last] => {
                self.children.remove(last);
            }
            [first, rest @ ..] => {
                if let Some(inner) = self.children.get_mut(first) {
                    inner.cut(rest);
                    if inner.is_empty() {
                        self.children.remove(first);
                    }
                }
            }
        }
    }

    /// Returns the set with every field that only leads to others: a map whose fields all go is to go,
    /// too (structured-merge-diff's `EnsureNamedFieldsAreMembers`).
    pub(super) fn with_parents(&self) -> Self {
        let children = self.children.iter().map(|(element, inner)| {
            let mut inner = inner.with_parents();
            inner.is_member |= matches!(element, Element::Field(_)) && !inner.children.is_empty();
            (element.clone(), inner)
        });
        Self { is_member: self.is_member, children: children.collect() }
    }

    /// Returns every path: those of one map before those below its fields.
    pub(super) fn paths(&self) -> Vec<Vec<Element>> {
        let mut found = Vec::new();
        self.collect(&mut Vec::new(), &mut found);
        found
    }

    fn collect(&self, path: &mut Vec<Element>, found: &mut Vec<Vec<Element>>) {
        for (element, _) in self.children.iter().filter(|(_, inner)| inner.is_member) {
            found.push([path.as_slice(), std::slice::from_ref(element)].concat());
        }
        for (element, inner) in &self.children {
            path.push(element.clone());
            inner.collect(path, found);
            path.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(value: Value) -> FieldSet {
        FieldSet::from_v1(&value)
    }

    #[test]
    fn a_set_is_written_as_it_was_read() {
        for value in [
            json!({}),
            json!({"f:spec": {"f:parallelism": {}, "f:template": {"f:spec": {"f:containers": {
                "k:{\"name\":\"c\"}": {".": {}, "f:image": {}},
            }}}}}),
            json!({"f:metadata": {"f:finalizers": {"v:\"a/b\"": {}}, "f:labels": {".": {}, "f:a": {}}}}),
        ] {
            assert_eq!(set(value.clone()).to_v1(), value);
        }
        assert_eq!(set(json!({"f:a": {}, "odd": {}})).to_v1(), json!({"f:a": {}}));
    }

    #[test]
    fn sets_are_put_together_and_taken_apart_path_by_path() {
        let left = set(json!({"f:a": {".": {}, "f:x": {}}, "f:b": {}}));
        let right = set(json!({"f:a": {".": {}, "f:y": {}}, "f:c": {}}));
        for (what, result, expected) in [
            (
                "either",
                left.union(&right),
                json!({"f:a": {".": {}, "f:x": {}, "f:y": {}}, "f:b": {}, "f:c": {}}),
            ),
            ("left alone", left.difference(&right), json!({"f:a": {"f:x": {}}, "f:b": {}})),
            ("both", left.intersection(&right), json!({"f:a": {}})),
            ("cut", left.without(&[Element::Field("a".into())]), json!({"f:b": {}})),
        ] {
            assert_eq!(result.to_v1(), expected, "{what}");
        }
        assert!(left.difference(&left).is_empty());
    }

    #[test]
    fn a_field_that_leads_to_others_is_made_a_member() {
        let given = set(json!({"f:a": {"f:b": {"k:{\"n\":1}": {"f:c": {"f:d": {}}}}}}));
        let expected = json!({"f:a": {".": {}, "f:b": {".": {}, "k:{\"n\":1}": {
            "f:c": {".": {}, "f:d": {}},
        }}}});
        assert_eq!(given.with_parents().to_v1(), expected);
    }

    #[test]
    fn a_set_of_any_depth_is_read_to_a_bound() {
        let mut value = json!({});
        for _ in 0..1_000 {
            value = json!({ "f:a": value });
        }
        assert_eq!(set(value).paths()[0].len(), DEPTH);
    }
}
