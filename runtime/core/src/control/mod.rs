//! What should happen next to a Job or a CronJob: pure decisions on a state and a moment.

mod backoff;
pub mod cronjob;
mod failure;
mod indexes;
pub mod job;
mod resources;
mod success;

pub use backoff::Backoff;
pub use failure::{Verdict, verdict};
pub use indexes::IndexSet;
pub use resources::memory_request;
pub use success::met;
