//! What a Job calls for next.
//!
//! As `pkg/controller/job/job_controller.go` (syncJob), with one difference: pods that a Job's failure
//! ends keep their rows, so that a person can see what they did.

use super::outcome::{Outcome, OutcomeKind, deadline, outcome};
use super::want::{Wants, wants};
use super::{ConditionKind, JobState, NewCondition, Presence};
use crate::Timestamp;
use crate::control::Backoff;
use crate::pods::EndCause;

/// What becomes of `status.startTime`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StartTime {
    /// It stays.
    #[default]
    Keep,
    /// The Job starts now.
    Now,
    /// The Job is suspended.
    Clear,
}

/// What becomes of a pod that is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is ended at once, counts as failed, and its row stays.
    Kept,
    /// It has its grace period, does not count, and is forgotten.
    Removed,
}

/// A pod to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// Which.
    pub ordinal: u32,
    /// Why.
    pub cause: EndCause,
    /// What becomes of it.
    pub fate: Fate,
}

/// A pod to be created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewPod {
    /// Its completion index, in an Indexed Job.
    pub index: Option<u32>,
    /// How often its index had failed before, with `backoffLimitPerIndex`.
    pub index_failures: Option<u32>,
}

/// `Normal` or `Warning`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// As it should be.
    Normal,
    /// A person should look.
    Warning,
}

/// An event about the Job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// `Normal` or `Warning`.
    pub kind: EventKind,
    /// One word.
    pub reason: String,
    /// A sentence.
    pub message: String,
}

/// What a Job calls for now, and when to look again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// What becomes of `status.startTime`.
    pub start_time: StartTime,
    /// In order.
    pub conditions: Vec<NewCondition>,
    /// Pods to end.
    pub end: Vec<Ending>,
    /// Pods to create.
    pub create: Vec<NewPod>,
    /// What to tell.
    pub events: Vec<NewEvent>,
    /// When this will call for something without anything else happening.
    pub wake_at: Option<Timestamp>,
}

/// Returns what the Job calls for.
#[must_use]
pub fn plan(job: &JobState, backoff: &Backoff, now: Timestamp) -> Plan {
    match job.presence {
        Presence::Orphaned => return Plan::default(),
        Presence::Deleting | Presence::Gone => return all_removed(job, EndCause::Deleted),
        Presence::Present => {}
    }
    if job.rules.managed_elsewhere || job.ledger.finished().is_some() {
        return Plan::default();
    }
    if let Some(outcome) = outcome(job, now) {
        return finish(job, &outcome);
    }
    if job.rules.suspended { suspend(job) } else { proceed(job, backoff, now) }
}

fn all_removed(job: &JobState, cause: EndCause) -> Plan {
    let end =
        job.active().map(|pod| Ending { ordinal: pod.id.ordinal(), cause, fate: Fate::Removed });
    Plan { end: end.collect(), ..Plan::default() }
}

/// First the pods are ended, then the terminal condition is set: once no pod is active or terminating.
fn finish(job: &JobState, outcome: &Outcome) -> Plan {
    let (aim, terminal) = match outcome.kind {
        OutcomeKind::Complete => (ConditionKind::SuccessCriteriaMet, ConditionKind::Complete),
        OutcomeKind::Failed => (ConditionKind::FailureTarget, ConditionKind::Failed),
    };
    let condition = |kind| NewCondition::holds(kind, &outcome.reason, &outcome.message);
    let mut plan = Plan::default();
    if job.ledger.holding(aim).is_none() {
        plan.conditions.push(condition(aim));
    }
    if job.pods.is_empty() {
        plan.conditions.push(condition(terminal));
        plan.events.push(farewell(outcome));
        return plan;
    }
    let (cause, fate) = match outcome.reason.as_str() {
        "DeadlineExceeded" => (EndCause::DeadlineExceeded, Fate::Kept),
        // More pods than were needed: nobody failed.
        "CompletionsReached" => (EndCause::NotNeeded, Fate::Removed),
        _ => (EndCause::NotNeeded, Fate::Kept),
    };
    plan.end = job.active().map(|pod| Ending { ordinal: pod.id.ordinal(), cause, fate }).collect();
    plan
}

fn farewell(outcome: &Outcome) -> NewEvent {
    match outcome.kind {
        OutcomeKind::Complete => NewEvent {
            kind: EventKind::Normal,
            reason: "Completed".into(),
            message: "Job completed".into(),
        },
        OutcomeKind::Failed => NewEvent {
            kind: EventKind::Warning,
            reason: outcome.reason.clone(),
            message: outcome.message.clone(),
        },
    }
}

fn suspend(job: &JobState) -> Plan {
    let mut plan = all_removed(job, EndCause::NotNeeded);
    if job.ledger.start_time.is_some() {
        plan.start_time = StartTime::Clear;
    }
    if job.ledger.holding(ConditionKind::Suspended).is_none() {
        let kind = ConditionKind::Suspended;
        plan.conditions.push(NewCondition::holds(kind, "JobSuspended", "Job suspended"));
        plan.events.push(normal("Suspended", "Job suspended"));
    }
    plan
}

fn proceed(job: &JobState, backoff: &Backoff, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    if job.ledger.start_time.is_none() {
        plan.start_time = StartTime::Now;
    }
    if job.ledger.holding(ConditionKind::Suspended).is_some() {
        plan.start_time = StartTime::Now;
        plan.conditions.push(NewCondition {
            kind: ConditionKind::Suspended,
            status: "False",
            reason: "JobResumed".into(),
            message: "Job resumed".into(),
        });
        plan.events.push(normal("Resumed", "Job resumed"));
    }
    let Wants { end, create, wake_at } = wants(job, backoff, now);
    plan.end = end;
    plan.create = create;
    let deadline = match plan.start_time {
        StartTime::Now => job.rules.active_deadline.map(|deadline| now.plus(deadline)),
        StartTime::Keep | StartTime::Clear => deadline(job),
    };
    plan.wake_at = [wake_at, deadline].into_iter().flatten().min();
    plan
}

fn normal(reason: &str, message: &str) -> NewEvent {
    NewEvent { kind: EventKind::Normal, reason: reason.into(), message: message.into() }
}
