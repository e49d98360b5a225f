//! The CronJob controller: which run is due, what becomes of the Jobs of earlier ones.
//!
//! After `pkg/controller/cronjob/cronjob_controllerv2.go`. [`CronState`] is all that a decision looks at;
//! [`plan`] is pure, and the engine carries it out. What is otherwise than in the reference:
//! * The latest missed run is found exactly, where the reference estimates it from the distance of two
//!   runs and can lose it under an irregular schedule.
//! * `@every` counts from the last run, not from the starting deadline.
//! * A `status.lastScheduleTime` more than a day ahead was written by a clock that was wrong: runs are
//!   counted from now on, rather than not at all until that day.

mod due;
mod jobs;
mod plan;
#[cfg(test)]
mod rulebook;
mod run;
#[cfg(test)]
mod testing;

pub use due::{FOLD, MOST_SPREAD_SECONDS, SPREAD_SECONDS, in_words, spread_seconds, upcoming};
pub use plan::{CronState, Plan, plan};
pub use run::{INSTANTIATE, LATENESS_SECONDS, SCHEDULED_TIMESTAMP, lateness, reference};
