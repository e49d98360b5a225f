//! How long a session bears with a broker that is away: long enough for its restart.

use std::time::Duration;

use tokio::time::Instant;

use crate::QueueError;

/// A broker that is away for less than this goes unnoticed by tasks.
const PATIENCE: Duration = Duration::from_mins(1);
const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// The tries of one operation.
#[derive(Debug)]
pub(crate) struct Patience {
    end: Instant,
    delay: Duration,
}

impl Patience {
    pub(crate) fn new() -> Self {
        Self { end: Instant::now() + PATIENCE, delay: FIRST_DELAY }
    }

    /// Waits before the next try, longer from time to time.
    ///
    /// # Errors
    /// `error`, once there have been enough tries, or where no other can help.
    pub(crate) async fn after(&mut self, error: QueueError) -> Result<(), QueueError> {
        let next = Instant::now() + self.delay;
        if next > self.end || matches!(error, QueueError::Refused { .. }) {
            return Err(error);
        }
        tracing::debug!(%error, "the broker is tried again");
        tokio::time::sleep_until(next).await;
        self.delay = (self.delay * 2).min(LONGEST_DELAY);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn tries_come_ever_more_rarely_and_end_within_a_minute() {
        let (start, mut patience, mut tries) = (Instant::now(), Patience::new(), 0);
        while patience.after(QueueError::Closed).await.is_ok() {
            tries += 1;
        }
        assert_eq!(tries, 16);
        let took = start.elapsed();
        assert!((Duration::from_secs(55)..=PATIENCE).contains(&took), "{took:?}");
    }
}
