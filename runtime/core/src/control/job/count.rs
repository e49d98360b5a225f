//! How a pod's end changes its Job's counters: exactly once, whatever is reported again.
//!
//! As `pkg/controller/job` (trackJobStatusAndRemoveFinalizers): but the pod's tally and the counters
//! change in one commit, so no pod is ever "uncounted".

use std::sync::Arc;

use super::{ConditionKind, IndexMemory, JobState, NewCondition, Presence, Replacement};
use crate::Timestamp;
use crate::control::{Verdict, verdict};
use crate::pods::{EndCause, Pod, PodPhase, Tally};

impl JobState {
    /// Takes the end of the pod with that ordinal into the counters; does nothing if it was taken
    /// before, or if it has not ended. A pod that is deleted counts as failed at once, unless the Job
    /// replaces only what has failed.
    pub fn count(&mut self, ordinal: u32, now: Timestamp) {
        let Some(pod) = self.pods.get(&ordinal).map(Arc::clone) else { return };
        if pod.tally != Tally::Open {
            return;
        }
        let tally = match pod.status.phase {
            PodPhase::Succeeded => self.count_success(&pod),
            PodPhase::Failed => self.count_failure(&pod, now),
            PodPhase::Pending | PodPhase::Running => {
                let replaced = self.rules.replacement == Replacement::TerminatingOrFailed;
                if pod.deletion.is_none() || !replaced {
                    return;
                }
                self.count_failure(&pod, now)
            }
        };
        if let Some(pod) = self.pods.get_mut(&ordinal) {
            Arc::make_mut(pod).tally = tally;
        }
    }

    fn count_success(&mut self, pod: &Pod) -> Tally {
        self.memory.streak = 0;
        self.memory.last_failure = None;
        if !self.rules.indexed {
            self.ledger.succeeded += 1;
            return Tally::Succeeded;
        }
        let Some(index) = pod.index else { return Tally::Exempt };
        self.memory.indexes.remove(&index);
        let wanted = self.rules.completions.is_some_and(|completions| index < completions);
        if !wanted || !self.ledger.completed.insert(index) {
            return Tally::Exempt;
        }
        self.ledger.succeeded = self.ledger.completed.len();
        Tally::Succeeded
    }

    fn count_failure(&mut self, pod: &Pod, now: Timestamp) -> Tally {
        let stopped_by_host = pod.stop.is_some_and(|stop| stop.cause == EndCause::Shutdown);
        if stopped_by_host || self.presence != Presence::Present {
            return Tally::Exempt;
        }
        // Once the Job has decided, what it ended itself is no verdict on it.
        let policy = self.rules.failure_policy.as_ref().filter(|_| pod.stop.is_none());
        let judged = verdict(policy, pod, &self.info);
        let counts = judged != Verdict::Ignore;
        self.remember_failure(pod, counts, now);
        match judged {
            Verdict::Ignore => return Tally::Ignored,
            Verdict::FailJob(why) => self.aim_at_failure(why, now),
            Verdict::FailIndex => self.fail_index(pod),
            Verdict::Count => {
                let limit = self.rules.backoff_limit_per_index;
                if limit.is_some_and(|limit| pod.index_failures.unwrap_or_default() >= limit) {
                    self.fail_index(pod);
                }
            }
        }
        self.ledger.failed += 1;
        Tally::Failed
    }

    fn remember_failure(&mut self, pod: &Pod, counts: bool, now: Timestamp) {
        let at = pod.status.finished_at.unwrap_or(now).min(now);
        self.memory.streak += 1;
        self.memory.last_failure = Some(at.max(self.memory.last_failure.unwrap_or(at)));
        if self.rules.backoff_limit_per_index.is_none() {
            return;
        }
        let Some(index) = pod.index else { return };
        let had = self.memory.indexes.entry(index).or_insert(IndexMemory {
            failures: 0,
            streak: 0,
            last_failure: at,
        });
        had.failures += u32::from(counts);
        had.streak += 1;
        had.last_failure = had.last_failure.max(at);
    }

    fn aim_at_failure(&mut self, why: String, now: Timestamp) {
        let decided = self.ledger.holding(ConditionKind::FailureTarget).is_some()
            || self.ledger.holding(ConditionKind::SuccessCriteriaMet).is_some();
        if !decided {
            let target = NewCondition::holds(ConditionKind::FailureTarget, "PodFailurePolicy", why);
            self.ledger.set(target, now);
        }
    }

    fn fail_index(&mut self, pod: &Pod) {
        let Some(index) = pod.index else { return };
        if !self.ledger.completed.contains(index) {
            self.ledger.failed_indexes.insert(index);
        }
        self.memory.indexes.remove(&index);
    }
}
