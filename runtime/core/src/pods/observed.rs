//! `status` of the Pod object: what the kubelet would write of a row.
//!
//! After `pkg/kubelet/kubelet_pods.go` (generateAPIPodStatus, convertToAPIContainerStatuses).

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::api::resource as core_quantity;
use sha2::{Digest, Sha256};

use super::{ContainerState, ContainerStatus, JobInfo, Pod, PodPhase, Terminated, Waiting};
use crate::api::quantity::Quantity;

/// A container of the template with what has become of it.
pub(super) struct Observed<'a> {
    /// What the template says.
    pub(super) container: &'a core::Container,
    /// What has become of it.
    pub(super) status: ContainerStatus,
    /// What part it plays.
    pub(super) role: Role,
}

/// What part a container plays in its pod.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It runs to its end before the next one starts.
    Init,
    /// An init container with `restartPolicy: Always`, which runs beside the others.
    Sidecar,
    /// One of `spec.containers`.
    Main,
}

impl Pod {
    /// Returns `status` of the Pod object with this `spec`.
    pub(super) fn observed(&self, job: &JobInfo, spec: &core::PodSpec) -> core::PodStatus {
        let (inits, mains) = self.containers(spec);
        let uid = self.uid(job);
        let statuses = |all: &[Observed<'_>]| -> Option<Vec<core::ContainerStatus>> {
            (!all.is_empty()).then(|| all.iter().map(|one| one.to_status(&uid)).collect())
        };
        let status = &self.status;
        core::PodStatus {
            phase: Some(status.phase.as_str().to_owned()),
            conditions: self.conditions(&inits, &mains),
            reason: filled(&status.reason),
            message: filled(&status.message),
            start_time: status.started_at.map(crate::Timestamp::to_time),
            init_container_statuses: statuses(&inits),
            container_statuses: statuses(&mains),
            qos_class: Some(quality_of_service(spec).to_owned()),
            ..core::PodStatus::default()
        }
    }

    /// Returns the init containers and the containers with what has become of each; none before the pod
    /// is scheduled. What the node has not spoken of yet waits.
    pub(super) fn containers<'a>(
        &self,
        spec: &'a core::PodSpec,
    ) -> (Vec<Observed<'a>>, Vec<Observed<'a>>) {
        let inits = spec.init_containers.as_deref().unwrap_or_default();
        let reason = if inits.is_empty() { "ContainerCreating" } else { "PodInitializing" };
        let pair = |containers: &'a [core::Container], statuses: &[ContainerStatus], main| {
            let known = if self.scheduled_at.is_some() && self.status.phase == PodPhase::Pending {
                containers.len()
            } else {
                statuses.len()
            };
            let observe = |(at, container): (usize, &'a core::Container)| {
                let role = match container.restart_policy.as_deref() {
                    _ if main => Role::Main,
                    Some("Always") => Role::Sidecar,
                    _ => Role::Init,
                };
                let status = statuses.get(at).cloned();
                let status = status.unwrap_or_else(|| ContainerStatus::waiting(reason, ""));
                Observed { container, status, role }
            };
            containers.iter().take(known).enumerate().map(observe).collect()
        };
        (
            pair(inits, &self.status.init_containers, false),
            pair(&spec.containers, &self.status.containers, true),
        )
    }
}

impl Observed<'_> {
    /// Returns whether it runs.
    pub(super) const fn is_running(&self) -> bool {
        matches!(self.status.state, ContainerState::Running { .. })
    }

    /// Returns whether it is as it should be: run to its end if it is an init container, else running.
    pub(super) fn is_ready(&self) -> bool {
        match (self.role, &self.status.state) {
            (Role::Init, ContainerState::Terminated(end)) => end.exit_code == 0,
            (Role::Init, ContainerState::Running { .. } | ContainerState::Waiting(_)) => false,
            (Role::Sidecar | Role::Main, _) => self.is_running(),
        }
    }

    fn to_status(&self, pod_uid: &str) -> core::ContainerStatus {
        let status = &self.status;
        let id = |run: u32| Some(container_id(pod_uid, &self.container.name, run));
        let (newest, previous) = match &status.state {
            // The next run has not begun: the last one is still the newest.
            ContainerState::Waiting(_) => {
                (status.last.as_ref().and(id(status.restarts)), id(status.restarts))
            }
            ContainerState::Running { .. } | ContainerState::Terminated(_) => {
                (id(status.restarts), id(status.restarts.saturating_sub(1)))
            }
        };
        core::ContainerStatus {
            name: self.container.name.clone(),
            image: self.container.image.clone().unwrap_or_default(),
            image_id: status.image_id.clone(),
            container_id: newest.clone(),
            ready: self.is_ready(),
            started: Some(self.is_running()),
            restart_count: i32::try_from(status.restarts).unwrap_or(i32::MAX),
            state: Some(state(&status.state, newest)),
            last_state: Some(match &status.last {
                Some(end) => terminated(end, previous),
                None => core::ContainerState::default(),
            }),
            ..core::ContainerStatus::default()
        }
    }
}

fn state(state: &ContainerState, id: Option<String>) -> core::ContainerState {
    match state {
        ContainerState::Waiting(Waiting { reason, message }) => core::ContainerState {
            waiting: Some(core::ContainerStateWaiting {
                reason: filled(reason),
                message: filled(message),
            }),
            ..core::ContainerState::default()
        },
        ContainerState::Running { started_at } => core::ContainerState {
            running: Some(core::ContainerStateRunning { started_at: Some(started_at.to_time()) }),
            ..core::ContainerState::default()
        },
        ContainerState::Terminated(end) => terminated(end, id),
    }
}

fn terminated(end: &Terminated, id: Option<String>) -> core::ContainerState {
    core::ContainerState {
        terminated: Some(core::ContainerStateTerminated {
            container_id: id,
            exit_code: end.exit_code,
            reason: filled(&end.reason),
            message: filled(&end.message),
            started_at: Some(end.started_at.to_time()),
            finished_at: Some(end.finished_at.to_time()),
            signal: None,
        }),
        ..core::ContainerState::default()
    }
}

/// Returns the id of one run of a container: drawn from what names that run, so that it is the same
/// whenever it is asked for.
fn container_id(pod_uid: &str, container: &str, run: u32) -> String {
    let digest = Sha256::digest(format!("{pod_uid}/{container}/{run}"));
    format!("jobling://{digest:x}")
}

/// `pkg/apis/core/v1/helper/qos`: only cpu and memory count. No request exceeds its limit, so that equal
/// sums over the pod are equal amounts in every container.
fn quality_of_service(spec: &core::PodSpec) -> &'static str {
    let containers = || spec.init_containers.iter().flatten().chain(&spec.containers);
    let amounts = |container: &core::Container, name: &str| {
        let resources = container.resources.as_ref();
        let limit = resources.and_then(|all| all.limits.as_ref()?.get(name));
        let request = resources.and_then(|all| all.requests.as_ref()?.get(name));
        // Zero is as good as nothing.
        let amount = |text: &core_quantity::Quantity| {
            Some(Quantity::of_checked(&text.0)).filter(|amount| !amount.is_zero())
        };
        (limit.and_then(amount), request.and_then(amount))
    };
    let counted = ["cpu", "memory"];
    let none = |container| counted.iter().all(|name| amounts(container, name) == (None, None));
    let full = |container| {
        counted.iter().all(|name| {
            let (limit, request) = amounts(container, name);
            limit.is_some() && limit == request
        })
    };
    if containers().all(none) {
        "BestEffort"
    } else if containers().all(full) {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

/// Returns `text` unless it is empty.
pub(super) fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::{Value, json};

    use super::super::testing::{
        crashing, created, crowded_job, ended, job, running, scheduled, simple_job, taken_up,
    };
    use super::*;

    #[test]
    fn containers_wait_from_the_moment_of_scheduling() {
        for (pod, job, waiting) in [
            (created(), simple_job(), vec![]),
            (scheduled(), simple_job(), vec!["ContainerCreating"]),
            (scheduled(), crowded_job(), vec!["PodInitializing"; 2]),
        ] {
            let status = pod.to_object(&job).status.unwrap();
            let statuses = status.container_statuses.unwrap_or_default();
            let reasons: Vec<_> = statuses
                .iter()
                .map(|one| one.state.as_ref().unwrap().waiting.as_ref().unwrap())
                .map(|waiting| waiting.reason.as_deref().unwrap())
                .collect();
            assert_eq!(reasons, waiting, "{:?}", pod.scheduled_at);
        }
    }

    #[test]
    fn a_container_keeps_its_id_while_it_waits_for_its_next_run() {
        let waiting = shown(PodPhase::Running, crashing());
        let again = ContainerStatus { restarts: 1, last: crashing().last, ..running(20) };
        let again = shown(PodPhase::Running, again);
        let last = "/lastState/terminated/containerID";
        assert_eq!(waiting.pointer(last), waiting.pointer("/containerID"));
        assert_eq!(again.pointer(last), waiting.pointer(last));
        assert_ne!(again.pointer("/containerID"), again.pointer(last));
    }

    #[test]
    fn a_running_container_is_ready_and_started() {
        let shown = shown(PodPhase::Running, running(2));
        expect![[r#"
            {
              "containerID": "jobling://9bf7980d5c5f9407a37e23d586299b67247e7dbedc537956a40dfa814df9d012",
              "image": "report:1.0",
              "imageID": "sha256:f00d",
              "lastState": {},
              "name": "main",
              "ready": true,
              "restartCount": 0,
              "started": true,
              "state": {
                "running": {
                  "startedAt": "2026-11-23T09:00:02Z"
                }
              }
            }"#]].assert_eq(&serde_json::to_string_pretty(&shown).unwrap());
    }

    #[test]
    fn a_container_that_ended_is_not_ready() {
        for code in [0, 1] {
            let shown = shown(PodPhase::Running, ended(code, "Completed"));
            assert_eq!(shown["ready"], json!(false), "exit code {code}");
            assert_eq!(shown["started"], json!(false), "exit code {code}");
        }
    }

    #[test]
    fn quality_of_service_follows_cpu_and_memory_alone() {
        let full = json!({"cpu": "1", "memory": "1Gi"});
        for (resources, class) in [
            (json!({}), "BestEffort"),
            (json!({"limits": {"jobling.dev/fuel": "5G"}}), "BestEffort"),
            (json!({"limits": full}), "Guaranteed"),
            (json!({"limits": full, "requests": {"cpu": "500m"}}), "Burstable"),
            (json!({"limits": full, "requests": {"cpu": "1000m"}}), "Guaranteed"),
            (json!({"requests": full}), "Burstable"),
            (json!({"requests": {"cpu": "0"}}), "BestEffort"),
            (json!({"limits": {"memory": "1Gi"}}), "Burstable"),
        ] {
            let job = job(json!({"spec": {
                "containers": [{"name": "main", "resources": resources}],
            }}));
            let status = created().to_object(&job).status.unwrap();
            assert_eq!(status.qos_class.as_deref(), Some(class), "{resources}");
        }
    }

    fn shown(phase: PodPhase, container: ContainerStatus) -> Value {
        let pod = taken_up(phase, vec![container]).to_object(&simple_job());
        serde_json::to_value(&pod.status.unwrap().container_statuses.unwrap()[0]).unwrap()
    }
}
