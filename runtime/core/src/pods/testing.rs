//! Pods and Jobs for the tests of this room.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::{
    ContainerState, ContainerStatus, Deletion, JobId, JobInfo, Pod, PodId, PodPhase, PodStatus,
    Tally, Terminated,
};
use crate::Timestamp;

/// `second` seconds after nine o'clock on a Monday.
pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_795_424_400 + second)
}

/// The Job `default/report` with this pod template.
pub(super) fn job(template: Value) -> JobInfo {
    JobInfo {
        id: JobId(7),
        namespace: "default".into(),
        name: "report".into(),
        uid: "5e3c5c2e-2f5b-8aaa-9bbb-123456789abc".into(),
        annotations: BTreeMap::new(),
        owner: None,
        completions: None,
        orphaned: false,
        template: serde_json::from_value(template).unwrap(),
    }
}

/// One container, `main`.
pub(super) fn simple_job() -> JobInfo {
    job(json!({"spec": {
        "restartPolicy": "Never",
        "containers": [{"name": "main", "image": "report:1.0"}],
    }}))
}

/// An init container `load`, a sidecar `proxy`, and the containers `main` and `second`.
pub(super) fn crowded_job() -> JobInfo {
    job(json!({"spec": {
        "restartPolicy": "OnFailure",
        "initContainers": [
            {"name": "load", "image": "load:1"},
            {"name": "proxy", "image": "proxy:1", "restartPolicy": "Always"},
        ],
        "containers": [
            {"name": "main", "image": "report:1.0"},
            {"name": "second", "image": "report:1.0"},
        ],
    }}))
}

/// The first pod of the Job, just created.
pub(super) fn created() -> Pod {
    Pod {
        id: PodId::new(JobId(7), 0),
        revision: 41,
        index: None,
        index_failures: None,
        created_at: at(0),
        scheduled_at: None,
        stop: None,
        deletion: None,
        tally: Tally::Open,
        status: PodStatus::default(),
    }
}

/// The pod, scheduled after one second.
pub(super) fn scheduled() -> Pod {
    Pod { scheduled_at: Some(at(1)), ..created() }
}

/// The pod in `phase`, taken up by the node after two seconds, with these main containers.
pub(super) fn taken_up(phase: PodPhase, containers: Vec<ContainerStatus>) -> Pod {
    let finished_at = phase.is_terminal().then(|| at(9));
    let status = PodStatus {
        phase,
        started_at: Some(at(2)),
        finished_at,
        containers,
        ..PodStatus::default()
    };
    Pod { status, ..scheduled() }
}

/// The pod, to be gone within thirty seconds.
pub(super) fn deleted(pod: Pod) -> Pod {
    Pod { deletion: Some(Deletion { asked_at: at(5), grace: Duration::from_secs(30) }), ..pod }
}

/// A container running since `second`.
pub(super) fn running(second: i64) -> ContainerStatus {
    let state = ContainerState::Running { started_at: at(second) };
    ContainerStatus { state, image_id: "sha256:f00d".into(), ..ContainerStatus::waiting("", "") }
}

/// A container that began after two seconds and has ended after nine.
pub(super) fn ended(exit_code: i32, reason: &str) -> ContainerStatus {
    let state = ContainerState::Terminated(terminated(exit_code, reason));
    ContainerStatus { state, fuel: 1_200, ..running(2) }
}

/// A container that failed and waits for its second run.
pub(super) fn crashing() -> ContainerStatus {
    ContainerStatus {
        last: Some(Box::new(terminated(1, "Error"))),
        image_id: "sha256:f00d".into(),
        ..ContainerStatus::waiting("CrashLoopBackOff", "back-off 10s restarting failed container")
    }
}

fn terminated(exit_code: i32, reason: &str) -> Terminated {
    Terminated {
        exit_code,
        reason: reason.into(),
        message: String::new(),
        started_at: at(2),
        finished_at: at(9),
    }
}
