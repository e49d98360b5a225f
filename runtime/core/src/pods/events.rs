//! The events of a pod's ordinary life: Scheduled, and Pulled, Created and Started of each container. They
//! are read off the row, so that a pod that does as it should costs no row but its own. Of a pull from a
//! registry the node tells itself: it knows more of it than the row.
//!
//! The sentences are those of Kubernetes 1.37's scheduler and kubelet. What is not ordinary (`BackOff`,
//! `Failed`, `FailedMount`, `Killing`…) the node reports and the store keeps; the two never speak of the same.

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::object::NODE_NAME;
use super::observed::{Observed, Role};
use super::row::uuid;
use super::{ContainerState, JobInfo, Pod};
use crate::Timestamp;

/// The reason of a container that could not even be started.
const START_ERROR: &str = "StartError";

/// How often something happened, and when first and last.
#[derive(Clone, Copy)]
struct Times {
    count: u32,
    first: Timestamp,
    last: Timestamp,
}

impl Times {
    const fn once(at: Timestamp) -> Self {
        Self { count: 1, first: at, last: at }
    }
}

/// Returns the events of the pod's ordinary life up to now, in the order in which they happened. The same
/// event keeps its name and uid; its count and last time grow with restarts.
#[must_use]
pub fn derived_events(pod: &Pod, job: &JobInfo) -> Vec<core::Event> {
    let Some(scheduled_at) = pod.scheduled_at else { return Vec::new() };
    let message =
        format!("Successfully assigned {}/{} to {NODE_NAME}", job.namespace, pod.name(job));
    let mut events =
        vec![event(pod, job, "Scheduled", None, message, Times::once(scheduled_at), 0)];
    let spec = job.template.spec.clone().unwrap_or_default();
    let (inits, mains) = pod.containers(&spec);
    for (index, container) in inits.iter().chain(&mains).enumerate() {
        let Some(times) = runs(container, pod, scheduled_at) else { continue };
        let image = container.container.image.as_deref().unwrap_or_default();
        let pulled = format!(
            "Container image {image:?} already present on machine and can be accessed by the pod"
        );
        let mut tell = |reason, message| {
            let place = 4 * index + rank(reason);
            events.push(event(pod, job, reason, Some(container), message, times, place));
        };
        if !container.status.pulled {
            tell("Pulled", pulled);
        }
        if !is_start_error(container) {
            tell("Created", "Container created".to_owned());
            tell("Started", "Container started".to_owned());
        }
    }
    events
}

/// Returns the runs of a container that have begun. When the first of several began is not kept: it is
/// taken to be when the node took the pod up.
fn runs(container: &Observed<'_>, pod: &Pod, scheduled_at: Timestamp) -> Option<Times> {
    let status = &container.status;
    let last = match &status.state {
        ContainerState::Running { started_at } => *started_at,
        ContainerState::Terminated(end) => end.started_at,
        ContainerState::Waiting(_) => status.last.as_ref()?.started_at,
    };
    let count = status.restarts.saturating_add(1);
    let taken_up = pod.status.started_at.unwrap_or(scheduled_at);
    let first = if count == 1 { last } else { taken_up.min(last) };
    Some(Times { count, first, last })
}

fn is_start_error(container: &Observed<'_>) -> bool {
    match &container.status.state {
        ContainerState::Terminated(end) => end.reason == START_ERROR,
        ContainerState::Waiting(_) => {
            container.status.last.as_ref().is_some_and(|end| end.reason == START_ERROR)
        }
        ContainerState::Running { .. } => false,
    }
}

fn event(
    pod: &Pod,
    job: &JobInfo,
    reason: &str,
    container: Option<&Observed<'_>>,
    message: String,
    times: Times,
    place: usize,
) -> core::Event {
    let pod_uid = pod.uid(job);
    let pod_name = pod.name(job);
    let of = container.map(|one| one.container.name.as_str()).unwrap_or_default();
    let uid = uuid(&[pod_uid.as_bytes(), reason.as_bytes(), of.as_bytes()]);
    // Names are listed in order: those of a pod's life as they happen, whichever second they share.
    let moment = pod.scheduled_at.unwrap_or(times.first).unix_micros();
    let (component, host) = match container {
        None => ("default-scheduler", None),
        Some(_) => ("kubelet", Some(NODE_NAME.to_owned())),
    };
    core::Event {
        metadata: ObjectMeta {
            name: Some(format!("{pod_name}.{moment:013x}{place:04x}")),
            namespace: Some(job.namespace.clone()),
            uid: Some(uid),
            resource_version: Some(pod.revision.to_string()),
            creation_timestamp: Some(times.first.to_time()),
            ..ObjectMeta::default()
        },
        involved_object: core::ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("Pod".to_owned()),
            namespace: Some(job.namespace.clone()),
            name: Some(pod_name),
            uid: Some(pod_uid),
            field_path: container.map(field_path),
            resource_version: None,
        },
        reason: Some(reason.to_owned()),
        message: Some(message),
        type_: Some("Normal".to_owned()),
        count: Some(i32::try_from(times.count).unwrap_or(i32::MAX)),
        first_timestamp: Some(times.first.to_time()),
        last_timestamp: Some(times.last.to_time()),
        source: Some(core::EventSource {
            component: Some(component.to_owned()),
            host: host.clone(),
        }),
        reporting_component: Some(component.to_owned()),
        reporting_instance: Some(host.unwrap_or_default()),
        ..core::Event::default()
    }
}

/// Returns when in a container's life an event of that reason comes.
fn rank(reason: &str) -> usize {
    ["Pulled", "Created", "Started"].iter().position(|known| *known == reason).unwrap_or(0) + 1
}

fn field_path(container: &Observed<'_>) -> String {
    let list = match container.role {
        Role::Init | Role::Sidecar => "initContainers",
        Role::Main => "containers",
    };
    format!("spec.{list}{{{}}}", container.container.name)
}

/// Returns the name of the pod that an event of this name is about; `None` where no pod's is.
pub(crate) fn pod_of(event: &str) -> Option<&str> {
    event.rsplit_once('.').map(|(pod, _)| pod)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::testing::{
        at, crashing, created, crowded_job, ended, running, scheduled, simple_job, taken_up,
    };
    use super::super::{ContainerStatus, PodPhase, PodStatus};
    use super::*;

    #[test]
    fn events_tell_what_the_row_tells() {
        let again = ContainerStatus { restarts: 2, last: crashing().last, ..running(20) };
        let unstarted = ended(128, START_ERROR);
        for (state, pod, expected) in [
            ("created", created(), ""),
            ("scheduled", scheduled(), "Scheduled 1 1"),
            (
                "running",
                taken_up(PodPhase::Running, vec![running(3)]),
                "Scheduled 1 1, Pulled 3 1, Created 3 1, Started 3 1",
            ),
            (
                "waiting to run again",
                taken_up(PodPhase::Running, vec![crashing()]),
                "Scheduled 1 1, Pulled 2 1, Created 2 1, Started 2 1",
            ),
            (
                "running for the third time",
                taken_up(PodPhase::Running, vec![again]),
                "Scheduled 1 1, Pulled 20 3, Created 20 3, Started 20 3",
            ),
            (
                "pulled",
                taken_up(PodPhase::Running, vec![ContainerStatus { pulled: true, ..running(3) }]),
                "Scheduled 1 1, Created 3 1, Started 3 1",
            ),
            ("no module", taken_up(PodPhase::Failed, vec![unstarted]), "Scheduled 1 1, Pulled 2 1"),
        ] {
            let line = |event: &core::Event| {
                let last = Timestamp::from(event.last_timestamp.as_ref().unwrap());
                let reason = event.reason.as_deref().unwrap();
                format!("{reason} {} {}", last.since(at(0)).as_secs(), event.count.unwrap())
            };
            let events = derived_events(&pod, &simple_job());
            let lines: Vec<String> = events.iter().map(line).collect();
            assert_eq!(lines.join(", "), expected, "{state}");
        }
    }

    #[test]
    fn each_container_has_its_own_events() {
        let pod = taken_up(PodPhase::Running, vec![running(9), running(9)]);
        let init_containers = vec![ended(0, "Completed"), running(8)];
        let pod = Pod { status: PodStatus { init_containers, ..pod.status }, ..pod };
        let events = derived_events(&pod, &crowded_job());
        let paths: Vec<_> =
            events.iter().filter_map(|event| event.involved_object.field_path.as_deref()).collect();
        assert_eq!(paths[0], "spec.initContainers{load}");
        assert_eq!(paths[11], "spec.containers{second}");
        let names: std::collections::BTreeSet<_> =
            events.iter().map(|event| event.metadata.name.clone()).collect();
        assert_eq!(names.len(), 13, "names differ");
    }

    #[test]
    fn an_event_reads_as_the_kubelets() {
        let pod = taken_up(PodPhase::Running, vec![running(3)]);
        let event = &derived_events(&pod, &simple_job())[1];
        assert_eq!(pod_of(event.metadata.name.as_deref().unwrap()), Some("report-d7k8c"));
        expect![[r#"
            {
              "apiVersion": "v1",
              "kind": "Event",
              "count": 1,
              "firstTimestamp": "2026-11-23T09:00:03Z",
              "involvedObject": {
                "apiVersion": "v1",
                "fieldPath": "spec.containers{main}",
                "kind": "Pod",
                "name": "report-d7k8c",
                "namespace": "default",
                "uid": "aa271a5c-44e2-8b0a-9893-8167ef8b00dc"
              },
              "lastTimestamp": "2026-11-23T09:00:03Z",
              "message": "Container image \"report:1.0\" already present on machine and can be accessed by the pod",
              "metadata": {
                "creationTimestamp": "2026-11-23T09:00:03Z",
                "name": "report-d7k8c.660edd1a486400001",
                "namespace": "default",
                "resourceVersion": "41",
                "uid": "5a980eb5-eedd-828d-88f0-3aeab220c50b"
              },
              "reason": "Pulled",
              "reportingComponent": "kubelet",
              "reportingInstance": "jobling",
              "source": {
                "component": "kubelet",
                "host": "jobling"
              },
              "type": "Normal"
            }"#]].assert_eq(&serde_json::to_string_pretty(event).unwrap());
    }
}
