//! The Job controller: what a Job's spec, its counters and its live pods call for next.
//!
//! [`JobState`] is all that a decision looks at. [`JobState::count`] takes a pod's end into the counters,
//! once; [`plan`] says which pods to create and end, which conditions to set and when to look again. Both
//! are pure; the engine carries them out.

mod count;
#[cfg(test)]
mod given;
mod ledger;
mod outcome;
mod plan;
mod rules;
mod state;
#[cfg(test)]
mod tests;
mod want;

pub use ledger::{ConditionKind, Ledger, NewCondition};
pub use plan::{Ending, EventKind, Fate, NewEvent, NewPod, Plan, StartTime, plan};
pub use rules::{MANAGED_BY, Replacement, Restart, Rules};
pub use state::{IndexMemory, JobState, Memory, Presence};
