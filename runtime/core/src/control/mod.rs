//! What should happen next to a Job, a CronJob or an HTTPTrigger: pure decisions on a state and a moment.

mod backoff;
pub mod cronjob;
mod failure;
mod history;
mod indexes;
pub mod job;
mod owned;
mod resources;
mod success;
pub mod trigger;

pub use backoff::Backoff;
pub use failure::{Verdict, verdict};
pub use indexes::IndexSet;
pub use owned::{End, Origin, OwnedJob, Place, Stay, controller};
pub use resources::memory_request;
pub use success::met;
