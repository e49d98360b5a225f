//! What the daemon is told of this host, and the bounds that it sets for pods.

use std::path::PathBuf;
use std::time::Duration;

use crate::limits::Defaults;

/// What pods are told of the host.
#[derive(Debug, Clone)]
pub struct Host {
    /// `spec.nodeName`.
    pub node_name: String,
    /// `status.hostIP` and `status.podIP`: pods have no address of their own.
    pub ip: String,
}

/// A delay that doubles from `first` to `cap`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The delay after the first failure.
    pub first: Duration,
    /// The longest delay.
    pub cap: Duration,
}

impl Backoff {
    /// Returns the delay after so many failures in a row; none after none.
    #[must_use]
    pub fn after(self, failures: u32) -> Duration {
        let Some(doublings) = failures.checked_sub(1) else { return Duration::ZERO };
        let factor = 1u32.checked_shl(doublings).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.cap)
    }
}

/// How much of what pods print is kept.
#[derive(Debug, Clone, Copy)]
pub struct LogBounds {
    /// Of one container's run; the rest is left out with a note.
    pub run_bytes: u64,
    /// Of all pods together; the oldest goes first.
    pub total_bytes: u64,
    /// Of one file; also what is held in memory of the newest.
    pub segment_bytes: usize,
    /// The oldest that is kept.
    pub age: Duration,
}

impl Default for LogBounds {
    fn default() -> Self {
        Self {
            run_bytes: 10 << 20,
            total_bytes: 256 << 20,
            segment_bytes: 1 << 20,
            age: Duration::from_hours(30 * 24),
        }
    }
}

/// What the node is started with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where volumes and logs live; the daemon's alone.
    pub data_dir: PathBuf,
    /// What pods are told of the host.
    pub host: Host,
    /// Directories below which hostPath volumes may be.
    pub host_path_prefixes: Vec<PathBuf>,
    /// How long a container that failed waits for its next run; `kubelet`: 10 s to 5 min.
    pub restart: Backoff,
    /// A run of this length makes the next delay the first again; `kubelet`: twice the cap.
    pub restart_reset: Duration,
    /// How long a missing image waits for the next look; `kubelet`: 10 s to 5 min.
    pub image_retry: Backoff,
    /// Limits of containers whose template gives none.
    pub defaults: Defaults,
    /// How much of what pods print is kept.
    pub logs: LogBounds,
    /// Memory of requests that run without a Job, all together.
    pub calls_memory_bytes: u64,
}

impl Settings {
    /// Returns Kubernetes' own numbers for a node that keeps its files in `data_dir`.
    #[must_use]
    pub fn new(data_dir: PathBuf, host: Host) -> Self {
        let backoff = Backoff { first: Duration::from_secs(10), cap: Duration::from_mins(5) };
        Self {
            data_dir,
            host,
            host_path_prefixes: Vec::new(),
            restart: backoff,
            restart_reset: Duration::from_mins(10),
            image_retry: backoff,
            defaults: Defaults::default(),
            logs: LogBounds::default(),
            calls_memory_bytes: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_doubles_up_to_its_cap() {
        let backoff = Backoff { first: Duration::from_secs(10), cap: Duration::from_mins(5) };
        for (failures, seconds) in [(0, 0), (1, 10), (2, 20), (5, 160), (6, 300), (99, 300)] {
            assert_eq!(backoff.after(failures).as_secs(), seconds, "after {failures} failures");
        }
    }
}
