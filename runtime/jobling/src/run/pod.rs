//! What happens to one pod of a run: which of its containers print, how it failed, and why it cannot
//! start. Pure: what was last seen of it in, sentences out.

use std::collections::BTreeMap;
use std::sync::Arc;

use jobling_core::pods::{ContainerState, ContainerStatus, JobInfo, Pod, PodPhase};
use jobling_node::{RunKey, Slot};
use k8s_openapi::api::core::v1::Container;

use super::scene::Cue;

/// Reasons for which a container waits that nothing in a run can mend: nobody else brings the image or
/// the object.
const HOPELESS: [&str; 6] = [
    "ErrImagePull",
    "ErrImageNeverPull",
    "ImagePullBackOff",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
];

/// A pod of the run.
pub(super) struct PodScene {
    /// The pod as it was last seen.
    pub(super) pod: Arc<Pod>,
    /// What its Job says of all of its pods.
    pub(super) job: Arc<JobInfo>,
    gone: bool,
    told: bool,
    /// Why its volumes could not be made, when they last could not.
    failed_mount: Option<String>,
    /// How many runs of each container were told to have ended.
    ended: BTreeMap<Slot, u32>,
}

impl PodScene {
    /// Returns a pod of which nothing is known but this.
    pub(super) fn new(pod: Arc<Pod>, job: Arc<JobInfo>) -> Self {
        Self { pod, job, gone: false, told: false, failed_mount: None, ended: BTreeMap::new() }
    }

    /// Takes the pod as it is now, and returns what is to be done about it.
    pub(super) fn changed(&mut self, pod: Arc<Pod>, job: Arc<JobInfo>) -> Vec<Cue> {
        (self.pod, self.job) = (pod, job);
        let mut cues = self.newly_ended();
        // That a pod was ended by wish is no news of its own.
        let by_wish = self.pod.stop.is_some() || self.pod.deletion.is_some();
        let failed = self.pod.status.phase == PodPhase::Failed && !by_wish;
        if failed && !std::mem::replace(&mut self.told, true) {
            cues.push(Cue::Failed(self.failure()));
        }
        cues
    }

    /// Takes that the pod is no longer stored.
    pub(super) const fn deleted(&mut self) {
        self.gone = true;
    }

    /// Takes that its volumes cannot be made, and why.
    pub(super) fn failed_mount(&mut self, why: &str) {
        self.failed_mount = Some(why.to_owned());
    }

    /// Returns whether it has not ended.
    pub(super) fn is_live(&self) -> bool {
        !self.gone && !self.pod.status.phase.is_terminal()
    }

    /// Returns the pod's name.
    pub(super) fn name(&self) -> String {
        self.pod.name(&self.job)
    }

    /// Returns the name of the container in `slot`.
    pub(super) fn container_name(&self, slot: Slot) -> Option<&str> {
        self.container(slot).map(|container| container.name.as_str())
    }

    /// Returns each container's place, name and status.
    fn containers(&self) -> Vec<(Slot, &str, &ContainerStatus)> {
        let spec = self.job.template.spec.as_ref();
        let status = &self.pod.status;
        let init = spec.and_then(|spec| spec.init_containers.as_deref()).unwrap_or_default();
        let main = spec.map(|spec| spec.containers.as_slice()).unwrap_or_default();
        let place = |at: usize| u8::try_from(at).unwrap_or(u8::MAX);
        let init = init.iter().zip(&status.init_containers).enumerate();
        let main = main.iter().zip(&status.containers).enumerate();
        init.map(|(at, (spec, status))| (Slot::Init(place(at)), spec.name.as_str(), status))
            .chain(
                main.map(|(at, (spec, status))| {
                    (Slot::Main(place(at)), spec.name.as_str(), status)
                }),
            )
            .collect()
    }

    /// Returns the runs that have ended since this was last asked.
    fn newly_ended(&mut self) -> Vec<Cue> {
        let mut over = Vec::new();
        for (slot, _, status) in self.containers() {
            let ended = match &status.state {
                ContainerState::Terminated(_) => status.restarts + 1,
                ContainerState::Waiting(_) if status.last.is_some() => status.restarts + 1,
                ContainerState::Waiting(_) | ContainerState::Running { .. } => status.restarts,
            };
            let known = self.ended.get(&slot).copied().unwrap_or(0);
            over.extend((known..ended).map(|run| RunKey { pod: self.pod.id, slot, run }));
        }
        for key in &over {
            self.ended.insert(key.slot, key.run + 1);
        }
        over.into_iter().map(Cue::Over).collect()
    }

    fn failure(&self) -> String {
        let status = &self.pod.status;
        let mut text = format!("pod/{} failed", self.name());
        for part in [&status.reason, &status.message].into_iter().filter(|part| !part.is_empty()) {
            text.push_str(&format!(": {part}"));
        }
        for (_, container, status) in self.containers() {
            if let ContainerState::Terminated(ended) = &status.state
                && ended.exit_code != 0
            {
                text.push_str(&format!(
                    ": {container}: {} (exit code {})",
                    ended.reason, ended.exit_code
                ));
                // An ordinary error has been printed by the guest itself.
                if ended.reason != "Error" && !ended.message.is_empty() {
                    text.push_str(&format!(": {}", ended.message.trim_end()));
                }
            }
        }
        text
    }

    /// Returns why this pod waits for what nobody will bring.
    pub(super) fn hopeless(&self) -> Option<String> {
        self.unmounted().or_else(|| self.unstarted())
    }

    /// Returns why its volumes are not there; a pod whose containers have begun has them.
    fn unmounted(&self) -> Option<String> {
        let why = self.failed_mount.as_ref()?;
        let waits = |status: &ContainerStatus| {
            status.last.is_none() && matches!(status.state, ContainerState::Waiting(_))
        };
        let begun = self.pod.status.phase != PodPhase::Pending
            || !self.containers().into_iter().all(|(_, _, status)| waits(status));
        (!begun).then(|| {
            format!(
                "pod/{} cannot start: FailedMount: {why}; give what it needs to the run as well",
                self.name()
            )
        })
    }

    /// Returns why a container of it is not started.
    fn unstarted(&self) -> Option<String> {
        self.containers().into_iter().find_map(|(slot, container, status)| {
            let ContainerState::Waiting(waiting) = &status.state else { return None };
            if !HOPELESS.contains(&waiting.reason.as_str()) {
                return None;
            }
            let mut text = format!("pod/{} cannot start: {}", self.name(), waiting.reason);
            if !waiting.message.is_empty() {
                text.push_str(&format!(": {}", waiting.message));
            }
            if waiting.reason.contains("Image") {
                let image = self.image(slot).unwrap_or_default();
                text.push_str(&format!("; for this run: --image {image}=FILE.wasm"));
            } else {
                text.push_str(&format!(
                    " (container {container}); give its manifest to the run as well"
                ));
            }
            Some(text)
        })
    }

    fn image(&self, slot: Slot) -> Option<&str> {
        self.container(slot)?.image.as_deref()
    }

    fn container(&self, slot: Slot) -> Option<&Container> {
        let spec = self.job.template.spec.as_ref()?;
        match slot {
            Slot::Init(at) => spec.init_containers.as_ref()?.get(usize::from(at)),
            Slot::Main(at) => spec.containers.get(usize::from(at)),
        }
    }

    /// Returns why this pod finds no place on this host.
    pub(super) fn unplaced(&self) -> Option<String> {
        let conditions = self.pod.status.conditions.iter();
        let mut unscheduled = conditions
            .filter(|condition| condition.kind == "PodScheduled" && condition.status == "False");
        let condition = unscheduled.next_back()?;
        let remedy = remedy_of(&condition.message);
        (condition.reason == "Unschedulable")
            .then(|| format!("pod/{} cannot start: {}{}", self.name(), condition.message, remedy))
    }
}

/// Returns what to do about a pod that finds no place, as far as its message shows it.
fn remedy_of(message: &str) -> &'static str {
    if message.contains("persistentvolumeclaim") {
        " Give the claim's manifest to the run as well"
    } else if message.contains("Insufficient memory") {
        " Ask for less in resources, or give more with --memory"
    } else if message.contains("Too many pods") {
        " Allow more with --max-pods"
    } else {
        ""
    }
}
