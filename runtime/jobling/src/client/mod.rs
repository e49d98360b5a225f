//! The command line as a client of the API: which server, which resource, one request and its answer.
//! Knows nothing of what a verb makes of the answer.

mod connect;
mod discover;
mod error;
mod resource;
mod rest;
mod unix;

pub(crate) use connect::{ConnectError, Target, connect};
pub(crate) use discover::Resolver;
pub(crate) use error::{ClientError, StatusError};
pub(crate) use resource::Resource;
pub(crate) use rest::{Accept, Query, Rest};
