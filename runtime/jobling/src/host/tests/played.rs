//! A host whose pods and clock are played.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jobling_core::Timestamp;
use jobling_core::api::{Object, ObjectKey};
use jobling_core::engine::{EndCause, PodReport, PodStart, Runner};
use jobling_core::pods::{ContainerState, ContainerStatus, PodId, PodPhase, PodStatus, Terminated};
use jobling_node::{Clock, Meters};
use tokio::sync::mpsc;

use super::asking::settings;
use crate::host::rooms::Rooms;
use crate::host::{Host, HostError, HostSettings};

/// What every pod of a host does.
#[derive(Clone)]
pub(super) enum Play {
    /// It ends with this code at once.
    Exit(i32),
    /// It runs until it is ended.
    Run,
    /// It runs until it is ended without any grace.
    Stay,
    /// Its start tells that it was called and waits to be let go.
    Block(mpsc::Sender<()>, Arc<Mutex<std::sync::mpsc::Receiver<()>>>),
    /// Its start panics.
    Panic,
}

struct Played {
    play: Play,
    reports: mpsc::Sender<PodReport>,
}

impl Played {
    fn report(&self, id: PodId, exit_code: i32) {
        let at = Timestamp::default();
        let ended = ContainerState::Terminated(Terminated {
            exit_code,
            reason: "Ended".to_owned(),
            message: String::new(),
            started_at: at,
            finished_at: at,
        });
        let phase = if exit_code == 0 { PodPhase::Succeeded } else { PodPhase::Failed };
        let container = ContainerStatus { state: ended, ..ContainerStatus::waiting("", "") };
        let status = PodStatus { phase, containers: vec![container], ..PodStatus::default() };
        self.reports.try_send(PodReport { id, status, events: Vec::new(), output: None }).unwrap();
    }
}

impl Runner for Played {
    fn start(&mut self, start: PodStart) {
        match &self.play {
            Play::Exit(code) => self.report(start.pod.id, *code),
            Play::Run | Play::Stay => {}
            Play::Block(entered, leave) => {
                entered.try_send(()).unwrap();
                leave.lock().unwrap().recv().unwrap();
            }
            Play::Panic => panic!("a played fault"),
        }
    }

    fn stop(&mut self, pod: PodId, _: EndCause, grace: Duration) {
        if !matches!(self.play, Play::Stay) || grace.is_zero() {
            self.report(pod, 143);
        }
    }

    fn forget(&mut self, _: PodId) {}

    fn remove(&mut self, _: PodId) {}

    fn object_changed(&mut self, _: &ObjectKey, _: Option<&Object>) {}
}

/// A clock that stands until it is put forward, in seconds.
pub(super) struct PlayedClock(pub(super) AtomicI64);

impl PlayedClock {
    /// Sets the clock, and tells the host as the kernel would.
    pub(super) fn set(&self, second: i64, host: &Host) {
        self.0.store(second, Ordering::SeqCst);
        host.handle().0.orders.send_modify(|orders| orders.clock_sets += 1);
    }
}

impl Clock for PlayedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.0.load(Ordering::SeqCst))
    }
}

/// A data directory that outlives its hosts.
pub(super) struct Scene {
    directory: tempfile::TempDir,
    pub(super) clock: Arc<PlayedClock>,
}

impl Scene {
    pub(super) fn new() -> Self {
        let clock = Arc::new(PlayedClock(AtomicI64::new(1_795_424_400)));
        Self { directory: tempfile::tempdir().unwrap(), clock }
    }

    pub(super) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    pub(super) fn host(&self, play: Play) -> Result<Host, HostError> {
        self.host_with(play, |_| {})
    }

    pub(super) fn host_with(
        &self,
        play: Play,
        change: impl FnOnce(&mut HostSettings),
    ) -> Result<Host, HostError> {
        let mut settings = settings(&self.data());
        change(&mut settings);
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        let rooms = Rooms::open(&settings, clock)?;
        let reports = rooms.reports();
        rooms.run(&settings, Played { play, reports }, Meters::default(), None)
    }
}
