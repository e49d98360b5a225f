//! What a container is told of itself: its environment and its arguments.

mod argv;
mod braces;
mod error;
mod expand;
mod field;
mod request;
mod resolve;

pub(crate) use argv::argv;
pub(crate) use braces::Braces;
pub(crate) use error::ConfigError;
pub(crate) use expand::expand;
pub(crate) use field::{Facts, field_value, resource_value};
pub(crate) use request::{BODY, DIRECTORY};
pub(crate) use resolve::{Environment, resolve};
