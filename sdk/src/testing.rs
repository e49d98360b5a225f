//! A host for unit tests: it tells a task what the test says, and keeps what the task tells.
//!
//! ```
//! use jobling_sdk::{Failure, Task, testing::Host};
//!
//! fn work(task: Task) -> jobling_sdk::Result {
//!     let rows: u64 = task.var("ROWS")?;
//!     if rows == 0 {
//!         return Err(Failure::fatal("there is nothing to do"));
//!     }
//!     task.progress(rows, rows, "rows read");
//!     Ok(())
//! }
//!
//! let host = Host::new().var("ROWS", "7");
//! work(host.task()).unwrap();
//! assert_eq!(host.progress(), ["7 7 rows read"]);
//! assert_eq!(work(Host::new().var("ROWS", "0").task()).unwrap_err().exit_code(), Failure::FATAL);
//! ```

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::queue::WorkQueue;
use crate::{QueueError, Task, host, progress};

mod queues;

use queues::{FakeQueue, Shelf};

/// A host that a test furnishes.
///
/// ```
/// use jobling_sdk::testing::Host;
///
/// let task = Host::new().index(3).argument("--all").task();
/// assert_eq!(task.index()?, Some(3));
/// assert_eq!(task.arg::<String>(1)?, "--all");
/// # Ok::<(), jobling_sdk::VariableError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Host {
    arguments: Vec<OsString>,
    variables: BTreeMap<String, OsString>,
    directories: BTreeMap<String, PathBuf>,
    input: Vec<u8>,
    elapsed: Duration,
    fuel: Option<u64>,
    secrets: BTreeMap<String, Vec<u8>>,
    told: Arc<Mutex<Told>>,
    queues: Arc<Mutex<BTreeMap<String, Shelf>>>,
}

#[derive(Debug, Default)]
struct Told {
    progress: Vec<String>,
    message: Option<String>,
}

impl Host {
    /// Returns a host that tells nothing.
    ///
    /// ```
    /// assert_eq!(jobling_sdk::testing::Host::new().task().pod(), None);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an argument.
    ///
    /// ```
    /// let task = jobling_sdk::testing::Host::new().argument("x").task();
    /// assert_eq!(task.args(), ["x"]);
    /// ```
    #[must_use]
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Sets a variable.
    ///
    /// ```
    /// let task = jobling_sdk::testing::Host::new().var("HOSTNAME", "report-x7k2p").task();
    /// assert_eq!(task.pod().as_deref(), Some("report-x7k2p"));
    /// ```
    #[must_use]
    pub fn var(mut self, name: impl Into<String>, value: impl Into<OsString>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Sets the completion index.
    ///
    /// ```
    /// let task = jobling_sdk::testing::Host::new().index(2).task();
    /// assert_eq!(task.index().unwrap(), Some(2));
    /// ```
    #[must_use]
    pub fn index(self, index: u32) -> Self {
        self.var("JOB_COMPLETION_INDEX", index.to_string())
    }

    /// Mounts `directory` at `mount_path`.
    ///
    /// ```
    /// let task = jobling_sdk::testing::Host::new().volume("/in", std::env::temp_dir()).task();
    /// assert!(task.volume("/in").is_ok());
    /// ```
    #[must_use]
    pub fn volume(mut self, mount_path: impl Into<String>, directory: impl Into<PathBuf>) -> Self {
        self.directories.insert(mount_path.into(), directory.into());
        self
    }

    /// Sets what the standard input holds.
    ///
    /// ```
    /// let task = jobling_sdk::testing::Host::new().var("REQUEST_METHOD", "PUT").input("x").task();
    /// assert_eq!(task.request().unwrap().body().unwrap(), b"x");
    /// ```
    #[must_use]
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// Sets for how long the task has run.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let host = jobling_sdk::testing::Host::new().var("JOB_DEADLINE_SECONDS", "60");
    /// let task = host.elapsed(Duration::from_secs(45)).task();
    /// assert_eq!(task.remaining().unwrap(), Some(Duration::from_secs(15)));
    /// ```
    #[must_use]
    pub fn elapsed(mut self, elapsed: Duration) -> Self {
        self.elapsed = elapsed;
        self
    }

    /// Sets how many units of fuel are left.
    ///
    /// ```
    /// let task = jobling_sdk::testing::Host::new().fuel(1_000).task();
    /// assert_eq!(task.remaining_fuel(), Some(1_000));
    /// ```
    #[must_use]
    pub fn fuel(mut self, units: u64) -> Self {
        self.fuel = Some(units);
        self
    }

    /// Adds a secret that is in no variable and no file.
    ///
    /// ```
    /// let task = jobling_sdk::testing::Host::new().secret("KEY", "abc").task();
    /// assert_eq!(task.secret::<String>("KEY").unwrap().expose(), "abc");
    /// ```
    #[must_use]
    pub fn secret(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.secrets.insert(name.into(), value.into());
        self
    }

    /// Adds items to a work queue. An item that failed three times is dead.
    ///
    /// ```
    /// let host = jobling_sdk::testing::Host::new().queue("orders", ["a"]);
    /// assert_eq!(host.task().queue("orders").unwrap().count(), 3);
    /// assert_eq!(host.dead("orders"), [b"a"]);
    /// ```
    #[must_use]
    pub fn queue<B: Into<Vec<u8>>>(self, name: &str, items: impl IntoIterator<Item = B>) -> Self {
        self.shelf(name, |shelf| shelf.push(items.into_iter().map(Into::into)));
        self
    }

    /// Returns the items of a queue that wait.
    ///
    /// ```
    /// let host = jobling_sdk::testing::Host::new();
    /// host.task().queue("results").unwrap().push("7").unwrap();
    /// assert_eq!(host.waiting("results"), [b"7"]);
    /// ```
    #[must_use]
    pub fn waiting(&self, queue: &str) -> Vec<Vec<u8>> {
        self.shelf(queue, |shelf| shelf.waiting())
    }

    /// Returns the items of a queue that were acknowledged, in that order.
    ///
    /// ```
    /// let host = jobling_sdk::testing::Host::new().queue("orders", ["a"]);
    /// host.task().queue("orders").unwrap().next().unwrap().unwrap().ack().unwrap();
    /// assert_eq!(host.done("orders"), [b"a"]);
    /// ```
    #[must_use]
    pub fn done(&self, queue: &str) -> Vec<Vec<u8>> {
        self.shelf(queue, |shelf| shelf.done.clone())
    }

    /// Returns the dead letters of a queue.
    ///
    /// ```
    /// assert!(jobling_sdk::testing::Host::new().dead("orders").is_empty());
    /// ```
    #[must_use]
    pub fn dead(&self, queue: &str) -> Vec<Vec<u8>> {
        self.shelf(queue, |shelf| shelf.dead.clone())
    }

    fn shelf<R>(&self, queue: &str, look: impl FnOnce(&mut Shelf) -> R) -> R {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        look(queues.entry(queue.to_owned()).or_default())
    }

    /// Returns a task on this host, as it is furnished now.
    ///
    /// ```
    /// assert!(jobling_sdk::testing::Host::new().task().args().is_empty());
    /// ```
    #[must_use]
    pub fn task(&self) -> Task {
        Task::on(Arc::new(self.clone()))
    }

    /// Returns the lines of progress that its tasks reported: `DONE TOTAL TEXT`.
    ///
    /// ```
    /// let host = jobling_sdk::testing::Host::new();
    /// host.task().progress(1, 2, "half");
    /// assert_eq!(host.progress(), ["1 2 half"]);
    /// ```
    pub fn progress(&self) -> Vec<String> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).progress.clone()
    }

    /// Returns the termination message that a task left last.
    ///
    /// ```
    /// let host = jobling_sdk::testing::Host::new();
    /// host.task().conclude("7 rows");
    /// assert_eq!(host.message().as_deref(), Some("7 rows"));
    /// ```
    pub fn message(&self) -> Option<String> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).message.clone()
    }
}

impl host::Host for Host {
    fn arguments(&self) -> Vec<OsString> {
        self.arguments.clone()
    }

    fn variable(&self, name: &str) -> Option<OsString> {
        self.variables.get(name).cloned()
    }

    fn directory(&self, mount_path: &str) -> PathBuf {
        // A directory of the machine that runs the test must not stand in for one that is not mounted.
        let nowhere =
            || PathBuf::from("/nonexistent/jobling-sdk").join(mount_path.trim_matches('/'));
        self.directories.get(mount_path).cloned().unwrap_or_else(nowhere)
    }

    fn read_input(&self) -> io::Result<Vec<u8>> {
        Ok(self.input.clone())
    }

    fn elapsed(&self) -> Duration {
        self.elapsed
    }

    fn remaining_fuel(&self) -> Option<u64> {
        self.fuel
    }

    fn report_progress(&self, done: u64, total: u64, text: &str) {
        let line = progress::line(done, total, text);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.progress.push(line.trim_end().to_owned());
    }

    fn leave_message(&self, message: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.message = Some(message.to_owned());
    }

    fn open_queue(&self, name: &str) -> Result<Box<dyn WorkQueue>, QueueError> {
        Ok(Box::new(FakeQueue::open(Arc::clone(&self.queues), name)))
    }

    fn secret(&self, name: &str) -> Option<Vec<u8>> {
        self.secrets.get(name).cloned()
    }
}
