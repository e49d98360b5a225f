//! Which of an owner's ended Jobs are kept: those of `successfulJobsHistoryLimit` and
//! `failedJobsHistoryLimit`, which a CronJob and an HTTPTrigger have alike.

use super::{End, Origin, OwnedJob, Stay};
use crate::Timestamp;

/// How many ended Jobs are kept; `None`: all.
#[derive(Debug, Clone, Copy)]
pub(super) struct HistoryLimits {
    pub(super) successful: Option<i32>,
    pub(super) failed: Option<i32>,
}

/// Returns the oldest ended Jobs beyond the limits.
pub(super) fn surplus(jobs: &[OwnedJob], limits: HistoryLimits) -> Vec<&OwnedJob> {
    let mut surplus = Vec::new();
    for (condition, limit) in [("Complete", limits.successful), ("Failed", limits.failed)] {
        let Some(limit) = limit.and_then(|limit| usize::try_from(limit).ok()) else { continue };
        let is_kept = |job: &&OwnedJob| {
            job.stay == Stay::Present && job.end.map(End::condition) == Some(condition)
        };
        let mut ended: Vec<&OwnedJob> = jobs.iter().filter(is_kept).collect();
        ended.sort_by_key(|job| age(job));
        ended.truncate(ended.len().saturating_sub(limit));
        surplus.extend(ended);
    }
    surplus
}

/// The oldest first; those that never started last; those of one second as they came, or by name.
fn age(job: &OwnedJob) -> (bool, Option<Timestamp>, u64, Box<str>) {
    let number = match job.origin {
        Origin::Request(number) => number,
        Origin::Run | Origin::Elsewhere => 0,
    };
    (job.started.is_none(), job.started, number, job.name.clone())
}
