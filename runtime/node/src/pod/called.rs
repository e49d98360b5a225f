//! A pod that answers a request: where its output goes, and what it does where something is missing.

use std::sync::Arc;

use jobling_core::engine::PodStart;
use jobling_core::pods::{ContainerState, Terminated};
use jobling_core::trigger::CallOutput;

use super::Pod;
use super::container::Live;
use crate::capture::Capture;
use crate::logs::{KeptLog, RunKey, RunLog, Slot};
use crate::node::Shared;

/// The exit code of a container that could not be started.
const NOT_STARTED: i32 = 128;

/// What of a pod depends on the request that it answers.
#[derive(Debug, Default)]
pub(super) struct Called {
    /// What its first container prints, if that is an answer.
    answer: Option<Capture>,
    /// What it prints else, if no Job remembers it.
    kept: Option<KeptLog>,
}

impl Called {
    /// Returns what it is for a Job's pod.
    pub(super) fn of(start: &PodStart) -> Self {
        Self { answer: start.call.as_ref().map(|_| Capture::default()), kept: None }
    }
}

impl Pod {
    /// Returns the pod of a request that runs without a Job, and what it prints.
    pub(crate) fn without_job(node: Arc<Shared>, start: PodStart) -> (Self, KeptLog) {
        let kept = KeptLog::default();
        let mut pod = Self::new(node, start);
        pod.called.kept = Some(kept.clone());
        (pod, kept)
    }

    /// Returns whether no Job remembers the pod: somebody waits for it, and what is missing is a failure.
    pub(super) fn is_without_job(&self) -> bool {
        self.called.kept.is_some()
    }

    /// Returns where a run's output goes.
    pub(super) fn log(&self, key: RunKey) -> RunLog {
        match &self.called.kept {
            Some(kept) => RunLog::keep(kept, &self.node().clock, key),
            None => RunLog::begin(&self.node().logs, &self.node().clock, key),
        }
    }

    /// Returns where the stdout of a container that is about to run goes, if it is the answer to a request:
    /// the first container's is.
    pub(super) fn answer(&self, slot: Slot) -> Option<Capture> {
        let answer = self.called.answer.clone().filter(|_| slot == Slot::Main(0))?;
        answer.restart();
        Some(answer)
    }

    /// Returns what was captured as the answer.
    pub(crate) fn output(&self) -> Option<CallOutput> {
        self.called.answer.as_ref().map(Capture::take)
    }
}

impl Live<'_> {
    /// Shows that the container cannot be started, where nobody waits for it to become possible. Returns
    /// whether that is so.
    pub(super) fn gives_up(&self, reason: &str, message: &str) -> bool {
        let now = self.pod.now();
        if self.pod.is_without_job() {
            self.pod.board().change_container(self.slot, |status| {
                status.state = ContainerState::Terminated(Terminated {
                    exit_code: NOT_STARTED,
                    reason: reason.to_owned(),
                    message: message.to_owned(),
                    started_at: now,
                    finished_at: now,
                });
            });
        }
        self.pod.is_without_job()
    }
}
