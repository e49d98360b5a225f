//! What a trigger's spec says, with its defaults, in the types that decisions are made on.

use std::time::Duration;

use crate::api::quantity::Quantity;
use crate::api::{HTTPTriggerSpec, Idempotency, RateLimit};

/// The methods of a trigger that names none.
pub(crate) const METHODS: [&str; 1] = ["POST"];
/// Until then a request whose response is `Sync` is answered, in seconds.
pub(crate) const TIMEOUT_SECONDS: i32 = 30;
/// So many requests may be under way at once where the policy is `Allow`.
const MOST_AT_ONCE: i32 = 100;
/// So many requests may wait.
pub(crate) const QUEUE_DEPTH: i32 = 100;
/// The header with the client's key (draft-ietf-httpapi-idempotency-key-header).
pub(crate) const IDEMPOTENCY_HEADER: &str = "Idempotency-Key";
/// So long a key and its answer are remembered after the end, in seconds: a day.
pub(crate) const RETENTION_SECONDS: i32 = 86_400;
/// So long the answer to a request without a key is remembered after the end, in seconds: an hour.
const ANSWER_SECONDS: i32 = 3_600;
/// The longest body that is taken.
pub(crate) const BODY_LIMIT: &str = "1Mi";

/// What a request is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Response {
    /// What the pod prints.
    Sync,
    /// Where to look later.
    Async,
}

/// What becomes of a request while others are under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {
    /// It is taken as long as no more than `maxConcurrency` are.
    Allow,
    /// It is turned away.
    Forbid,
    /// The oldest is ended for it.
    Replace,
    /// It waits for its turn.
    Queue,
}

/// Which requests become Jobs that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// Each.
    Always,
    /// Those that failed; the others are counted.
    Failures,
}

/// How one request is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recording {
    /// By a Job that is committed before it starts.
    Job,
    /// Directly: it becomes a Job if it fails.
    Direct,
}

/// How many requests are taken in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// So many each second, over time.
    pub per_second: u32,
    /// So many at once.
    pub burst: u32,
}

/// How a repeat of a request is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRules {
    /// The header with the client's key.
    pub header: String,
    /// How long a key and its answer are remembered after the end.
    pub retention: Duration,
}

/// What a trigger's spec says, with its defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The methods that are taken.
    pub methods: Vec<String>,
    /// What a request is answered with.
    pub response: Response,
    /// How long a request whose response is `Sync` may take.
    pub timeout: Duration,
    /// What becomes of a request while others are under way.
    pub concurrency: Concurrency,
    /// How many may be under way at once.
    pub most_at_once: u32,
    /// How many may wait under [`Concurrency::Queue`].
    pub queue_depth: u32,
    /// How many are taken in a time.
    pub rate: Option<Rate>,
    /// How a repeat is known; `None`: it is not.
    pub idempotency: Option<IdempotencyRules>,
    /// The longest body that is taken, in bytes.
    pub body_limit_bytes: u64,
    /// Which requests become Jobs that are kept.
    pub record: Record,
    /// Whether requests are turned away.
    pub suspended: bool,
}

impl Rules {
    /// Returns what `spec` says. Of a spec that was not admitted, what cannot be read is the default.
    #[must_use]
    pub fn of(spec: &HTTPTriggerSpec) -> Self {
        let response = match spec.response.as_deref() {
            Some("Async") => Response::Async,
            Some(_) | None => Response::Sync,
        };
        let concurrency = match spec.concurrency_policy.as_deref() {
            Some("Forbid") => Concurrency::Forbid,
            Some("Replace") => Concurrency::Replace,
            Some("Queue") => Concurrency::Queue,
            Some(_) | None => Concurrency::Allow,
        };
        let record = match (spec.record.as_deref(), response) {
            (Some("Always"), _) | (_, Response::Async) => Record::Always,
            (Some(_) | None, Response::Sync) => Record::Failures,
        };
        let body_limit = spec.body_limit.as_ref().map_or(BODY_LIMIT, |quantity| &quantity.0);
        Self {
            methods: methods(spec),
            response,
            timeout: seconds(spec.timeout_seconds, TIMEOUT_SECONDS),
            concurrency,
            most_at_once: count(spec.max_concurrency, most_at_once(concurrency)),
            queue_depth: count(spec.queue_depth, QUEUE_DEPTH),
            rate: spec.rate_limit.as_ref().map(rate),
            idempotency: spec.idempotency.as_ref().map(idempotency),
            body_limit_bytes: Quantity::of_checked(body_limit).units(),
            record,
            suspended: spec.suspend == Some(true),
        }
    }

    /// Returns how a request is run, with a key or without.
    ///
    /// Where the policy is another than [`Concurrency::Allow`] and keys are known, every request is
    /// recorded: who is under way must be known in one place.
    #[must_use]
    pub fn recording(&self, key: Option<&str>) -> Recording {
        let in_one_place = self.idempotency.is_some() && self.concurrency != Concurrency::Allow;
        let recorded = self.record == Record::Always || key.is_some() || in_one_place;
        if recorded { Recording::Job } else { Recording::Direct }
    }

    /// Returns how long the answer is remembered after the end.
    #[must_use]
    pub fn retention(&self, key: Option<&str>) -> Duration {
        let of_key = self.idempotency.as_ref().filter(|_| key.is_some());
        of_key.map_or(seconds(None, ANSWER_SECONDS), |rules| rules.retention)
    }
}

/// Returns how many may be under way at once, where the spec does not say.
pub(crate) const fn most_at_once(concurrency: Concurrency) -> i32 {
    match concurrency {
        Concurrency::Allow => MOST_AT_ONCE,
        Concurrency::Forbid | Concurrency::Replace | Concurrency::Queue => 1,
    }
}

fn methods(spec: &HTTPTriggerSpec) -> Vec<String> {
    match &spec.methods {
        Some(methods) if !methods.is_empty() => methods.clone(),
        Some(_) | None => METHODS.map(str::to_owned).to_vec(),
    }
}

fn rate(limit: &RateLimit) -> Rate {
    let per_second = count(Some(limit.requests_per_second), 1).max(1);
    Rate { per_second, burst: count(limit.burst, limit.requests_per_second).max(1) }
}

fn idempotency(given: &Idempotency) -> IdempotencyRules {
    IdempotencyRules {
        header: given.header.clone().unwrap_or_else(|| IDEMPOTENCY_HEADER.to_owned()),
        retention: seconds(given.retention_seconds, RETENTION_SECONDS),
    }
}

fn seconds(given: Option<i32>, default: i32) -> Duration {
    Duration::from_secs(u64::from(count(given, default)))
}

fn count(given: Option<i32>, default: i32) -> u32 {
    u32::try_from(given.unwrap_or(default)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_spec_that_says_nothing_has_the_defaults() {
        let rules = Rules::of(&HTTPTriggerSpec::default());
        assert_eq!(
            rules,
            Rules {
                methods: vec!["POST".into()],
                response: Response::Sync,
                timeout: Duration::from_secs(30),
                concurrency: Concurrency::Allow,
                most_at_once: 100,
                queue_depth: 100,
                rate: None,
                idempotency: None,
                body_limit_bytes: 1 << 20,
                record: Record::Failures,
                suspended: false,
            }
        );
    }

    #[test]
    fn a_request_is_recorded_where_it_must_be_remembered() {
        for (spec, key, recording) in [
            (json!({}), None, Recording::Direct),
            (json!({"record": "Always"}), None, Recording::Job),
            (json!({"response": "Async"}), None, Recording::Job),
            (json!({"idempotency": {}}), Some("k"), Recording::Job),
            (json!({"idempotency": {}}), None, Recording::Direct),
            (json!({"idempotency": {}, "concurrencyPolicy": "Queue"}), None, Recording::Job),
            (json!({"concurrencyPolicy": "Queue"}), None, Recording::Direct),
        ] {
            let rules = Rules::of(&serde_json::from_value(spec.clone()).unwrap());
            assert_eq!(rules.recording(key), recording, "{spec} with {key:?}");
        }
    }

    #[test]
    fn an_answer_is_remembered_for_an_hour_and_that_of_a_key_as_the_spec_says() {
        let spec = json!({"idempotency": {"retentionSeconds": 60}});
        let rules = Rules::of(&serde_json::from_value(spec).unwrap());
        assert_eq!(rules.retention(Some("k")), Duration::from_mins(1));
        assert_eq!(rules.retention(None), Duration::from_hours(1));
    }
}
