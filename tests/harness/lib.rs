//! What the end-to-end tests share: the real binary, a daemon of it, kubectl, and the modules that
//! `scripts/examples` has built. Nothing of the project's own code is called: only programs are.

mod broker;
mod daemon;
mod endpoint;
mod folder;
mod guests;
mod http;
mod program;
mod registry;
mod transcript;

pub use broker::Broker;
pub use daemon::{Daemon, Lines};
pub use endpoint::{EndpointAnswer, EndpointConnection, ask};
pub use folder::Folder;
pub use guests::{captured, client, component, example, manifest, module};
pub use http::{Answer, Connection};
pub use program::{Output, jobling, tool, toolchain};
pub use registry::{Door, Registry};
pub use transcript::{redacted, transcript};
