//! From a folder of sources to a module that runs here: its language is found, its own tools compile it,
//! and what they made is stripped, checked against what the sandbox provides, and put in `target/`.

mod builder;
mod c;
mod error;
mod folder;
mod go;
mod javascript;
mod language;
mod needs;
mod optimise;
mod progress;
mod python;
mod rust;
mod strip;
mod tools;
mod wit;

pub(crate) use builder::{Built, Order, build};
pub(crate) use error::BuildError;
pub(crate) use folder::{is_task, manifest};
pub(crate) use language::Language;
pub(crate) use needs::needs;
pub(crate) use optimise::Optimise;
pub(crate) use progress::Progress;
pub(crate) use rust::Target;
pub(crate) use strip::Names;
pub(crate) use tools::Tools;
