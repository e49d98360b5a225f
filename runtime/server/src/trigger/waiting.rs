//! Who waits for the end of which Job. The follower of the change feed wakes them; nothing polls.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jobling_core::api::{Kind, Object};
use jobling_core::engine::{Change, Snapshot};
use tokio::sync::Notify;

type Name = (String, String);

/// Those who wait for the ends of Jobs.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<HashMap<Name, Arc<Notify>>>);

/// Somebody who waits for the end of one Job.
#[derive(Debug)]
pub(super) struct Waiter {
    waiting: Arc<Waiting>,
    name: Name,
    ended: Arc<Notify>,
}

impl Waiting {
    /// Begins to wait for the end of a Job. Whether it has ended already is to be asked after that.
    pub(super) fn enter(self: &Arc<Self>, namespace: &str, job: &str) -> Waiter {
        let name = (namespace.to_owned(), job.to_owned());
        let ended = Arc::clone(self.all().entry(name.clone()).or_default());
        Waiter { waiting: Arc::clone(self), name, ended }
    }

    /// Wakes those who wait for what `change` has ended.
    pub(super) fn look_at(&self, change: &Change) {
        if change.kind != Kind::Job || !is_end(change) || self.all().is_empty() {
            return;
        }
        let Some(key) = change.key() else { return };
        if let Some(ended) = self.all().get(&(key.namespace, key.name)) {
            ended.notify_waiters();
        }
    }

    /// Wakes everybody: what has happened is not known.
    pub(super) fn wake_all(&self) {
        self.all().values().for_each(|ended| ended.notify_waiters());
    }

    /// A panic while the lock was held leaves a whole map.
    fn all(&self) -> MutexGuard<'_, HashMap<Name, Arc<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter {
    /// Returns a future that is ready after the next end; what ends from this call on is not missed.
    pub(super) fn ended(&self) -> impl Future<Output = ()> + '_ {
        self.ended.notified()
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut all = self.waiting.all();
        // The map has one and this one has one.
        if Arc::strong_count(&self.ended) <= 2 {
            all.remove(&self.name);
        }
    }
}

/// Returns whether a Job has ended or is gone by this change.
fn is_end(change: &Change) -> bool {
    let Some(Snapshot::Object(object)) = &change.after else { return true };
    let Object::Job(job) = &**object else { return false };
    let conditions = job.status.as_ref().and_then(|status| status.conditions.as_deref());
    let mut conditions = conditions.unwrap_or_default().iter();
    let is_last = |kind: &str| matches!(kind, "Complete" | "Failed");
    job.metadata.deletion_timestamp.is_some()
        || conditions.any(|condition| is_last(&condition.type_) && condition.status == "True")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn change(job: &str, after: Option<&str>) -> Change {
        let snapshot = |condition: &str| {
            let conditions = json!([{"type": condition, "status": "True"}]);
            let object = json!({"metadata": {"name": job, "namespace": "default"},
                "spec": {"template": {}}, "status": {"conditions": conditions}});
            let object = Object::from_value(Kind::Job, &object).unwrap();
            Snapshot::Object(Arc::new(object))
        };
        Change {
            revision: 1,
            kind: Kind::Job,
            namespace: "default".to_owned(),
            before: Some(snapshot("Suspended")),
            after: after.map(snapshot),
        }
    }

    #[test]
    fn the_end_of_a_job_wakes_those_who_wait_for_it() {
        let waiting = Arc::<Waiting>::default();
        for (job, after, woken) in [
            ("a", Some("Complete"), true),
            ("a", Some("Failed"), true),
            ("a", None, true),
            ("a", Some("SuccessCriteriaMet"), false),
            ("b", Some("Complete"), false),
        ] {
            let waiter = waiting.enter("default", "a");
            let ended = waiter.ended();
            waiting.look_at(&change(job, after));
            let is_woken = futures::FutureExt::now_or_never(ended).is_some();
            assert_eq!(is_woken, woken, "{job} {after:?}");
        }
        assert!(waiting.all().is_empty(), "nobody waits any more");
    }
}
