//! Speed and memory, as ratios taken in one run.
//!
//! Absolute figures drift with the machine and with what else it does; what a bench prints is how far
//! something is from the limit that was measured in the same minutes, turn by turn.

pub mod daemon;
pub mod guest;
pub mod job;
pub mod rows;

use std::time::{Duration, Instant};

/// Times two ways of doing the same in turns and returns the median of each: what slows the machine for
/// a while slows both.
pub fn in_turns(
    rounds: usize,
    mut ours: impl FnMut() -> Duration,
    mut limit: impl FnMut() -> Duration,
) -> Compared {
    let (mut of_ours, mut of_limit) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        of_ours.push(ours());
        of_limit.push(limit());
    }
    Compared { ours: median(of_ours), limit: median(of_limit) }
}

/// Two medians of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// What was built.
    pub ours: Duration,
    /// What the hardware and the libraries below allow.
    pub limit: Duration,
}

impl Compared {
    /// Returns the limit's time in terms of ours: 1 is as fast as can be, 0.5 half as fast.
    #[must_use]
    pub fn share_of_limit(&self) -> f64 {
        self.limit.as_secs_f64() / self.ours.as_secs_f64()
    }
}

/// Returns how long `work` takes.
pub fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_leaves_out_what_was_disturbed() {
        let seconds = |list: &[u64]| list.iter().map(|&s| Duration::from_secs(s)).collect();
        assert_eq!(median(seconds(&[2, 99, 1])), Duration::from_secs(2));
        assert_eq!(median(seconds(&[])), Duration::ZERO);
    }
}
