//! What the store remembers, as it is given back: at start, and when a Job is looked up again.

use std::sync::Arc;

use k8s_openapi::api::batch::v1::Job;

use crate::Timestamp;
use crate::api::{HTTPTrigger, Object, ObjectKey};
use crate::control::OwnedJob;
use crate::pods::{JobId, Pod};
use crate::trigger::OpenCall;

/// A Job, as it was last remembered.
#[derive(Debug, Clone)]
pub struct JobRecord {
    /// Its number.
    pub id: JobId,
    /// The Job, with its status.
    pub job: Box<Job>,
    /// The controller's own memory, as [`Write::JobStatus`](super::Write::JobStatus) had it; empty if there was none.
    pub memory: Vec<u8>,
    /// Its pods' rows, in order: those that have not ended from [`Store::recover`](super::Store::recover), every one from
    /// [`Store::job`](super::Store::job).
    pub pods: Vec<Pod>,
    /// Set for a Job that is gone while its pods stay.
    pub orphaned: bool,
    /// The request that the Job answers, from [`Store::recover`](super::Store::recover) alone, and while it has no answer.
    pub call: Option<Arc<OpenCall>>,
}

/// A CronJob, as far as it is known between its runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronJobRecord {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// The Jobs that it controls, those that have ended too.
    pub jobs: Vec<OwnedJob>,
}

/// An HTTPTrigger, as far as it is known between its requests.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerRecord {
    /// The trigger.
    pub trigger: Box<HTTPTrigger>,
    /// The Jobs that it controls, those that have ended too.
    pub jobs: Vec<OwnedJob>,
    /// How many keys of its requests are remembered.
    pub keys: u32,
    /// The Jobs, gone or not, whose answers to requests without a key are remembered, oldest first.
    pub answers: Vec<JobId>,
}

/// What the store remembers at start.
#[derive(Debug, Clone, Default)]
pub struct Recovered {
    /// Drawn once when the database was made: what uids are derived from.
    pub seed: [u8; 16],
    /// The newest revision used.
    pub revision: u64,
    /// The next Job's number.
    pub next_job: JobId,
    /// Jobs without a terminal condition, those being deleted, and those whose pods still run.
    pub unfinished: Vec<JobRecord>,
    /// Finished Jobs that have `ttlSecondsAfterFinished`: their key and when they are due.
    pub expiring: Vec<(ObjectKey, Timestamp)>,
    /// Every PersistentVolumeClaim and Namespace.
    pub objects: Vec<Object>,
    /// Every CronJob.
    pub cron_jobs: Vec<CronJobRecord>,
    /// Every HTTPTrigger.
    pub triggers: Vec<TriggerRecord>,
    /// When the event was last told that was told longest ago.
    pub oldest_event: Option<Timestamp>,
    /// How many pods have ended and are kept.
    pub ended_pods: u64,
    /// Until when the answer is remembered that is forgotten first.
    pub oldest_answer: Option<Timestamp>,
}
