//! The HTTPTrigger controller: whose a request is, whether it is taken, and what becomes of its Jobs.
//!
//! Pure. The endpoint asks [`Routes`], [`Rules`] and [`Bucket`]; the engine asks [`admit`] for a request
//! that is recorded and [`plan`] after anything that happened to a trigger's Jobs. A request that is not
//! recorded is admitted by the endpoint with the same [`admit`].

mod admit;
mod job;
mod path;
mod plan;
mod rate;
mod routes;
mod rules;
#[cfg(test)]
mod testing;

pub use admit::{Admission, Load, MOST_KEYS, RETRY_AFTER, admit};
pub use job::{INSTANTIATE, LABEL, QUEUED, REQUEST_LINE, REQUEST_NUMBER};
pub(crate) use job::{failed_job, job, let_in, release};
pub use path::{LOCATIONS, Pattern, PatternError};
pub use plan::{Plan, TriggerState, plan};
pub(crate) use plan::{load, to_be_replaced};
pub use rate::Bucket;
pub use routes::{Found, Routes, conflict};
pub(crate) use rules::{
    BODY_LIMIT, IDEMPOTENCY_HEADER, METHODS, QUEUE_DEPTH, RETENTION_SECONDS, TIMEOUT_SECONDS,
    most_at_once,
};
pub use rules::{Concurrency, IdempotencyRules, Rate, Record, Recording, Response, Rules};
