//! What became of a request: kept for who asks later, and for a repeat of the request.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::TriggerCall;
use crate::Timestamp;
use crate::pods::{ContainerState, JobId, PodStatus};

/// So much of what a pod prints is kept as an answer, in bytes; the node cuts it there.
pub const MOST_OUTPUT_BYTES: usize = 1 << 20;

/// What a pod printed, as far as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallOutput {
    /// Its standard output from the first byte.
    pub bytes: Arc<[u8]>,
    /// Whether there was more than is kept.
    pub truncated: bool,
}

/// How a request's Job ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It completed.
    Succeeded,
    /// It failed.
    Failed {
        /// Why: the container's reason, such as `OOMKilled`, or else the Job's.
        reason: String,
        /// What there is to say of it: the container's termination message, or else the Job's.
        message: String,
        /// The exit code of the container that failed, if one did.
        exit_code: Option<i32>,
    },
    /// Its time was over.
    DeadlineExceeded,
    /// It was deleted before its end.
    Cancelled,
}

impl Outcome {
    /// Returns how a pod failed: its first container that did says most.
    #[must_use]
    pub fn of_failed_pod(status: &PodStatus) -> Self {
        if status.reason == "DeadlineExceeded" {
            return Self::DeadlineExceeded;
        }
        let containers = status.init_containers.iter().chain(&status.containers);
        let ended = containers.filter_map(|container| match &container.state {
            ContainerState::Terminated(end) if end.exit_code != 0 => Some(end),
            ContainerState::Terminated(_)
            | ContainerState::Running { .. }
            | ContainerState::Waiting(_) => None,
        });
        match ended.min_by_key(|end| end.finished_at) {
            Some(end) if status.reason.is_empty() => Self::Failed {
                reason: end.reason.clone(),
                message: end.message.clone(),
                exit_code: Some(end.exit_code),
            },
            end => Self::Failed {
                reason: status.reason.clone(),
                message: status.message.clone(),
                exit_code: end.map(|end| end.exit_code),
            },
        }
    }
}

/// The answer to a request: how its Job ended and what the pod printed that ended last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggerAnswer {
    /// How the Job ended.
    pub outcome: Outcome,
    /// What the pod printed.
    pub output: CallOutput,
}

/// A request whose Job has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCall {
    /// The uid of its trigger.
    pub trigger_uid: String,
    /// How long its answer is remembered after the end.
    pub retention: Duration,
    /// The request.
    pub call: Arc<TriggerCall>,
}

/// A request that was taken, as it is remembered: until it has an answer and for a time after that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecord {
    /// The uid of its trigger.
    pub trigger_uid: String,
    /// The number of its Job.
    pub id: JobId,
    /// The namespace of both.
    pub namespace: String,
    /// The name of its Job.
    pub job: String,
    /// The hash of all that must be the same in a repeat; unset for a request without a key.
    pub fingerprint: Option<[u8; 32]>,
    /// When it came.
    pub received: Timestamp,
    /// Until when it is remembered; unset while it is under way.
    pub until: Option<Timestamp>,
    /// Its answer; unset while it is under way.
    pub answer: Option<Arc<TriggerAnswer>>,
}
