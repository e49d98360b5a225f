//! The engine's thread: waits until something happens or is due, takes all that waits into one step, and
//! answers. It decides nothing.

use std::any::Any;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use jobling_core::Timestamp;
use jobling_core::api::ApiError;
use jobling_core::engine::{
    Engine, PodReport, Reply, Request, Runner, Step, Store, StoreError, Ticket,
};
use jobling_core::trigger::{TriggerReply, TriggerRequest};
use jobling_node::Clock;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

/// So many reports go into one step, at most: the rest into the next.
const REPORTS_A_STEP: usize = 4096;

/// After so long without anything, memory that only made things faster is let go.
const QUIET: Duration = Duration::from_secs(1);

/// After the grace period, so long for the pods' ends to be reported and committed.
const MARGIN: Duration = Duration::from_secs(5);

/// Who waits for an answer.
type Answer<T> = oneshot::Sender<Result<T, ApiError>>;

/// A request and who waits for its answer.
pub(super) enum Asked {
    /// Of the API.
    Change(Request, Answer<Reply>),
    /// Of an HTTPTrigger.
    Trigger(TriggerRequest, Answer<TriggerReply>),
}

/// What the engine's thread is told besides requests and reports.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Orders {
    /// Every pod is to be ended within this, and the thread with the last of them.
    pub(super) drain: Option<Duration>,
    /// The thread is to end after this step, whatever runs.
    pub(super) close: bool,
    /// How often the wall clock was set: what is due at a time must be reckoned anew.
    pub(super) clock_sets: u64,
    /// How often somebody has asked whether the thread still goes round.
    pub(super) beats: u64,
}

/// How the engine's thread ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It was told to drain, and no pod runs.
    Drained,
    /// It was told to drain, and so many pods' ends are not remembered: the next start decides what
    /// becomes of them.
    Overdue(usize),
    /// Its host was dropped.
    Closed,
    /// It panicked, with this message: a fault of this program.
    Panicked(String),
}

/// Where what happens waits for the next step.
pub(super) struct Inbox {
    pub(super) requests: mpsc::Receiver<Asked>,
    pub(super) reports: mpsc::Receiver<PodReport>,
    pub(super) orders: watch::Receiver<Orders>,
    /// Told which [`Orders::beats`] the last step has seen.
    pub(super) beats: watch::Sender<u64>,
}

/// The engine and what drives it.
pub(super) struct Driver<S, R> {
    engine: Engine<S, R>,
    inbox: Inbox,
    clock: Arc<dyn Clock>,
    answers: HashMap<Ticket, Answer<Reply>>,
    trigger_answers: HashMap<Ticket, Answer<TriggerReply>>,
    next_ticket: u64,
    trouble: Option<StoreError>,
    drain_by: Option<Instant>,
    /// When the store is to rest, unless something happens before.
    rest_at: Option<Instant>,
}

impl<S: Store, R: Runner> Driver<S, R> {
    pub(super) fn new(engine: Engine<S, R>, inbox: Inbox, clock: Arc<dyn Clock>) -> Self {
        Self {
            engine,
            inbox,
            clock,
            answers: HashMap::new(),
            trigger_answers: HashMap::new(),
            next_ticket: 0,
            trouble: None,
            drain_by: None,
            rest_at: None,
        }
    }

    /// Drives the engine to its end. Everything that it holds is dropped then, the database too.
    pub(super) fn run(self, runtime: &tokio::runtime::Runtime) -> Ended {
        let driven = AssertUnwindSafe(|| runtime.block_on(self.drive()));
        std::panic::catch_unwind(driven).unwrap_or_else(|panic| {
            let message = panic_message(&*panic);
            tracing::error!(message, "the engine has failed");
            Ended::Panicked(message)
        })
    }

    async fn drive(mut self) -> Ended {
        loop {
            let beats = self.inbox.orders.borrow().beats;
            let step = self.engine.step(self.clock.now());
            self.rest_at = Instant::now().checked_add(QUIET);
            let wake_at = step.wake_at;
            self.answer(step);
            self.inbox.beats.send_replace(beats);
            if let Some(ended) = self.ended() {
                return ended;
            }
            self.wait(wake_at).await;
            self.take_waiting();
        }
    }

    /// Waits until something comes in or is due.
    async fn wait(&mut self, wake_at: Option<Timestamp>) {
        // Measured on the monotonic clock: when the wall clock is set, an order says so.
        let delay = wake_at.map(|at| at.since(self.clock.now()));
        let due = delay.and_then(|delay| Instant::now().checked_add(delay));
        let due = due.into_iter().chain(self.drain_by).min();
        loop {
            let Inbox { requests, reports, orders, beats: _ } = &mut self.inbox;
            tokio::select! {
                Some(request) = requests.recv() => self.submit(request),
                Some(report) = reports.recv() => self.engine.report(report),
                Ok(()) = orders.changed() => {}
                () = until(due) => {}
                () = until(self.rest_at) => {
                    self.rest_at = None;
                    self.engine.store_mut().rest();
                    jobling_sandbox::give_back_memory();
                    continue;
                }
            }
            return;
        }
    }

    /// Takes whatever else has come in by now into the same step.
    fn take_waiting(&mut self) {
        for _ in 0..self.inbox.requests.max_capacity() {
            let Ok(request) = self.inbox.requests.try_recv() else { break };
            self.submit(request);
        }
        for _ in 0..REPORTS_A_STEP {
            let Ok(report) = self.inbox.reports.try_recv() else { break };
            self.engine.report(report);
        }
        let orders = *self.inbox.orders.borrow_and_update();
        if let Some(grace) = orders.drain {
            self.engine.drain(grace);
            let by = Instant::now().checked_add(grace.saturating_add(MARGIN));
            self.drain_by = self.drain_by.into_iter().chain(by).min();
        }
    }

    fn submit(&mut self, asked: Asked) {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        match asked {
            Asked::Change(request, answer) => {
                self.answers.insert(ticket, answer);
                self.engine.submit(ticket, request);
            }
            Asked::Trigger(request, answer) => {
                self.trigger_answers.insert(ticket, answer);
                self.engine.submit_to_trigger(ticket, request);
            }
        }
    }

    fn answer(&mut self, step: Step) {
        send_all(&mut self.answers, step.replies);
        send_all(&mut self.trigger_answers, step.trigger_replies);
        if step.trouble == self.trouble {
            return;
        }
        if let Some(error) = &step.trouble {
            tracing::warn!(%error, "nothing can be committed; trying again");
        } else {
            tracing::info!("commits succeed again");
        }
        self.trouble = step.trouble;
    }

    fn ended(&self) -> Option<Ended> {
        let orders = *self.inbox.orders.borrow();
        if orders.close {
            return Some(Ended::Closed);
        }
        let by = self.drain_by?;
        if self.engine.is_idle() {
            return Some(Ended::Drained);
        }
        (Instant::now() >= by).then(|| Ended::Overdue(self.engine.scheduled().len()))
    }
}

fn send_all<T>(
    waiting: &mut HashMap<Ticket, Answer<T>>,
    replies: Vec<(Ticket, Result<T, ApiError>)>,
) {
    for (ticket, result) in replies {
        let Some(answer) = waiting.remove(&ticket) else { continue };
        if answer.send(result).is_err() {
            tracing::debug!("a client left before its answer");
        }
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message").to_owned()
}
