//! A work queue, as a task works through it: items come one by one, and what is not acknowledged fails.

use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::rc::Rc;
use std::str::Utf8Error;
use std::time::Duration;

use crate::Failure;

/// How long a queue must stay empty before a task takes it for done.
const WAIT: Duration = Duration::from_secs(5);

/// An item, delivered.
pub(crate) struct Delivery {
    pub(crate) receipt: u64,
    pub(crate) attempt: u32,
    pub(crate) body: Vec<u8>,
}

/// A queue that the host has open.
pub(crate) trait WorkQueue {
    fn push(&mut self, body: &[u8]) -> Result<(), QueueError>;
    fn reserve(&mut self, wait: Duration) -> Result<Option<Delivery>, QueueError>;
    fn ack(&mut self, receipt: u64) -> Result<(), QueueError>;
    fn nack(&mut self, receipt: u64, delay: Duration) -> Result<(), QueueError>;
    fn extend(&mut self, receipt: u64) -> Result<(), QueueError>;
}

type Shared = Rc<RefCell<Box<dyn WorkQueue>>>;

/// A work queue. As an iterator it yields items until it has stayed empty for a while
/// ([`waiting`](Self::waiting)).
///
/// An item is delivered at least once. One that is not acknowledged, because it was dropped or its task has
/// ended, is delivered again, and moved to the dead letters after too many deliveries. So `?` does what it
/// should:
///
/// ```
/// use jobling_sdk::testing::Host;
/// use jobling_sdk::{Result, Task};
///
/// fn main_(task: Task) -> Result {
///     for item in task.queue("orders")? {
///         let item = item?;
///         let order: u32 = item.text()?.parse()?;
///         println!("order {order}");
///         item.ack()?;
///     }
///     Ok(())
/// }
///
/// let host = Host::new().queue("orders", ["1", "two", "3"]);
/// assert!(main_(host.task()).is_err());
/// assert_eq!(host.done("orders"), [b"1"]);
/// assert_eq!(host.waiting("orders"), [b"3".to_vec(), b"two".to_vec()]);
/// ```
pub struct Queue {
    queue: Shared,
    wait: Duration,
}

impl Queue {
    pub(crate) fn new(queue: Box<dyn WorkQueue>) -> Self {
        Self { queue: Rc::new(RefCell::new(queue)), wait: WAIT }
    }

    /// Returns the queue, which ends once it has stayed empty for `wait`: five seconds if nothing is said.
    ///
    /// ```
    /// use std::time::Duration;
    /// # use jobling_sdk::testing::Host;
    /// let queue = Host::new().task().queue("orders")?.waiting(Duration::from_secs(60));
    /// assert_eq!(queue.count(), 0);
    /// # Ok::<(), jobling_sdk::QueueError>(())
    /// ```
    #[must_use]
    pub fn waiting(self, wait: Duration) -> Self {
        Self { wait, ..self }
    }

    /// Adds an item, durably. After an error it may be in all the same.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let host = Host::new();
    /// host.task().queue("orders")?.push("1")?;
    /// assert_eq!(host.waiting("orders"), [b"1"]);
    /// # Ok::<(), jobling_sdk::QueueError>(())
    /// ```
    pub fn push(&self, body: impl AsRef<[u8]>) -> Result<(), QueueError> {
        self.queue.borrow_mut().push(body.as_ref())
    }

    /// Does `work` with each item, until the queue has stayed empty: what succeeds is acknowledged, what fails
    /// is delivered again, and its failure logged. Returns how many did which.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let host = Host::new().queue("orders", ["1", "two"]);
    /// let worked = host.task().queue("orders")?.work(|item| {
    ///     let order: u32 = item.text()?.parse()?;
    ///     println!("order {order}");
    ///     Ok(())
    /// })?;
    /// assert_eq!((worked.done, worked.failed), (1, 3));
    /// assert_eq!(host.dead("orders"), [b"two"]);
    /// # Ok::<(), jobling_sdk::QueueError>(())
    /// ```
    pub fn work(
        &mut self,
        mut work: impl FnMut(&Item) -> Result<(), Failure>,
    ) -> Result<Worked, QueueError> {
        let mut worked = Worked { done: 0, failed: 0 };
        for item in self {
            let item = item?;
            let settled = match work(&item) {
                Ok(()) => {
                    worked.done += 1;
                    item.ack()
                }
                Err(failure) => {
                    worked.failed += 1;
                    tell(&failure, item.attempt());
                    item.nack(Duration::ZERO)
                }
            };
            match settled {
                // Somebody else has it by now: what was done of it is done again.
                Ok(()) | Err(QueueError::Lost { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(worked)
    }
}

#[cfg(feature = "log")]
fn tell(failure: &Failure, attempt: u32) {
    log::warn!("delivery {attempt} of an item failed: {failure}");
}

#[cfg(not(feature = "log"))]
fn tell(failure: &Failure, attempt: u32) {
    use std::io::Write;
    let line = format!("delivery {attempt} of an item failed: {failure}\n");
    // That nobody can be told is no reason to fail.
    drop(std::io::stderr().write_all(line.as_bytes()));
}

impl Iterator for Queue {
    type Item = Result<Item, QueueError>;

    fn next(&mut self) -> Option<Self::Item> {
        let delivery = self.queue.borrow_mut().reserve(self.wait).transpose()?;
        let held = |delivery| Item { delivery, queue: Rc::clone(&self.queue), settled: false };
        Some(delivery.map(held))
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Queue").field("wait", &self.wait).finish_non_exhaustive()
    }
}

/// What came of the items of a queue.
///
/// ```
/// # use jobling_sdk::testing::Host;
/// let worked = Host::new().task().queue("orders")?.work(|_item| Ok(()))?;
/// assert_eq!(worked.done, 0);
/// # Ok::<(), jobling_sdk::QueueError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Worked {
    /// Items that are done.
    pub done: u64,
    /// Deliveries that failed.
    pub failed: u64,
}

/// An item of a queue. Dropping it without [`ack`](Self::ack) says that it failed.
///
/// ```
/// # use jobling_sdk::testing::Host;
/// let host = Host::new().queue("orders", ["a"]);
/// drop(host.task().queue("orders")?.next());
/// let again = host.task().queue("orders")?.next().expect("it is delivered again")?;
/// assert_eq!(again.attempt(), 2);
/// again.ack()?;
/// # Ok::<(), jobling_sdk::QueueError>(())
/// ```
pub struct Item {
    delivery: Delivery,
    queue: Shared,
    settled: bool,
}

impl Item {
    /// Returns what was pushed.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let item = Host::new().queue("q", ["a"]).task().queue("q")?.next().expect("an item")?;
    /// assert_eq!(item.body(), b"a");
    /// # Ok::<(), jobling_sdk::QueueError>(())
    /// ```
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.delivery.body
    }

    /// Returns what was pushed, as text.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let item = Host::new().queue("q", ["a"]).task().queue("q")?.next().expect("an item")?;
    /// assert_eq!(item.text(), Ok("a"));
    /// # Ok::<(), jobling_sdk::QueueError>(())
    /// ```
    pub fn text(&self) -> Result<&str, Utf8Error> {
        std::str::from_utf8(&self.delivery.body)
    }

    /// Returns which delivery of the item this is, from 1.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let item = Host::new().queue("q", ["a"]).task().queue("q")?.next().expect("an item")?;
    /// assert_eq!(item.attempt(), 1);
    /// # Ok::<(), jobling_sdk::QueueError>(())
    /// ```
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.delivery.attempt
    }

    /// Starts the item's lease anew: work that takes longer than the lease says this now and then, or the item
    /// is delivered to somebody else.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let item = Host::new().queue("q", ["a"]).task().queue("q")?.next().expect("an item")?;
    /// item.extend()?;
    /// item.ack()?;
    /// # Ok::<(), jobling_sdk::QueueError>(())
    /// ```
    pub fn extend(&self) -> Result<(), QueueError> {
        self.queue.borrow_mut().extend(self.delivery.receipt)
    }

    /// Says that the item is done.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let host = Host::new().queue("q", ["a"]);
    /// host.task().queue("q")?.next().expect("an item")?.ack()?;
    /// assert_eq!(host.done("q"), [b"a"]);
    /// # Ok::<(), jobling_sdk::QueueError>(())
    /// ```
    pub fn ack(mut self) -> Result<(), QueueError> {
        self.settled = true;
        self.queue.borrow_mut().ack(self.delivery.receipt)
    }

    /// Says that the item failed: it is delivered again, not before `delay` is over.
    ///
    /// ```
    /// use std::time::Duration;
    /// # use jobling_sdk::testing::Host;
    /// let host = Host::new().queue("q", ["a"]);
    /// host.task().queue("q")?.next().expect("an item")?.nack(Duration::from_secs(30))?;
    /// assert_eq!(host.waiting("q"), [b"a"]);
    /// # Ok::<(), jobling_sdk::QueueError>(())
    /// ```
    pub fn nack(mut self, delay: Duration) -> Result<(), QueueError> {
        self.settled = true;
        self.queue.borrow_mut().nack(self.delivery.receipt, delay)
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        if !self.settled {
            // Where that cannot be said either, the end of the task or of the lease says it.
            drop(self.queue.borrow_mut().nack(self.delivery.receipt, Duration::ZERO));
        }
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut item = formatter.debug_struct("Item");
        item.field("attempt", &self.delivery.attempt).field("bytes", &self.delivery.body.len());
        item.finish_non_exhaustive()
    }
}

/// Why a queue did not do what was asked. `?` makes it a [`Failure`] that is worth a retry where it may pass.
///
/// ```
/// use jobling_sdk::{Failure, QueueError};
///
/// let error = QueueError::Unreachable { message: "redis:6379 does not answer".to_owned() };
/// assert_eq!(error.to_string(), "redis:6379 does not answer");
/// assert_eq!(Failure::from(error).exit_code(), Failure::RETRY);
/// assert_eq!(Failure::from(QueueError::NoHost).exit_code(), Failure::UNEXPECTED);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueueError {
    /// The program was built without the feature `host`, or does not run in jobling.
    NoHost,
    /// There is no such thing: the item was settled before.
    NotFound {
        /// The host's words.
        message: String,
    },
    /// The name or the item is not one that may be.
    Invalid {
        /// The host's words.
        message: String,
    },
    /// There is no room now.
    Full {
        /// The host's words.
        message: String,
    },
    /// The item's lease has ended: it is, or was, delivered to somebody else.
    Lost {
        /// The host's words.
        message: String,
    },
    /// The place where the items are does not answer.
    Unreachable {
        /// The host's words.
        message: String,
    },
}

impl QueueError {
    /// Returns whether the same may succeed later.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Full { .. } | Self::Lost { .. } | Self::Unreachable { .. } => true,
            Self::NoHost | Self::NotFound { .. } | Self::Invalid { .. } => false,
        }
    }
}

impl fmt::Display for QueueError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHost => formatter.write_str(
                "this program has no work queues; build it with the feature host for WASI",
            ),
            Self::NotFound { message }
            | Self::Invalid { message }
            | Self::Full { message }
            | Self::Lost { message }
            | Self::Unreachable { message } => formatter.write_str(message),
        }
    }
}

impl Error for QueueError {}
