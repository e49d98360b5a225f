//! Whether a request is taken while others are under way.

use std::time::Duration;

use super::{Concurrency, Rules};

/// When it is worth to try again after being turned away.
pub const RETRY_AFTER: Duration = Duration::from_secs(5);

/// So many keys of one trigger are remembered at once; a request with one more is turned away, as a key
/// must not be forgotten before its time.
pub const MOST_KEYS: u32 = 100_000;

/// How many requests are under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// How many run, or may.
    pub active: u32,
    /// How many wait for their turn.
    pub queued: u32,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It is run.
    Run,
    /// So many of the oldest are ended, and it is run.
    Replace(u32),
    /// It waits for its turn.
    Queue,
    /// It is turned away: as many as may be are under way.
    Busy,
    /// It is turned away: as many as may be wait.
    QueueFull,
    /// It is turned away: the trigger is suspended.
    Suspended,
}

/// Returns what becomes of a request.
#[must_use]
pub fn admit(rules: &Rules, load: Load) -> Admission {
    if rules.suspended {
        return Admission::Suspended;
    }
    let has_room = load.active < rules.most_at_once;
    match rules.concurrency {
        Concurrency::Allow | Concurrency::Forbid | Concurrency::Replace if has_room => {
            Admission::Run
        }
        Concurrency::Allow | Concurrency::Forbid => Admission::Busy,
        Concurrency::Replace => {
            Admission::Replace((load.active + 1).saturating_sub(rules.most_at_once))
        }
        // Those who wait were there before.
        Concurrency::Queue if has_room && load.queued == 0 => Admission::Run,
        Concurrency::Queue if load.queued < rules.queue_depth => Admission::Queue,
        Concurrency::Queue => Admission::QueueFull,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_is_taken_as_the_policy_says() {
        use Admission::{Busy, Queue, QueueFull, Replace, Run, Suspended};
        for (spec, active, queued, admission) in [
            (json!({}), 0, 0, Run),
            (json!({}), 99, 0, Run),
            (json!({}), 100, 0, Busy),
            (json!({"maxConcurrency": 2}), 1, 0, Run),
            (json!({"maxConcurrency": 2}), 2, 0, Busy),
            (json!({"concurrencyPolicy": "Forbid"}), 0, 0, Run),
            (json!({"concurrencyPolicy": "Forbid"}), 1, 0, Busy),
            (json!({"concurrencyPolicy": "Replace"}), 0, 0, Run),
            (json!({"concurrencyPolicy": "Replace"}), 1, 0, Replace(1)),
            (json!({"concurrencyPolicy": "Replace", "maxConcurrency": 3}), 2, 0, Run),
            (json!({"concurrencyPolicy": "Replace", "maxConcurrency": 3}), 4, 0, Replace(2)),
            (json!({"concurrencyPolicy": "Queue"}), 0, 0, Run),
            (json!({"concurrencyPolicy": "Queue"}), 1, 0, Queue),
            (json!({"concurrencyPolicy": "Queue"}), 0, 1, Queue),
            (json!({"concurrencyPolicy": "Queue", "queueDepth": 3}), 1, 2, Queue),
            (json!({"concurrencyPolicy": "Queue", "queueDepth": 3}), 1, 3, QueueFull),
            (json!({"concurrencyPolicy": "Queue", "queueDepth": 0}), 1, 0, QueueFull),
            (json!({"suspend": true}), 0, 0, Suspended),
        ] {
            let rules = Rules::of(&serde_json::from_value(spec.clone()).unwrap());
            let load = Load { active, queued };
            assert_eq!(admit(&rules, load), admission, "{spec} with {load:?}");
        }
    }
}
