//! The side of `jobling:task` that whoever starts a run implements.

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// The longest item that a guest may push; what keeps the items may take less.
pub const MAX_BODY_BYTES: usize = 4 << 20;
/// What is kept of a progress report's text.
pub const MAX_PROGRESS_TEXT_BYTES: usize = 256;

/// An answer under way. It is dropped when the guest is ended.
pub type TaskAnswer<'a, T> = Pin<Box<dyn Future<Output = Result<T, TaskFailure>> + Send + 'a>>;

/// How far a guest is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// So much is done.
    pub done: u64,
    /// Of so much; 0 where nobody knows.
    pub total: u64,
    /// In the guest's own words, at most [`MAX_PROGRESS_TEXT_BYTES`].
    pub text: String,
}

/// In which way something failed, as the interface has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskReason {
    /// There is no such thing.
    NotFound,
    /// That may not be.
    Invalid,
    /// No room now.
    Full,
    /// The lease has ended.
    Lost,
    /// Nobody answers.
    Unreachable,
}

/// Why a guest did not get what it asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskFailure {
    /// In which way.
    pub reason: TaskReason,
    /// A sentence for the guest: without any credential.
    pub message: String,
}

impl TaskFailure {
    /// Returns a failure.
    pub fn new(reason: TaskReason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }
}

/// An item, delivered to a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskItem {
    /// What settles it.
    pub receipt: u64,
    /// Which delivery of the item this is.
    pub attempt: u32,
    /// What was pushed.
    pub body: Vec<u8>,
}

/// What one run may ask for.
pub trait TaskHost: Debug + Send + Sync {
    /// Takes note of how far the guest is. It may come as often as the guest likes.
    fn report(&self, progress: Progress);

    /// Opens a work queue.
    ///
    /// # Errors
    /// Where the name is none, or the run was given no queues.
    fn open_queue(&self, name: &str) -> Result<Box<dyn TaskQueue>, TaskFailure>;

    /// Returns the secret of that name, if the run was given one.
    fn secret(&self, name: &str) -> Option<Arc<[u8]>>;
}

/// A work queue that a run has open. Dropping it gives back what was delivered.
pub trait TaskQueue: Send {
    /// Adds an item of at most [`MAX_BODY_BYTES`].
    fn push(&mut self, body: Vec<u8>) -> TaskAnswer<'_, ()>;

    /// Returns the next item, waiting up to `wait` for one.
    fn reserve(&mut self, wait: Duration) -> TaskAnswer<'_, Option<TaskItem>>;

    /// Says that an item is done.
    fn ack(&mut self, receipt: u64) -> TaskAnswer<'_, ()>;

    /// Says that an item failed.
    fn nack(&mut self, receipt: u64, delay: Duration) -> TaskAnswer<'_, ()>;

    /// Starts an item's lease anew.
    fn extend(&mut self, receipt: u64) -> TaskAnswer<'_, ()>;
}
