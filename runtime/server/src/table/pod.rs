//! The row of a Pod: its state in one word, found as `printPod` of Kubernetes finds it.

use jobling_core::Timestamp;
use k8s_openapi::api::core::v1::{
    Container, ContainerState, ContainerStateTerminated, ContainerStatus, Pod, PodSpec, PodStatus,
};
use serde_json::{Value, json};

use super::age::{since, span};
use super::row::{Column, Row, or};

pub(super) const COLUMNS: [Column; 9] = [
    Column::name(),
    Column::text("Ready"),
    Column::text("Status"),
    Column::text("Restarts"),
    Column::text("Age"),
    Column::wide("IP"),
    Column::wide("Node"),
    Column::wide("Nominated Node"),
    Column::wide("Readiness Gates"),
];

pub(super) fn row(pod: &Pod, now: Timestamp) -> Row {
    let (no_spec, no_status) = (PodSpec::default(), PodStatus::default());
    let spec = pod.spec.as_ref().unwrap_or(&no_spec);
    let status = pod.status.as_ref().unwrap_or(&no_status);
    let summary = Summary::of(pod, spec, status);
    let cells = vec![
        json!(pod.metadata.name),
        json!(format!("{}/{}", summary.ready, summary.total)),
        json!(summary.reason),
        json!(summary.restarts.cell(now)),
        json!(since(pod.metadata.creation_timestamp.as_ref(), now)),
        json!(or(status.pod_ip.as_deref(), "<none>")),
        json!(or(spec.node_name.as_deref(), "<none>")),
        json!(or(status.nominated_node_name.as_deref(), "<none>")),
        json!("<none>"),
    ];
    Row { cells, conditions: ended(status) }
}

fn ended(status: &PodStatus) -> Vec<Value> {
    let (reason, message) = match status.phase.as_deref() {
        Some("Succeeded") => ("Succeeded", "The pod has completed successfully."),
        Some("Failed") => ("Failed", "The pod failed."),
        _ => return Vec::new(),
    };
    vec![json!({"type": "Completed", "status": "True", "reason": reason, "message": message})]
}

/// How often containers were restarted, and when last.
#[derive(Default)]
struct Restarts {
    count: i32,
    last: Option<Timestamp>,
}

impl Restarts {
    fn add(&mut self, container: &ContainerStatus) {
        self.count += container.restart_count;
        let ended = container.last_state.as_ref().and_then(|state| state.terminated.as_ref());
        let ended = ended.and_then(|end| end.finished_at.as_ref()).map(Timestamp::from);
        self.last = self.last.max(ended);
    }

    fn cell(&self, now: Timestamp) -> String {
        match self.last {
            Some(last) if self.count != 0 => format!("{} ({} ago)", self.count, span(last, now)),
            _ => self.count.to_string(),
        }
    }
}

struct Summary {
    reason: String,
    ready: usize,
    total: usize,
    restarts: Restarts,
}

impl Summary {
    fn of(pod: &Pod, spec: &PodSpec, status: &PodStatus) -> Self {
        let inits = spec.init_containers.as_deref().unwrap_or_default();
        let sidecars = inits.iter().filter(|one| is_sidecar(one)).count();
        let phase = status.phase.as_deref().unwrap_or_default();
        let mut summary = Self {
            reason: or(status.reason.as_deref(), phase),
            ready: 0,
            total: spec.containers.len() + sidecars,
            restarts: Restarts::default(),
        };
        if has_condition(status, |one| one.reason.as_deref() == Some("SchedulingGated")) {
            "SchedulingGated".clone_into(&mut summary.reason);
        }
        let sidecar_restarts = summary.read_inits(inits, status);
        let initialized =
            has_condition(status, |one| one.type_ == "Initialized" && one.status == "True");
        if sidecar_restarts.is_initialized || initialized {
            summary.restarts = sidecar_restarts.restarts;
            summary.read_mains(status);
        }
        if pod.metadata.deletion_timestamp.is_some() {
            if status.reason.as_deref() == Some("NodeLost") {
                "Unknown".clone_into(&mut summary.reason);
            } else if !matches!(phase, "Succeeded" | "Failed") {
                "Terminating".clone_into(&mut summary.reason);
            }
        }
        summary
    }

    /// Reads the init containers up to the first that is not done.
    fn read_inits(&mut self, inits: &[Container], status: &PodStatus) -> Initialization {
        let mut sidecars = Restarts::default();
        for (at, one) in status.init_container_statuses.iter().flatten().enumerate() {
            let sidecar = inits.iter().any(|init| init.name == one.name && is_sidecar(init));
            self.restarts.add(one);
            if sidecar {
                sidecars.add(one);
            }
            let state = one.state.as_ref();
            let terminated = state.and_then(|state| state.terminated.as_ref());
            if terminated.is_some_and(|end| end.exit_code == 0) {
                continue;
            }
            if sidecar && one.started == Some(true) {
                self.ready += usize::from(one.ready);
                continue;
            }
            let waiting = waiting_reason(state).filter(|reason| *reason != "PodInitializing");
            self.reason = match (terminated, waiting) {
                (Some(end), _) => format!("Init:{}", end_word(end)),
                (None, Some(reason)) => format!("Init:{reason}"),
                (None, None) => format!("Init:{at}/{}", inits.len()),
            };
            return Initialization { is_initialized: false, restarts: sidecars };
        }
        Initialization { is_initialized: true, restarts: sidecars }
    }

    /// Reads the containers, the last one first: the first one's word counts.
    fn read_mains(&mut self, status: &PodStatus) {
        let mut running = false;
        for one in status.container_statuses.iter().flatten().rev() {
            self.restarts.add(one);
            let state = one.state.as_ref();
            let terminated = state.and_then(|state| state.terminated.as_ref());
            if let Some(reason) = waiting_reason(state) {
                reason.clone_into(&mut self.reason);
            } else if let Some(end) = terminated {
                self.reason = end_word(end);
            } else if one.ready && state.is_some_and(|state| state.running.is_some()) {
                running = true;
                self.ready += 1;
            }
        }
        if self.reason == "Completed" && running {
            let ready = has_condition(status, |one| one.type_ == "Ready" && one.status == "True");
            (if ready { "Running" } else { "NotReady" }).clone_into(&mut self.reason);
        }
    }
}

/// What the init containers tell.
struct Initialization {
    is_initialized: bool,
    /// Of those that go on running beside the others.
    restarts: Restarts,
}

fn is_sidecar(container: &Container) -> bool {
    container.restart_policy.as_deref() == Some("Always")
}

fn waiting_reason(state: Option<&ContainerState>) -> Option<&str> {
    let waiting = state.and_then(|state| state.waiting.as_ref());
    waiting.and_then(|waiting| waiting.reason.as_deref()).filter(|reason| !reason.is_empty())
}

fn end_word(end: &ContainerStateTerminated) -> String {
    match (end.reason.as_deref(), end.signal.unwrap_or_default()) {
        (Some(reason), _) if !reason.is_empty() => reason.to_owned(),
        (_, 0) => format!("ExitCode:{}", end.exit_code),
        (_, signal) => format!("Signal:{signal}"),
    }
}

fn has_condition(
    status: &PodStatus,
    holds: impl Fn(&k8s_openapi::api::core::v1::PodCondition) -> bool,
) -> bool {
    status.conditions.iter().flatten().any(holds)
}

#[cfg(test)]
mod tests {
    use jobling_core::api::Kind;
    use serde_json::{Value, json};

    use super::super::row::testing::{ago, printed};

    fn waiting(reason: &str) -> Value {
        json!({"state": {"waiting": {"reason": reason}}})
    }

    fn running() -> Value {
        json!({"state": {"running": {"startedAt": ago(60)}}, "ready": true, "started": true})
    }

    fn ended(code: i32, reason: &str) -> Value {
        json!({"state": {"terminated": {"exitCode": code, "reason": reason}}})
    }

    fn restarted(mut status: Value, count: i32, seconds_ago: i64) -> Value {
        status["restartCount"] = json!(count);
        let end = json!({"exitCode": 1, "finishedAt": ago(seconds_ago)});
        status["lastState"] = json!({"terminated": end});
        status
    }

    #[test]
    fn a_pod_shows_its_state_in_one_word() {
        for (state, phase, inits, mains, cells) in [
            ("just made", "Pending", vec![], vec![], "0/0 | Pending | 0"),
            (
                "starting",
                "Pending",
                vec![],
                vec![waiting("ContainerCreating")],
                "0/1 | ContainerCreating | 0",
            ),
            (
                "image missing",
                "Pending",
                vec![],
                vec![waiting("ImagePullBackOff")],
                "0/1 | ImagePullBackOff | 0",
            ),
            ("running", "Running", vec![], vec![running()], "1/1 | Running | 0"),
            ("done", "Succeeded", vec![], vec![ended(0, "Completed")], "0/1 | Completed | 0"),
            ("failed", "Failed", vec![], vec![ended(1, "Error")], "0/1 | Error | 0"),
            (
                "out of memory",
                "Failed",
                vec![],
                vec![ended(137, "OOMKilled")],
                "0/1 | OOMKilled | 0",
            ),
            ("no reason", "Failed", vec![], vec![ended(3, "")], "0/1 | ExitCode:3 | 0"),
            (
                "to be restarted",
                "Running",
                vec![],
                vec![restarted(waiting("CrashLoopBackOff"), 4, 30)],
                "0/1 | CrashLoopBackOff | 4 (30s ago)",
            ),
            (
                "one of two ended, the other not ready",
                "Running",
                vec![],
                vec![ended(0, "Completed"), running()],
                "1/2 | NotReady | 0",
            ),
            (
                "first init runs",
                "Pending",
                vec![running()],
                vec![waiting("PodInitializing")],
                "0/1 | Init:0/1 | 0",
            ),
            (
                "second init waits",
                "Pending",
                vec![ended(0, "Completed"), waiting("PodInitializing")],
                vec![waiting("PodInitializing")],
                "0/1 | Init:1/2 | 0",
            ),
            (
                "init crashes",
                "Pending",
                vec![restarted(waiting("CrashLoopBackOff"), 2, 5)],
                vec![waiting("PodInitializing")],
                "0/1 | Init:CrashLoopBackOff | 2 (5s ago)",
            ),
            (
                "init failed",
                "Failed",
                vec![ended(1, "Error")],
                vec![waiting("PodInitializing")],
                "0/1 | Init:Error | 0",
            ),
            (
                "init failed silently",
                "Failed",
                vec![ended(2, "")],
                vec![],
                "0/0 | Init:ExitCode:2 | 0",
            ),
            (
                "past its init, whose restarts no longer count",
                "Running",
                vec![restarted(ended(0, "Completed"), 3, 9)],
                vec![running()],
                "1/1 | Running | 0",
            ),
        ] {
            let row = printed(Kind::Pod, pod(phase, &inits, &mains));
            let shown: Vec<&str> = row.split(" | ").skip(1).take(3).collect();
            assert_eq!(shown.join(" | "), cells, "{state}");
        }
    }

    #[test]
    fn a_sidecar_counts_among_the_ready() {
        let mut object = pod("Running", &[restarted(running(), 1, 7)], &[running()]);
        object["spec"]["initContainers"][0]["restartPolicy"] = json!("Always");
        let row = printed(Kind::Pod, object);
        assert!(row.starts_with("p | 2/2 | Running | 1 (7s ago) | "), "{row}");
    }

    #[test]
    fn a_deleted_pod_is_terminating_until_it_has_ended() {
        for (phase, main, state) in
            [("Running", running(), "Terminating"), ("Failed", ended(143, "Error"), "Error")]
        {
            let mut object = pod(phase, &[], &[main]);
            object["metadata"]["deletionTimestamp"] = json!(ago(1));
            let row = printed(Kind::Pod, object);
            assert_eq!(row.split(" | ").nth(2), Some(state), "{phase}");
        }
    }

    #[test]
    fn the_reason_of_the_whole_pod_stands_where_no_container_tells_one() {
        let mut object = pod("Failed", &[], &[]);
        object["status"]["reason"] = json!("DeadlineExceeded");
        let row = printed(Kind::Pod, object);
        assert_eq!(row, "p | 0/0 | DeadlineExceeded | 0 | 2m | <none> | jobling | <none> | <none>");
    }

    fn pod(phase: &str, inits: &[Value], mains: &[Value]) -> Value {
        let named = |prefix: &str, at: usize| format!("{prefix}{at}");
        let specs = |prefix: &str, all: &[Value]| -> Vec<Value> {
            (0..all.len()).map(|at| json!({"name": named(prefix, at)})).collect()
        };
        let statuses = |prefix: &str, all: &[Value]| -> Vec<Value> {
            let name = |(at, status): (usize, &Value)| {
                let mut status = status.clone();
                status["name"] = json!(named(prefix, at));
                for (field, unset) in [
                    ("image", json!("")),
                    ("imageID", json!("")),
                    ("restartCount", json!(0)),
                    ("ready", json!(false)),
                ] {
                    if status.get(field).is_none() {
                        status[field] = unset;
                    }
                }
                status
            };
            all.iter().enumerate().map(name).collect()
        };
        json!({
            "metadata": {"name": "p", "creationTimestamp": ago(120)},
            "spec": {
                "nodeName": "jobling",
                "initContainers": specs("i", inits),
                "containers": specs("m", mains),
            },
            "status": {
                "phase": phase,
                "initContainerStatuses": statuses("i", inits),
                "containerStatuses": statuses("m", mains),
            },
        })
    }
}
