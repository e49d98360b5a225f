//! `status.conditions` of the Pod object: what the phase and the containers tell, and what was stored.
//!
//! After `pkg/kubelet/status/generate.go`.

use k8s_openapi::api::core::v1 as core;

use super::observed::{Observed, Role, filled};
use super::{Condition, ContainerState, Pod, PodPhase};
use crate::Timestamp;

/// What a condition says of a pod.
struct Verdict {
    status: &'static str,
    reason: &'static str,
    message: String,
}

impl Verdict {
    const fn met(reason: &'static str) -> Self {
        Self { status: "True", reason, message: String::new() }
    }

    const fn unmet(reason: &'static str, message: String) -> Self {
        Self { status: "False", reason, message }
    }
}

impl Pod {
    /// Returns the conditions, the derived ones first; a stored one replaces the derived one of its kind.
    pub(super) fn conditions(
        &self,
        inits: &[Observed<'_>],
        mains: &[Observed<'_>],
    ) -> Option<Vec<core::PodCondition>> {
        let mut all = match self.scheduled_at {
            Some(at) => self.derived(inits, mains, at),
            None => Vec::new(),
        };
        for stored in &self.status.conditions {
            all.retain(|derived| derived.kind != stored.kind);
            all.push(stored.clone());
        }
        (!all.is_empty()).then(|| all.into_iter().map(to_condition).collect())
    }

    fn derived(
        &self,
        inits: &[Observed<'_>],
        mains: &[Observed<'_>],
        scheduled_at: Timestamp,
    ) -> Vec<Condition> {
        let phase = self.status.phase;
        let begun_at = self.status.started_at.unwrap_or(scheduled_at);
        let ended_at = self.status.finished_at;
        let ready_at = ended_at.or_else(|| latest(mains)).unwrap_or(begun_at);
        let initialized_at = latest(inits).unwrap_or(begun_at);
        let condition = |kind: &str, verdict: Verdict, at| Condition {
            kind: kind.to_owned(),
            status: verdict.status.to_owned(),
            reason: verdict.reason.to_owned(),
            message: verdict.message,
            at,
        };
        vec![
            condition("Initialized", initialized(phase, inits, mains), initialized_at),
            condition("Ready", ready(phase, inits, mains), ready_at),
            condition("ContainersReady", ready(phase, inits, mains), ready_at),
            condition("PodScheduled", Verdict::met(""), scheduled_at),
        ]
    }
}

fn initialized(phase: PodPhase, inits: &[Observed<'_>], mains: &[Observed<'_>]) -> Verdict {
    if phase == PodPhase::Succeeded {
        return Verdict::met("PodCompleted");
    }
    let begun = |one: &Observed<'_>| {
        one.status.last.is_some() || !matches!(one.status.state, ContainerState::Waiting(_))
    };
    if mains.iter().any(begun) {
        return Verdict::met("");
    }
    match names(inits.iter().filter(|one| !one.is_ready())) {
        None => Verdict::met(""),
        Some(names) => Verdict::unmet(
            "ContainersNotInitialized",
            format!("containers with incomplete status: {names}"),
        ),
    }
}

fn ready(phase: PodPhase, inits: &[Observed<'_>], mains: &[Observed<'_>]) -> Verdict {
    match phase {
        PodPhase::Succeeded => return Verdict::unmet("PodCompleted", String::new()),
        PodPhase::Failed => return Verdict::unmet("PodFailed", String::new()),
        PodPhase::Pending | PodPhase::Running => {}
    }
    let sidecars = inits.iter().filter(|one| one.role == Role::Sidecar);
    match names(sidecars.chain(mains).filter(|one| !one.is_ready())) {
        None => Verdict::met(""),
        Some(names) => {
            Verdict::unmet("ContainersNotReady", format!("containers with unready status: {names}"))
        }
    }
}

/// Returns the containers' names as Go prints a list, such as `[a b]`; `None` where there are none.
fn names<'a>(containers: impl Iterator<Item = &'a Observed<'a>>) -> Option<String> {
    let names: Vec<&str> = containers.map(|one| one.container.name.as_str()).collect();
    (!names.is_empty()).then(|| format!("[{}]", names.join(" ")))
}

/// Returns when one of the containers last began or ended.
fn latest(containers: &[Observed<'_>]) -> Option<Timestamp> {
    let moment = |one: &Observed<'_>| match &one.status.state {
        ContainerState::Waiting(_) => one.status.last.as_ref().map(|end| end.finished_at),
        ContainerState::Running { started_at } => Some(*started_at),
        ContainerState::Terminated(end) => Some(end.finished_at),
    };
    containers.iter().filter_map(moment).max()
}

fn to_condition(condition: Condition) -> core::PodCondition {
    core::PodCondition {
        reason: filled(&condition.reason),
        message: filled(&condition.message),
        last_transition_time: Some(condition.at.to_time()),
        type_: condition.kind,
        status: condition.status,
        ..core::PodCondition::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        at, crashing, created, crowded_job, ended, running, scheduled, simple_job, taken_up,
    };
    use super::super::{ContainerStatus, JobInfo, PodStatus};
    use super::*;

    #[test]
    fn conditions_follow_the_containers() {
        let waiting = || ContainerStatus::waiting("PodInitializing", "");
        let with_inits = |phase, inits, mains| {
            let pod = taken_up(phase, mains);
            Pod { status: PodStatus { init_containers: inits, ..pod.status }, ..pod }
        };
        let rows = [
            ("created", created(), simple_job(), ""),
            (
                "scheduled",
                scheduled(),
                simple_job(),
                "Initialized; \
                 Ready=False ContainersNotReady (containers with unready status: [main]); PodScheduled",
            ),
            (
                "running",
                taken_up(PodPhase::Running, vec![running(3)]),
                simple_job(),
                "Initialized; Ready; PodScheduled",
            ),
            (
                "waiting to run again",
                taken_up(PodPhase::Running, vec![crashing()]),
                simple_job(),
                "Initialized; \
                 Ready=False ContainersNotReady (containers with unready status: [main]); PodScheduled",
            ),
            (
                "succeeded",
                taken_up(PodPhase::Succeeded, vec![ended(0, "Completed")]),
                simple_job(),
                "Initialized PodCompleted; Ready=False PodCompleted; PodScheduled",
            ),
            (
                "failed",
                taken_up(PodPhase::Failed, vec![ended(1, "Error")]),
                simple_job(),
                "Initialized; Ready=False PodFailed; PodScheduled",
            ),
            (
                "an init container runs",
                with_inits(PodPhase::Pending, vec![running(2), waiting()], vec![waiting(); 2]),
                crowded_job(),
                "Initialized=False ContainersNotInitialized \
                 (containers with incomplete status: [load proxy]); \
                 Ready=False ContainersNotReady \
                 (containers with unready status: [proxy main second]); PodScheduled",
            ),
            (
                "one of two containers has ended",
                with_inits(
                    PodPhase::Running,
                    vec![ended(0, "Completed"), running(9)],
                    vec![running(9), ended(0, "Completed")],
                ),
                crowded_job(),
                "Initialized; \
                 Ready=False ContainersNotReady (containers with unready status: [second]); PodScheduled",
            ),
        ];
        for (state, pod, job, expected) in rows {
            assert_eq!(shown(&pod, &job), expected, "{state}");
        }
    }

    #[test]
    fn a_stored_condition_replaces_the_derived_one() {
        let unschedulable = Condition {
            kind: "PodScheduled".into(),
            status: "False".into(),
            reason: "Unschedulable".into(),
            message: "no claim".into(),
            at: at(1),
        };
        let pod = created();
        let status = PodStatus { conditions: vec![unschedulable], ..pod.status };
        let pod = Pod { status, ..pod };
        assert_eq!(shown(&pod, &simple_job()), "PodScheduled=False Unschedulable (no claim)");
    }

    /// `Kind[=status] [reason] [(message)]`, without `ContainersReady`, which must equal Ready.
    fn shown(pod: &Pod, job: &JobInfo) -> String {
        let conditions = pod.to_object(job).status.unwrap().conditions.unwrap_or_default();
        let verdict = |kind: &str| {
            let found = conditions.iter().find(|one| one.type_ == kind);
            found.map(|one| (&one.status, &one.reason, &one.message))
        };
        assert_eq!(verdict("ContainersReady"), verdict("Ready"));
        let line = |one: &core::PodCondition| {
            let mut line = one.type_.clone();
            if one.status != "True" {
                line = format!("{line}={}", one.status);
            }
            for part in
                one.reason.iter().cloned().chain(one.message.as_ref().map(|m| format!("({m})")))
            {
                line = format!("{line} {part}");
            }
            line
        };
        let shown = conditions.iter().filter(|one| one.type_ != "ContainersReady");
        shown.map(line).collect::<Vec<_>>().join("; ")
    }
}
