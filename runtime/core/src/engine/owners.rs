//! Who owns a Job: a CronJob or an HTTPTrigger hears of each change of its Jobs in the step that makes it.

use std::sync::Arc;

use super::cron_jobs::CronJobs;
use super::http_triggers::HTTPTriggers;
use super::owned_jobs::OwnedJobs;
use super::state::{Name, State};
use super::turn::Turn;
use crate::api::{Kind, Object, ObjectKey};
use crate::control::{End, OwnedJob, controller};
use crate::pods::JobId;

/// What controls Jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owner {
    CronJob(Arc<Name>),
    HTTPTrigger(Arc<Name>),
}

impl Owner {
    /// Returns the owner of that key, if it is known and of a kind that owns Jobs.
    pub(super) fn of_key(key: &ObjectKey, state: &State) -> Option<Self> {
        let name = (key.namespace.clone(), key.name.clone());
        match key.kind {
            Kind::CronJob => state.cron_jobs.name(&name).map(Self::CronJob),
            Kind::HTTPTrigger => state.triggers.name(&name).map(Self::HTTPTrigger),
            Kind::Namespace
            | Kind::ServiceAccount
            | Kind::ConfigMap
            | Kind::Secret
            | Kind::PersistentVolumeClaim
            | Kind::Job
            | Kind::Pod
            | Kind::Event => None,
        }
    }

    /// Returns its key.
    pub(super) fn key(&self) -> ObjectKey {
        let (kind, name) = match self {
            Self::CronJob(name) => (Kind::CronJob, name),
            Self::HTTPTrigger(name) => (Kind::HTTPTrigger, name),
        };
        ObjectKey::new(kind, name.0.clone(), name.1.clone())
    }
}

/// Returns what controls the Job, if it is there, and the Jobs that it controls.
fn owner<'a>(
    cron_jobs: &'a mut CronJobs,
    triggers: &'a mut HTTPTriggers,
    job: &Object,
) -> Option<(Owner, &'a mut OwnedJobs)> {
    let metadata = job.metadata();
    let owner = controller(metadata)?;
    let name = (metadata.namespace.clone()?, owner.name.clone());
    if owner.kind == Kind::CronJob.name() {
        let (name, jobs) = cron_jobs.jobs_of(&name, &owner.uid)?;
        return Some((Owner::CronJob(name), jobs));
    }
    let (name, jobs) = triggers.jobs_of(&name, &owner.uid)?;
    Some((Owner::HTTPTrigger(name), jobs))
}

impl Turn<'_> {
    /// Has an owner of Jobs looked at in this step.
    pub(super) fn touch_owner(&mut self, owner: Owner) {
        match owner {
            Owner::CronJob(name) => self.stage.touched_cron_jobs.insert(name),
            Owner::HTTPTrigger(name) => self.stage.touched_triggers.insert(name),
        };
    }

    /// Returns the Jobs of an owner.
    pub(super) fn jobs_of(&self, of: &Owner) -> &[OwnedJob] {
        let jobs = match of {
            Owner::CronJob(name) => self.state.cron_jobs.get(name).map(|entry| &entry.jobs),
            Owner::HTTPTrigger(name) => self.state.triggers.get(name).map(|entry| &entry.jobs),
        };
        jobs.map(OwnedJobs::all).unwrap_or_default()
    }

    /// Tells a Job's owner that it was made, changed or taken away.
    pub(super) fn follow_job(&mut self, before: Option<&Object>, after: Option<&Object>) {
        let state = &mut *self.state;
        let mut touched = Vec::new();
        if let Some(before) = before
            && let Some((owner, jobs)) = owner(&mut state.cron_jobs, &mut state.triggers, before)
        {
            let stays = after.is_some_and(|after| {
                after.metadata().owner_references == before.metadata().owner_references
            });
            if !stays {
                jobs.remove(before.metadata().uid.as_deref().unwrap_or_default());
            }
            touched.push(owner);
        }
        if let Some(after @ Object::Job(job)) = after
            && let Some((owner, jobs)) = owner(&mut state.cron_jobs, &mut state.triggers, after)
        {
            jobs.put(OwnedJob::of(job));
            touched.push(owner);
        }
        for owner in touched {
            self.touch_owner(owner);
        }
    }

    /// Tells a Job's owner that the Job has started or ended.
    pub(super) fn follow_ledger(&mut self, id: JobId) {
        let state = &mut *self.state;
        let Some(entry) = state.jobs.get(&id) else { return };
        let found = owner(&mut state.cron_jobs, &mut state.triggers, &entry.object);
        let Some((owner, jobs)) = found else { return };
        let Some(job) = jobs.job_mut(&entry.state.info.name) else { return };
        if *job.uid != *entry.state.info.uid {
            return;
        }
        let before = job.end;
        job.observe(&entry.state.ledger);
        let (end, is_request) = (job.end, matches!(job.origin, crate::control::Origin::Request(_)));
        if end == before {
            return;
        }
        if let (Owner::HTTPTrigger(name), Some(End::Failed), true) = (&owner, end, is_request) {
            self.count_failure(name, id);
        }
        self.touch_owner(owner);
    }
}
