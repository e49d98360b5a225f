//! What a change of an object is to a watch that sees some objects only.

use std::sync::Arc;

use jobling_core::api::select::{FieldSelector, LabelSelector};
use jobling_core::api::{Kind, Object};
use jobling_core::engine::{Change, Snapshot, event_changes};

/// Which objects a watch sees.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    pub(super) kind: Kind,
    pub(super) namespace: Option<String>,
    pub(super) labels: LabelSelector,
    pub(super) fields: FieldSelector,
}

/// What a watch tells of an object.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Seen {
    /// It came to be, or came into what is selected.
    Added(Arc<Object>),
    /// It changed.
    Modified(Arc<Object>),
    /// It went, or left what is selected: as it last was, with the revision of its going.
    Deleted(Arc<Object>),
}

impl Filter {
    /// Returns what the watch tells of `change`; nothing where it does not see it. A pod's change is one
    /// of the events that its row tells, too.
    pub(super) fn see_all(&self, change: &Change) -> Vec<Seen> {
        match (self.kind, change.kind) {
            (Kind::Event, Kind::Pod) => {
                event_changes(change).iter().filter_map(|change| self.see(change)).collect()
            }
            _ => self.see(change).into_iter().collect(),
        }
    }

    fn see(&self, change: &Change) -> Option<Seen> {
        let in_scope = change.kind == self.kind
            && self.namespace.as_ref().is_none_or(|namespace| *namespace == change.namespace);
        if !in_scope {
            return None;
        }
        let seen = |snapshot: &Option<Snapshot>| {
            let object = snapshot.as_ref()?.to_object();
            self.selects(&object).then_some(object)
        };
        match (seen(&change.before), seen(&change.after)) {
            (None, None) => None,
            (None, Some(after)) => Some(Seen::Added(after)),
            (Some(_), Some(after)) => Some(Seen::Modified(after)),
            (Some(before), None) => {
                let mut last = Object::clone(&before);
                last.metadata_mut().resource_version = Some(change.revision.to_string());
                Some(Seen::Deleted(Arc::new(last)))
            }
        }
    }

    fn selects(&self, object: &Object) -> bool {
        self.labels.matches(object) && self.fields.matches(object)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_comes_changes_and_goes_as_the_selection_sees_it() {
        let (inside, outside) = (Some("yes"), Some("no"));
        for (before, after, told) in [
            (None, inside, Some("added yes 9")),
            (None, outside, None),
            (inside, inside, Some("modified yes 9")),
            (inside, outside, Some("deleted yes 9")),
            (outside, inside, Some("added yes 9")),
            (outside, outside, None),
            (inside, None, Some("deleted yes 9")),
            (outside, None, None),
        ] {
            let seen = filter(None).see(&change(before, after));
            assert_eq!(seen.map(|seen| shown(&seen)).as_deref(), told, "{before:?} to {after:?}");
        }
    }

    #[test]
    fn another_kind_or_namespace_is_not_seen() {
        let change = change(None, Some("yes"));
        assert!(filter(Some("other")).see(&change).is_none());
        assert!(filter(Some("here")).see(&change).is_some());
        assert!(filter(None).see(&Change { kind: Kind::Secret, ..change }).is_none());
    }

    fn filter(namespace: Option<&str>) -> Filter {
        Filter {
            kind: Kind::ConfigMap,
            namespace: namespace.map(str::to_owned),
            labels: "wanted=yes".parse().unwrap(),
            fields: FieldSelector::default(),
        }
    }

    fn change(before: Option<&str>, after: Option<&str>) -> Change {
        let snapshot = |wanted: &str, revision: u64| {
            let value = json!({"metadata": {
                "name": "a",
                "namespace": "here",
                "resourceVersion": revision.to_string(),
                "labels": {"wanted": wanted},
            }});
            Snapshot::Object(Arc::new(Object::from_value(Kind::ConfigMap, &value).unwrap()))
        };
        Change {
            revision: 9,
            kind: Kind::ConfigMap,
            namespace: "here".to_owned(),
            before: before.map(|wanted| snapshot(wanted, 8)),
            after: after.map(|wanted| snapshot(wanted, 9)),
        }
    }

    fn shown(seen: &Seen) -> String {
        let (word, object) = match seen {
            Seen::Added(object) => ("added", object),
            Seen::Modified(object) => ("modified", object),
            Seen::Deleted(object) => ("deleted", object),
        };
        let meta = object.metadata();
        let wanted = &meta.labels.as_ref().unwrap()["wanted"];
        format!("{word} {wanted} {}", meta.resource_version.as_ref().unwrap())
    }
}
