//! The newest changes, kept in memory for the watches. Bounded: a watch that falls behind what is kept is
//! told so and lists again. After a restart it starts empty.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use jobling_core::engine::{Change, Expired, Snapshot};

/// What a pod's row takes in memory, roughly; its template is its Job's.
const POD_BYTES: usize = 1024;
/// What a parsed object takes besides twice its text, roughly: most of its fields are empty. Ten thousand
/// CronJobs of 1.2 kB took 7.9 kB each.
const OBJECT_BYTES: usize = 5_500;

/// How much of the past is kept for watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedLimits {
    /// The most changes.
    pub changes: usize,
    /// The most memory in bytes, by an estimate of what each object takes.
    pub bytes: usize,
}

impl Default for FeedLimits {
    fn default() -> Self {
        Self { changes: 32_768, bytes: 16 << 20 }
    }
}

/// What is kept of the past once nothing has happened for a while: those who watch have seen it by then, and
/// one that comes back later may have to list again.
const AT_REST: FeedLimits = FeedLimits { changes: 1_024, bytes: 1 << 20 };

/// Called with the newest revision after each commit, on the writer's thread: must not wait.
pub type CommitHook = Box<dyn Fn(u64) + Send + Sync>;

/// The changes of the newest commits.
pub(crate) struct Feed {
    limits: FeedLimits,
    ring: RwLock<Ring>,
    hooks: RwLock<Vec<CommitHook>>,
}

struct Ring {
    changes: VecDeque<(usize, Arc<Change>)>,
    bytes: usize,
    /// Every change after this one is kept.
    floor: u64,
    /// The newest committed revision.
    newest: u64,
}

impl Feed {
    /// Returns a feed that knows nothing up to `revision`.
    pub(crate) fn starting_at(revision: u64, limits: FeedLimits) -> Self {
        let ring = Ring { changes: VecDeque::new(), bytes: 0, floor: revision, newest: revision };
        Self { limits, ring: RwLock::new(ring), hooks: RwLock::default() }
    }

    /// Takes up what a commit changed and tells those who asked.
    pub(crate) fn publish(&self, changes: &[Change], revision: u64) {
        let weighed: Vec<_> =
            changes.iter().map(|change| (bytes(change), Arc::new(change.clone()))).collect();
        {
            let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
            ring.newest = ring.newest.max(revision);
            for (bytes, change) in weighed {
                ring.bytes += bytes;
                ring.changes.push_back((bytes, change));
            }
            ring.trim(self.limits);
        }
        for hook in self.hooks.read().unwrap_or_else(PoisonError::into_inner).iter() {
            hook(revision);
        }
    }

    /// Lets go of all but the newest changes.
    pub(crate) fn rest(&self) {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        ring.trim(AT_REST);
        ring.changes.shrink_to_fit();
    }

    /// Has `hook` called after each commit from now on.
    pub(crate) fn on_commit(&self, hook: CommitHook) {
        self.hooks.write().unwrap_or_else(PoisonError::into_inner).push(hook);
    }

    /// Returns the newest committed revision.
    pub(crate) fn revision(&self) -> u64 {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).newest
    }

    /// Returns at most `most` changes after revision `after`, oldest first.
    pub(crate) fn changes(&self, after: u64, most: usize) -> Result<Vec<Arc<Change>>, Expired> {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        if after < ring.floor {
            return Err(Expired { asked: after, oldest: ring.floor });
        }
        let start = ring.changes.partition_point(|(_, change)| change.revision <= after);
        Ok(ring.changes.range(start..).take(most).map(|(_, change)| Arc::clone(change)).collect())
    }
}

impl Ring {
    fn trim(&mut self, limits: FeedLimits) {
        while self.changes.len() > limits.changes || self.bytes > limits.bytes {
            let Some((bytes, change)) = self.changes.pop_front() else { return };
            self.bytes -= bytes;
            self.floor = change.revision;
        }
    }
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// Returns what a change takes: what an object was is shared with the change before it, so only what it
/// became counts.
fn bytes(change: &Change) -> usize {
    match change.after.as_ref().or(change.before.as_ref()) {
        Some(Snapshot::Object(object)) => OBJECT_BYTES + 2 * object.to_json().len(),
        Some(Snapshot::Pod { .. }) | None => POD_BYTES,
    }
}
