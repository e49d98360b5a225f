//! A [`Given`] is a Job in the making; what a plan says is carried out on it as the engine would.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::batch::v1::JobSpec;
use serde_json::{Value, json};

use super::*;
use crate::Timestamp;
use crate::control::Backoff;
use crate::pods::{
    ContainerState, ContainerStatus, JobId, JobInfo, Pod, PodId, PodPhase, PodStatus, Stop, Tally,
    Terminated,
};

pub(super) struct Given {
    pub(super) state: JobState,
    pub(super) now: Timestamp,
}

pub(super) fn given(mut spec: Value) -> Given {
    if spec["template"].is_null() {
        spec["template"] = json!({"spec": {"restartPolicy": "Never",
            "containers": [{"name": "main", "image": "guest"}]}});
    }
    if spec["completions"].is_null() && spec["parallelism"].is_null() {
        spec["completions"] = json!(1);
    }
    let spec: JobSpec = serde_json::from_value(spec).expect("a spec");
    let info = JobInfo {
        id: JobId(1),
        namespace: "default".into(),
        name: "report".into(),
        uid: "0".into(),
        annotations: BTreeMap::new(),
        owner: None,
        completions: None,
        orphaned: false,
        template: spec.template.clone(),
    };
    Given {
        state: JobState {
            info: Arc::new(info),
            rules: Rules::of(&spec),
            ledger: Ledger::default(),
            memory: Memory::default(),
            pods: BTreeMap::new(),
            presence: Presence::Present,
        },
        now: Timestamp::from_unix_seconds(1_790_000_000),
    }
}

pub(super) fn on_failure() -> Value {
    json!({"spec": {"restartPolicy": "OnFailure", "containers": [{"name": "main"}]}})
}

impl Given {
    pub(super) fn plan(&mut self) -> Plan {
        plan(&self.state, &Backoff::default(), self.now)
    }

    /// Carries out plans until none calls for more; returns the last one.
    pub(super) fn settle(&mut self) -> Plan {
        loop {
            let plan = self.plan();
            if plan.end.is_empty() && plan.create.is_empty() && plan.conditions.is_empty() {
                if plan.start_time == StartTime::Clear {
                    self.state.ledger.start_time = None;
                }
                return plan;
            }
            self.carry_out(plan);
        }
    }

    pub(super) fn carry_out(&mut self, plan: Plan) {
        let now = self.now;
        match plan.start_time {
            StartTime::Keep => {}
            StartTime::Now => self.state.ledger.start_time = Some(now),
            StartTime::Clear => self.state.ledger.start_time = None,
        }
        for condition in plan.conditions {
            self.state.ledger.set(condition, now);
        }
        for ending in plan.end {
            self.change(ending.ordinal, |pod| match ending.fate {
                Fate::Removed => {
                    pod.deletion =
                        Some(crate::pods::Deletion { asked_at: now, grace: Duration::ZERO });
                    pod.tally = Tally::Exempt;
                }
                Fate::Kept => {
                    pod.stop =
                        Some(Stop { cause: ending.cause, asked_at: now, grace: Duration::ZERO });
                }
            });
        }
        for new in plan.create {
            let ordinal = self.state.memory.next_ordinal;
            self.state.memory.next_ordinal += 1;
            let pod = Pod {
                id: PodId::new(JobId(1), ordinal),
                revision: 0,
                index: new.index,
                index_failures: new.index_failures,
                created_at: now,
                scheduled_at: Some(now),
                stop: None,
                deletion: None,
                tally: Tally::Open,
                status: PodStatus::default(),
            };
            self.state.pods.insert(ordinal, Arc::new(pod));
        }
    }

    pub(super) fn passes(&mut self, seconds: u64) {
        self.settle();
        self.now = self.now.plus(Duration::from_secs(seconds));
        self.settle();
    }

    pub(super) fn pod(&self, ordinal: u32) -> &Pod {
        &self.state.pods[&ordinal]
    }

    pub(super) fn change(&mut self, ordinal: u32, change: impl FnOnce(&mut Pod)) {
        change(Arc::make_mut(self.state.pods.get_mut(&ordinal).expect("a live pod")));
    }

    pub(super) fn set_end(&mut self, ordinal: u32, code: i32) {
        let now = self.now;
        self.change(ordinal, |pod| {
            let end = Terminated {
                exit_code: code,
                reason: String::new(),
                message: String::new(),
                started_at: now,
                finished_at: now,
            };
            let mut container = ContainerStatus::waiting("", "");
            container.state = ContainerState::Terminated(end);
            pod.status.containers = vec![container];
            pod.status.phase = if code == 0 { PodPhase::Succeeded } else { PodPhase::Failed };
            pod.status.finished_at = Some(now);
        });
    }

    pub(super) fn ends(&mut self, ordinal: u32, code: i32) {
        self.set_end(ordinal, code);
        self.state.count(ordinal, self.now);
        self.state.pods.remove(&ordinal);
    }

    pub(super) fn deleted(&mut self, ordinal: u32) {
        let deletion = crate::pods::Deletion { asked_at: self.now, grace: Duration::from_secs(30) };
        self.change(ordinal, |pod| pod.deletion = Some(deletion));
        self.state.count(ordinal, self.now);
    }

    pub(super) fn restarted(&mut self, ordinal: u32, restarts: u32) {
        self.change(ordinal, |pod| {
            let mut container = ContainerStatus::waiting("", "");
            container.restarts = restarts;
            pod.status.containers = vec![container];
        });
    }

    pub(super) fn indexes(&self) -> Vec<u32> {
        self.state.pods.values().filter_map(|pod| pod.index).collect()
    }

    pub(super) fn conditions(&self) -> String {
        let held = self.state.ledger.conditions.iter().filter(|had| had.status == "True");
        held.map(|had| had.type_.as_str()).collect::<Vec<_>>().join(" ")
    }

    pub(super) fn reason(&self) -> String {
        let last = self.state.ledger.conditions.last();
        last.and_then(|had| had.reason.clone()).unwrap_or_default()
    }
}
