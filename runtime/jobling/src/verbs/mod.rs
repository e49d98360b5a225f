//! The commands that are a client of the API, a file each.

mod apply;
mod create;
mod create_job;
mod delete;
mod describe;
mod failure;
mod fetch;
mod get;
mod image;
mod logs;
mod manifests;
mod next_schedule;
mod schedule;
mod switch;
mod target;
mod trigger;
mod version;
mod wait;
mod watch;

pub(crate) use apply::apply;
pub(crate) use create::create;
pub(crate) use delete::delete;
pub(crate) use describe::describe;
pub(crate) use failure::{Exit, Failure};
pub(crate) use get::get;
pub(crate) use image::image;
pub(crate) use logs::logs;
pub(crate) use schedule::schedule;
pub(crate) use switch::{Switched, switch};
pub(crate) use trigger::trigger;
pub(crate) use version::version;
pub(crate) use wait::wait;
