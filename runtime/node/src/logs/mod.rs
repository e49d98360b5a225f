//! What pods print: one append-only log for the whole host, because a file a pod would cost more than the
//! pod. Records of all pods lie in segments of some megabytes; the newest is in memory as well, and reaches
//! its file in pieces, so that a pod of one line costs no system call of its own.
//!
//! Guarantees: a reader sees all that was written before the report of a run's end; after `kill -9` at most
//! the last [`store::FLUSH_AFTER`] is lost, and a torn tail is dropped; run, total and age are bounded.

mod kept;
mod lines;
mod open;
mod query;
mod record;
mod segment;
mod store;
mod stream;
mod tail;
mod writer;

pub use kept::KeptLog;
pub use query::{Follow, LogQuery, Stamps};
pub(crate) use record::Stream;
pub use record::{RunKey, Slot};
pub use store::{Cursor as LogCursor, Logs};
pub use stream::LogStream;
pub use tail::{LogTail, Printed};
pub(crate) use writer::RunLog;
