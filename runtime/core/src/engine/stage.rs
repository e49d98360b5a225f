//! One step's changes before they are committed: put together here, coalesced to one write and one
//! change for each pod and each Job's status.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::state::Name;
use super::tell::Telling;
use super::{Batch, Change, PodStart, Reply, Snapshot, Ticket, Write};
use crate::Timestamp;
use crate::api::{ApiError, Kind, Object, ObjectKey};
use crate::pods::{EndCause, JobId, JobInfo, Pod, PodId};
use crate::trigger::TriggerReply;

/// What is let out once the step is committed.
#[derive(Debug)]
pub(super) enum Effect {
    Start(PodStart),
    Stop(PodId, EndCause, Duration),
    Forget(PodId),
    Remove(PodId),
    ObjectChanged(ObjectKey, Option<Arc<Object>>),
}

/// A pod as it was committed and as it is to be; `None`: not there.
#[derive(Debug)]
pub(super) struct PodEdit {
    pub before: Option<Arc<Pod>>,
    pub after: Option<Arc<Pod>>,
    /// What it was when it went, which watches are told.
    pub last: Option<Arc<Pod>>,
    pub info: Arc<JobInfo>,
}

/// One step's changes.
#[derive(Debug)]
pub(super) struct Stage {
    pub batch: Batch,
    /// Objects that this step changed, as they are now; `None`: gone. Pods are in `pods`.
    pub objects: BTreeMap<ObjectKey, Option<Arc<Object>>>,
    pub pods: BTreeMap<PodId, PodEdit>,
    /// Jobs to be looked at in this step.
    pub touched: BTreeSet<JobId>,
    /// CronJobs to be looked at in this step.
    pub touched_cron_jobs: BTreeSet<Arc<Name>>,
    /// HTTPTriggers to be looked at in this step.
    pub touched_triggers: BTreeSet<Arc<Name>>,
    /// The keys of requests that this step took, by the trigger's uid and the key: what is the same in a
    /// repeat, and the Job.
    pub keys: BTreeMap<(String, String), ([u8; 32], String)>,
    /// Requests that this step forgets.
    pub forgotten_calls: BTreeSet<JobId>,
    /// Until when the answer of this step is remembered that is forgotten first.
    pub remembered_until: Option<Timestamp>,
    /// Jobs whose status may have changed.
    pub dirty: BTreeSet<JobId>,
    /// Jobs that something happened to in this step.
    pub sealed: Vec<JobId>,
    /// Jobs that are forgotten with all of their pods: no pod need be forgotten by itself.
    pub swept: BTreeSet<JobId>,
    /// What this step tells, by namespace and name.
    pub events: BTreeMap<(String, String), Telling>,
    pub effects: Vec<Effect>,
    pub replies: Vec<(Ticket, Result<Reply, ApiError>)>,
    pub trigger_replies: Vec<(Ticket, Result<TriggerReply, ApiError>)>,
    /// Whether a pod may be scheduled that could not be before.
    pub room: bool,
}

impl Stage {
    /// Returns a stage that nothing is on yet.
    pub(super) fn new(revision: u64, next_job: JobId) -> Self {
        Self {
            batch: Batch { revision, next_job, ..Batch::default() },
            objects: BTreeMap::new(),
            pods: BTreeMap::new(),
            touched: BTreeSet::new(),
            touched_cron_jobs: BTreeSet::new(),
            touched_triggers: BTreeSet::new(),
            keys: BTreeMap::new(),
            forgotten_calls: BTreeSet::new(),
            remembered_until: None,
            dirty: BTreeSet::new(),
            sealed: Vec::new(),
            swept: BTreeSet::new(),
            events: BTreeMap::new(),
            effects: Vec::new(),
            replies: Vec::new(),
            trigger_replies: Vec::new(),
            room: false,
        }
    }

    /// Returns the next revision.
    pub(super) const fn next_revision(&mut self) -> u64 {
        self.batch.revision += 1;
        self.batch.revision
    }

    /// Makes or replaces an object. Returns it with its new resourceVersion.
    pub(super) fn put(
        &mut self,
        before: Option<Arc<Object>>,
        mut object: Object,
        job: Option<JobId>,
    ) -> Arc<Object> {
        let revision = self.next_revision();
        object.metadata_mut().resource_version = Some(revision.to_string());
        let object = Arc::new(object);
        self.batch.writes.push(Write::Object { object: Arc::clone(&object), job });
        self.object_changed(revision, before, Some(Arc::clone(&object)));
        object
    }

    /// Says that an object went; the caller writes how.
    pub(super) fn gone(&mut self, before: Arc<Object>) {
        let revision = self.next_revision();
        self.object_changed(revision, Some(before), None);
    }

    fn object_changed(
        &mut self,
        revision: u64,
        before: Option<Arc<Object>>,
        after: Option<Arc<Object>>,
    ) {
        let Some(key) = after.as_ref().or(before.as_ref()).map(|object| object.key()) else {
            return;
        };
        if matches!(key.kind, Kind::ConfigMap | Kind::Secret | Kind::PersistentVolumeClaim) {
            self.effects.push(Effect::ObjectChanged(key.clone(), after.clone()));
        }
        self.batch.changes.push(Change {
            revision,
            kind: key.kind,
            namespace: key.namespace.clone(),
            before: before.map(Snapshot::Object),
            after: after.clone().map(Snapshot::Object),
        });
        self.objects.insert(key, after);
    }

    /// Notes what becomes of a pod. What was noted first is what was committed.
    pub(super) fn note_pod(
        &mut self,
        before: Option<Arc<Pod>>,
        after: Option<Arc<Pod>>,
        info: &Arc<JobInfo>,
    ) {
        let Some(id) = after.as_ref().or(before.as_ref()).map(|pod| pod.id) else { return };
        let last = if after.is_none() { before.clone() } else { None };
        if let Some(edit) = self.pods.get_mut(&id) {
            (edit.after, edit.last) = (after, last);
            return;
        }
        self.pods.insert(id, PodEdit { before, after, last, info: Arc::clone(info) });
    }

    /// Has the Job looked at in this step.
    pub(super) fn touch(&mut self, job: JobId) {
        self.touched.insert(job);
        self.dirty.insert(job);
    }
}
