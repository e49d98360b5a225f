//! One run's hold on one queue: the trait that every kind of queue implements.

use std::pin::Pin;
use std::time::Duration;

use crate::QueueError;

/// Items that a session may hold at once: what a host that dies leaves to be delivered again.
pub(crate) const MAX_HELD: usize = 256;

/// The largest item that a broker is given; the built-in queues have limits of their own.
pub(crate) const MAX_BODY_BYTES: u64 = 4 << 20;

/// An answer under way.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T, QueueError>> + Send + 'a>>;

/// A delivery's number within its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Receipt(pub u64);

/// An item, delivered to a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What acknowledges it.
    pub receipt: Receipt,
    /// Which delivery of the item this is, as far as the queue knows; the first is 1.
    pub attempt: u32,
    /// What was pushed.
    pub body: Vec<u8>,
}

/// One run's hold on one queue. Dropping it gives back at once what it holds: the items are delivered to
/// others, and the delivery counts as an attempt.
///
/// A reply that is dropped before it is ready leaves its operation done or not done; the session can be
/// used further.
pub trait Session: Send {
    /// Adds an item, durably.
    ///
    /// # Errors
    /// Where it does not fit, or the queue cannot be reached.
    fn push(&mut self, body: Vec<u8>) -> Reply<'_, ()>;

    /// Returns the next item; waits up to `wait` for one where none is ready, and then returns `None`.
    ///
    /// # Errors
    /// Where the session holds too many already, or the queue cannot be reached.
    fn reserve(&mut self, wait: Duration) -> Reply<'_, Option<Delivery>>;

    /// Says that the item is done: it is not delivered again.
    ///
    /// # Errors
    /// [`QueueError::Lost`] where that came too late.
    fn ack(&mut self, receipt: Receipt) -> Reply<'_, ()>;

    /// Says that the item failed: it is delivered again, not before `delay` is over, or buried in the dead
    /// letters if this was its last attempt.
    ///
    /// # Errors
    /// [`QueueError::Lost`] where that came too late.
    fn nack(&mut self, receipt: Receipt, delay: Duration) -> Reply<'_, ()>;

    /// Lets the lease run for the queue's visibility time from now on.
    ///
    /// # Errors
    /// [`QueueError::Lost`] where that came too late.
    fn extend(&mut self, receipt: Receipt) -> Reply<'_, ()>;
}
