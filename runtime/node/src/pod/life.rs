//! The order of a pod's life: init containers one after another, sidecars beside them, then the main
//! containers side by side; a deadline over all of it; and what it has come to at the end.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::future::join_all;
use jobling_core::Timestamp;
use jobling_core::engine::{PodStart, ReportedEvent};
use jobling_core::pods::{
    Condition, ContainerState, ContainerStatus, EndCause, PodId, PodPhase, PodStatus, Terminated,
};
use jobling_sandbox::Meter;
use k8s_openapi::api::core::v1::{Container, PodSpec};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::called::Called;
use super::container::{Again, Live};
use super::verdict::STOPPED;
use super::{Board, Stop, board};
use crate::logs::Slot;
use crate::node::Shared;
use crate::usage::{Metered, PodUsage, Running};
use crate::volumes::VolumesOfPod;

/// One pod on this host.
pub(crate) struct Pod {
    node: Arc<Shared>,
    start: PodStart,
    board: Board,
    stop: Stop,
    volumes: OnceLock<VolumesOfPod>,
    running: Running,
    pub(super) called: Called,
}

/// A sidecar: which one, and its task.
struct Sidecar {
    slot: Slot,
    task: JoinHandle<()>,
}

impl Pod {
    /// Returns the pod of `start`, taken up from where its status says that it was.
    pub(crate) fn new(node: Arc<Shared>, start: PodStart) -> Self {
        let status = taken_up(&start, node.clock.now());
        let (board, stop) = (Board::new(status), Stop::new());
        let called = Called::of(&start);
        let (volumes, running) = (OnceLock::new(), Running::default());
        Self { node, start, board, stop, volumes, running, called }
    }

    pub(crate) fn id(&self) -> PodId {
        self.start.pod.id
    }

    pub(crate) fn board(&self) -> &Board {
        &self.board
    }

    pub(super) fn node(&self) -> &Shared {
        &self.node
    }

    pub(super) fn start(&self) -> &PodStart {
        &self.start
    }

    pub(super) fn stop(&self) -> &Stop {
        &self.stop
    }

    pub(super) fn now(&self) -> Timestamp {
        self.node.clock.now()
    }

    pub(super) fn container(&self, slot: Slot) -> Option<ContainerStatus> {
        self.board.look(|status| board::container(status, slot).cloned())
    }

    /// Returns what it uses at `now`; nothing where no container of it runs.
    pub(crate) fn usage(&self, now: Instant) -> Option<PodUsage> {
        let name = |slot| {
            let container = match slot {
                Slot::Init(at) => self.inits().get(usize::from(at)),
                Slot::Main(at) => self.mains().get(usize::from(at)),
            };
            container.map(|container| container.name.clone())
        };
        let containers = self.running.read(now, name);
        let (pod, job) = (&self.start.pod, &self.start.job);
        let (namespace, name) = (job.namespace.clone(), pod.name(job));
        (!containers.is_empty()).then_some(PodUsage { namespace, name, containers })
    }

    /// Has what the container in `slot` uses told for as long as the returned value lives.
    pub(super) fn usage_of(&self, slot: Slot, meter: Meter) -> Metered<'_> {
        self.running.begin(slot, meter)
    }

    /// Returns the pod as kubelet names it in sentences: `NAME_NAMESPACE(UID)`.
    pub(super) fn whole_name(&self) -> String {
        let (pod, job) = (&self.start.pod, &self.start.job);
        format!("{}_{}({})", pod.name(job), job.namespace, pod.uid(job))
    }

    /// Returns what the pod calls itself: its hostname, else its name.
    pub(super) fn host_name(&self) -> String {
        let given = self.spec().and_then(|spec| spec.hostname.clone());
        given.unwrap_or_else(|| self.start.pod.name(&self.start.job))
    }

    pub(super) fn tell(
        &self,
        kind: &'static str,
        reason: &'static str,
        message: String,
        container: Option<&str>,
    ) {
        let container = container.map(str::to_owned);
        self.board.tell(ReportedEvent { kind, reason, message, container, at: self.now() });
    }

    /// Ends the pod because it wrote more than `quota` allows.
    pub(super) fn evict(&self, quota: &str) {
        let message = format!("Usage of {quota} exceeds its limit. ");
        self.tell("Warning", "Evicted", message.clone(), None);
        self.board.change(|status| {
            "Evicted".clone_into(&mut status.reason);
            status.message = message;
        });
        self.stop.ask(EndCause::NotNeeded, Duration::ZERO);
    }

    /// Asks for the end of the pod.
    pub(crate) fn end(&self, cause: EndCause, grace: Duration) {
        let first = self.stop.order().is_none();
        self.stop.ask(cause, grace);
        if first {
            for container in self.running() {
                let message = format!("Stopping container {container}");
                self.tell("Normal", "Killing", message, Some(&container));
            }
        }
    }

    /// Returns its volumes, once they are made.
    pub(super) const fn volumes(&self) -> &OnceLock<VolumesOfPod> {
        &self.volumes
    }

    pub(super) fn spec(&self) -> Option<&PodSpec> {
        self.start.job.template.spec.as_ref()
    }

    fn inits(&self) -> &[Container] {
        self.spec().and_then(|spec| spec.init_containers.as_deref()).unwrap_or_default()
    }

    fn mains(&self) -> &[Container] {
        self.spec().map(|spec| spec.containers.as_slice()).unwrap_or_default()
    }

    fn running(&self) -> Vec<String> {
        let runs =
            |status: &ContainerStatus| matches!(status.state, ContainerState::Running { .. });
        let names = |containers: &[Container], statuses: &[ContainerStatus]| -> Vec<String> {
            let both = containers.iter().zip(statuses);
            both.filter(|(_, status)| runs(status)).map(|(one, _)| one.name.clone()).collect()
        };
        self.board.look(|status| {
            let mut all = names(self.inits(), &status.init_containers);
            all.extend(names(self.mains(), &status.containers));
            all
        })
    }

    /// Lives to the end; the status then is terminal.
    pub(crate) async fn live(self: Arc<Self>) {
        let mut sidecars = Vec::new();
        {
            let mut work = std::pin::pin!(self.work(&mut sidecars));
            tokio::select! {
                biased;
                () = &mut work => {}
                () = self.deadline() => {
                    self.end(EndCause::DeadlineExceeded, Duration::ZERO);
                    self.board.change(|status| {
                        "Pod was active on the node longer than the specified deadline"
                            .clone_into(&mut status.message);
                    });
                    work.await;
                }
            }
        }
        for sidecar in sidecars.into_iter().rev() {
            self.end_sidecar(sidecar).await;
        }
        self.release_volumes().await;
        self.conclude();
    }

    /// Waits until the pod's own activeDeadlineSeconds are over.
    async fn deadline(&self) {
        let seconds = self.spec().and_then(|spec| spec.active_deadline_seconds);
        let Some(seconds) = seconds.and_then(|seconds| u64::try_from(seconds).ok()) else {
            return std::future::pending().await;
        };
        let began = self.board.look(|status| status.started_at).unwrap_or_else(|| self.now());
        let left = Duration::from_secs(seconds).saturating_sub(self.now().since(began));
        tokio::time::sleep(left).await;
    }

    async fn work(self: &Arc<Self>, sidecars: &mut Vec<Sidecar>) {
        // Each part that is over has no room in what is held while the main containers run.
        if self.has_volumes() && !Box::pin(self.make_volumes()).await {
            return;
        }
        for (at, container) in self.inits().iter().enumerate() {
            let slot = Slot::Init(number(at));
            if container.restart_policy.as_deref() == Some("Always") {
                sidecars.push(Box::pin(self.start_sidecar(slot, at)).await);
            } else if !Box::pin(self.initialize(slot, container)).await {
                return;
            }
        }
        let again = self.again();
        let mains = self.mains().iter().enumerate().map(|(at, container)| {
            Live { pod: self, slot: Slot::Main(number(at)), container, again, started: None }.live()
        });
        join_all(mains).await;
    }

    /// Runs an init container; returns whether the next one may start.
    async fn initialize(&self, slot: Slot, container: &Container) -> bool {
        let again = self.again();
        Live { pod: self, slot, container, again, started: None }.live().await;
        self.container(slot).is_some_and(|status| has_code(&status, 0))
    }

    /// Starts a sidecar and waits until it runs.
    async fn start_sidecar(self: &Arc<Self>, slot: Slot, at: usize) -> Sidecar {
        let (started, runs) = oneshot::channel();
        let pod = Arc::clone(self);
        let task = tokio::spawn(async move {
            let Some(container) = pod.inits().get(at) else { return };
            let again = Again::Always;
            Live { pod: &pod, slot, container, again, started: Some(started) }.live().await;
        });
        // Where it never runs, its pod is being ended.
        drop(runs.await);
        Sidecar { slot, task }
    }

    /// Ends a sidecar after all that it served.
    async fn end_sidecar(&self, sidecar: Sidecar) {
        sidecar.task.abort();
        if sidecar.task.await.is_err_and(|error| error.is_panic()) {
            tracing::error!(pod = %self.id(), "a sidecar's task failed");
        }
        let now = self.now();
        self.board.change_container(sidecar.slot, |status| {
            if let ContainerState::Running { started_at } = status.state {
                status.state = ContainerState::Terminated(stopped(started_at, now));
            }
        });
    }

    fn again(&self) -> Again {
        match self.spec().and_then(|spec| spec.restart_policy.as_deref()) {
            // Somebody waits for the first attempt.
            Some("OnFailure") if !self.is_without_job() => Again::OnFailure,
            Some(_) | None => Again::Never,
        }
    }

    /// Makes the status terminal.
    fn conclude(&self) {
        let now = self.now();
        let order = self.stop.order();
        self.board.change(|status| {
            if let Some(order) = order {
                end_waiting(status, now);
                explain(status, order.cause, now);
            }
            let failed = |one: &ContainerStatus| !has_code(one, 0);
            let inits = status.init_containers.iter().zip(self.inits());
            let mut plain =
                inits.filter(|(_, one)| one.restart_policy.as_deref() != Some("Always"));
            let succeeded = status.reason.is_empty()
                && !status.containers.iter().any(failed)
                && !plain.any(|(status, _)| failed(status));
            status.phase = if succeeded { PodPhase::Succeeded } else { PodPhase::Failed };
            status.finished_at = Some(now);
        });
    }
}

/// Returns the status of a pod that is taken up: each container has its place.
fn taken_up(start: &PodStart, now: Timestamp) -> PodStatus {
    let mut status = start.pod.status.clone();
    let Some(spec) = start.job.template.spec.as_ref() else { return status };
    let inits = spec.init_containers.as_deref().unwrap_or_default();
    let reason = if inits.is_empty() { "ContainerCreating" } else { "PodInitializing" };
    let waiting = || ContainerStatus::waiting(reason, "");
    status.init_containers.resize_with(inits.len(), waiting);
    status.containers.resize_with(spec.containers.len(), waiting);
    status.started_at.get_or_insert(now);
    status
}

/// Ends on paper what never ran: every container of a pod that was ended has an end.
fn end_waiting(status: &mut PodStatus, now: Timestamp) {
    for container in &mut status.containers {
        if !matches!(container.state, ContainerState::Terminated(_)) {
            container.state = ContainerState::Terminated(stopped(now, now));
        }
    }
}

fn explain(status: &mut PodStatus, cause: EndCause, now: Timestamp) {
    match cause {
        EndCause::DeadlineExceeded => "DeadlineExceeded".clone_into(&mut status.reason),
        EndCause::Shutdown => status.conditions.push(Condition {
            kind: "DisruptionTarget".to_owned(),
            status: "True".to_owned(),
            reason: "TerminationByKubelet".to_owned(),
            message: "Pod was terminated in response to imminent node shutdown.".to_owned(),
            at: now,
        }),
        EndCause::Deleted | EndCause::NotNeeded => {}
    }
}

fn stopped(started_at: Timestamp, finished_at: Timestamp) -> Terminated {
    Terminated {
        exit_code: STOPPED,
        reason: "Error".to_owned(),
        message: String::new(),
        started_at,
        finished_at,
    }
}

fn has_code(status: &ContainerStatus, code: i32) -> bool {
    matches!(&status.state, ContainerState::Terminated(end) if end.exit_code == code)
}

/// The API takes no more containers than that.
fn number(at: usize) -> u8 {
    u8::try_from(at).unwrap_or(u8::MAX)
}
