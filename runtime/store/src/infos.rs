//! A bounded memory of what Jobs say of their pods, so that a list parses each template once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jobling_core::pods::{JobId, JobInfo};

/// Jobs in one generation. Two are kept, and a template takes some kilobytes.
const GENERATION: usize = 256;

/// Which text of a Job an info was made of: its revision, and whether it was an orphan then.
pub(crate) type Edition = (u64, bool);

/// Infos of the Jobs that were asked for last: whatever was asked for within the last [`GENERATION`]
/// Jobs is kept, what was not for twice as many is dropped.
#[derive(Debug, Default)]
pub(crate) struct Infos(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<JobId, (Edition, Arc<JobInfo>)>,
    old: HashMap<JobId, (Edition, Arc<JobInfo>)>,
}

impl Infos {
    /// Returns the info of `job`, if that of `edition` is kept.
    pub(crate) fn get(&self, job: JobId, edition: Edition) -> Option<Arc<JobInfo>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, info)) = kept.young.get(&job).filter(|(made_of, _)| *made_of == edition) {
            return Some(Arc::clone(info));
        }
        let (_, info) = kept.old.remove(&job).filter(|(made_of, _)| *made_of == edition)?;
        kept.put(job, edition, Arc::clone(&info));
        Some(info)
    }

    /// Keeps the info of `job`.
    pub(crate) fn put(&self, job: JobId, edition: Edition, info: Arc<JobInfo>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(job, edition, info);
    }
}

impl Generations {
    fn put(&mut self, job: JobId, edition: Edition, info: Arc<JobInfo>) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(job, (edition, info));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_info_of_another_edition_is_not_given() {
        let infos = Infos::default();
        infos.put(JobId(1), (5, false), info(1));
        assert!(infos.get(JobId(1), (5, false)).is_some());
        assert!(infos.get(JobId(1), (6, false)).is_none());
        assert!(infos.get(JobId(1), (5, true)).is_none());
    }

    #[test]
    fn no_more_than_two_generations_are_kept_and_the_used_stay() {
        let infos = Infos::default();
        for job in 1..10_000 {
            infos.put(JobId(job), (1, false), info(job));
            assert!(infos.get(JobId(1), (1, false)).is_some(), "after {job}");
        }
        let kept = infos.0.lock().unwrap();
        assert!(kept.young.len() + kept.old.len() <= 2 * GENERATION);
    }

    fn info(job: u64) -> Arc<JobInfo> {
        Arc::new(JobInfo::of(JobId(job), &k8s_openapi::api::batch::v1::Job::default()))
    }
}
