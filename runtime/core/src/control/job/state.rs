//! All that a decision about a Job looks at.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Ledger, Rules};
use crate::Timestamp;
use crate::pods::{JobInfo, Pod};

/// Whether a Job is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    Present,
    /// It goes once its pods have gone: deletion in the foreground.
    Deleting,
    /// It has gone; its pods are about to.
    Gone,
    /// It has gone; its pods stay.
    Orphaned,
}

/// What is remembered of an index that has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexMemory {
    /// Failures that counted.
    pub failures: u32,
    /// Failures in a row, counted or not: what the delay is reckoned by.
    pub streak: u32,
    /// When it last failed.
    pub last_failure: Timestamp,
}

/// What the controller must remember that no status field tells.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Memory {
    /// The next pod's ordinal.
    #[serde(default)]
    pub next_ordinal: u32,
    /// Failures in a row.
    #[serde(default)]
    pub streak: u32,
    /// When a pod last failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Timestamp>,
    /// With `backoffLimitPerIndex`: the same for each index that has failed and not yet ended for good.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub indexes: BTreeMap<u32, IndexMemory>,
}

/// One Job.
#[derive(Debug, Clone)]
pub struct JobState {
    /// What it says of its pods.
    pub info: Arc<JobInfo>,
    /// What its spec asks for.
    pub rules: Rules,
    /// Its counters and conditions.
    pub ledger: Ledger,
    /// What else is remembered.
    pub memory: Memory,
    /// Its pods that have not ended, by ordinal.
    pub pods: BTreeMap<u32, Arc<Pod>>,
    /// Whether it is there.
    pub presence: Presence,
}

impl JobState {
    /// Returns its pods that run, or are about to, and are not being ended.
    pub fn active(&self) -> impl Iterator<Item = &Arc<Pod>> {
        self.pods.values().filter(|pod| !is_terminating(pod))
    }

    /// Returns its pods that are being ended.
    pub fn terminating(&self) -> impl Iterator<Item = &Arc<Pod>> {
        self.pods.values().filter(|pod| is_terminating(pod))
    }

    /// Heeds a clock that was put back: what failed "later than now" failed now, so that nobody waits
    /// until the clock has caught up.
    pub fn clock_was_put_back(&mut self, now: Timestamp) {
        self.memory.last_failure = self.memory.last_failure.map(|last| last.min(now));
        for index in self.memory.indexes.values_mut() {
            index.last_failure = index.last_failure.min(now);
        }
    }

    /// Heeds a changed spec: an elastic Indexed Job that shrank forgets the indexes it no longer has.
    pub fn set_rules(&mut self, rules: Rules) {
        if let (true, Some(completions)) = (rules.indexed, rules.completions)
            && self.rules.completions != rules.completions
        {
            self.ledger.completed = self.ledger.completed.below(completions);
            self.ledger.failed_indexes = self.ledger.failed_indexes.below(completions);
            self.ledger.succeeded = self.ledger.completed.len();
            self.memory.indexes.retain(|&index, _| index < completions);
        }
        self.rules = rules;
    }
}

/// Whether a live pod is being ended.
fn is_terminating(pod: &Pod) -> bool {
    pod.deletion.is_some() || pod.stop.is_some()
}
