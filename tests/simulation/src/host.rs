//! A host to play with: the real engine on the real store, a played node, and a clock that is set by hand.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use jobling_core::Timestamp;
use jobling_core::api::{ApiError, Kind, Object};
use jobling_core::engine::{
    Change, DeleteOptions, Engine, ListScope, Patch, PatchKind, Propagation, Reader, Reply,
    Request, Settings, StoreError, Ticket, Verb, WriteOptions,
};
use jobling_core::trigger::{CallRecord, TriggerReply, TriggerRequest};
use jobling_store::testing::MemoryDisk;
use jobling_store::{Readers, Writer};
use serde_json::Value;

use crate::guests::PlayedNode;

/// Steps without time going on, after which the engine is said to spin.
const MOST_STEPS_AT_ONCE: u32 = 100;

/// What a step came to.
#[derive(Debug, Default)]
pub struct Stepped {
    /// What it changed, as watches are told.
    pub changes: Vec<Arc<Change>>,
    /// The answers to what was asked, in order.
    pub answers: Vec<Result<Reply, ApiError>>,
    /// The answers to requests to triggers, in order.
    pub trigger_answers: Vec<Result<TriggerReply, ApiError>>,
    /// When the engine wants the next one.
    pub wake_at: Option<Timestamp>,
    /// Why nothing was committed, where that failed.
    pub trouble: Option<StoreError>,
}

/// One host, its daemon and its disk.
#[derive(Debug)]
pub struct Host {
    pub(crate) dice: Rng,
    disk: MemoryDisk,
    engine: Engine<Writer, PlayedNode>,
    readers: Readers,
    node: PlayedNode,
    settings: Settings,
    now: Timestamp,
    wake_at: Option<Timestamp>,
    next_ticket: u64,
}

impl Host {
    /// Returns a host on which nothing was done yet, whose clock says `now`.
    ///
    /// # Errors
    /// Where memory is short.
    pub fn new(seed: u64, now: Timestamp) -> Result<Self, String> {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        let disk = MemoryDisk::new(bytes, jobling_store::Settings::default()).map_err(text)?;
        let settings = Settings {
            memory_bytes: 1 << 40,
            most_pods: 100_000,
            default_memory_bytes: 1 << 20,
            call_bytes: 1 << 20,
            ..Settings::default()
        };
        let (writer, readers) = disk.open().map_err(text)?;
        let node = PlayedNode::default();
        let engine = Engine::open(writer, node.clone(), settings.clone()).map_err(text)?;
        let dice = Rng::with_seed(seed);
        let mut host = Self {
            dice,
            disk,
            engine,
            readers,
            node,
            settings,
            now,
            wake_at: None,
            next_ticket: 0,
        };
        host.step()?;
        Ok(host)
    }

    /// Returns what the clock says.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns when the engine, or a guest, has something to do next.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        let guest = self.node.0.borrow().next();
        [self.wake_at, guest].into_iter().flatten().min()
    }

    /// Returns when the engine wants to be woken.
    #[must_use]
    pub const fn wake_at(&self) -> Option<Timestamp> {
        self.wake_at
    }

    /// Takes one step, with all that guests report up to now.
    ///
    /// # Errors
    /// What a daemon must never do to a node, and what cannot be read.
    pub fn step(&mut self) -> Result<Stepped, String> {
        let reports = {
            let mut guests = self.node.0.borrow_mut();
            guests.at(self.now, &mut self.dice);
            guests.reports(&mut self.dice)
        };
        for report in reports {
            self.engine.report(report);
        }
        let before = self.readers.revision();
        let mut step = self.engine.step(self.now);
        let changes = self.readers.changes(before, usize::MAX).map_err(text)?;
        if let Some(mistake) = self.node.0.borrow_mut().mistakes.pop() {
            return Err(mistake);
        }
        if step.trouble.is_some() && !changes.is_empty() {
            return Err("a failed commit was told of".into());
        }
        self.wake_at = step.wake_at;
        step.replies.sort_by_key(|(ticket, _)| *ticket);
        let answers = step.replies.into_iter().map(|(_, answer)| answer).collect();
        step.trigger_replies.sort_by_key(|(ticket, _)| *ticket);
        let trigger_answers = step.trigger_replies.into_iter().map(|(_, answer)| answer).collect();
        Ok(Stepped {
            changes,
            answers,
            trigger_answers,
            wake_at: step.wake_at,
            trouble: step.trouble,
        })
    }

    /// Has something wait for the next step.
    pub fn ask(&mut self, kind: Kind, name: &str, verb: Verb) {
        self.ask_within("default", kind, name, verb);
    }

    /// Has something of that namespace wait for the next step; of none, if it is empty.
    pub fn ask_within(&mut self, namespace: &str, kind: Kind, name: &str, verb: Verb) {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        let name = if matches!(verb, Verb::Create(_)) { String::new() } else { name.to_owned() };
        let (namespace, options) = (namespace.to_owned(), WriteOptions::default());
        self.engine.submit(ticket, Request { kind, namespace, name, verb, options });
    }

    /// Has a request to a trigger wait for the next step.
    pub fn ask_trigger(&mut self, request: TriggerRequest) {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.engine.submit_to_trigger(ticket, request);
    }

    /// Returns what is remembered of the request that a Job answers.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn call(&self, job: &str) -> Result<Option<CallRecord>, String> {
        self.readers.call("default", job).map_err(text)
    }

    /// Has an object be made with the next step.
    pub fn create(&mut self, kind: Kind, body: Value) {
        self.ask(kind, "", Verb::Create(body));
    }

    /// Has an object be changed by a merge patch with the next step.
    pub fn patch(&mut self, kind: Kind, name: &str, body: Value) {
        self.ask(kind, name, Verb::Patch(Patch { kind: PatchKind::Merge, body }));
    }

    /// Has an object be deleted with the next step.
    pub fn delete(&mut self, kind: Kind, name: &str, propagation: Propagation) {
        let options = DeleteOptions { propagation, ..DeleteOptions::default() };
        self.ask(kind, name, Verb::Delete(options));
    }

    /// Lets time go on, with a step whenever something is due. Returns what all of them changed.
    ///
    /// # Errors
    /// As [`Host::step`], and where the engine spins.
    pub fn pass(&mut self, time: Duration) -> Result<Vec<Arc<Change>>, String> {
        let until = self.now.plus(time);
        let (mut changes, mut moment, mut at_once) = (Vec::new(), self.now, 0);
        while let Some(due) = self.next().filter(|due| *due <= until) {
            self.now = due.max(self.now);
            at_once = if self.now == moment { at_once + 1 } else { 0 };
            moment = self.now;
            if at_once > MOST_STEPS_AT_ONCE {
                return Err(format!("the engine spins at {}", self.now));
            }
            changes.extend(self.step()?.changes);
        }
        self.now = until;
        Ok(changes)
    }

    /// The clock is set, or goes on while nobody looks; guests run on by their own.
    pub fn set_clock(&mut self, now: Timestamp) {
        let micros = now.unix_micros().saturating_sub(self.now.unix_micros());
        self.now = now;
        self.node.0.borrow_mut().jump(micros);
    }

    /// Time goes on as far as the next thing that is due, which must come.
    pub(crate) fn move_to(&mut self, now: Timestamp) {
        self.now = now.max(self.now);
    }

    /// The daemon dies, and is started again when the clock says `now`. Its first step is still to be taken.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn crash(&mut self, now: Timestamp) -> Result<(), String> {
        let (writer, readers) = self.disk.open().map_err(text)?;
        self.node = PlayedNode::default();
        self.engine =
            Engine::open(writer, self.node.clone(), self.settings.clone()).map_err(text)?;
        (self.readers, self.now) = (readers, now);
        Ok(())
    }

    /// Has the next commit fail.
    pub fn fail_next_commit(&mut self, error: StoreError) {
        self.engine.store_mut().fail_next_commit(error);
    }

    /// Returns the objects of that kind, by name.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn list(&self, kind: Kind) -> Result<Vec<Object>, String> {
        Ok(self.readers.list(kind, &ListScope::default()).map_err(text)?.items)
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
