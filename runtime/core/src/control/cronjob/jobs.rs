//! What the Jobs of a CronJob tell: which have ended, which are too old to be kept.

use k8s_openapi::api::batch::v1::{CronJob, CronJobStatus};

use super::plan::Plan;
use super::run::reference_to;
use crate::Timestamp;
use crate::control::history::{HistoryLimits, surplus};
use crate::control::{End, Origin, OwnedJob, Stay};

/// Takes into `status` what has become of the Jobs: the list of active ones and the newest success.
pub(super) fn observe(
    cron_job: &CronJob,
    jobs: &[OwnedJob],
    status: &mut CronJobStatus,
    plan: &mut Plan,
) {
    for job in jobs {
        let active = status.active.get_or_insert_default();
        let position = active.iter().position(|one| one.uid.as_deref() == Some(&*job.uid));
        match (job.end, position) {
            (None, Some(_)) => {}
            (None, None) if job.stay == Stay::Going => {}
            (None, None) => match job.origin {
                // Made by a step whose plan was of this CronJob, and not yet in the list.
                Origin::Run => active.push(reference_to(cron_job, job)),
                Origin::Request(_) | Origin::Elsewhere => plan.warn(
                    "UnexpectedJob",
                    format!("Saw a job that the controller did not create or forgot: {}", job.name),
                ),
            },
            (Some(end), position) => {
                if let Some(position) = position {
                    active.remove(position);
                    plan.tell(
                        "SawCompletedJob",
                        format!("Saw completed job: {}, condition: {}", job.name, end.condition()),
                    );
                }
                remember_success(end, status);
            }
        }
    }
    forget_missing(jobs, status, plan);
}

fn remember_success(end: End, status: &mut CronJobStatus) {
    let End::Complete(completed) = end else { return };
    let newest = status.last_successful_time.as_ref().map(Timestamp::from);
    if completed > newest {
        status.last_successful_time = completed.map(Timestamp::to_time);
    }
}

fn forget_missing(jobs: &[OwnedJob], status: &mut CronJobStatus, plan: &mut Plan) {
    status.active.get_or_insert_default().retain(|one| {
        let is_there = jobs.iter().any(|job| one.uid.as_deref() == Some(&*job.uid));
        if !is_there {
            let name = one.name.as_deref().unwrap_or_default();
            plan.tell("MissingJob", format!("Active job went missing: {name}"));
        }
        is_there
    });
}

/// Plans the deletion of the oldest ended Jobs beyond the history limits.
pub(super) fn clean_up(cron_job: &CronJob, jobs: &[OwnedJob], plan: &mut Plan) {
    let limits = HistoryLimits {
        successful: cron_job.spec.successful_jobs_history_limit,
        failed: cron_job.spec.failed_jobs_history_limit,
    };
    for job in surplus(jobs, limits) {
        plan.delete(job);
    }
}
