//! How a CronJob goes: its Jobs after it, before it, or not at all.

use std::sync::Arc;

use super::delete::reply;
use super::delete_job::FOREGROUND;
use super::state::Name;
use super::turn::Turn;
use super::{Propagation, Reply, Store};
use crate::api::{ApiError, Kind, Object, ObjectKey};

impl<S: Store> Turn<'_, S> {
    /// Removes a CronJob, or has it go once its Jobs have.
    pub(super) fn delete_cron_job(
        &mut self,
        old: &Arc<Object>,
        propagation: Propagation,
    ) -> Result<Reply, ApiError> {
        let name = (old.key().namespace, old.key().name);
        let held = old.metadata().finalizers.iter().flatten().any(|had| had != FOREGROUND);
        let has_jobs = self.state.cron_jobs.get(&name).is_some_and(|entry| !entry.jobs.is_empty());
        let foreground = propagation == Propagation::Foreground && has_jobs;
        if foreground || propagation == Propagation::Orphan {
            self.let_jobs_go(&name, propagation)?;
        }
        if held || foreground {
            let object = self.mark_deleted(old, foreground.then_some(FOREGROUND))?;
            return Ok(reply(&object, false));
        }
        self.release_cron_job(old)?;
        Ok(reply(old, true))
    }

    /// A CronJob that nothing holds: its Jobs go after it.
    pub(super) fn release_cron_job(&mut self, old: &Arc<Object>) -> Result<(), ApiError> {
        let key = old.key();
        self.let_jobs_go(&(key.namespace, key.name), Propagation::Background)?;
        self.forget(old);
        Ok(())
    }

    /// Has a CronJob go whose Jobs have gone before it.
    pub(super) fn finish_deleting_cron_job(&mut self, name: &Name) {
        let Some(entry) = self.state.cron_jobs.get(name) else { return };
        if !entry.jobs.is_empty() {
            return;
        }
        let key = ObjectKey::new(Kind::CronJob, name.0.clone(), name.1.clone());
        let Ok(Some(object)) = self.object(&key) else { return };
        let metadata = object.metadata();
        let held = metadata.finalizers.iter().flatten().any(|had| had != FOREGROUND);
        if metadata.deletion_timestamp.is_some() && !held {
            self.forget(&object);
        }
    }

    fn let_jobs_go(&mut self, name: &Name, propagation: Propagation) -> Result<(), ApiError> {
        let Some(entry) = self.state.cron_jobs.get(name) else { return Ok(()) };
        let keys: Vec<ObjectKey> = entry
            .jobs
            .iter()
            .map(|job| ObjectKey::new(Kind::Job, name.0.clone(), job.name.to_string()))
            .collect();
        for key in keys {
            let job = self.existing(&key)?;
            match propagation {
                Propagation::Orphan => self.disown(&job)?,
                Propagation::Background | Propagation::Foreground => {
                    self.delete_job(&job, propagation)?;
                }
            }
        }
        Ok(())
    }

    /// Takes a Job's CronJob off its owners.
    fn disown(&mut self, old: &Arc<Object>) -> Result<(), ApiError> {
        let mut job = Object::clone(old);
        let owners = job.metadata_mut().owner_references.take().unwrap_or_default();
        let others: Vec<_> = owners
            .into_iter()
            .filter(|owner| owner.controller != Some(true) || owner.kind != "CronJob")
            .collect();
        job.metadata_mut().owner_references = Some(others).filter(|others| !others.is_empty());
        self.replace(old, job).map(drop)
    }
}
