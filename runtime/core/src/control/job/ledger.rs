//! A Job's counters and conditions, as `status` shows them and as the controller reckons with them.

use k8s_openapi::api::batch::v1::{JobCondition, JobStatus, UncountedTerminatedPods};

use crate::Timestamp;
use crate::control::IndexSet;
use crate::pods::{ContainerState, Pod, PodPhase};

/// A Job's condition type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConditionKind {
    /// `spec.suspend` is heeded.
    Suspended,
    /// The Job is about to fail; its pods are being ended.
    FailureTarget,
    /// The Job is about to complete; its pods are being ended.
    SuccessCriteriaMet,
    /// The Job has failed.
    Failed,
    /// The Job has completed.
    Complete,
}

impl ConditionKind {
    /// Returns the word in `status.conditions[].type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Suspended => "Suspended",
            Self::FailureTarget => "FailureTarget",
            Self::SuccessCriteriaMet => "SuccessCriteriaMet",
            Self::Failed => "Failed",
            Self::Complete => "Complete",
        }
    }
}

/// A condition to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCondition {
    /// Its type.
    pub kind: ConditionKind,
    /// `True` or `False`.
    pub status: &'static str,
    /// One word.
    pub reason: String,
    /// A sentence.
    pub message: String,
}

impl NewCondition {
    /// Returns a condition that holds.
    pub fn holds(
        kind: ConditionKind,
        reason: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { kind, status: "True", reason: reason.into(), message: message.into() }
    }
}

/// What a Job's status says, less what its live pods say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ledger {
    /// When the Job was started, or last resumed; to the second.
    pub start_time: Option<Timestamp>,
    /// When it completed; never set for one that failed.
    pub completion_time: Option<Timestamp>,
    /// In the order in which they were first set.
    pub conditions: Vec<JobCondition>,
    /// Successes counted.
    pub succeeded: u32,
    /// Failures counted.
    pub failed: u32,
    /// The indexes that have succeeded.
    pub completed: IndexSet,
    /// The indexes that have failed for good.
    pub failed_indexes: IndexSet,
}

impl Ledger {
    /// Returns what a stored status says.
    #[must_use]
    pub fn of(status: &JobStatus) -> Self {
        let number = |n: Option<i32>| n.and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
        Self {
            start_time: status.start_time.as_ref().map(Timestamp::from),
            completion_time: status.completion_time.as_ref().map(Timestamp::from),
            conditions: status.conditions.clone().unwrap_or_default(),
            succeeded: number(status.succeeded),
            failed: number(status.failed),
            completed: status.completed_indexes.as_deref().map(IndexSet::parse).unwrap_or_default(),
            failed_indexes: status
                .failed_indexes
                .as_deref()
                .map(IndexSet::parse)
                .unwrap_or_default(),
        }
    }

    /// Returns the condition of that type, where it holds.
    #[must_use]
    pub fn holding(&self, kind: ConditionKind) -> Option<&JobCondition> {
        self.conditions.iter().find(|had| had.type_ == kind.as_str() && had.status == "True")
    }

    /// Returns the terminal condition, if there is one.
    #[must_use]
    pub fn finished(&self) -> Option<&JobCondition> {
        self.holding(ConditionKind::Complete).or_else(|| self.holding(ConditionKind::Failed))
    }

    /// Returns when the Job finished: its terminal condition's last transition.
    #[must_use]
    pub fn finished_at(&self) -> Option<Timestamp> {
        self.finished()?.last_transition_time.as_ref().map(Timestamp::from)
    }

    /// Sets a condition. Its transition time moves only where its status changes.
    pub fn set(&mut self, new: NewCondition, now: Timestamp) {
        let now = now.to_time();
        match self.conditions.iter_mut().find(|had| had.type_ == new.kind.as_str()) {
            Some(had) => {
                if had.status != new.status {
                    had.last_transition_time = Some(now.clone());
                }
                new.status.clone_into(&mut had.status);
                had.reason = Some(new.reason);
                had.message = Some(new.message);
                had.last_probe_time = Some(now);
            }
            None => self.conditions.push(JobCondition {
                type_: new.kind.as_str().to_owned(),
                status: new.status.to_owned(),
                reason: Some(new.reason),
                message: Some(new.message),
                last_probe_time: Some(now.clone()),
                last_transition_time: Some(now),
            }),
        }
    }

    /// Returns the status that this and the live pods make. A Job that nobody has looked at yet (or that
    /// another controller manages) has none of the counters.
    #[must_use]
    pub fn to_status<'a>(
        &self,
        indexed: bool,
        counts_failed_indexes: bool,
        live: impl Iterator<Item = &'a Pod>,
    ) -> JobStatus {
        let (mut active, mut ready, mut terminating) = (0, 0, 0);
        for pod in live {
            if pod.deletion.is_some() || pod.stop.is_some() {
                terminating += 1;
            } else {
                active += 1;
                ready += i32::from(is_ready(pod));
            }
        }
        JobStatus {
            active: nonzero(active),
            ready: Some(ready),
            terminating: Some(terminating),
            succeeded: nonzero(clamped(self.succeeded)),
            failed: nonzero(clamped(self.failed)),
            completed_indexes: (indexed && !self.completed.is_empty())
                .then(|| self.completed.to_string()),
            failed_indexes: counts_failed_indexes.then(|| self.failed_indexes.to_string()),
            conditions: (!self.conditions.is_empty()).then(|| self.conditions.clone()),
            start_time: self.start_time.map(Timestamp::to_time),
            completion_time: self.completion_time.map(Timestamp::to_time),
            uncounted_terminated_pods: Some(UncountedTerminatedPods::default()),
        }
    }
}

/// A pod is ready while all of its containers run (there are no readiness probes here).
fn is_ready(pod: &Pod) -> bool {
    let running = |state: &ContainerState| matches!(state, ContainerState::Running { .. });
    pod.status.phase == PodPhase::Running
        && pod.status.containers.iter().all(|container| running(&container.state))
}

fn nonzero(number: i32) -> Option<i32> {
    (number != 0).then_some(number)
}

fn clamped(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_status_reads_back_as_it_was() {
        let mut ledger = Ledger {
            start_time: Some(Timestamp::from_unix_seconds(1_000)),
            succeeded: 3,
            failed: 2,
            completed: IndexSet::parse("0-2"),
            failed_indexes: IndexSet::parse("7"),
            ..Ledger::default()
        };
        let now = Timestamp::from_unix_seconds(2_000);
        ledger.set(NewCondition::holds(ConditionKind::FailureTarget, "FailedIndexes", "so"), now);
        let status = ledger.to_status(true, true, std::iter::empty());
        assert_eq!(Ledger::of(&status), ledger);
        assert_eq!((status.ready, status.terminating, status.active), (Some(0), Some(0), None));
    }

    #[test]
    fn a_condition_that_stays_keeps_its_transition_time() {
        let mut ledger = Ledger::default();
        let set = |ledger: &mut Ledger, status, second| {
            let condition = NewCondition {
                kind: ConditionKind::Suspended,
                status,
                reason: "JobSuspended".into(),
                message: String::new(),
            };
            ledger.set(condition, Timestamp::from_unix_seconds(second));
            let time = ledger.conditions[0].last_transition_time.clone();
            Timestamp::from(&time.expect("a set condition has one")).unix_seconds()
        };
        assert_eq!(set(&mut ledger, "True", 10), 10);
        assert_eq!(set(&mut ledger, "True", 20), 10);
        assert_eq!(set(&mut ledger, "False", 30), 30);
        assert_eq!(ledger.conditions.len(), 1);
    }
}
