//! The Job of one run of a CronJob.

use std::time::Duration;

use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use crate::Timestamp;
use crate::control::OwnedJob;
use crate::schedule::Zone;

/// The annotation of a run's Job with the time that it was scheduled for, RFC 3339 in the CronJob's zone.
pub const SCHEDULED_TIMESTAMP: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// The annotation of a run's Job with how late it was made, in seconds with three decimals; a delay by
/// [`SPREAD_SECONDS`](super::SPREAD_SECONDS) is not late. It is kept with the Job, over restarts.
pub const LATENESS_SECONDS: &str = "jobling.dev/lateness-seconds";

/// The annotation of a Job that a person made of a CronJob, as `kubectl create job --from` does. Its
/// scheduled time, if it says one, is that of its making, and none of the schedule's.
pub const INSTANTIATE: &str = "cronjob.kubernetes.io/instantiate";

const LABEL: &str = "cronjob";

/// Returns the name of the run's Job: the CronJob's and the minutes since the epoch, so that no run is
/// made twice.
pub(super) fn name(cron_job: &CronJob, run: Timestamp) -> String {
    let name = cron_job.metadata.name.as_deref().unwrap_or_default();
    format!("{name}-{}", run.unix_seconds().div_euclid(60))
}

/// Returns the run's Job, to be admitted as any other.
pub(super) fn job(cron_job: &CronJob, zone: Zone, run: Timestamp, late: Duration) -> Job {
    let template = &cron_job.spec.job_template;
    let from_template = template.metadata.as_ref();
    let mut labels = from_template.and_then(|meta| meta.labels.clone()).unwrap_or_default();
    let owner = cron_job.metadata.name.clone().unwrap_or_default();
    labels.entry(LABEL.to_owned()).or_insert(owner);
    let mut annotations =
        from_template.and_then(|meta| meta.annotations.clone()).unwrap_or_default();
    annotations.insert(SCHEDULED_TIMESTAMP.to_owned(), zone.rfc3339(run));
    let (seconds, millis) = (late.as_secs(), late.subsec_millis());
    annotations.insert(LATENESS_SECONDS.to_owned(), format!("{seconds}.{millis:03}"));
    Job {
        metadata: ObjectMeta {
            name: Some(name(cron_job, run)),
            namespace: cron_job.metadata.namespace.clone(),
            labels: Some(labels),
            annotations: Some(annotations),
            owner_references: Some(vec![owner_of(cron_job)]),
            ..ObjectMeta::default()
        },
        spec: template.spec.clone(),
        status: None,
    }
}

/// Returns how late the Job of a run was made, in milliseconds; `None` of a Job that is no run's.
#[must_use]
pub fn lateness(job: &Job) -> Option<Duration> {
    let text = job.metadata.annotations.as_ref()?.get(LATENESS_SECONDS)?;
    let (seconds, millis) = text.split_once('.')?;
    let millis = millis.parse().ok().filter(|_| millis.len() == 3)?;
    Some(Duration::from_secs(seconds.parse().ok()?) + Duration::from_millis(millis))
}

fn owner_of(cron_job: &CronJob) -> OwnerReference {
    OwnerReference {
        api_version: "batch/v1".to_owned(),
        kind: "CronJob".to_owned(),
        name: cron_job.metadata.name.clone().unwrap_or_default(),
        uid: cron_job.metadata.uid.clone().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// Returns what `status.active` has of a Job.
#[must_use]
pub fn reference(job: &Job) -> ObjectReference {
    ObjectReference {
        api_version: Some("batch/v1".to_owned()),
        kind: Some("Job".to_owned()),
        namespace: job.metadata.namespace.clone(),
        name: job.metadata.name.clone(),
        uid: job.metadata.uid.clone(),
        resource_version: job.metadata.resource_version.clone(),
        field_path: None,
    }
}

/// Returns what `status.active` has of a Job that was not put there when it was made.
pub(super) fn reference_to(cron_job: &CronJob, job: &OwnedJob) -> ObjectReference {
    ObjectReference {
        api_version: Some("batch/v1".to_owned()),
        kind: Some("Job".to_owned()),
        namespace: cron_job.metadata.namespace.clone(),
        name: Some(job.name.to_string()),
        uid: Some(job.uid.to_string()),
        resource_version: None,
        field_path: None,
    }
}
