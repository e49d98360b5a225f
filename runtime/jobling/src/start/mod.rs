//! The two commands that start an engine: the daemon, and the run in the foreground.

mod registries;
mod run;
mod serve;
mod settings;
mod state;

pub(crate) use registries::docker_config;
pub(crate) use run::run;
pub(crate) use serve::serve;
