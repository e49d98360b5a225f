//! How a CronJob or an HTTPTrigger goes: its Jobs after it, before it, or not at all.

use std::sync::Arc;

use super::delete::reply;
use super::delete_job::FOREGROUND;
use super::owners::Owner;
use super::turn::Turn;
use super::{Propagation, Reply};
use crate::api::{ApiError, Kind, Object, ObjectKey};

impl Turn<'_> {
    /// Removes an owner of Jobs, or has it go once its Jobs have.
    pub(super) fn delete_owner(
        &mut self,
        old: &Arc<Object>,
        propagation: Propagation,
    ) -> Result<Reply, ApiError> {
        let owner = Owner::of_key(&old.key(), self.state);
        let held = old.metadata().finalizers.iter().flatten().any(|had| had != FOREGROUND);
        let has_jobs = owner.as_ref().is_some_and(|owner| !self.jobs_of(owner).is_empty());
        let foreground = propagation == Propagation::Foreground && has_jobs;
        if foreground || propagation == Propagation::Orphan {
            self.let_jobs_go(owner.as_ref(), propagation)?;
        }
        if held || foreground {
            let object = self.mark_deleted(old, foreground.then_some(FOREGROUND))?;
            return Ok(reply(&object, false));
        }
        self.release_owner(old)?;
        Ok(reply(old, true))
    }

    /// An owner that nothing holds: its Jobs go after it.
    pub(super) fn release_owner(&mut self, old: &Arc<Object>) -> Result<(), ApiError> {
        let owner = Owner::of_key(&old.key(), self.state);
        self.let_jobs_go(owner.as_ref(), Propagation::Background)?;
        self.forget(old);
        Ok(())
    }

    /// Has an owner go whose Jobs have gone before it.
    pub(super) fn finish_deleting_owner(&mut self, owner: &Owner) {
        if !self.jobs_of(owner).is_empty() {
            return;
        }
        let Ok(Some(object)) = self.object(&owner.key()) else { return };
        let metadata = object.metadata();
        let held = metadata.finalizers.iter().flatten().any(|had| had != FOREGROUND);
        if metadata.deletion_timestamp.is_some() && !held {
            self.forget(&object);
        }
    }

    fn let_jobs_go(
        &mut self,
        owner: Option<&Owner>,
        propagation: Propagation,
    ) -> Result<(), ApiError> {
        let Some(owner) = owner else { return Ok(()) };
        let namespace = owner.key().namespace;
        let names = self.jobs_of(owner).iter().map(|job| job.name.to_string());
        let keys: Vec<ObjectKey> =
            names.map(|name| ObjectKey::new(Kind::Job, namespace.clone(), name)).collect();
        for key in keys {
            let job = self.existing(&key)?;
            match propagation {
                Propagation::Orphan => self.disown(&job, owner)?,
                Propagation::Background | Propagation::Foreground => {
                    self.delete_job(&job, propagation)?;
                }
            }
        }
        Ok(())
    }

    /// Takes its controller off a Job's owners.
    fn disown(&mut self, old: &Arc<Object>, owner: &Owner) -> Result<(), ApiError> {
        let kind = owner.key().kind;
        let mut job = Object::clone(old);
        let owners = job.metadata_mut().owner_references.take().unwrap_or_default();
        let others: Vec<_> = owners
            .into_iter()
            .filter(|owner| owner.controller != Some(true) || owner.kind != kind.name())
            .collect();
        job.metadata_mut().owner_references = Some(others).filter(|others| !others.is_empty());
        self.replace(old, job).map(drop)
    }
}
