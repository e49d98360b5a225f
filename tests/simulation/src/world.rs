//! One run: the dice say what happens next, the oracle says whether it may.

use std::collections::BTreeSet;
use std::time::Duration;

use fastrand::Rng;
use jobling_core::Timestamp;
use jobling_core::api::{ApiError, Kind, ObjectKey};
use jobling_core::control::Backoff;
use jobling_core::engine::{
    DeleteOptions, Engine, Patch, PatchKind, Propagation, Reader, Reply, Request, Settings, Step,
    Store as _, StoreError, Ticket, Verb, WriteOptions,
};
use jobling_store::testing::MemoryDisk;
use jobling_store::{Readers, Writer};

use crate::guests::PlayedNode;
use crate::jobs;
use crate::oracle::Oracle;

/// The moment at which every run begins.
const BEGIN: i64 = 1_790_000_000;
/// Steps without time going on, after which the engine is said to spin.
const MOST_STEPS_AT_ONCE: u32 = 64;

/// What a run was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// Steps of the engine.
    pub steps: u64,
    /// Crashes of the daemon.
    pub crashes: u64,
    /// Commits that failed.
    pub failed_commits: u64,
    /// Clock jumps.
    pub jumps: u64,
    /// Jobs created.
    pub jobs: u64,
    /// Pods started.
    pub starts: u64,
}

struct World {
    dice: Rng,
    disk: MemoryDisk,
    engine: Engine<Writer, PlayedNode>,
    readers: Readers,
    node: PlayedNode,
    settings: Settings,
    oracle: Oracle,
    now: Timestamp,
    wake_at: Option<Timestamp>,
    asked: Vec<(Ticket, ObjectKey, Asked)>,
    next_ticket: u64,
    report: Report,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Create,
    Change,
    Delete,
}

/// Plays the run that `seed` draws.
///
/// # Errors
/// What did not hold, and when.
pub fn run(seed: u64) -> Result<Report, String> {
    let mut world = World::new(seed)?;
    let events = world.dice.u32(10..60);
    for event in 0..events {
        world.happen().map_err(|error| format!("seed {seed}, event {event}: {error}"))?;
    }
    world.come_to_rest().map_err(|error| format!("seed {seed}, at the end: {error}"))?;
    Ok(world.report)
}

impl World {
    fn new(seed: u64) -> Result<Self, String> {
        let mut dice = Rng::with_seed(seed);
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        let disk = MemoryDisk::new(bytes, jobling_store::Settings::default()).map_err(text)?;
        let settings = Settings {
            backoff: Backoff::default(),
            memory_bytes: (64 + dice.u64(0..256)) << 20,
            most_pods: dice.u32(1..12),
            default_memory_bytes: 16 << 20,
            terminated_pod_gc_threshold: dice.bool().then(|| dice.u64(0..20)),
            call_bytes: 1 << 20,
        };
        let (writer, readers) = disk.open().map_err(text)?;
        let node = PlayedNode::default();
        let engine = Engine::open(writer, node.clone(), settings.clone()).map_err(text)?;
        let mut world = Self {
            dice,
            disk,
            engine,
            readers,
            node,
            settings,
            oracle: Oracle::default(),
            now: Timestamp::from_unix_seconds(BEGIN),
            wake_at: None,
            asked: Vec::new(),
            next_ticket: 0,
            report: Report::default(),
        };
        world.step()?;
        Ok(world)
    }

    /// Has one thing happen.
    fn happen(&mut self) -> Result<(), String> {
        match self.dice.u8(0..100) {
            0..22 => self.create_job(),
            22..30 => self.change_job(),
            30..36 => self.delete_job(),
            36..42 => self.delete_pod(),
            42..46 => self.create_claim(),
            46..49 => self.delete_claim(),
            49..55 => return self.crash(),
            55..61 => self.fail_next_commit(),
            61..64 => return self.jump(),
            _ => {
                let seconds = self.dice.u64(0..120);
                return self.pass(Duration::from_secs(seconds));
            }
        }
        if self.dice.bool() { self.step() } else { Ok(()) }
    }

    fn create_job(&mut self) {
        let name = format!("job-{}", self.dice.u8(0..12));
        let body = jobs::job(&name, &mut self.dice);
        self.report.jobs += 1;
        self.ask(Kind::Job, &name, Verb::Create(body), Asked::Create);
    }

    fn create_claim(&mut self) {
        let name = format!("claim-{}", self.dice.u8(0..2));
        let body = jobs::claim(&name);
        self.ask(Kind::PersistentVolumeClaim, &name, Verb::Create(body), Asked::Create);
    }

    fn change_job(&mut self) {
        let Some((name, indexed)) = self.any_job() else { return };
        let body = jobs::change(indexed, &mut self.dice);
        let patch = Patch { kind: PatchKind::Merge, body };
        self.ask(Kind::Job, &name, Verb::Patch(patch), Asked::Change);
    }

    fn delete_job(&mut self) {
        let Some((name, _)) = self.any_job() else { return };
        let propagation = [Propagation::Background, Propagation::Foreground, Propagation::Orphan]
            [self.dice.usize(0..3)];
        let options = DeleteOptions { propagation, ..DeleteOptions::default() };
        self.ask(Kind::Job, &name, Verb::Delete(options), Asked::Delete);
    }

    fn delete_pod(&mut self) {
        let names = self.oracle.pod_names();
        if names.is_empty() {
            return;
        }
        let name = names[self.dice.usize(0..names.len())].clone();
        let grace_period_seconds = self.dice.bool().then(|| self.dice.u32(0..5));
        let options = DeleteOptions { grace_period_seconds, ..DeleteOptions::default() };
        self.ask(Kind::Pod, &name, Verb::Delete(options), Asked::Delete);
    }

    fn delete_claim(&mut self) {
        let name = format!("claim-{}", self.dice.u8(0..2));
        let verb = Verb::Delete(DeleteOptions::default());
        self.ask(Kind::PersistentVolumeClaim, &name, verb, Asked::Delete);
    }

    fn any_job(&mut self) -> Option<(String, bool)> {
        let known: Vec<(String, bool)> = self
            .oracle
            .jobs()
            .map(|job| {
                let mode = job.spec.as_ref().and_then(|spec| spec.completion_mode.as_deref());
                (job.metadata.name.clone().unwrap_or_default(), mode == Some("Indexed"))
            })
            .collect();
        if known.is_empty() { None } else { Some(known[self.dice.usize(0..known.len())].clone()) }
    }

    fn ask(&mut self, kind: Kind, name: &str, verb: Verb, asked: Asked) {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        let key = ObjectKey::new(kind, "default", name);
        self.asked.push((ticket, key, asked));
        let name = if asked == Asked::Create { String::new() } else { name.to_owned() };
        let namespace = "default".to_owned();
        let options = WriteOptions::default();
        self.engine.submit(ticket, Request { kind, namespace, name, verb, options });
    }

    /// The daemon dies and is started again. What was asked and not answered may or may not have been.
    fn crash(&mut self) -> Result<(), String> {
        self.report.crashes += 1;
        self.asked.clear();
        let (writer, readers) = self.disk.open().map_err(text)?;
        self.node = PlayedNode::default();
        self.engine =
            Engine::open(writer, self.node.clone(), self.settings.clone()).map_err(text)?;
        self.readers = readers;
        if self.dice.u8(0..4) == 0 {
            self.now = self.now.plus(Duration::from_secs(self.dice.u64(0..100_000)));
        }
        self.oracle.check_store(&self.readers)?;
        self.oracle.crashed();
        if self.dice.u8(0..8) == 0 {
            self.fail_next_commit();
        }
        self.step()
    }

    fn fail_next_commit(&mut self) {
        self.report.failed_commits += 1;
        let error =
            if self.dice.bool() { StoreError::Full } else { StoreError::Failed("I/O".into()) };
        self.engine.store_mut().fail_next_commit(error);
    }

    fn jump(&mut self) -> Result<(), String> {
        self.report.jumps += 1;
        let seconds = self.dice.i64(0..1_000_000);
        let micros = if self.dice.bool() { seconds } else { -seconds } * 1_000_000;
        if micros < 0 {
            self.oracle.clock_went_back();
        }
        self.now = Timestamp::from_unix_micros(self.now.unix_micros() + micros);
        self.node.0.borrow_mut().jump(micros);
        self.step()
    }

    /// Lets time go on, with a step whenever something is due.
    fn pass(&mut self, time: Duration) -> Result<(), String> {
        let until = self.now.plus(time);
        let (mut moment, mut at_once) = (self.now, 0);
        loop {
            let guest = self.node.0.borrow().next();
            let due = [self.wake_at, guest].into_iter().flatten().min();
            let Some(due) = due.filter(|due| *due <= until) else { break };
            self.now = due.max(self.now);
            at_once = if self.now == moment { at_once + 1 } else { 0 };
            moment = self.now;
            if at_once > MOST_STEPS_AT_ONCE {
                return Err(format!("the engine spins at {}", self.now));
            }
            self.step()?;
        }
        self.now = until;
        self.engine.store_mut().rest();
        Ok(())
    }

    fn step(&mut self) -> Result<(), String> {
        self.report.steps += 1;
        let reports = {
            let mut guests = self.node.0.borrow_mut();
            guests.at(self.now, &mut self.dice);
            guests.reports(&mut self.dice)
        };
        for report in reports {
            self.engine.report(report);
        }
        let before = self.readers.revision();
        let step = self.engine.step(self.now);
        let changes = self.readers.changes(before, usize::MAX).map_err(text)?;
        if step.trouble.is_some() && !changes.is_empty() {
            return Err("a failed commit was told of".into());
        }
        self.oracle.expire(self.now);
        self.take_replies(&step)?;
        self.oracle.take(&changes, &self.settings, self.now)?;
        self.wake_at = step.wake_at;
        if step.trouble.is_none() {
            self.oracle.recovered();
            self.check_node()?;
        }
        // Reading all of the store is dear: now and then, and after a crash.
        if self.report.steps.is_multiple_of(8) {
            return self.oracle.check_store(&self.readers);
        }
        Ok(())
    }

    fn take_replies(&mut self, step: &Step) -> Result<(), String> {
        let mut answers: std::collections::BTreeMap<_, _> =
            step.replies.iter().map(|(ticket, answer)| (*ticket, answer)).collect();
        for (ticket, key, asked) in std::mem::take(&mut self.asked) {
            let answer = answers.remove(&ticket).ok_or(format!("{key:?} was not answered"))?;
            self.take_answer(&key, asked, answer);
        }
        Ok(())
    }

    fn take_answer(&mut self, key: &ObjectKey, asked: Asked, answer: &Result<Reply, ApiError>) {
        match (asked, answer) {
            (Asked::Create, Ok(_)) => self.oracle.acknowledge(key.clone()),
            // A finished Job whose time to live was changed may go within the same step.
            (Asked::Delete | Asked::Change, Ok(_)) => self.oracle.release(key),
            (Asked::Create | Asked::Change | Asked::Delete, Err(_)) => {}
        }
    }

    fn check_node(&mut self) -> Result<(), String> {
        let mut guests = self.node.0.borrow_mut();
        if let Some(mistake) = guests.mistakes.pop() {
            return Err(mistake);
        }
        self.report.starts += u64::try_from(guests.starts.len()).unwrap_or_default();
        guests.starts.clear();
        let known: BTreeSet<_> = guests.known().collect();
        drop(guests);
        self.oracle.check_node(&known)
    }

    /// Nothing more goes wrong: every Job that may finish does, and then nothing is written any more.
    fn come_to_rest(&mut self) -> Result<(), String> {
        for _ in 0..400 {
            for name in ["claim-0", "claim-1"] {
                let verb = Verb::Create(jobs::claim(name));
                self.ask(Kind::PersistentVolumeClaim, name, verb, Asked::Create);
            }
            self.step()?;
            self.pass(Duration::from_mins(10))?;
            if self.oracle.unfinished().is_empty() {
                break;
            }
        }
        let unfinished = self.oracle.unfinished();
        if !unfinished.is_empty() {
            return Err(format!("{unfinished:?} never finished"));
        }
        self.pass(Duration::from_hours(1))?;
        let before = self.readers.revision();
        self.step()?;
        if self.readers.revision() != before {
            return Err("an idle engine wrote".into());
        }
        let most = self.settings.terminated_pod_gc_threshold.unwrap_or(u64::MAX);
        let kept = self.oracle.ended_pods();
        if u64::try_from(kept).is_ok_and(|kept| kept > most) {
            return Err(format!("{kept} ended pods are kept, {most} may be"));
        }
        self.oracle.check_store(&self.readers)
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
