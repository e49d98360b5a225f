//! What the built-in queue needs of the outside: a store that carries out operations all or none.

use std::fmt;
use std::sync::Arc;

use super::{Contents, QueueLimits, QueueName};
use crate::Timestamp;
use crate::engine::StoreError;

/// Who holds leases: one run of one container. When it ends, its leases do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Holder(pub Arc<str>);

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An item's number: rises from push to push and is never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId(pub u64);

/// One delivery of an item. A later delivery makes it stale, so that whoever was too slow cannot
/// acknowledge what somebody else is working on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lease {
    /// The item.
    pub item: ItemId,
    /// Which delivery of it; the first is 1.
    pub attempt: u32,
}

/// An item, delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The delivery.
    pub lease: Lease,
    /// What was pushed.
    pub body: Vec<u8>,
}

/// Whether a lease was still held by the operation's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseState {
    /// It was: the operation was carried out.
    Held,
    /// It had ended: nothing was done, the item is or was delivered again.
    Lost,
}

/// Which part of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shelf {
    /// Items that wait or are being worked on.
    Live,
    /// Dead letters.
    Dead,
}

/// Why an item was buried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buried {
    /// When.
    pub at: Timestamp,
    /// A sentence.
    pub why: String,
}

/// One step in the life of a queue's items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Adds items, all or, where they do not fit, none.
    Push {
        /// To which queue; it is made as needed.
        queue: QueueName,
        /// What.
        bodies: Vec<Vec<u8>>,
        /// What the queue may hold.
        limits: QueueLimits,
    },
    /// Delivers the oldest item that waits.
    Reserve {
        /// Of which queue.
        queue: QueueName,
        /// To whom.
        holder: Holder,
        /// When the lease ends.
        until: Timestamp,
    },
    /// Removes an item: it is done.
    Acknowledge(Lease),
    /// Ends a lease: the item waits again.
    Return {
        /// The lease.
        lease: Lease,
        /// Not to be delivered before this.
        not_before: Timestamp,
    },
    /// Moves an item to the dead letters.
    Bury {
        /// The lease.
        lease: Lease,
        /// Why.
        buried: Buried,
    },
    /// Moves the end of a lease.
    Extend {
        /// The lease.
        lease: Lease,
        /// When it ends from here on.
        until: Timestamp,
    },
    /// Ends every lease of a holder, or of all holders: their items wait again.
    Release(Option<Holder>),
    /// Looks at items, oldest first.
    Peek {
        /// Of which queue.
        queue: QueueName,
        /// Which part.
        shelf: Shelf,
        /// At most so many.
        most: u32,
    },
    /// Removes every item of a part; on the live shelf those that are being worked on, too.
    Purge {
        /// Of which queue.
        queue: QueueName,
        /// Which part.
        shelf: Shelf,
    },
    /// Moves all dead letters back among the living, their attempts forgotten.
    Revive(QueueName),
    /// Looks at what queues there are.
    List,
}

/// What came of an [`Operation`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Of a push: the items are in.
    Pushed,
    /// Of a push: they do not fit beside what is held. Nothing was done.
    Full(Contents),
    /// Of a reserve.
    Delivered(Item),
    /// Of a reserve: nothing waits. Where an item will, its time: a lease's end or a delay's.
    Empty {
        /// The earliest such time.
        next: Option<Timestamp>,
    },
    /// Of an acknowledge, a return, a burial or an extension.
    Lease(LeaseState),
    /// Of a release, a purge or a revival: how many items it touched.
    Moved(u64),
    /// Of a peek.
    Items(Vec<(Item, Option<Buried>)>),
    /// Of a list, by name.
    Queues(Vec<QueueRow>),
}

/// What a queue holds, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueRow {
    /// Its name.
    pub queue: QueueName,
    /// Items that wait, those with a delay too.
    pub waiting: u64,
    /// Items that are being worked on.
    pub leased: u64,
    /// Dead letters.
    pub dead: u64,
    /// Bytes of all of these.
    pub bytes: u64,
}

/// Keeps the built-in queue. One at a time.
pub trait QueueStore: Send {
    /// Carries out `operations` in order and remembers all of it, durably, or nothing. Gives an answer
    /// for each.
    ///
    /// # Errors
    /// Where the disk is full or fails: the store then is as it was.
    fn apply(
        &mut self,
        operations: &[Operation],
        now: Timestamp,
    ) -> Result<Vec<Answer>, StoreError>;
}
