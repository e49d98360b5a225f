//! Which pods a Job that goes on has too many or too few of.

use std::collections::BTreeSet;
use std::time::Duration;

use super::plan::{Ending, Fate, NewPod};
use super::{JobState, Replacement};
use crate::Timestamp;
use crate::control::Backoff;
use crate::pods::{EndCause, Pod, PodPhase};

/// `MaxPodCreateDeletePerSync` of `pkg/controller/job`: so many pods are created in one step at most, that one
/// Job cannot keep the others waiting.
const MOST_CREATED: usize = 500;

/// What a Job has too many and too few of.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wants {
    pub end: Vec<Ending>,
    pub create: Vec<NewPod>,
    /// When there will be more to create.
    pub wake_at: Option<Timestamp>,
}

/// Returns which pods to end and create. Never both at once: what is ended makes room first.
pub(super) fn wants(job: &JobState, backoff: &Backoff, now: Timestamp) -> Wants {
    let active = count(job.active().count());
    let wanted = wanted_active(job, active);
    let end = surplus(job, active.saturating_sub(wanted));
    if !end.is_empty() {
        return Wants { end, ..Wants::default() };
    }
    let held = match job.rules.replacement {
        Replacement::TerminatingOrFailed => 0,
        Replacement::Failed => count(job.terminating().count()),
    };
    let missing = wanted.saturating_sub(active).saturating_sub(held);
    if missing == 0 {
        return Wants::default();
    }
    if job.rules.backoff_limit_per_index.is_some() {
        return indexes_on_their_own(job, backoff, missing, now);
    }
    let last = job.memory.last_failure;
    if let Some(due) = last.and_then(|last| due(backoff, job.memory.streak, last, now)) {
        return Wants { wake_at: Some(due), ..Wants::default() };
    }
    let most = limit(missing);
    let create: Vec<NewPod> = if job.rules.indexed {
        let index = |index| NewPod { index: Some(index), index_failures: None };
        pending_indexes(job).take(most).map(index).collect()
    } else {
        vec![NewPod { index: None, index_failures: None }; most]
    };
    let wake_at = (create.len() == MOST_CREATED).then_some(now);
    Wants { create, wake_at, end: Vec::new() }
}

fn wanted_active(job: &JobState, active: u32) -> u32 {
    match job.rules.completions {
        Some(completions) => {
            let ended = job.ledger.succeeded + job.ledger.failed_indexes.len();
            completions.saturating_sub(ended).min(job.rules.parallelism)
        }
        // A work queue whose end somebody has seen: those who run may finish, nobody is added.
        None if job.ledger.succeeded > 0 => active.min(job.rules.parallelism),
        None => job.rules.parallelism,
    }
}

/// Returns the pods to be ended so that `over` fewer run: first those whose index is not wanted (any
/// more), then those that have done the least.
fn surplus(job: &JobState, over: u32) -> Vec<Ending> {
    let mut seen = BTreeSet::new();
    let unwanted = |pod: &Pod, seen: &mut BTreeSet<u32>| {
        pod.index.is_some_and(|index| {
            job.rules.completions.is_some_and(|completions| index >= completions)
                || job.ledger.completed.contains(index)
                || !seen.insert(index)
        })
    };
    let (mut end, mut rest) = (Vec::new(), Vec::new());
    for pod in job.active() {
        if unwanted(pod, &mut seen) { end.push(pod) } else { rest.push(pod) }
    }
    let still_over = usize::try_from(over).unwrap_or(usize::MAX).saturating_sub(end.len());
    // Every step of a Job comes by here, and few have a pod too many.
    if still_over > 0 {
        rest.sort_by_key(|pod| {
            let running = pod.status.phase == PodPhase::Running;
            (pod.scheduled_at.is_some(), running, std::cmp::Reverse(pod.id))
        });
        end.extend(rest.into_iter().take(still_over));
    }
    end.into_iter()
        .map(|pod| Ending {
            ordinal: pod.id.ordinal(),
            cause: EndCause::NotNeeded,
            fate: Fate::Removed,
        })
        .collect()
}

/// Returns the indexes that have neither ended nor a pod, lowest first.
fn pending_indexes(job: &JobState) -> impl Iterator<Item = u32> {
    let completions = job.rules.completions.unwrap_or_default();
    let wait_for_terminating = job.rules.replacement == Replacement::Failed;
    let held: BTreeSet<u32> = job
        .pods
        .values()
        .filter(|pod| wait_for_terminating || (pod.deletion.is_none() && pod.stop.is_none()))
        .filter_map(|pod| pod.index)
        .collect();
    job.ledger
        .completed
        .missing_below(completions)
        .filter(move |index| !held.contains(index) && !job.ledger.failed_indexes.contains(*index))
}

/// With `backoffLimitPerIndex` each index waits for itself alone.
fn indexes_on_their_own(job: &JobState, backoff: &Backoff, missing: u32, now: Timestamp) -> Wants {
    let mut wants = Wants::default();
    let most = limit(missing);
    for index in pending_indexes(job) {
        if wants.create.len() == most {
            break;
        }
        let had = job.memory.indexes.get(&index);
        if let Some(due) = had.and_then(|had| due(backoff, had.streak, had.last_failure, now)) {
            wants.wake_at = Some(wants.wake_at.map_or(due, |wake| wake.min(due)));
            continue;
        }
        let index_failures = had.map_or(0, |had| had.failures);
        wants.create.push(NewPod { index: Some(index), index_failures: Some(index_failures) });
    }
    if wants.create.len() == MOST_CREATED {
        wants.wake_at = Some(now);
    }
    wants
}

/// Returns when the delay after `streak` failures is over; `None` if it is. A clock that was put back
/// makes nobody wait longer than the delay itself.
fn due(backoff: &Backoff, streak: u32, last: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let delay = backoff.after(streak);
    let due = last.min(now).plus(delay);
    (due > now && delay > Duration::ZERO).then_some(due)
}

fn limit(missing: u32) -> usize {
    usize::try_from(missing).unwrap_or(usize::MAX).min(MOST_CREATED)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
