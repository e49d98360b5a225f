//! Pods that have ended are kept up to a number; the oldest go first, as `pkg/controller/podgc` has it
//! (`--terminated-pod-gc-threshold`). What they came to stays counted in their Jobs' statuses.

use std::sync::Arc;
use std::time::Duration;

use super::turn::Turn;
use crate::Timestamp;
use crate::pods::Pod;

/// So many go in one step; while there are more, other things are done in between.
const MOST_FORGOTTEN: u64 = 500;
/// Where the store could not be read, so long until the next try.
const RETRY: Duration = Duration::from_secs(1);

/// How many pods have ended and are kept, as of the last step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct EndedPods {
    pub kept: u64,
    /// When there are more than may be kept.
    pub forget_at: Option<Timestamp>,
}

impl EndedPods {
    /// Takes account of a pod's row that changes from `before` to `after`.
    pub(super) fn note(&mut self, before: Option<&Pod>, after: Option<&Pod>) {
        let ended = |pod: Option<&Pod>| pod.is_some_and(|pod| !pod.is_live());
        match (ended(before), ended(after)) {
            (false, true) => self.kept = self.kept.saturating_add(1),
            (true, false) => self.kept = self.kept.saturating_sub(1),
            (false, false) | (true, true) => {}
        }
    }
}

impl Turn<'_> {
    /// Forgets the oldest pods that have ended, if there are more than are to be kept.
    pub(super) fn forget_old_pods(&mut self) {
        if self.state.ended_pods.forget_at.is_none_or(|at| at > self.now) {
            return;
        }
        let excess = self.excess_pods().min(MOST_FORGOTTEN);
        let Ok(oldest) = self.store.oldest_ended(usize::try_from(excess).unwrap_or(usize::MAX))
        else {
            self.state.ended_pods.forget_at = Some(self.now.plus(RETRY));
            return;
        };
        if u64::try_from(oldest.len()).is_ok_and(|found| found < excess) {
            // These are all that there are: what is known and what is stored must agree, or this never ends.
            self.state.ended_pods.kept = u64::try_from(oldest.len()).unwrap_or(u64::MAX);
        }
        for (pod, info) in oldest {
            // One that this step has taken away already is on the stage.
            if !self.stage.pods.contains_key(&pod.id) {
                self.drop_pod(&Arc::new(pod), &info);
            }
        }
    }

    /// Has the next step forget what is too much.
    pub(super) fn plan_old_pods(&mut self) {
        let due = self.excess_pods() > 0;
        let forget_at = &mut self.state.ended_pods.forget_at;
        *forget_at =
            if due { Some(forget_at.map_or(self.now, |at| at.max(self.now))) } else { None };
    }

    fn excess_pods(&self) -> u64 {
        let most = self.settings.terminated_pod_gc_threshold;
        most.map_or(0, |most| self.state.ended_pods.kept.saturating_sub(most))
    }
}
