//! A task to begin from: which files it has, in each language and for each kind. Every one is a small
//! project that runs as it is; its texts lie beside this file.

mod create;
mod facts;
mod name;
mod project;
mod sources;

pub(crate) use create::create;
pub(crate) use facts::TaskKind;
pub(crate) use name::TaskName;
pub(crate) use project::{Sdk, project};
