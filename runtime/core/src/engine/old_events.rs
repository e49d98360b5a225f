//! Events are kept for an hour after they were last told, as the API server keeps them (`--event-ttl`).

use std::time::Duration;

use super::turn::Turn;
use crate::Timestamp;

/// So long after it was last told an event is kept.
const KEPT: Duration = Duration::from_hours(1);
/// Those of one quarter of an hour go together, so that an idle host is not woken for each.
const TOGETHER: Duration = Duration::from_mins(15);
/// So many go in one step; while there are more, other things are done in between.
const MOST_FORGOTTEN: usize = 500;
/// Where the store could not be read, so long until the next try.
const RETRY: Duration = Duration::from_secs(1);

/// Returns when an event that was last told at `told` is forgotten.
pub(super) fn forgotten_at(told: Timestamp) -> Timestamp {
    together(told.plus(KEPT))
}

/// Returns when what is due at `due` is forgotten, with all that is due in that quarter of an hour.
pub(super) fn together(due: Timestamp) -> Timestamp {
    let (due, together) = (due.unix_seconds(), TOGETHER.as_secs().cast_signed());
    let quarter = due.div_euclid(together).saturating_add(1);
    Timestamp::from_unix_seconds(quarter.saturating_mul(together))
}

impl Turn<'_> {
    /// Forgets events that are too old, if it is time to. Those that a clock told of which was ahead are no
    /// better.
    pub(super) fn forget_old_events(&mut self) {
        if self.state.old_events_at.is_none_or(|at| at > self.now) {
            return;
        }
        let (from, until) = (self.now.minus(KEPT), self.now.plus(KEPT));
        let Ok(old) = self.store.events_outside(from, until, MOST_FORGOTTEN) else {
            self.state.old_events_at = Some(self.now.plus(RETRY));
            return;
        };
        self.state.old_events_at = match self.store.oldest_event(from, until) {
            _ if old.len() == MOST_FORGOTTEN => Some(self.now),
            Ok(oldest) => oldest.map(forgotten_at),
            Err(_) => Some(self.now.plus(RETRY)),
        };
        for key in &old {
            // One that this step has taken away is staged as gone.
            if let Ok(Some(event)) = self.object(key) {
                self.forget(&event);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_kept_for_an_hour_and_forgotten_within_the_next_quarter() {
        for (told, forgotten) in [(0, 4_500), (1, 4_500), (899, 4_500), (900, 5_400), (-1, 3_600)] {
            let at = forgotten_at(Timestamp::from_unix_seconds(told));
            assert_eq!(at.unix_seconds(), forgotten, "told at {told}");
        }
    }
}
