//! A day of requests to a few triggers: clients that ask again, crashes, failed commits, people who meddle.

mod accounts;
mod client;
mod play;
mod triggers;

pub use accounts::Tally;
pub use play::{Requests, requests};
