//! What the operator sets of the engine.

use crate::control::{Backoff, memory_request};
use crate::pods::JobInfo;

/// What the operator sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How long a Job waits before it replaces a failed pod.
    pub backoff: Backoff,
    /// Memory that may be promised to pods, in bytes.
    pub memory_bytes: u64,
    /// How many pods may run at once.
    pub most_pods: u32,
    /// What a container that requests no memory is promised, in bytes.
    pub default_memory_bytes: u64,
    /// How many pods that have ended are kept; the oldest go first. `None`: all.
    pub terminated_pod_gc_threshold: Option<u64>,
    /// What requests to HTTPTriggers may take in memory until their Jobs have ended, in bytes.
    pub call_bytes: u64,
}

impl Default for Settings {
    /// Kubernetes' delays and 12,500 ended pods, 1 GiB for pods, 64 MiB for a container, as many pods at once as fit,
    /// and 64 MiB for requests.
    fn default() -> Self {
        Self {
            backoff: Backoff::default(),
            memory_bytes: 1 << 30,
            most_pods: 10_000,
            default_memory_bytes: 64 << 20,
            terminated_pod_gc_threshold: Some(12_500),
            call_bytes: 64 << 20,
        }
    }
}

impl Settings {
    /// Returns the bytes that a pod of this Job is promised.
    pub(super) fn memory_request(&self, job: &JobInfo) -> u64 {
        memory_request(&job.template, self.default_memory_bytes)
    }
}
