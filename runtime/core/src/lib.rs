//! What should happen on this host: objects, schedules, reconcilers and the engine.
//!
//! Pure: no async runtime, no files, no SQL, no clock. `now` is a parameter everywhere, waiting is a
//! returned time, and what must leave the process goes through the ports of [`engine`].

pub mod api;
pub mod control;
pub mod engine;
pub mod pods;
pub mod queues;
pub mod schedule;
mod time;
pub mod trigger;

pub use time::Timestamp;
