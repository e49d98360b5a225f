//! The thread that has the store: it takes all that waits and carries it out in one commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jobling_core::Timestamp;
use jobling_core::engine::StoreError;
use jobling_core::queues::{
    Answer, Holder, Operation, QueueLimits, QueueName, QueueRules, QueueStore,
};
use tokio::sync::{mpsc, oneshot, watch};

use super::session::BuiltinSession;
use crate::QueueError;

/// Operations that one commit carries out at most.
const MAX_BATCH: usize = 512;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

type Answered = Result<Answer, StoreError>;

/// An operation, and where its answer goes; nobody may want it.
struct Asked {
    operation: Operation,
    answer: Option<oneshot::Sender<Answered>>,
}

/// The built-in queues. Clones are the same queues; with the last of them and of their sessions the
/// store is closed.
#[derive(Clone)]
pub struct Builtin {
    // Unbounded in type only: a session has one operation under way, and one more when it ends.
    asked: mpsc::UnboundedSender<Asked>,
    /// Counts the commits after which there may be more to deliver.
    arrivals: watch::Receiver<u64>,
    clock: Clock,
    rules: QueueRules,
    limits: QueueLimits,
    sessions: Arc<AtomicU64>,
}

impl std::fmt::Debug for Builtin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builtin").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl Builtin {
    /// Starts the thread that keeps `store`.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start(
        store: impl QueueStore + 'static,
        clock: Clock,
        rules: QueueRules,
        limits: QueueLimits,
    ) -> std::io::Result<Self> {
        let (asked, waiting) = mpsc::unbounded_channel();
        let (arrived, arrivals) = watch::channel(0);
        let keeper = Keeper { store, clock: Arc::clone(&clock), waiting, arrived };
        std::thread::Builder::new().name("queues".to_owned()).spawn(move || keeper.run())?;
        Ok(Self { asked, arrivals, clock, rules, limits, sessions: Arc::default() })
    }

    /// Opens a queue for `holder`; a queue that is not there yet is an empty one.
    #[must_use]
    pub fn open(&self, queue: QueueName, holder: &str) -> BuiltinSession {
        self.open_with(queue, holder, self.rules)
    }

    /// Opens a queue for `holder`, who has its items delivered by rules of its own.
    #[must_use]
    pub fn open_with(&self, queue: QueueName, holder: &str, rules: QueueRules) -> BuiltinSession {
        let number = self.sessions.fetch_add(1, Ordering::Relaxed);
        let holder = Holder(format!("{holder}#{number}").into());
        BuiltinSession::new(self.clone(), queue, holder, rules)
    }

    /// Carries out one operation.
    ///
    /// # Errors
    /// Where the store fails, or is closed.
    pub async fn ask(&self, operation: Operation) -> Result<Answer, QueueError> {
        let (answer, answered) = oneshot::channel();
        let asked = Asked { operation, answer: Some(answer) };
        self.asked.send(asked).map_err(|_closed| QueueError::Closed)?;
        let answer = answered.await.map_err(|_closed| QueueError::Closed)?;
        Ok(answer?)
    }

    /// Has one operation carried out, whatever comes of it.
    pub(super) fn tell(&self, operation: Operation) {
        // A store that is closed has no leases to end: its next opening ends them all.
        let _closed = self.asked.send(Asked { operation, answer: None }).is_err();
    }

    pub(super) fn arrivals(&self) -> watch::Receiver<u64> {
        self.arrivals.clone()
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Returns how items are delivered.
    #[must_use]
    pub fn rules(&self) -> &QueueRules {
        &self.rules
    }

    /// Returns how much a queue holds.
    #[must_use]
    pub fn limits(&self) -> QueueLimits {
        self.limits
    }
}

struct Keeper<S> {
    store: S,
    clock: Clock,
    waiting: mpsc::UnboundedReceiver<Asked>,
    arrived: watch::Sender<u64>,
}

impl<S: QueueStore> Keeper<S> {
    fn run(mut self) {
        let mut batch = Vec::new();
        while let Some(first) = self.waiting.blocking_recv() {
            batch.push(first);
            while batch.len() < MAX_BATCH
                && let Ok(next) = self.waiting.try_recv()
            {
                batch.push(next);
            }
            self.carry_out(&mut batch);
        }
    }

    fn carry_out(&mut self, batch: &mut Vec<Asked>) {
        let (operations, answers): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|asked| (asked.operation, asked.answer)).unzip();
        let results = match self.store.apply(&operations, (self.clock)()) {
            Ok(results) => results.into_iter().map(Ok).collect(),
            Err(error) => self.one_by_one(&operations, error),
        };
        if operations.iter().any(brings_work) {
            self.arrived.send_modify(|arrivals| *arrivals = arrivals.wrapping_add(1));
        }
        for (answer, result) in answers.into_iter().zip(results) {
            // Whoever asked may have gone.
            let _gone = answer.is_some_and(|answer| answer.send(result).is_err());
        }
    }

    /// Carries out each operation of a batch that failed by itself: a push for which the disk has no room
    /// does not keep an acknowledgement from being written.
    fn one_by_one(&mut self, operations: &[Operation], error: StoreError) -> Vec<Answered> {
        tracing::warn!(%error, "queue operations failed");
        let [_, _, ..] = operations else { return vec![Err(error)] };
        let alone = |operation| {
            let mut answers = self.store.apply(std::slice::from_ref(operation), (self.clock)())?;
            Ok(answers.pop().expect("an answer for each operation"))
        };
        operations.iter().map(alone).collect()
    }
}

/// Returns whether there may be more to deliver after `operation`.
fn brings_work(operation: &Operation) -> bool {
    match operation {
        Operation::Push { .. }
        | Operation::Return { .. }
        | Operation::Release(_)
        | Operation::Revive(_)
        // The wake-up of whoever waits for a lease to end may have become another.
        | Operation::Extend { .. } => true,
        Operation::Reserve { .. }
        | Operation::Acknowledge(_)
        | Operation::Bury { .. }
        | Operation::Peek { .. }
        | Operation::Purge { .. }
        | Operation::List => false,
    }
}
