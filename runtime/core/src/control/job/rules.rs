//! A Job's spec as numbers: what the controller asks of it, read once whenever it changes.

use std::time::Duration;

use k8s_openapi::api::batch::v1::{JobSpec, PodFailurePolicy, SuccessPolicy};

/// The `spec.managedBy` that means this controller; another one means: hands off.
pub const MANAGED_BY: &str = "batch.kubernetes.io/job-controller";

/// When a pod that is being ended may be replaced: `spec.podReplacementPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replacement {
    /// As soon as it is to be ended.
    TerminatingOrFailed,
    /// Once it has ended.
    Failed,
}

/// What becomes of a container that fails: the template's `restartPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// Its pod fails; the Job makes another.
    Never,
    /// It is started again in the same pod.
    OnFailure,
}

/// What a Job's spec asks for, defaults filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// How many pods may run at once.
    pub parallelism: u32,
    /// How many successes finish the Job; `None`: a work queue.
    pub completions: Option<u32>,
    /// Whether each index from 0 to `completions` must succeed once.
    pub indexed: bool,
    /// How many failures are too many, less one.
    pub backoff_limit: u32,
    /// The same for each index.
    pub backoff_limit_per_index: Option<u32>,
    /// How many failed indexes are too many, less one.
    pub max_failed_indexes: Option<u32>,
    /// How long the Job may be active.
    pub active_deadline: Option<Duration>,
    /// How long the Job stays after it finished.
    pub ttl_after_finished: Option<Duration>,
    /// Whether no pod may run for now.
    pub suspended: bool,
    /// When a pod that is being ended may be replaced.
    pub replacement: Replacement,
    /// What becomes of a container that fails.
    pub restart: Restart,
    /// How long a pod may run on after it was asked to end.
    pub grace: Duration,
    /// Whether another controller looks after the Job.
    pub managed_elsewhere: bool,
    /// What failures mean beyond being counted.
    pub failure_policy: Option<PodFailurePolicy>,
    /// When some of the indexes are enough.
    pub success_policy: Option<SuccessPolicy>,
}

impl Rules {
    /// Returns the rules of a spec that was defaulted and validated.
    #[must_use]
    pub fn of(spec: &JobSpec) -> Self {
        let pod = spec.template.spec.as_ref();
        Self {
            parallelism: count(spec.parallelism).unwrap_or(1),
            completions: count(spec.completions),
            indexed: spec.completion_mode.as_deref() == Some("Indexed"),
            backoff_limit: count(spec.backoff_limit).unwrap_or(6),
            backoff_limit_per_index: count(spec.backoff_limit_per_index),
            max_failed_indexes: count(spec.max_failed_indexes),
            active_deadline: spec.active_deadline_seconds.and_then(seconds),
            ttl_after_finished: spec.ttl_seconds_after_finished.map(i64::from).and_then(seconds),
            suspended: spec.suspend == Some(true),
            replacement: match spec.pod_replacement_policy.as_deref() {
                Some("Failed") => Replacement::Failed,
                _ => Replacement::TerminatingOrFailed,
            },
            restart: match pod.and_then(|pod| pod.restart_policy.as_deref()) {
                Some("OnFailure") => Restart::OnFailure,
                _ => Restart::Never,
            },
            grace: pod
                .and_then(|pod| pod.termination_grace_period_seconds)
                .and_then(seconds)
                .unwrap_or(Duration::from_secs(30)),
            managed_elsewhere: spec.managed_by.as_deref().is_some_and(|by| by != MANAGED_BY),
            failure_policy: spec.pod_failure_policy.clone(),
            success_policy: spec.success_policy.clone(),
        }
    }
}

fn count(number: Option<i32>) -> Option<u32> {
    number.and_then(|number| u32::try_from(number).ok())
}

fn seconds(number: i64) -> Option<Duration> {
    u64::try_from(number).ok().map(Duration::from_secs)
}
