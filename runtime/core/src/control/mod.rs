//! What should happen next to a Job: pure decisions on a state and a moment.

mod backoff;
mod failure;
mod indexes;
pub mod job;
mod success;

pub use backoff::Backoff;
pub use failure::{Verdict, verdict};
pub use indexes::IndexSet;
pub use success::met;
