//! What is remembered: the only SQL. One writer, all-or-nothing commits, a change feed.
//!
//! [`Database::open`] gives the one [`Writer`] (core's `Store`) and [`Readers`] (core's `Reader`), which
//! have connections of their own and never wait for it. Jobs are kept in two rows: what a person wrote,
//! and the narrow status that every ended pod changes; pods are rows whose number is their Job's and
//! their ordinal, so that a Job's pods are one range of the table. With keys, Secrets are sealed ([`SecretKeys`]). Nothing here decides anything.

mod calls;
mod database;
mod directory;
mod events;
mod failure;
mod feed;
mod infos;
mod jobs;
mod objects;
mod owners;
mod pods;
mod queues;
mod readers;
mod recover;
mod schema;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod vault;
mod write;
mod writer;

pub use database::{Database, Settings, Synchronous};
pub use directory::{DataDirectory, DirectoryError};
pub use failure::OpenError;
pub use feed::{CommitHook, FeedLimits};
pub use queues::{QueueDatabase, QueueSettings};
pub use readers::Readers;
pub use vault::{SecretKeys, SecretKeysError};
pub use writer::Writer;
