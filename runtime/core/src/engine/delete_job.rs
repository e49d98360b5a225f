//! How a Job goes: its pods after it, before it, or not at all; and by itself once its time is over.

use std::sync::Arc;

use k8s_openapi::api::batch::v1::JobStatus;

use super::delete::reply;
use super::turn::Turn;
use super::{Propagation, Reply, Write};
use crate::api::{ApiError, Kind, Object, ObjectKey};
use crate::control::job::{Ledger, Presence, Rules};
use crate::pods::{JobId, JobInfo};
use crate::trigger::Outcome;

/// Keeps a Job until its pods have gone.
pub(super) const FOREGROUND: &str = "foregroundDeletion";

impl Turn<'_> {
    /// Removes a Job, or has it go once its pods have.
    pub(super) fn delete_job(
        &mut self,
        old: &Arc<Object>,
        propagation: Propagation,
    ) -> Result<Reply, ApiError> {
        let key = old.key();
        let id = self.job_id(&key)?;
        let live = self.state.jobs.get(&id).is_some_and(|entry| !entry.state.pods.is_empty());
        let held = old.metadata().finalizers.iter().flatten().any(|had| had != FOREGROUND);
        let foreground = propagation == Propagation::Foreground && live;
        if held || foreground {
            let object = self.mark_deleted(old, foreground.then_some(FOREGROUND))?;
            if let Some(entry) = self.entry(id) {
                entry.state.presence = Presence::Deleting;
            }
            self.stage.touch(id);
            return Ok(reply(&object, false));
        }
        match propagation {
            Propagation::Orphan => self.orphan(old, id, &key),
            Propagation::Background | Propagation::Foreground if live => {
                self.go_before_pods(old, id, &key)?;
            }
            Propagation::Background | Propagation::Foreground => self.sweep_job(old, id, &key)?,
        }
        Ok(reply(old, true))
    }

    /// A Job whose last finalizer was taken off.
    pub(super) fn release_job(&mut self, old: &Arc<Object>) -> Result<(), ApiError> {
        let key = old.key();
        let id = self.job_id(&key)?;
        let live = self.state.jobs.get(&id).is_some_and(|entry| !entry.state.pods.is_empty());
        if live { self.go_before_pods(old, id, &key) } else { self.sweep_job(old, id, &key) }
    }

    /// Has a Job go whose pods have gone before it.
    pub(super) fn finish_deleting(&mut self, id: JobId) {
        let Some(entry) = self.state.jobs.get(&id) else { return };
        let (old, empty) = (Arc::clone(&entry.object), entry.state.pods.is_empty());
        let held = old.metadata().finalizers.iter().flatten().any(|had| had != FOREGROUND);
        if entry.state.presence == Presence::Deleting && empty && !held {
            let key = old.key();
            // Where the store cannot be read now, the next step tries again.
            if self.sweep_job(&old, id, &key).is_err() {
                self.state.wake(id, Some(self.now.plus(std::time::Duration::from_secs(1))));
            }
        }
    }

    fn orphan(&mut self, old: &Arc<Object>, id: JobId, key: &ObjectKey) {
        self.stage.batch.writes.push(Write::Orphan { key: key.clone(), job: id });
        self.leave(old, id, key, Presence::Orphaned);
    }

    /// The Job goes at once, its pods after it.
    fn go_before_pods(
        &mut self,
        old: &Arc<Object>,
        id: JobId,
        key: &ObjectKey,
    ) -> Result<(), ApiError> {
        let ended = self.ended_pods(id, key)?;
        let Some(entry) = self.state.jobs.get(&id) else { return Ok(()) };
        let info = Arc::clone(&entry.state.info);
        self.stage.batch.writes.push(Write::Orphan { key: key.clone(), job: id });
        for pod in &ended {
            self.drop_pod(pod, &info);
        }
        self.leave(old, id, key, Presence::Gone);
        Ok(())
    }

    fn leave(&mut self, old: &Arc<Object>, id: JobId, key: &ObjectKey, presence: Presence) {
        let name = (key.namespace.clone(), key.name.clone());
        self.state.names.remove(&name);
        self.state.expire_never(&name);
        self.state.wake(id, None);
        self.stage.gone(Arc::clone(old));
        self.end_call(id, Outcome::Cancelled);
        self.follow_job(Some(old), None);
        if let Some(entry) = self.entry(id) {
            entry.state.presence = presence;
            let info = Arc::make_mut(&mut entry.state.info);
            info.orphaned = true;
            self.stage.touch(id);
        }
    }

    /// The Job goes with all of its pods, none of which runs.
    fn sweep_job(&mut self, old: &Arc<Object>, id: JobId, key: &ObjectKey) -> Result<(), ApiError> {
        let ended = self.ended_pods(id, key)?;
        let Object::Job(job) = &**old else { return Ok(()) };
        let known = self.state.jobs.get(&id).map(|entry| Arc::clone(&entry.state.info));
        let info = known.unwrap_or_else(|| Arc::new(JobInfo::of(id, job)));
        for pod in &ended {
            self.drop_pod(pod, &info);
        }
        let name = (key.namespace.clone(), key.name.clone());
        self.stage.batch.writes.push(Write::Forget { key: key.clone(), job: Some(id) });
        self.stage.swept.insert(id);
        self.stage.gone(Arc::clone(old));
        self.end_call(id, Outcome::Cancelled);
        self.follow_job(Some(old), None);
        self.state.expire_never(&name);
        self.state.evict(id);
        self.stage.touched.remove(&id);
        self.stage.dirty.remove(&id);
        Ok(())
    }

    /// Has a finished Job go `ttlSecondsAfterFinished` after it finished, or stay.
    pub(super) fn set_expiry(
        &mut self,
        key: &ObjectKey,
        rules: &Rules,
        status: Option<&JobStatus>,
    ) {
        let name = (key.namespace.clone(), key.name.clone());
        let finished = status.and_then(|status| Ledger::of(status).finished_at());
        match (finished, rules.ttl_after_finished) {
            (Some(finished), Some(ttl)) if !rules.managed_elsewhere => {
                self.state.expire_at(name, finished.plus(ttl));
            }
            _ => self.state.expire_never(&name),
        }
    }

    /// Deletes the finished Jobs whose time is over.
    pub(super) fn expire(&mut self) {
        while let Some((at, name)) = self.state.expiry.first().cloned() {
            if at > self.now {
                break;
            }
            let key = ObjectKey::new(Kind::Job, name.0.clone(), name.1.clone());
            self.state.expire_never(&name);
            let deleted =
                self.existing(&key).and_then(|old| self.delete_job(&old, Propagation::Background));
            if deleted.is_err() && self.object(&key).is_err() {
                // The store could not be read: the Job's time is not forgotten.
                self.state.expire_at(name, self.now.plus(std::time::Duration::from_secs(1)));
            }
        }
    }
}
