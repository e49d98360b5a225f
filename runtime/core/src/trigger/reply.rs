//! What the endpoint asks the engine, and what it is told.

use std::sync::Arc;
use std::time::Duration;

use super::{TriggerAnswer, TriggerCall};
use crate::Timestamp;
use crate::pods::{PodId, PodStatus};

/// What the endpoint asks the engine of one trigger.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerRequest {
    /// The trigger's namespace.
    pub namespace: String,
    /// The trigger's name.
    pub name: String,
    /// The uid of the trigger that the request was found to be of: one that has come in its place since
    /// did not allow it.
    pub uid: String,
    /// What is asked.
    pub verb: TriggerVerb,
}

/// What is asked of a trigger.
#[derive(Debug, Clone, PartialEq)]
pub enum TriggerVerb {
    /// Run a Job for this request, and remember both.
    Run(Arc<TriggerCall>),
    /// Keep a Job for a request that ran without one and failed.
    Failed(Box<TriggerFailure>),
    /// Count requests that ran without a Job.
    Count(Counts),
}

/// A request that ran without a Job, and failed.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerFailure {
    /// The request.
    pub call: Arc<TriggerCall>,
    /// How its pod ended: a terminal phase, with a status for each container.
    pub status: PodStatus,
    /// When it was started.
    pub started: Timestamp,
}

/// Requests that ran without a Job, since the last that were told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// How many that did not fail.
    pub requests: u64,
    /// When the newest of them came.
    pub last: Timestamp,
}

/// What the engine decided, in the commit before this was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TriggerReply {
    /// A Job was made for the request. It may wait for its turn.
    Accepted {
        /// The Job's name.
        job: String,
        /// The Job's uid.
        uid: String,
    },
    /// The request is a repeat of one that has its answer.
    Replayed {
        /// The name of the Job that answered; it may be gone.
        job: String,
        /// The answer.
        answer: Arc<TriggerAnswer>,
    },
    /// The request is a repeat of one that is under way.
    InProgress {
        /// The name of its Job.
        job: String,
    },
    /// The request has the key of another one, which said something else.
    Mismatch,
    /// As many requests are under way as may be.
    Busy {
        /// When it is worth to try again.
        retry_after: Duration,
    },
    /// As many requests wait, or are remembered, as may be.
    QueueFull {
        /// When it is worth to try again.
        retry_after: Duration,
    },
    /// The trigger is suspended.
    Suspended,
    /// There is no such trigger any more.
    Gone,
    /// The failed request has a Job now.
    Recorded {
        /// The Job's name.
        job: String,
        /// Its pod, below whose number the output belongs into the log.
        pod: PodId,
    },
    /// The requests are counted.
    Counted,
}
