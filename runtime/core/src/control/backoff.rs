//! How long a Job waits before it replaces a failed pod: the delay doubles with every failure in a row.

use std::time::Duration;

/// The first delay and the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// After the first failure.
    pub first: Duration,
    /// Never longer than this.
    pub longest: Duration,
}

/// Kubernetes' values (`pkg/controller/job`: `DefaultJobPodFailureBackOff`, `MaxJobPodFailureBackOff`).
impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_secs(10), longest: Duration::from_mins(10) }
    }
}

impl Backoff {
    /// Returns the delay after `failures` failures in a row; none after none.
    #[must_use]
    pub fn after(&self, failures: u32) -> Duration {
        let Some(doublings) = failures.checked_sub(1) else { return Duration::ZERO };
        let factor = 1u32.checked_shl(doublings).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_ten_minutes() {
        for (failures, seconds) in [(0, 0), (1, 10), (2, 20), (6, 320), (7, 600), (99, 600)] {
            assert_eq!(
                Backoff::default().after(failures).as_secs(),
                seconds,
                "after {failures} failures"
            );
        }
    }
}
