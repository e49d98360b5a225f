//! The defaults of an `HTTPTrigger`.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::object::default_job_template;
use crate::api::HTTPTrigger;
use crate::control::trigger::{
    BODY_LIMIT, Concurrency, IDEMPOTENCY_HEADER, METHODS, QUEUE_DEPTH, RETENTION_SECONDS, Response,
    Rules, TIMEOUT_SECONDS, most_at_once,
};

/// Fills in the defaults of a trigger.
pub(super) fn default(trigger: &mut HTTPTrigger) {
    let spec = &mut trigger.spec;
    let text = |text: &str| text.to_owned();
    spec.methods.get_or_insert_with(|| METHODS.map(str::to_owned).to_vec());
    spec.response.get_or_insert_with(|| text("Sync"));
    spec.concurrency_policy.get_or_insert_with(|| text("Allow"));
    let rules = Rules::of(spec);
    if rules.response == Response::Sync {
        spec.timeout_seconds.get_or_insert(TIMEOUT_SECONDS);
    }
    spec.max_concurrency.get_or_insert(most_at_once(rules.concurrency));
    if rules.concurrency == Concurrency::Queue {
        spec.queue_depth.get_or_insert(QUEUE_DEPTH);
    }
    let record = if rules.response == Response::Async { "Always" } else { "Failures" };
    spec.record.get_or_insert_with(|| text(record));
    if let Some(limit) = &mut spec.rate_limit {
        limit.burst.get_or_insert(limit.requests_per_second);
    }
    if let Some(idempotency) = &mut spec.idempotency {
        idempotency.header.get_or_insert_with(|| text(IDEMPOTENCY_HEADER));
        idempotency.retention_seconds.get_or_insert(RETENTION_SECONDS);
    }
    if let Some(hmac) = spec.auth.as_mut().and_then(|auth| auth.hmac.as_mut()) {
        hmac.algorithm.get_or_insert_with(|| text("sha256"));
    }
    spec.body_limit.get_or_insert_with(|| Quantity(text(BODY_LIMIT)));
    spec.suspend.get_or_insert(false);
    spec.successful_jobs_history_limit.get_or_insert(3);
    spec.failed_jobs_history_limit.get_or_insert(1);
    spec.job_template.metadata.get_or_insert_default();
    default_job_template(spec.job_template.spec.get_or_insert_default());
    trigger.status.get_or_insert_default();
}
