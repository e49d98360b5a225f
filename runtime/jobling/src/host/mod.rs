//! The host: every room opened on one data directory, and the engine driven on a thread of its own.
//!
//! Requests, the node's reports and orders wait in bounded channels; one step takes all of them; an idle
//! host wakes for nothing. [`Host`] owns it, and its [`Handle`]s are what the server and `run` hold.

mod backend;
mod calls;
mod clock_set;
mod driver;
mod error;
mod handle;
mod images;
mod logs;
mod ports;
mod queues;
mod rooms;
mod settings;
mod stage;
#[cfg(test)]
mod tests;
mod transfers;

pub(crate) use driver::Ended;
pub(crate) use error::HostError;
pub(crate) use handle::Handle;
pub(crate) use rooms::Host;
pub(crate) use settings::HostSettings;
