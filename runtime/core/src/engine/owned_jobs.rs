//! The Jobs of one owner, by name: a few words each, kept as they change.

use crate::control::OwnedJob;

/// The Jobs that a CronJob or an HTTPTrigger controls, by name.
#[derive(Debug, Default)]
pub(super) struct OwnedJobs(Vec<OwnedJob>);

impl OwnedJobs {
    /// Returns these Jobs, in whatever order they are.
    pub(super) fn of(mut jobs: Vec<OwnedJob>) -> Self {
        jobs.sort_by(|a, b| a.name.cmp(&b.name));
        Self(jobs)
    }

    /// Returns all of them.
    pub(super) fn all(&self) -> &[OwnedJob] {
        &self.0
    }

    /// Returns what is known of the Job of that name.
    pub(super) fn job_mut(&mut self, name: &str) -> Option<&mut OwnedJob> {
        let at = self.0.binary_search_by(|job| (*job.name).cmp(name)).ok()?;
        self.0.get_mut(at)
    }

    /// Puts a Job among the others, or replaces what was known of it.
    pub(super) fn put(&mut self, mut job: OwnedJob) {
        match self.0.binary_search_by(|had| had.name.cmp(&job.name)) {
            Ok(at) => {
                let had = &self.0[at];
                if had.uid == job.uid && job.end.is_none() {
                    // Its end may be of this step, which the object does not tell yet.
                    (job.started, job.end) = (had.started, had.end);
                }
                self.0[at] = job;
            }
            Err(at) => self.0.insert(at, job),
        }
    }

    /// Forgets the Job of that uid.
    pub(super) fn remove(&mut self, uid: &str) {
        self.0.retain(|job| *job.uid != *uid);
    }
}
