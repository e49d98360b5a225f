//! What a trigger calls for after something happened to its Jobs: those that waited are let in, those
//! beyond the history limits go, and the status says how many there are.

use super::{Load, Rules};
use crate::api::HTTPTrigger;
use crate::control::history::{HistoryLimits, surplus};
use crate::control::{Origin, OwnedJob, Place, Stay};

/// All that a decision about a trigger looks at.
#[derive(Debug, Clone, Copy)]
pub struct TriggerState<'a> {
    /// The trigger.
    pub trigger: &'a HTTPTrigger,
    /// Every Job whose controlling owner it is, those that have ended and those being deleted too.
    pub jobs: &'a [OwnedJob],
}

/// What a trigger calls for. All of it belongs into one commit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Names of Jobs to be deleted, in the background.
    pub delete: Vec<String>,
    /// Names of Jobs that have waited and may run now, the longest first.
    pub release: Vec<String>,
}

/// Returns what the trigger calls for. A suspended one takes nothing new; what it took is carried out.
#[must_use]
pub fn plan(state: &TriggerState<'_>) -> Plan {
    let spec = &state.trigger.spec;
    let limits = HistoryLimits {
        successful: spec.successful_jobs_history_limit,
        failed: spec.failed_jobs_history_limit,
    };
    let names = |jobs: Vec<&OwnedJob>| jobs.into_iter().map(|job| job.name.to_string()).collect();
    Plan {
        delete: names(surplus(state.jobs, limits)),
        release: if state.trigger.metadata.deletion_timestamp.is_none() {
            names(next_in_line(state))
        } else {
            Vec::new()
        },
    }
}

/// Returns how many requests are under way.
#[must_use]
pub(crate) fn load(jobs: &[OwnedJob]) -> Load {
    let count = |place: Place| {
        let counted = jobs.iter().filter(|job| is_under_way(job) && job.place == place).count();
        u32::try_from(counted).unwrap_or(u32::MAX)
    };
    Load { active: count(Place::Taken), queued: count(Place::Queued) }
}

/// Returns the names of the `count` oldest requests under way, which a new one replaces.
#[must_use]
pub(crate) fn to_be_replaced(jobs: &[OwnedJob], count: u32) -> Vec<String> {
    let mut running: Vec<&OwnedJob> =
        jobs.iter().filter(|job| is_under_way(job) && job.place == Place::Taken).collect();
    running.sort_by_key(|job| number(job));
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    running.into_iter().take(count).map(|job| job.name.to_string()).collect()
}

fn next_in_line<'a>(state: &TriggerState<'a>) -> Vec<&'a OwnedJob> {
    let room = Rules::of(&state.trigger.spec).most_at_once.saturating_sub(load(state.jobs).active);
    let waits = |job: &&OwnedJob| is_under_way(job) && job.place == Place::Queued;
    let mut line: Vec<&OwnedJob> = state.jobs.iter().filter(waits).collect();
    line.sort_by_key(|job| number(job));
    line.truncate(usize::try_from(room).unwrap_or(usize::MAX));
    line
}

/// A Job that a person made of the trigger is no request and keeps none out.
fn is_under_way(job: &OwnedJob) -> bool {
    job.end.is_none() && job.stay == Stay::Present && matches!(job.origin, Origin::Request(_))
}

fn number(job: &OwnedJob) -> u64 {
    match job.origin {
        Origin::Request(number) => number,
        Origin::Run | Origin::Elsewhere => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{ended, owned, trigger};
    use super::*;

    #[test]
    fn those_who_wait_are_let_in_in_the_order_in_which_they_came() {
        for (spec, jobs, released) in [
            (json!({}), vec![owned(1, Place::Taken), owned(2, Place::Queued)], vec![]),
            (json!({}), vec![owned(3, Place::Queued), owned(2, Place::Queued)], vec!["r-2"]),
            (
                json!({"maxConcurrency": 3}),
                vec![
                    owned(9, Place::Queued),
                    owned(10, Place::Queued),
                    owned(2, Place::Taken),
                    owned(11, Place::Queued),
                ],
                vec!["r-9", "r-10"],
            ),
            (json!({}), vec![ended(1, "Failed"), owned(2, Place::Queued)], vec!["r-2"]),
            (json!({"suspend": true}), vec![owned(2, Place::Queued)], vec!["r-2"]),
        ] {
            let mut all = spec.clone();
            all["concurrencyPolicy"] = json!("Queue");
            let trigger = trigger(&all);
            let plan = plan(&TriggerState { trigger: &trigger, jobs: &jobs });
            assert_eq!(plan.release, released, "{spec}");
        }
    }

    #[test]
    fn ended_jobs_are_kept_as_the_history_limits_say_the_newest_longest() {
        let trigger =
            trigger(&json!({"successfulJobsHistoryLimit": 2, "failedJobsHistoryLimit": 0}));
        let jobs = [
            ended(11, "Complete"),
            ended(9, "Complete"),
            ended(10, "Complete"),
            ended(4, "Failed"),
            owned(1, Place::Taken),
        ];
        let plan = plan(&TriggerState { trigger: &trigger, jobs: &jobs });
        assert_eq!(plan.delete, ["r-9", "r-4"]);
    }

    #[test]
    fn the_oldest_are_replaced() {
        let jobs = [owned(10, Place::Taken), ended(1, "Complete"), owned(9, Place::Taken)];
        assert_eq!(to_be_replaced(&jobs, 1), ["r-9"]);
        assert_eq!(load(&jobs), Load { active: 2, queued: 0 });
    }
}
