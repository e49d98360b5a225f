//! What can go wrong between a task and its queue.

use jobling_core::engine::StoreError;
use jobling_core::queues::{Contents, QueueLimits, QueueName, QueueNameError};

use crate::session::Receipt;

/// Why a queue did not do what was asked. No text holds a credential or an item.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// The queue holds as much as it may.
    #[error(
        "queue {queue} is full: it holds {} items of {} bytes and may hold {} of {}",
        held.items, held.bytes, limits.items, limits.bytes
    )]
    Full {
        /// The queue.
        queue: QueueName,
        /// What it holds.
        held: Contents,
        /// What it may hold.
        limits: QueueLimits,
    },
    /// One item is larger than an item may be.
    #[error("the item has {bytes} bytes; it may have {most}")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The largest size.
        most: u64,
    },
    /// The lease has ended: the item is, or was, delivered to somebody else.
    #[error("the lease of item {} has ended; it is delivered again", .0.0)]
    Lost(Receipt),
    /// The session never delivered that, or it was settled before.
    #[error("item {} is not held by this task", .0.0)]
    Unknown(Receipt),
    /// More items are held than a session may hold at once.
    #[error("{held} items are held at once; acknowledge some first")]
    TooManyHeld {
        /// How many.
        held: usize,
    },
    /// The queue's name is none.
    #[error(transparent)]
    Name(#[from] QueueNameError),
    /// The built-in queue's database failed.
    #[error("the queue's database cannot do this now")]
    Store(#[from] StoreError),
    /// The broker does not answer, or broke off. What was under way may have been done.
    #[error("{broker} cannot be reached: {why}")]
    Unreachable {
        /// Its address, without credentials.
        broker: String,
        /// What the network or the broker said.
        why: String,
    },
    /// The broker is there and will not have it: a wrong password, a key of another kind.
    #[error("{broker} refuses: {why}")]
    Refused {
        /// Its address, without credentials.
        broker: String,
        /// What the broker said.
        why: String,
    },
    /// The host is going down.
    #[error("the host's queues are closed")]
    Closed,
}
