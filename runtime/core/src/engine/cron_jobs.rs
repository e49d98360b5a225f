//! The CronJobs, as they are known between steps: who they are, when they are to be looked at, and a few
//! words of each Job of theirs. The objects are read when they are wanted, so that ten thousand of them
//! that are not due cost little.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::CronJobRecord;
use super::owned_jobs::OwnedJobs;
use super::state::Name;
use crate::Timestamp;

/// So many that are due are looked at in one step: where ten thousand are due in one second, what people
/// ask meanwhile is answered in between.
const MOST_DUE: usize = 256;

/// One CronJob.
#[derive(Debug)]
pub(super) struct CronEntry {
    pub uid: Box<str>,
    /// The Jobs that it controls, by name.
    pub jobs: OwnedJobs,
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
        let CronJobRecord { namespace, name, uid, jobs } = record;
        let name = Arc::new((namespace, name));
        let entry = CronEntry { uid: uid.into(), jobs: OwnedJobs::of(jobs), wake_at: None };
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

    /// Returns the Jobs of the CronJob of that name and uid, if it is there.
    pub(super) fn jobs_of(
        &mut self,
        name: &Name,
        uid: &str,
    ) -> Option<(Arc<Name>, &mut OwnedJobs)> {
        let name = self.name(name)?;
        let entry = self.entries.get_mut(&name)?;
        (*entry.uid == *uid).then_some((name, &mut entry.jobs))
    }
}
