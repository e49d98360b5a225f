//! Whether a Job has reached its end, and which.

use super::{ConditionKind, JobState, Restart};
use crate::Timestamp;
use crate::control::met;
use crate::pods::PodPhase;

/// The end that a Job is heading for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    /// What the Job becomes.
    pub kind: OutcomeKind,
    /// One word.
    pub reason: String,
    /// A sentence.
    pub message: String,
}

/// What a Job becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OutcomeKind {
    Complete,
    Failed,
}

/// Returns the end that the Job is heading for; `None` while it goes on. What was decided before stands;
/// then the deadline wins over the limits, and a failure over a success.
pub(super) fn outcome(job: &JobState, now: Timestamp) -> Option<Outcome> {
    decided(job)
        .or_else(|| past_deadline(job, now))
        .or_else(|| past_backoff_limit(job))
        .or_else(|| past_failed_indexes(job))
        .or_else(|| success_policy_met(job))
        .or_else(|| completions_reached(job))
}

fn decided(job: &JobState) -> Option<Outcome> {
    let kinds = [
        (ConditionKind::FailureTarget, OutcomeKind::Failed),
        (ConditionKind::SuccessCriteriaMet, OutcomeKind::Complete),
    ];
    kinds.into_iter().find_map(|(condition, kind)| {
        let had = job.ledger.holding(condition)?;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Some(Outcome { kind, reason: text(&had.reason), message: text(&had.message) })
    })
}

/// Returns when the Job's `activeDeadlineSeconds` is over; `None` while none runs.
pub(super) fn deadline(job: &JobState) -> Option<Timestamp> {
    if job.rules.suspended {
        return None;
    }
    Some(job.ledger.start_time?.plus(job.rules.active_deadline?))
}

fn past_deadline(job: &JobState, now: Timestamp) -> Option<Outcome> {
    let message = "Job was active longer than specified deadline";
    (deadline(job)? <= now).then(|| failed("DeadlineExceeded", message))
}

fn past_backoff_limit(job: &JobState) -> Option<Outcome> {
    let limit = job.rules.backoff_limit;
    let failures_exceed = job.ledger.failed > limit;
    let restarts_exceed = job.rules.restart == Restart::OnFailure && {
        let restarts = restarts(job);
        if limit == 0 { restarts > 0 } else { restarts >= limit }
    };
    let message = "Job has reached the specified backoff limit";
    (failures_exceed || restarts_exceed).then(|| failed("BackoffLimitExceeded", message))
}

/// Restarts of the pods that still run: those of ended ones do not count (pastBackoffLimitOnFailure).
fn restarts(job: &JobState) -> u32 {
    let live = job
        .active()
        .filter(|pod| matches!(pod.status.phase, PodPhase::Running | PodPhase::Pending));
    live.fold(0, |sum: u32, pod| sum.saturating_add(pod.status.restarts()))
}

fn past_failed_indexes(job: &JobState) -> Option<Outcome> {
    job.rules.backoff_limit_per_index?;
    let failures = job.ledger.failed_indexes.len();
    if job.rules.max_failed_indexes.is_some_and(|most| failures > most) {
        let message = "Job has exceeded the specified maximal number of failed indexes";
        return Some(failed("MaxFailedIndexesExceeded", message));
    }
    let all_ended = job.rules.completions? <= failures + job.ledger.completed.len();
    (failures > 0 && all_ended).then(|| failed("FailedIndexes", "Job has failed indexes"))
}

fn success_policy_met(job: &JobState) -> Option<Outcome> {
    let policy = job.rules.success_policy.as_ref()?;
    let message = met(policy, job.rules.completions?, &job.ledger.completed)?;
    let kind = OutcomeKind::Complete;
    Some(Outcome { kind, reason: "SuccessPolicy".into(), message })
}

fn completions_reached(job: &JobState) -> Option<Outcome> {
    let reached = match job.rules.completions {
        Some(completions) => job.ledger.succeeded >= completions,
        // A work queue is done when somebody says so and the others have ended, too.
        None => job.ledger.succeeded > 0 && job.active().next().is_none(),
    };
    reached.then(|| Outcome {
        kind: OutcomeKind::Complete,
        reason: "CompletionsReached".into(),
        message: "Reached expected number of succeeded pods".into(),
    })
}

fn failed(reason: &str, message: &str) -> Outcome {
    Outcome { kind: OutcomeKind::Failed, reason: reason.into(), message: message.into() }
}
