//! The built-in work queues, in a database of their own: one connection, all-or-nothing operations.
//!
//! Not in the host's database. An item is no object: it has no revision and nobody watches it. A guest
//! that pushes and acknowledges without pause must not make the engine's commits wait for its own, and a
//! queue that fills its file must leave the host's writable.

mod database;
mod items;
mod shelf;

pub use database::{QueueDatabase, QueueSettings};
