//! What becomes of pods that were running when the daemon died.
//!
//! A start that was committed and has no end is a failed attempt: a pod that takes the host down cannot
//! loop for ever. Only pods that were known to wait are started as if nothing had happened.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::PodStart;
use super::stage::Effect;
use super::turn::Turn;
use crate::Timestamp;
use crate::control::job::Restart;
use crate::pods::{
    Condition, ContainerState, ContainerStatus, EndCause, JobId, JobInfo, Pod, PodPhase, PodStatus,
    Terminated, Waiting,
};

/// The exit code of what was killed: 128 and SIGKILL.
const KILLED: i32 = 137;
/// The exit code of what this host was ending: 128 and SIGTERM.
const ENDED: i32 = 143;

/// What becomes of a pod that was told to start before the daemon died.
enum Fate {
    StartAgain(PodStatus),
    Ended(PodStatus),
}

impl Turn<'_> {
    /// Judges every pod that was told to start.
    pub(super) fn recover_pods(&mut self) {
        let mut of_jobs: BTreeMap<JobId, Vec<u32>> = BTreeMap::new();
        for pod in self.state.scheduled() {
            of_jobs.entry(pod.job()).or_default().push(pod.ordinal());
        }
        for (job, ordinals) in of_jobs {
            let before = self.entry(job).map_or(0, |entry| entry.state.memory.streak);
            for ordinal in ordinals {
                self.recover_pod(job, ordinal);
            }
            // They ended together, by one cause: that is one step of the delay, however many they were.
            // Each counts towards backoffLimit all the same.
            if let Some(entry) = self.entry(job) {
                let streak = &mut entry.state.memory.streak;
                *streak = (*streak).min(before.saturating_add(1));
            }
        }
    }

    fn recover_pod(&mut self, job: JobId, ordinal: u32) {
        let Some(entry) = self.state.jobs.get(&job) else { return };
        let Some(pod) = entry.state.pods.get(&ordinal).map(Arc::clone) else { return };
        let info = Arc::clone(&entry.state.info);
        match fate(&pod, &info, entry.state.rules.restart, self.now) {
            Fate::Ended(status) => {
                self.edit_pod(job, ordinal, |pod| pod.status = status);
                self.take_end(job, ordinal);
            }
            Fate::StartAgain(status) => {
                self.edit_pod(job, ordinal, |pod| pod.status = status);
                let Some(entry) = self.state.jobs.get(&job) else { return };
                let Some(pod) = entry.state.pods.get(&ordinal) else { return };
                let call = entry.call.as_ref().map(|open| Arc::clone(&open.call));
                let start = PodStart { pod: Arc::clone(pod), job: info, call };
                self.stage.effects.push(Effect::Start(start));
            }
        }
    }
}

fn fate(pod: &Pod, info: &JobInfo, restart: Restart, now: Timestamp) -> Fate {
    if pod.deletion.is_some() || pod.stop.is_some() {
        return Fate::Ended(ended(pod, info, ENDED, "Error", now));
    }
    let containers = || pod.status.init_containers.iter().chain(&pod.status.containers);
    let waits = |container: &ContainerStatus| {
        matches!(container.state, ContainerState::Waiting(_)) && container.last.is_none()
    };
    if !pod.status.containers.is_empty() && containers().all(waits) {
        return Fate::StartAgain(PodStatus::default());
    }
    match restart {
        Restart::Never => Fate::Ended(ended(pod, info, KILLED, "ContainerStatusUnknown", now)),
        Restart::OnFailure => Fate::StartAgain(restarted(pod, info, now)),
    }
}

/// Returns the status of a pod whose running containers ended with the daemon.
fn ended(pod: &Pod, info: &JobInfo, code: i32, reason: &str, now: Timestamp) -> PodStatus {
    let mut status = filled(pod, info);
    let end = |container: &mut ContainerStatus| {
        let started_at = match &container.state {
            ContainerState::Terminated(_) => return,
            ContainerState::Running { started_at } => *started_at,
            ContainerState::Waiting(_) => pod.scheduled_at.unwrap_or(now),
        };
        container.state = ContainerState::Terminated(Terminated {
            exit_code: code,
            reason: reason.to_owned(),
            message: "the daemon ended while the container ran".to_owned(),
            started_at,
            finished_at: now,
        });
    };
    status.init_containers.iter_mut().chain(&mut status.containers).for_each(end);
    status.phase = PodPhase::Failed;
    status.finished_at = Some(now);
    match pod.stop.map(|stop| stop.cause) {
        Some(EndCause::DeadlineExceeded) => "DeadlineExceeded".clone_into(&mut status.reason),
        Some(EndCause::Shutdown) => status.conditions.push(Condition {
            kind: "DisruptionTarget".to_owned(),
            status: "True".to_owned(),
            reason: "TerminationByKubelet".to_owned(),
            message: "Pod was terminated in response to imminent node shutdown.".to_owned(),
            at: now,
        }),
        Some(EndCause::Deleted | EndCause::NotNeeded) | None => {}
    }
    status
}

/// Returns the status of a pod whose containers that ran are started again, which counts as a restart of
/// each.
fn restarted(pod: &Pod, info: &JobInfo, now: Timestamp) -> PodStatus {
    let mut status = filled(pod, info);
    let again = |container: &mut ContainerStatus| {
        let started_at = match &container.state {
            ContainerState::Running { started_at } => *started_at,
            // It waited for its next start: that attempt is still to come.
            ContainerState::Waiting(_) if container.last.is_some() => return,
            ContainerState::Waiting(_) => pod.scheduled_at.unwrap_or(now),
            ContainerState::Terminated(_) => return,
        };
        container.last = Some(Box::new(Terminated {
            exit_code: KILLED,
            reason: "ContainerStatusUnknown".to_owned(),
            message: "the daemon ended while the container ran".to_owned(),
            started_at,
            finished_at: now,
        }));
        container.restarts += 1;
        container.state = ContainerState::Waiting(Waiting {
            reason: "ContainerCreating".to_owned(),
            message: String::new(),
        });
    };
    status.init_containers.iter_mut().chain(&mut status.containers).for_each(again);
    status
}

/// Returns the status with an entry for each container, as the node would have made them.
fn filled(pod: &Pod, info: &JobInfo) -> PodStatus {
    let mut status = pod.status.clone();
    let Some(spec) = info.template.spec.as_ref() else { return status };
    let waiting = || ContainerStatus::waiting("ContainerCreating", "");
    let inits = spec.init_containers.iter().flatten().count();
    status.init_containers.resize_with(inits, waiting);
    status.containers.resize_with(spec.containers.len(), waiting);
    status
}
