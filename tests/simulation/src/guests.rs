//! The played node: guests that run for a while, end as the dice say, and honour a stop.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use fastrand::Rng;
use jobling_core::Timestamp;
use jobling_core::api::{Object, ObjectKey};
use jobling_core::engine::{EndCause, PodReport, PodStart, Runner};
use jobling_core::pods::{ContainerState, ContainerStatus, PodId, PodPhase, PodStatus, Terminated};
use jobling_core::trigger::CallOutput;

/// What a guest is about to do.
#[derive(Debug, Clone)]
struct Guest {
    /// What it will report, and when; in order.
    script: Vec<(Timestamp, PodStatus)>,
    stop_at: Option<(Timestamp, EndCause)>,
    /// Its end, given again until the engine forgets it.
    ended: Option<PodStatus>,
    /// What it prints: the body of the request that it answers.
    output: Option<CallOutput>,
}

/// The node's memory, gone with a crash.
#[derive(Debug, Default)]
pub(crate) struct Guests {
    running: BTreeMap<PodId, Guest>,
    /// Every pod that this node was ever told to start: none is started twice.
    started: BTreeSet<PodId>,
    pub mistakes: Vec<String>,
    pub starts: Vec<PodId>,
    now: Timestamp,
    dice: Option<Rng>,
}

/// The engine's side of the played node.
#[derive(Debug, Clone, Default)]
pub(crate) struct PlayedNode(pub Rc<RefCell<Guests>>);

impl Guests {
    /// Sets the clock, and the dice for guests that start.
    pub(crate) fn at(&mut self, now: Timestamp, dice: &mut Rng) {
        self.now = now;
        self.dice = Some(dice.fork());
    }

    /// Moves what guests will do with a clock that jumps by so many microseconds: they run on.
    pub(crate) fn jump(&mut self, micros: i64) {
        let moved = |at: &mut Timestamp| {
            *at = Timestamp::from_unix_micros(at.unix_micros().saturating_add(micros));
        };
        for guest in self.running.values_mut() {
            guest.script.iter_mut().for_each(|(at, _)| moved(at));
            if let Some((at, _)) = &mut guest.stop_at {
                moved(at);
            }
        }
    }

    /// Returns the pods that run or whose end is not forgotten.
    pub(crate) fn known(&self) -> impl Iterator<Item = PodId> {
        self.running.keys().copied()
    }

    /// Returns when the next guest has something to report.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.running.values().filter_map(Guest::next).min()
    }

    /// Returns what the guests report up to now.
    pub(crate) fn reports(&mut self, dice: &mut Rng) -> Vec<PodReport> {
        let now = self.now;
        let mut reports = Vec::new();
        for (&id, guest) in &mut self.running {
            reports.extend(guest.reports(id, now));
            // An end may be told more than once.
            if let Some(ended) = guest.ended.as_ref().filter(|_| dice.u8(..) < 8) {
                reports.push(guest.report(id, ended.clone()));
            }
        }
        reports
    }
}

impl Guest {
    fn next(&self) -> Option<Timestamp> {
        if self.ended.is_some() {
            return None;
        }
        let script = self.script.first().map(|(at, _)| *at);
        [script, self.stop_at.map(|(at, _)| at)].into_iter().flatten().min()
    }

    fn reports(&mut self, id: PodId, now: Timestamp) -> Vec<PodReport> {
        let mut reports = Vec::new();
        while self.ended.is_none() {
            let own = self.script.first().filter(|(at, _)| *at <= now);
            let stop = self.stop_at.filter(|(at, _)| *at <= now);
            let status = match (own, stop) {
                (Some((at, _)), Some((end, cause))) if end < *at => stopped(end, cause),
                (Some(_), _) => self.script.remove(0).1,
                (None, Some((end, cause))) => stopped(end, cause),
                (None, None) => break,
            };
            if status.phase.is_terminal() {
                self.ended = Some(status.clone());
            }
            reports.push(self.report(id, status));
        }
        reports
    }
}

impl Guest {
    fn report(&self, id: PodId, status: PodStatus) -> PodReport {
        let output = self.output.clone().filter(|_| status.phase.is_terminal());
        PodReport { id, status, events: Vec::new(), output }
    }
}

impl Runner for PlayedNode {
    fn start(&mut self, start: PodStart) {
        let mut guests = self.0.borrow_mut();
        let id = start.pod.id;
        if !guests.started.insert(id) {
            guests.mistakes.push(format!("pod {id} was started twice"));
        }
        if start.pod.scheduled_at.is_none() {
            guests.mistakes.push(format!("pod {id} was started unscheduled"));
        }
        let now = guests.now;
        let mut dice = guests.dice.take().unwrap_or_else(|| Rng::with_seed(0));
        let script = script(&start, now, &mut dice);
        guests.dice = Some(dice);
        guests.starts.push(id);
        let output = start
            .call
            .as_ref()
            .map(|call| CallOutput { bytes: call.body.as_slice().into(), truncated: false });
        guests.running.insert(id, Guest { script, stop_at: None, ended: None, output });
    }

    fn stop(&mut self, pod: PodId, cause: EndCause, grace: Duration) {
        let mut guests = self.0.borrow_mut();
        let at = guests.now.plus(grace);
        if let Some(guest) = guests.running.get_mut(&pod) {
            let sooner = guest.stop_at.is_none_or(|(had, _)| at < had);
            if sooner {
                guest.stop_at = Some((at, cause));
            }
        }
    }

    fn forget(&mut self, pod: PodId) {
        self.0.borrow_mut().running.remove(&pod);
    }

    fn remove(&mut self, pod: PodId) {
        let mut guests = self.0.borrow_mut();
        if guests.running.get(&pod).is_some_and(|guest| guest.ended.is_none()) {
            guests.mistakes.push(format!("pod {pod} was removed while it ran"));
        }
    }

    fn object_changed(&mut self, _key: &ObjectKey, _object: Option<&Object>) {}
}

/// Draws what a guest will do. The Job's annotation `failures` says how many of 100 attempts fail,
/// `seconds` how long most of them take.
fn script(start: &PodStart, now: Timestamp, dice: &mut Rng) -> Vec<(Timestamp, PodStatus)> {
    let said = |key| start.job.annotations.get(key).and_then(|text| text.parse::<u64>().ok());
    let failures = said("failures").unwrap_or_default();
    let seconds = said("seconds");
    let on_failure = start
        .job
        .template
        .spec
        .as_ref()
        .is_some_and(|spec| spec.restart_policy.as_deref() == Some("OnFailure"));
    let mut restarts = start.pod.status.restarts();
    let mut at = now;
    let mut script = Vec::new();
    if dice.u8(..) < 40 {
        at = at.plus(Duration::from_millis(dice.u64(0..2_000)));
        script.push((at, waiting()));
    }
    loop {
        if dice.bool() {
            at = at.plus(Duration::from_millis(dice.u64(0..500)));
            script.push((at, running(at, restarts)));
        }
        at = at.plus(Duration::from_millis(match (seconds, dice.u8(0..10)) {
            (Some(seconds), 0..6) => dice.u64(0..=seconds * 2_000),
            (None, 0..6) => dice.u64(0..10),
            (_, 6..9) => dice.u64(0..10_000),
            (_, _) => dice.u64(0..600_000),
        }));
        let code = if u64::from(dice.u8(0..100)) < failures { i32::from(dice.u8(1..4)) } else { 0 };
        // A guest that has failed that often has outlasted every limit there is.
        if code == 0 || !on_failure || restarts > 40 {
            script.push((at, ended(at, code, restarts)));
            return script;
        }
        restarts += 1;
        script.push((at, crashed(at, code, restarts)));
        at = at.plus(Duration::from_secs(10));
    }
}

fn waiting() -> PodStatus {
    PodStatus {
        containers: vec![ContainerStatus::waiting("ErrImagePull", "not yet")],
        ..PodStatus::default()
    }
}

fn running(at: Timestamp, restarts: u32) -> PodStatus {
    let mut container = ContainerStatus::waiting("", "");
    container.state = ContainerState::Running { started_at: at };
    container.restarts = restarts;
    PodStatus { phase: PodPhase::Running, containers: vec![container], ..PodStatus::default() }
}

fn crashed(at: Timestamp, code: i32, restarts: u32) -> PodStatus {
    let mut container = ContainerStatus::waiting("CrashLoopBackOff", "back-off");
    container.last = Some(Box::new(end(at, code)));
    container.restarts = restarts;
    PodStatus { phase: PodPhase::Running, containers: vec![container], ..PodStatus::default() }
}

fn ended(at: Timestamp, code: i32, restarts: u32) -> PodStatus {
    let phase = if code == 0 { PodPhase::Succeeded } else { PodPhase::Failed };
    let mut container = ContainerStatus::waiting("", "");
    container.state = ContainerState::Terminated(end(at, code));
    container.restarts = restarts;
    let containers = vec![container];
    PodStatus { phase, finished_at: Some(at), containers, ..PodStatus::default() }
}

fn stopped(at: Timestamp, cause: EndCause) -> PodStatus {
    let mut status = ended(at, 143, 0);
    if cause == EndCause::DeadlineExceeded {
        status.reason = "DeadlineExceeded".into();
    }
    status
}

fn end(at: Timestamp, code: i32) -> Terminated {
    let reason = if code == 0 { "Completed" } else { "Error" };
    Terminated {
        exit_code: code,
        reason: reason.into(),
        message: String::new(),
        started_at: at,
        finished_at: at,
    }
}

/// Returns the status of a pod whose one container has failed with that exit code.
#[must_use]
pub fn failed_pod(exit_code: i32, at: Timestamp) -> PodStatus {
    let mut container = ContainerStatus::waiting("", "");
    container.state = ContainerState::Terminated(Terminated {
        exit_code,
        reason: "Error".into(),
        message: String::new(),
        started_at: at,
        finished_at: at,
    });
    PodStatus {
        phase: PodPhase::Failed,
        finished_at: Some(at),
        containers: vec![container],
        ..PodStatus::default()
    }
}
