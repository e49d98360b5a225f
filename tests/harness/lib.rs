//! What the end-to-end tests share: the real binary, a daemon of it, kubectl, and the modules that
//! `scripts/examples` has built. Nothing of the project's own code is called: only programs are.

mod daemon;
mod folder;
mod guests;
mod http;
mod program;

pub use daemon::{Daemon, Lines};
pub use folder::Folder;
pub use guests::{component, example, manifest, module};
pub use http::{Answer, Connection, ask};
pub use program::{Output, jobling};
