//! What is kept between decisions of the Jobs that a CronJob or an HTTPTrigger owns: a few words each, as
//! there may be many.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::cronjob::{INSTANTIATE, SCHEDULED_TIMESTAMP};
use super::trigger::{QUEUED, REQUEST_NUMBER};
use crate::Timestamp;
use crate::control::job::Ledger;

/// How a Job has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With the condition Complete, at this time.
    Complete(Option<Timestamp>),
    /// With the condition Failed.
    Failed,
}

impl End {
    /// Returns the condition's type.
    #[must_use]
    pub const fn condition(self) -> &'static str {
        match self {
            Self::Complete(_) => "Complete",
            Self::Failed => "Failed",
        }
    }

    /// Returns the end of a Job of that status, if it has one.
    #[must_use]
    pub fn of(ledger: &Ledger) -> Option<Self> {
        let end = ledger.finished()?;
        Some(if end.type_ == "Complete" {
            Self::Complete(ledger.completion_time)
        } else {
            Self::Failed
        })
    }
}

/// Where a Job comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A run of a CronJob's schedule.
    Run,
    /// A request to an HTTPTrigger: the so manieth that became a Job.
    Request(u64),
    /// Somebody who made the CronJob or the HTTPTrigger its owner, as `kubectl create job --from` does.
    Elsewhere,
}

/// Where a Job stands among its HTTPTrigger's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It may run.
    Taken,
    /// It waits until others have ended.
    Queued,
}

/// Whether a Job is being deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stay {
    /// It is not.
    Present,
    /// It is, and something holds it.
    Going,
}

/// A Job whose controlling owner is a CronJob or an HTTPTrigger, as far as decisions about that look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedJob {
    /// `metadata.name`.
    pub name: Box<str>,
    /// `metadata.uid`.
    pub uid: Box<str>,
    /// Where it comes from.
    pub origin: Origin,
    /// Whether it waits for its turn.
    pub place: Place,
    /// Whether it is being deleted.
    pub stay: Stay,
    /// When its controller started it.
    pub started: Option<Timestamp>,
    /// How it has ended, if it has.
    pub end: Option<End>,
}

impl OwnedJob {
    /// Returns what a Job tells.
    #[must_use]
    pub fn of(job: &Job) -> Self {
        let mut owned = Self::new(&job.metadata);
        owned.observe(&Ledger::of(&job.status.clone().unwrap_or_default()));
        owned
    }

    fn new(metadata: &ObjectMeta) -> Self {
        let annotations = metadata.annotations.as_ref();
        let has = |key| annotations.is_some_and(|all| all.contains_key(key));
        let is_run = has(SCHEDULED_TIMESTAMP) && !has(INSTANTIATE);
        let number = annotations.and_then(|all| all.get(REQUEST_NUMBER)?.parse().ok());
        let made = if is_run { Origin::Run } else { Origin::Elsewhere };
        Self {
            name: metadata.name.as_deref().unwrap_or_default().into(),
            uid: metadata.uid.as_deref().unwrap_or_default().into(),
            origin: number.map_or(made, Origin::Request),
            place: if has(QUEUED) { Place::Queued } else { Place::Taken },
            stay: if metadata.deletion_timestamp.is_some() { Stay::Going } else { Stay::Present },
            started: None,
            end: None,
        }
    }

    /// Takes in what has become of the Job.
    pub fn observe(&mut self, ledger: &Ledger) {
        self.started = ledger.start_time;
        self.end = End::of(ledger);
    }
}

/// Returns the CronJob or the HTTPTrigger that controls a Job of that metadata.
#[must_use]
pub fn controller(metadata: &ObjectMeta) -> Option<&OwnerReference> {
    let owners = metadata.owner_references.as_deref().unwrap_or_default();
    let is_ours = |kind: &str| matches!(kind, "CronJob" | "HTTPTrigger");
    owners.iter().find(|owner| owner.controller == Some(true) && is_ours(&owner.kind))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_job_that_a_person_made_is_neither_a_run_nor_a_request() {
        for (annotations, origin) in [
            (json!({SCHEDULED_TIMESTAMP: "2026-11-23T06:00:00Z"}), Origin::Run),
            (
                json!({SCHEDULED_TIMESTAMP: "2026-11-23T06:00:00Z", INSTANTIATE: "manual"}),
                Origin::Elsewhere,
            ),
            (json!({REQUEST_NUMBER: "7"}), Origin::Request(7)),
            (json!({REQUEST_NUMBER: "seven"}), Origin::Elsewhere),
            (json!({}), Origin::Elsewhere),
        ] {
            let job = json!({"metadata": {"name": "a", "annotations": annotations}});
            let job: Job = serde_json::from_value(job).unwrap();
            assert_eq!(OwnedJob::of(&job).origin, origin, "{annotations}");
        }
    }
}
