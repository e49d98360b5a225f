//! The simulator: the real engine on the real store, with played guests, a played clock, crashes, failed
//! commits and clocks that jump. A run is drawn from a seed and replays from it.
//!
//! [`run`] plays one seed; the [`Oracle`](oracle::Oracle) watches the change feed, as any client could,
//! and checks what must always hold; the invariants are listed there.

mod guests;
mod jobs;
mod oracle;
mod world;

pub use world::{Report, run};
