//! For tests: a stage with the real engine and the real store, on which guests are played.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use jobling_core::Timestamp;
use jobling_core::api::{ApiError, Object, ObjectKey};
use jobling_core::engine::{
    EndCause, Engine, PodReport, PodStart, Reader, Reply, Request, Runner, Settings, Ticket,
};
use jobling_core::pods::{ContainerState, ContainerStatus, PodId, PodPhase, PodStatus, Terminated};
use jobling_node::{LogBounds, Logs};
use jobling_store::{DataDirectory, Database, Readers, Writer};
use tokio::sync::watch;

use super::stage::Stage;

/// What a played pod does.
#[derive(Debug, Clone)]
pub(super) enum Play {
    /// It ends with this code.
    Exit(i32),
    /// Its container waits for this reason.
    Wait(&'static str),
    /// It runs until it is ended.
    Run,
}

/// A stage in a directory of its own.
pub(super) struct Played {
    engine: Arc<Mutex<Engine<Writer, Guests>>>,
    readers: Readers,
    revisions: watch::Sender<u64>,
    logs: Logs,
    _directory: (DataDirectory, tempfile::TempDir),
}

/// Plays pods, the first as the first play says and so on; the last play goes on for all others.
struct Guests {
    plays: Vec<Play>,
    started: usize,
    reports: Vec<PodReport>,
}

impl Runner for Guests {
    fn start(&mut self, start: PodStart) {
        let play = self.plays.get(self.started).or(self.plays.last()).cloned();
        self.started += 1;
        let status = status_of(&play.unwrap_or(Play::Run));
        self.reports.push(PodReport { id: start.pod.id, status, events: Vec::new(), output: None });
    }

    fn stop(&mut self, id: PodId, _: EndCause, _: Duration) {
        self.reports.push(PodReport {
            id,
            status: status_of(&Play::Exit(143)),
            events: Vec::new(),
            output: None,
        });
    }

    fn forget(&mut self, _: PodId) {}

    fn remove(&mut self, _: PodId) {}

    fn object_changed(&mut self, _: &ObjectKey, _: Option<&Object>) {}
}

fn status_of(play: &Play) -> PodStatus {
    let container = |state| ContainerStatus { state, ..ContainerStatus::waiting("", "") };
    let at = Timestamp::from_unix_seconds(1_000);
    let (phase, container) = match play {
        Play::Exit(exit_code) => {
            let reason = if *exit_code == 0 { "Completed" } else { "Error" };
            let ended = ContainerState::Terminated(Terminated {
                exit_code: *exit_code,
                reason: reason.to_owned(),
                message: String::new(),
                started_at: at,
                finished_at: at,
            });
            let phase = if *exit_code == 0 { PodPhase::Succeeded } else { PodPhase::Failed };
            (phase, container(ended))
        }
        Play::Wait(reason) => (PodPhase::Pending, ContainerStatus::waiting(reason, "not here")),
        Play::Run => (PodPhase::Running, container(ContainerState::Running { started_at: at })),
    };
    let finished_at = phase.is_terminal().then_some(at);
    PodStatus {
        phase,
        started_at: Some(at),
        finished_at,
        containers: vec![container],
        ..PodStatus::default()
    }
}

impl Played {
    /// Returns a stage whose pods do what `plays` say.
    pub(super) fn new(plays: Vec<Play>) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open(&temporary.path().join("data")).unwrap();
        let settings = jobling_store::Settings::default();
        let (writer, readers) = Database::open(&directory.database(), &settings).unwrap();
        let guests = Guests { plays, started: 0, reports: Vec::new() };
        let engine = Engine::open(writer, guests, Settings::default()).unwrap();
        let now = Timestamp::from_unix_seconds(1_000);
        let logs = Logs::open(temporary.path().join("logs"), LogBounds::default(), now).unwrap();
        Self {
            engine: Arc::new(Mutex::new(engine)),
            readers,
            revisions: watch::channel(0).0,
            logs,
            _directory: (directory, temporary),
        }
    }

    /// Steps until nothing waits; retry delays pass at once.
    fn settle(&self, request: Option<Request>) -> Option<Result<Reply, ApiError>> {
        let mut engine = self.engine.lock().unwrap();
        let mut now = Timestamp::from_unix_seconds(1_000);
        if let Some(request) = request {
            engine.submit(Ticket(1), request);
        }
        let mut answer = None;
        for _ in 0..100 {
            let step = engine.step(now);
            answer = answer.or(step.replies.into_iter().next().map(|(_, reply)| reply));
            let reports = std::mem::take(&mut engine.runner_mut().reports);
            let idle = reports.is_empty();
            for report in reports {
                engine.report(report);
            }
            match step.wake_at {
                Some(at) if idle => now = now.max(at),
                None if idle => break,
                _ => {}
            }
        }
        self.revisions.send_replace(self.readers.revision());
        answer
    }
}

impl Stage for Played {
    fn submit(&self, request: Request) -> BoxFuture<'static, Result<Reply, ApiError>> {
        let reply = self.settle(Some(request)).expect("a step answers every request");
        Box::pin(async { reply })
    }

    fn reader(&self) -> Arc<dyn Reader> {
        Arc::new(self.readers.clone())
    }

    fn revisions(&self) -> watch::Receiver<u64> {
        self.revisions.subscribe()
    }

    fn logs(&self) -> Logs {
        self.logs.clone()
    }

    fn import(&self, _: &str, file: &Path) -> Result<(), String> {
        std::fs::metadata(file).map(drop).map_err(|error| error.to_string())
    }

    fn drain(&self, grace: Duration) -> BoxFuture<'static, ()> {
        self.engine.lock().unwrap().drain(grace);
        self.settle(None);
        Box::pin(async {})
    }
}
