//! Work queues: what an item's life is, and the port behind which the built-in queue is kept.
//!
//! An item is delivered at least once. Whoever reserves it holds a lease: while that runs nobody else
//! gets it, and an item that is neither acknowledged nor given back is delivered again when the lease
//! ends or its holder does. Deliveries are counted, and an item that was delivered too often is buried in
//! the queue's dead letters, where a person can look at it.

mod limits;
mod name;
mod port;

pub use limits::{Contents, Fate, QueueLimits, QueueRules, fate};
pub use name::{QueueName, QueueNameError};
pub use port::{
    Answer, Buried, Holder, Item, ItemId, Lease, LeaseState, Operation, QueueRow, QueueStore, Shelf,
};
