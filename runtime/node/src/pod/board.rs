//! What a pod says of itself: its status as it is now, and what has not been reported of it yet.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jobling_core::engine::{PodReport, ReportedEvent};
use jobling_core::pods::{ContainerState, ContainerStatus, PodId, PodPhase, PodStatus};
use tokio::sync::Notify;

use crate::logs::Slot;

/// A pod's status and what waits to be reported.
#[derive(Debug)]
pub(crate) struct Board {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    status: PodStatus,
    events: Vec<ReportedEvent>,
    /// Whether something has come since the last report.
    is_new: bool,
}

impl Board {
    /// Returns the board of a pod that is taken up with `status`.
    pub(crate) fn new(status: PodStatus) -> Self {
        let state = State { status, events: Vec::new(), is_new: false };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    /// Returns what `look` sees in the status.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&PodStatus) -> R) -> R {
        look(&self.state().status)
    }

    /// Changes the status.
    pub(crate) fn change(&self, change: impl FnOnce(&mut PodStatus)) {
        let mut state = self.state();
        change(&mut state.status);
        if !state.status.phase.is_terminal() {
            state.status.phase = phase(&state.status);
        }
        state.is_new = true;
        self.changed.notify_one();
    }

    /// Changes what one container does.
    pub(crate) fn change_container(&self, slot: Slot, change: impl FnOnce(&mut ContainerStatus)) {
        self.change(|status| {
            if let Some(container) = container_mut(status, slot) {
                change(container);
            }
        });
    }

    /// Adds an event to the next report.
    pub(crate) fn tell(&self, event: ReportedEvent) {
        let mut state = self.state();
        state.events.push(event);
        state.is_new = true;
        self.changed.notify_one();
    }

    /// Waits until there is something new to report.
    pub(crate) async fn changed(&self) {
        while !self.state().is_new {
            self.changed.notified().await;
        }
    }

    /// Returns all that there is to report.
    pub(crate) fn report(&self, id: PodId) -> PodReport {
        let mut state = self.state();
        state.is_new = false;
        PodReport {
            id,
            status: state.status.clone(),
            events: std::mem::take(&mut state.events),
            output: None,
        }
    }

    /// A panic while the lock was held leaves a whole status.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the container of `slot`.
pub(crate) fn container(status: &PodStatus, slot: Slot) -> Option<&ContainerStatus> {
    match slot {
        Slot::Init(at) => status.init_containers.get(usize::from(at)),
        Slot::Main(at) => status.containers.get(usize::from(at)),
    }
}

fn container_mut(status: &mut PodStatus, slot: Slot) -> Option<&mut ContainerStatus> {
    match slot {
        Slot::Init(at) => status.init_containers.get_mut(usize::from(at)),
        Slot::Main(at) => status.containers.get_mut(usize::from(at)),
    }
}

/// Returns whether a pod that has not ended is Pending or Running: the latter from the first start of a
/// main container on (`pkg/kubelet/kubelet_pods.go`: `getPhase`).
fn phase(status: &PodStatus) -> PodPhase {
    let begun = |container: &ContainerStatus| {
        container.last.is_some() || !matches!(container.state, ContainerState::Waiting(_))
    };
    if status.containers.iter().any(begun) { PodPhase::Running } else { PodPhase::Pending }
}
