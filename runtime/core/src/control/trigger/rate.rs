//! How many requests are taken in a time: a bucket of tokens that fills by the second.

use std::time::Duration;

use super::Rate;
use crate::Timestamp;

/// Tokens, of which each request takes one. In memory alone: after a start the bucket is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Millionths of a token.
    micros: u64,
    at: Timestamp,
}

const TOKEN: u64 = 1_000_000;

impl Bucket {
    /// Returns a full bucket.
    #[must_use]
    pub fn full(rate: Rate, now: Timestamp) -> Self {
        Self { micros: u64::from(rate.burst) * TOKEN, at: now }
    }

    /// Takes one token.
    ///
    /// # Errors
    /// Where there is none: after what time there will be.
    pub fn take(&mut self, rate: Rate, now: Timestamp) -> Result<(), Duration> {
        // A clock that was put back gives nothing, and takes nothing away.
        let passed = u64::try_from(now.since(self.at).as_micros()).unwrap_or(u64::MAX);
        self.at = now;
        let gained = passed.saturating_mul(u64::from(rate.per_second));
        let most = u64::from(rate.burst) * TOKEN;
        self.micros = self.micros.saturating_add(gained).min(most);
        if self.micros >= TOKEN {
            self.micros -= TOKEN;
            return Ok(());
        }
        let missing = TOKEN - self.micros;
        Err(Duration::from_micros(missing.div_ceil(u64::from(rate.per_second.max(1)))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_taken_and_then_so_many_each_second() {
        let rate = Rate { per_second: 2, burst: 3 };
        let at = |millis: i64| Timestamp::from_unix_micros(millis * 1_000);
        let mut bucket = Bucket::full(rate, at(0));
        for (millis, taken) in [
            (0, Ok(())),
            (0, Ok(())),
            (0, Ok(())),
            (0, Err(500)),
            (499, Err(1)),
            (500, Ok(())),
            (500, Err(500)),
            (60_000, Ok(())),
            (60_000, Ok(())),
            (60_000, Ok(())),
            (60_000, Err(500)),
            (1_000, Err(500)),
            (1_500, Ok(())),
        ] {
            let taken = taken.map_err(Duration::from_millis);
            assert_eq!(bucket.take(rate, at(millis)), taken, "at {millis} ms");
        }
    }
}
