//! A reader that also shows the events of pods' ordinary lives, which are read off their rows
//! ([`derived_events`]) and stored nowhere.
//!
//! `get` finds any of them. `list` has those of the pod that [`ListScope::about`] names, and else those of
//! the pods that the feed still remembers changing: the recent ones, as a cluster too forgets events
//! after an hour. [`event_changes`] tells a watch of events what a pod's change means to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Event;

use super::change::{Change, Snapshot};
use super::ports::{Expired, ListScope, Listing, Reader, StoreError};
use crate::api::{Kind, Object, ObjectKey};
use crate::pods::{JobInfo, Pod, derived_events, pod_of};
use crate::trigger::CallRecord;

/// So many changes of the feed are looked through for pods, at most.
const RECENT: u64 = 10_000;

/// A reader with the derived events among the stored ones.
#[derive(Clone)]
pub struct WithPodEvents(Arc<dyn Reader>);

type Rows = Vec<(Arc<Pod>, Arc<JobInfo>)>;

impl WithPodEvents {
    /// Returns `reader` with the events that are not stored.
    #[must_use]
    pub fn new(reader: Arc<dyn Reader>) -> Self {
        Self(reader)
    }

    fn list_events(&self, scope: &ListScope) -> Result<Listing, StoreError> {
        let mut listing = self.0.list(Kind::Event, scope)?;
        let pods = match (&scope.namespace, &scope.about) {
            (Some(namespace), Some(name)) => self
                .0
                .pod(namespace, name)?
                .map(|(pod, job)| (Arc::new(pod), job))
                .into_iter()
                .collect(),
            _ => self.recent(listing.revision),
        };
        let derived = pods
            .iter()
            .filter(|(_, job)| scope.namespace.as_ref().is_none_or(|only| *only == job.namespace))
            .flat_map(|(pod, job)| derived_events(pod, job))
            .map(|event| Object::Event(Box::new(event)))
            .filter(|event| scope.after.as_ref().is_none_or(|after| place(event) > *after));
        listing.items.extend(derived);
        listing.items.sort_by_cached_key(place);
        let limit = scope.limit.unwrap_or(usize::MAX);
        if listing.items.len() > limit || listing.next.is_some() {
            listing.items.truncate(limit);
            listing.next = listing.items.last().map(place);
        }
        Ok(listing)
    }

    /// Returns the pods that changed lately, up to `revision`, and are still there.
    fn recent(&self, revision: u64) -> Rows {
        let after = revision.saturating_sub(RECENT);
        let changes = |after| self.0.changes(after, usize::MAX);
        let changes = changes(after).or_else(|expired| changes(expired.oldest)).unwrap_or_default();
        let mut pods = BTreeMap::new();
        for change in changes.iter().filter(|change| change.revision <= revision) {
            match (&change.before, &change.after) {
                (_, Some(Snapshot::Pod { pod, job })) => {
                    pods.insert(pod.id, (Arc::clone(pod), Arc::clone(job)));
                }
                (Some(Snapshot::Pod { pod, .. }), None) => {
                    pods.remove(&pod.id);
                }
                (Some(Snapshot::Object(_)) | None, _) | (_, Some(Snapshot::Object(_))) => {}
            }
        }
        pods.into_values().collect()
    }
}

fn place(object: &Object) -> (String, String) {
    let key = object.key();
    (key.namespace, key.name)
}

impl Reader for WithPodEvents {
    fn revision(&self) -> u64 {
        self.0.revision()
    }

    fn get(&self, key: &ObjectKey) -> Result<Option<Object>, StoreError> {
        let stored = self.0.get(key)?;
        if stored.is_some() || key.kind != Kind::Event {
            return Ok(stored);
        }
        let Some(name) = pod_of(&key.name) else { return Ok(None) };
        let Some((pod, job)) = self.0.pod(&key.namespace, name)? else { return Ok(None) };
        let events = derived_events(&pod, &job).into_iter();
        let mut events = events.map(|event| Object::Event(Box::new(event)));
        Ok(events.find(|event| event.key() == *key))
    }

    fn pod(&self, namespace: &str, name: &str) -> Result<Option<(Pod, Arc<JobInfo>)>, StoreError> {
        self.0.pod(namespace, name)
    }

    fn list(&self, kind: Kind, scope: &ListScope) -> Result<Listing, StoreError> {
        if kind == Kind::Event { self.list_events(scope) } else { self.0.list(kind, scope) }
    }

    fn call(&self, namespace: &str, job: &str) -> Result<Option<CallRecord>, StoreError> {
        self.0.call(namespace, job)
    }

    fn changes(&self, after: u64, most: usize) -> Result<Vec<Arc<Change>>, Expired> {
        self.0.changes(after, most)
    }
}

/// Returns what a pod's change changes of its derived events; nothing for other changes. All have the
/// pod's revision. They go with their pod.
#[must_use]
pub fn event_changes(change: &Change) -> Vec<Change> {
    let before = events_of(change.before.as_ref());
    let after = events_of(change.after.as_ref());
    let mut changes = Vec::new();
    for (name, event) in &after {
        let was = before.get(name);
        if was.is_none_or(|was| !is_same(was, event)) {
            changes.push(told(change, was, Some(event)));
        }
    }
    let gone = before.iter().filter(|(name, _)| !after.contains_key(*name));
    changes.extend(gone.map(|(_, event)| told(change, Some(event), None)));
    changes
}

fn events_of(snapshot: Option<&Snapshot>) -> BTreeMap<Option<String>, Event> {
    match snapshot {
        Some(Snapshot::Pod { pod, job }) => derived_events(pod, job)
            .into_iter()
            .map(|event| (event.metadata.name.clone(), event))
            .collect(),
        Some(Snapshot::Object(_)) | None => BTreeMap::new(),
    }
}

/// Whether nothing but the pod's revision is another.
fn is_same(was: &Event, is: &Event) -> bool {
    was.count == is.count && was.last_timestamp == is.last_timestamp && was.message == is.message
}

fn told(change: &Change, before: Option<&Event>, after: Option<&Event>) -> Change {
    let snapshot =
        |event: &Event| Snapshot::Object(Arc::new(Object::Event(Box::new(event.clone()))));
    Change {
        revision: change.revision,
        kind: Kind::Event,
        namespace: change.namespace.clone(),
        before: before.map(snapshot),
        after: after.map(snapshot),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::ChangeVerb::{Added, Deleted};
    use super::*;
    use crate::Timestamp;
    use crate::pods::{ContainerState, ContainerStatus, JobId, PodId, PodPhase, PodStatus, Tally};

    /// One pod and one stored event, `a.stored`.
    struct Fake {
        pod: Arc<Pod>,
        job: Arc<JobInfo>,
        feed: Vec<Arc<Change>>,
    }

    impl Reader for Fake {
        fn revision(&self) -> u64 {
            9
        }

        fn get(&self, key: &ObjectKey) -> Result<Option<Object>, StoreError> {
            Ok(Some(stored()).filter(|event| event.key() == *key))
        }

        fn pod(
            &self,
            namespace: &str,
            name: &str,
        ) -> Result<Option<(Pod, Arc<JobInfo>)>, StoreError> {
            let is_it = namespace == self.job.namespace && name == self.pod.name(&self.job);
            Ok(is_it.then(|| (self.pod.as_ref().clone(), Arc::clone(&self.job))))
        }

        fn list(&self, _: Kind, scope: &ListScope) -> Result<Listing, StoreError> {
            let after = scope.after.clone().unwrap_or_default();
            let items = Some(stored()).filter(|event| place(event) > after).into_iter().collect();
            Ok(Listing { revision: 9, items, next: None })
        }

        fn call(&self, _: &str, _: &str) -> Result<Option<CallRecord>, StoreError> {
            Ok(None)
        }

        fn changes(&self, after: u64, _: usize) -> Result<Vec<Arc<Change>>, Expired> {
            if after < 5 {
                return Err(Expired { asked: after, oldest: 5 });
            }
            Ok(self.feed.iter().filter(|change| change.revision > after).cloned().collect())
        }
    }

    #[test]
    fn derived_events_are_listed_among_the_stored_ones() {
        let listed = names(&reader(true), &ListScope::default());
        assert_eq!(listed.len(), 5);
        assert_eq!(listed[0], "a.stored");
        assert!(listed[1..].iter().all(|name| name.starts_with("report-")), "{listed:?}");
        assert!(listed.is_sorted());
    }

    #[test]
    fn an_old_pods_events_are_found_when_it_is_named() {
        let reader = reader(false);
        assert_eq!(names(&reader, &ListScope::default()), ["a.stored"], "nothing changed lately");
        let about = Some(pod().name(&job()));
        let scope = ListScope { namespace: Some("default".into()), about, ..ListScope::default() };
        assert_eq!(names(&reader, &scope).len(), 5);
    }

    #[test]
    fn pages_neither_lose_nor_repeat_an_event() {
        let reader = reader(true);
        let mut scope = ListScope { limit: Some(2), ..ListScope::default() };
        let mut paged = Vec::new();
        loop {
            let listing = reader.list(Kind::Event, &scope).unwrap();
            assert!(listing.items.len() <= 2);
            paged.extend(listing.items.iter().map(|event| event.key().name));
            scope.after = listing.next;
            if scope.after.is_none() {
                break;
            }
        }
        assert_eq!(paged, names(&reader, &ListScope::default()));
    }

    #[test]
    fn a_listed_event_can_be_got() {
        let reader = reader(true);
        for event in reader.list(Kind::Event, &ListScope::default()).unwrap().items {
            assert_eq!(reader.get(&event.key()).unwrap().as_ref(), Some(&event));
        }
        let other = ObjectKey::new(Kind::Event, "default", "report-xxxxx.0123456789abcdef");
        assert_eq!(reader.get(&other).unwrap(), None);
    }

    #[test]
    fn a_watch_is_told_what_is_new_and_nothing_twice() {
        let scheduled = Arc::new(Pod { status: PodStatus::default(), ..pod() });
        let change = |before: Option<&Arc<Pod>>, after: Option<&Arc<Pod>>| {
            let snapshot =
                |pod: &Arc<Pod>| Snapshot::Pod { pod: Arc::clone(pod), job: Arc::new(job()) };
            let (before, after) = (before.map(snapshot), after.map(snapshot));
            let namespace = "default".to_owned();
            let change = Change { revision: 9, kind: Kind::Pod, namespace, before, after };
            let told = event_changes(&change);
            told.iter().map(Change::verb).collect::<Vec<_>>()
        };
        let running = Arc::new(pod());
        let next = Arc::new(Pod { revision: 10, ..pod() });
        assert_eq!(change(None, Some(&scheduled)), [Added]);
        assert_eq!(change(Some(&scheduled), Some(&running)), [Added; 3]);
        assert_eq!(change(Some(&running), Some(&next)), []);
        assert_eq!(change(Some(&running), None), [Deleted; 4]);
    }

    fn names(reader: &WithPodEvents, scope: &ListScope) -> Vec<String> {
        let listing = reader.list(Kind::Event, scope).unwrap();
        listing.items.iter().map(|event| event.key().name).collect()
    }

    fn reader(is_recent: bool) -> WithPodEvents {
        let (pod, job) = (Arc::new(pod()), Arc::new(job()));
        let after = Some(Snapshot::Pod { pod: Arc::clone(&pod), job: Arc::clone(&job) });
        let namespace = "default".to_owned();
        let change = Change { revision: 9, kind: Kind::Pod, namespace, before: None, after };
        let feed = if is_recent { vec![Arc::new(change)] } else { Vec::new() };
        WithPodEvents::new(Arc::new(Fake { pod, job, feed }))
    }

    fn stored() -> Object {
        let event = json!({
            "metadata": {"name": "a.stored", "namespace": "default"}, "involvedObject": {},
        });
        Object::from_value(Kind::Event, &event).unwrap()
    }

    fn pod() -> Pod {
        let at = Timestamp::from_unix_seconds(1_795_424_400);
        let running = ContainerState::Running { started_at: at };
        let containers =
            vec![ContainerStatus { state: running, ..ContainerStatus::waiting("", "") }];
        Pod {
            id: PodId::new(JobId(7), 0),
            revision: 9,
            index: None,
            index_failures: None,
            created_at: at,
            scheduled_at: Some(at),
            stop: None,
            deletion: None,
            tally: Tally::Open,
            status: PodStatus { phase: PodPhase::Running, containers, ..PodStatus::default() },
        }
    }

    fn job() -> JobInfo {
        let template = json!({"spec": {"containers": [{"name": "main", "image": "report:1"}]}});
        JobInfo {
            id: JobId(7),
            namespace: "default".into(),
            name: "report".into(),
            uid: "5e3c5c2e-2f5b-8aaa-9bbb-123456789abc".into(),
            annotations: BTreeMap::new(),
            owner: None,
            completions: None,
            orphaned: false,
            template: serde_json::from_value(template).unwrap(),
        }
    }
}
