//! The commands that are a client of the API, a file each.

mod failure;
mod fetch;
mod get;
mod target;
mod version;
mod watch;

pub(crate) use failure::{Exit, Failure};
pub(crate) use get::get;
pub(crate) use version::version;
