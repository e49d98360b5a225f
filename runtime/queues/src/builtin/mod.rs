//! The built-in queues: one thread keeps them, sessions ask it.

mod keeper;
mod session;

pub use keeper::{Builtin, Clock};
