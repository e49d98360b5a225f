//! One step in the making: the state with all that this step changed applied, and the stage that these
//! changes are on.

use std::sync::Arc;

use super::stage::Stage;
use super::state::{Entry, State};
use super::{JobRecord, Settings, Store, StoreError};
use crate::Timestamp;
use crate::api::{ApiError, Kind, Object, ObjectKey, Reason};
use crate::pods::{JobId, Pod};

/// One step in the making. What the state says holds if the step is committed; if not, it is loaded anew.
pub(super) struct Turn<'a> {
    pub state: &'a mut State,
    pub stage: Stage,
    pub store: &'a mut dyn Store,
    pub settings: &'a Settings,
    pub now: Timestamp,
}

impl Turn<'_> {
    /// Returns the object of that key as this step has left it.
    pub(super) fn object(&mut self, key: &ObjectKey) -> Result<Option<Arc<Object>>, ApiError> {
        if let Some(object) = self.stage.objects.get(key) {
            return Ok(object.clone());
        }
        if key.kind == Kind::Job
            && let Some(id) = self.state.job_id(key)
            && let Some(entry) = self.state.jobs.get(&id)
        {
            return Ok(Some(Arc::clone(&entry.object)));
        }
        Ok(self.store.get(key).map_err(unreadable)?.map(Arc::new))
    }

    /// Returns the object of that key, or says that there is none.
    pub(super) fn existing(&mut self, key: &ObjectKey) -> Result<Arc<Object>, ApiError> {
        self.object(key)?.ok_or_else(|| ApiError::not_found(key.clone()))
    }

    /// Returns the Job of that key from the store, finished or not.
    pub(super) fn record(&mut self, key: &ObjectKey) -> Result<JobRecord, ApiError> {
        let record = self.store.job(key).map_err(unreadable)?;
        record.ok_or_else(|| ApiError::not_found(key.clone()))
    }

    /// Returns the Job's number, whether it is over or not.
    pub(super) fn job_id(&mut self, key: &ObjectKey) -> Result<JobId, ApiError> {
        match self.state.job_id(key) {
            Some(id) => Ok(id),
            None => Ok(self.record(key)?.id),
        }
    }

    /// Returns the Job's pods that have ended, as this step has left them.
    pub(super) fn ended_pods(
        &mut self,
        id: JobId,
        key: &ObjectKey,
    ) -> Result<Vec<Arc<Pod>>, ApiError> {
        let stored = self.store.job(key).map_err(unreadable)?.filter(|record| record.id == id);
        let stored = stored.map(|record| record.pods).unwrap_or_default();
        let mut ended: std::collections::BTreeMap<_, _> = stored
            .into_iter()
            .filter(|pod| !pod.is_live())
            .map(|pod| (pod.id, Arc::new(pod)))
            .collect();
        for (&pod, edit) in self.stage.pods.range(id.pods()) {
            match &edit.after {
                Some(after) if !after.is_live() => ended.insert(pod, Arc::clone(after)),
                _ => ended.remove(&pod),
            };
        }
        Ok(ended.into_values().collect())
    }

    /// Changes a live pod's row.
    pub(super) fn edit_pod(&mut self, job: JobId, ordinal: u32, change: impl FnOnce(&mut Pod)) {
        let Some(entry) = self.state.jobs.get_mut(&job) else { return };
        let Some(pod) = entry.state.pods.get_mut(&ordinal) else { return };
        let before = Arc::clone(pod);
        change(Arc::make_mut(pod));
        let after = Arc::clone(pod);
        self.stage.note_pod(Some(before), Some(after), &entry.state.info);
        self.stage.dirty.insert(job);
    }

    /// Takes the pod into its Job's counters, unless it was taken before.
    pub(super) fn count_pod(&mut self, job: JobId, ordinal: u32) {
        let now = self.now;
        let Some(entry) = self.state.jobs.get_mut(&job) else { return };
        let Some(before) = entry.state.pods.get(&ordinal).map(Arc::clone) else { return };
        entry.state.count(ordinal, now);
        let after = entry.state.pods.get(&ordinal).map(Arc::clone);
        self.stage.note_pod(Some(before), after, &entry.state.info);
        self.stage.dirty.insert(job);
    }

    /// Takes a pod off the live ones; it keeps its row if `after` says so.
    pub(super) fn end_pod(&mut self, job: JobId, ordinal: u32, after: Option<Arc<Pod>>) {
        let settings = self.settings;
        let Some(entry) = self.state.jobs.get_mut(&job) else { return };
        let Some(pod) = entry.state.pods.remove(&ordinal) else { return };
        entry.pending.remove(&ordinal);
        if pod.scheduled_at.is_some() {
            let promised = &mut self.state.promised;
            let bytes = settings.memory_request(&entry.state.info);
            promised.memory_bytes = promised.memory_bytes.saturating_sub(bytes);
            promised.pods = promised.pods.saturating_sub(1);
            self.stage.room = true;
        }
        self.stage.note_pod(Some(pod), after, &entry.state.info);
        self.stage.touch(job);
    }

    /// Returns the Job's entry.
    pub(super) fn entry(&mut self, job: JobId) -> Option<&mut Entry> {
        self.state.jobs.get_mut(&job)
    }
}

/// The answer to a request for which the store cannot be read.
#[expect(clippy::needless_pass_by_value, reason = "made for map_err")]
pub(super) fn unreadable(error: StoreError) -> ApiError {
    refusal(&error)
}

/// Returns what a client is told of the store's failure.
pub(super) fn refusal(error: &StoreError) -> ApiError {
    let reason = match error {
        StoreError::Full => Reason::InsufficientStorage,
        StoreError::Failed(_) | StoreError::Corrupt { .. } => Reason::InternalError,
    };
    ApiError::new(reason, format!("nothing was changed: {error}"))
}
