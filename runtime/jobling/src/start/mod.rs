//! The two commands that start an engine: the daemon, and the run in the foreground.

mod run;
mod serve;
mod settings;
mod state;

pub(crate) use run::run;
pub(crate) use serve::serve;
