//! What the Jobs of a CronJob tell: which run, which have ended, which are too old to be kept.

use k8s_openapi::api::batch::v1::{CronJob, CronJobStatus, Job};

use super::plan::Plan;
use super::run::{SCHEDULED_TIMESTAMP, reference};
use crate::Timestamp;

/// How a Job has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Complete,
    Failed,
}

impl End {
    const fn condition(self) -> &'static str {
        match self {
            Self::Complete => "Complete",
            Self::Failed => "Failed",
        }
    }
}

fn end(job: &Job) -> Option<End> {
    let conditions = job.status.as_ref()?.conditions.as_deref().unwrap_or_default();
    [End::Complete, End::Failed].into_iter().find(|end| {
        conditions.iter().any(|one| one.type_ == end.condition() && one.status == "True")
    })
}

fn is_going(job: &Job) -> bool {
    job.metadata.deletion_timestamp.is_some()
}

pub(super) fn name(job: &Job) -> &str {
    job.metadata.name.as_deref().unwrap_or_default()
}

/// Takes into `status` what has become of the Jobs: the list of active ones and the newest success.
pub(super) fn observe(jobs: &[&Job], status: &mut CronJobStatus, plan: &mut Plan) {
    for job in jobs {
        let active = status.active.get_or_insert_default();
        let position = active.iter().position(|one| one.uid == job.metadata.uid);
        match (end(job), position) {
            (None, Some(_)) => {}
            (None, None) if is_going(job) => {}
            (None, None) => {
                // Made by a step whose plan was of this CronJob, and not yet in the list.
                if is_a_runs(job) {
                    active.push(reference(job));
                } else {
                    let name = name(job);
                    plan.warn(
                        "UnexpectedJob",
                        format!("Saw a job that the controller did not create or forgot: {name}"),
                    );
                }
            }
            (Some(end), position) => {
                if let Some(position) = position {
                    active.remove(position);
                    plan.tell(
                        "SawCompletedJob",
                        format!("Saw completed job: {}, condition: {}", name(job), end.condition()),
                    );
                }
                if end == End::Complete {
                    remember_success(job, status);
                }
            }
        }
    }
    forget_missing(jobs, status, plan);
}

fn is_a_runs(job: &Job) -> bool {
    let annotations = job.metadata.annotations.as_ref();
    annotations.is_some_and(|all| all.contains_key(SCHEDULED_TIMESTAMP))
}

fn remember_success(job: &Job, status: &mut CronJobStatus) {
    let completed = job.status.as_ref().and_then(|status| status.completion_time.clone());
    let newest = status.last_successful_time.as_ref().map(Timestamp::from);
    if completed.as_ref().map(Timestamp::from) > newest {
        status.last_successful_time = completed;
    }
}

fn forget_missing(jobs: &[&Job], status: &mut CronJobStatus, plan: &mut Plan) {
    status.active.get_or_insert_default().retain(|one| {
        let is_there = jobs.iter().any(|job| job.metadata.uid == one.uid);
        if !is_there {
            let name = one.name.as_deref().unwrap_or_default();
            plan.tell("MissingJob", format!("Active job went missing: {name}"));
        }
        is_there
    });
}

/// Plans the deletion of the oldest ended Jobs beyond the history limits.
pub(super) fn clean_up(cron_job: &CronJob, jobs: &[&Job], plan: &mut Plan) {
    for (kind, limit) in [
        (End::Complete, cron_job.spec.successful_jobs_history_limit),
        (End::Failed, cron_job.spec.failed_jobs_history_limit),
    ] {
        let Some(limit) = limit.and_then(|limit| usize::try_from(limit).ok()) else { continue };
        let mut ended: Vec<&Job> =
            jobs.iter().copied().filter(|job| end(job) == Some(kind) && !is_going(job)).collect();
        ended.sort_by_key(|job| age(job));
        let surplus = ended.len().saturating_sub(limit);
        for job in ended.into_iter().take(surplus) {
            plan.delete(job);
        }
    }
}

/// The oldest first; those that never started last, then by name.
fn age(job: &Job) -> (bool, Option<Timestamp>, String) {
    let started = job.status.as_ref().and_then(|status| status.start_time.as_ref());
    (started.is_none(), started.map(Timestamp::from), name(job).to_owned())
}
