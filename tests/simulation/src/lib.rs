//! The simulator: the real engine on the real store, with played guests, a played clock, crashes, failed
//! commits and clocks that jump. A run is drawn from a seed and replays from it.
//!
//! [`run`] plays one seed; the [`Oracle`](oracle::Oracle) watches the change feed, as any client could,
//! and checks what must always hold; the invariants are listed there.
//!
//! [`requests`](fn@requests) plays clients that ask triggers, and ask again; [`year`](fn@year) plays a year of a hundred
//! CronJobs, whose accounts say what became of every run. [`Host`] is what both play with, for tests that
//! set the scene by hand.

mod guests;
mod host;
mod jobs;
mod oracle;
mod requests;
mod world;
mod year;

pub use guests::failed_pod;
pub use host::{Host, Stepped};
pub use requests::{Requests, Tally as RequestTally, requests};
pub use world::{Report, run};
pub use year::{Tally, Year, year};
