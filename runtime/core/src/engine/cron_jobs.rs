//! The CronJobs, as they are known between steps: who they are, when they are to be looked at, and a few
//! words of each Job of theirs. The objects are read when they are wanted, so that ten thousand of them
//! that are not due cost little.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::CronJobRecord;
use super::state::Name;
use crate::Timestamp;
use crate::api::Object;
use crate::control::cronjob::{OwnedJob, controller};

/// So many that are due are looked at in one step: where ten thousand are due in one second, what people
/// ask meanwhile is answered in between.
const MOST_DUE: usize = 256;

/// One CronJob.
#[derive(Debug)]
pub(super) struct CronEntry {
    pub uid: Box<str>,
    /// The Jobs that it controls, by name.
    pub jobs: Vec<OwnedJob>,
    /// When it is to be looked at again.
    wake_at: Option<Timestamp>,
}

/// Every CronJob that is there.
#[derive(Debug, Default)]
pub(super) struct CronJobs {
    entries: BTreeMap<Arc<Name>, CronEntry>,
    /// Those that are to be looked at again, and when.
    queue: BTreeSet<(Timestamp, Arc<Name>)>,
}

impl CronJobs {
    /// Takes in what was remembered of a CronJob, or a new one.
    pub(super) fn take(&mut self, record: CronJobRecord) -> Arc<Name> {
        let CronJobRecord { namespace, name, uid, mut jobs } = record;
        jobs.sort_by(|a, b| a.name.cmp(&b.name));
        let name = Arc::new((namespace, name));
        let entry = CronEntry { uid: uid.into(), jobs, wake_at: None };
        self.entries.insert(Arc::clone(&name), entry);
        name
    }

    /// Has a CronJob looked at again at `at`, and not before unless something happens to it.
    pub(super) fn wake(&mut self, name: &Name, at: Option<Timestamp>) {
        let Some(kept) = self.name(name) else { return };
        let Some(entry) = self.entries.get_mut(name) else { return };
        if let Some(had) = std::mem::replace(&mut entry.wake_at, at) {
            self.queue.remove(&(had, Arc::clone(&kept)));
        }
        if let Some(at) = at {
            self.queue.insert((at, kept));
        }
    }

    /// Has every CronJob looked at now.
    pub(super) fn wake_all(&mut self, now: Timestamp) {
        for entry in self.entries.values_mut() {
            entry.wake_at = Some(now);
        }
        self.queue = self.entries.keys().map(|name| (now, Arc::clone(name))).collect();
    }

    /// Returns when the next one is to be looked at.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// Takes those off the queue that are due, the longest due first, but no more than one step looks at.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Vec<Arc<Name>> {
        let mut due = Vec::new();
        while due.len() < MOST_DUE
            && let Some((at, name)) = self.queue.pop_first()
        {
            if at > now {
                self.queue.insert((at, name));
                break;
            }
            if let Some(entry) = self.entries.get_mut(&*name) {
                entry.wake_at = None;
            }
            due.push(name);
        }
        due
    }

    /// Lets go of a CronJob.
    pub(super) fn forget(&mut self, name: &Name) {
        self.wake(name, None);
        self.entries.remove(name);
    }

    /// Returns the CronJob of that name.
    pub(super) fn get(&self, name: &Name) -> Option<&CronEntry> {
        self.entries.get(name)
    }

    /// Returns its name as it is kept here.
    pub(super) fn name(&self, name: &Name) -> Option<Arc<Name>> {
        self.entries.get_key_value(name).map(|(name, _)| Arc::clone(name))
    }

    /// Returns the CronJob that controls the Job, if it is there.
    pub(super) fn owner(&mut self, job: &Object) -> Option<(Arc<Name>, &mut CronEntry)> {
        let metadata = job.metadata();
        let owner = controller(metadata)?;
        let name = self.name(&(metadata.namespace.clone()?, owner.name.clone()))?;
        let entry = self.entries.get_mut(&name)?;
        (*entry.uid == *owner.uid).then_some((name, entry))
    }
}

impl CronEntry {
    /// Returns what is known of the Job of that name.
    pub(super) fn job_mut(&mut self, name: &str) -> Option<&mut OwnedJob> {
        let at = self.jobs.binary_search_by(|job| (*job.name).cmp(name)).ok()?;
        self.jobs.get_mut(at)
    }

    /// Puts a Job among the others, or replaces what was known of it.
    pub(super) fn put(&mut self, mut job: OwnedJob) {
        match self.jobs.binary_search_by(|had| had.name.cmp(&job.name)) {
            Ok(at) => {
                let had = &self.jobs[at];
                if had.uid == job.uid && job.end.is_none() {
                    // Its end may be of this step, which the object does not tell yet.
                    (job.started, job.end) = (had.started, had.end);
                }
                self.jobs[at] = job;
            }
            Err(at) => self.jobs.insert(at, job),
        }
    }

    /// Forgets the Job of that uid.
    pub(super) fn remove(&mut self, uid: &str) {
        self.jobs.retain(|job| *job.uid != *uid);
    }
}
