//! The rules of an `HTTPTrigger`, in the words in which the API server speaks of a `CronJob`. What another
//! trigger has to do with it (two of one path) is the engine's to say.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use k8s_openapi::api::core::v1::SecretKeySelector;

use super::job;
use crate::api::field::{Errors, Path};
use crate::api::quantity::Quantity;
use crate::api::{HMACAuth, HTTPTrigger, HTTPTriggerSpec, Idempotency, TriggerAuth};
use crate::control::trigger::{Pattern, Response, Rules};

const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
const RESPONSES: [&str; 2] = ["Async", "Sync"];
const CONCURRENCY_POLICIES: [&str; 4] = ["Allow", "Forbid", "Queue", "Replace"];
const RECORDS: [&str; 2] = ["Always", "Failures"];
const ALGORITHMS: [&str; 1] = ["sha256"];

/// A request's Job is named after its trigger and eleven characters more, within a label's 63.
const NAME_BYTES: usize = 52;
/// Nobody waits for longer than an hour.
const TIMEOUT_SECONDS: RangeInclusive<i32> = 1..=3_600;
const CONCURRENCY: RangeInclusive<i32> = 1..=10_000;
const QUEUE_DEPTH: RangeInclusive<i32> = 0..=10_000;
const RATE: RangeInclusive<i32> = 1..=1_000_000;
/// Thirty days.
const RETENTION_SECONDS: RangeInclusive<i32> = 1..=2_592_000;
/// What is kept in memory until the Job ends must be little beside the host's budget.
const BODY_BYTES: u64 = 64 << 20;
/// A header's name, or what precedes a signature.
const WORD_BYTES: usize = 128;

/// Checks a new trigger but its metadata.
pub(super) fn validate(errors: &mut Errors, trigger: &HTTPTrigger) {
    validate_spec(errors, &trigger.spec);
    let name = trigger.metadata.name.as_deref().unwrap_or_default();
    if name.len() > NAME_BYTES {
        let path = Path::new("metadata").child("name");
        errors.invalid(&path, name, &format!("must be no more than {NAME_BYTES} characters"));
    }
}

/// Checks a changed trigger but its metadata.
pub(super) fn validate_update(errors: &mut Errors, new: &HTTPTrigger) {
    validate_spec(errors, &new.spec);
}

fn validate_spec(errors: &mut Errors, spec: &HTTPTriggerSpec) {
    let path = Path::new("spec");
    let at = |field: &str| path.child(field);
    match spec.path.as_str() {
        "" => errors.required(&at("path"), "such as /thumbnail"),
        text => {
            if let Err(error) = Pattern::parse(text) {
                errors.invalid(&at("path"), text, &error.to_string());
            }
        }
    }
    methods(errors, &at("methods"), spec.methods.as_deref().unwrap_or_default());
    auth(errors, &at("auth"), spec.auth.as_ref());
    one_of(errors, &at("response"), spec.response.as_deref(), &RESPONSES);
    let policy = spec.concurrency_policy.as_deref();
    one_of(errors, &at("concurrencyPolicy"), policy, &CONCURRENCY_POLICIES);
    within(errors, &at("maxConcurrency"), spec.max_concurrency, CONCURRENCY);
    timeout(errors, &at("timeoutSeconds"), spec);
    queue_depth(errors, &at("queueDepth"), spec);
    if let Some(limit) = &spec.rate_limit {
        let path = at("rateLimit");
        within(errors, &path.child("requestsPerSecond"), Some(limit.requests_per_second), RATE);
        within(errors, &path.child("burst"), limit.burst, RATE);
    }
    if let Some(given) = &spec.idempotency {
        idempotency(errors, &at("idempotency"), given);
    }
    body_limit(errors, &at("bodyLimit"), spec);
    record(errors, &at("record"), spec);
    for (field, limit) in [
        ("successfulJobsHistoryLimit", spec.successful_jobs_history_limit),
        ("failedJobsHistoryLimit", spec.failed_jobs_history_limit),
    ] {
        job::nonnegative(errors, &at(field), limit);
    }
    job::job_template(errors, &at("jobTemplate"), &spec.job_template);
}

fn methods(errors: &mut Errors, path: &Path, methods: &[String]) {
    let mut seen = BTreeSet::new();
    for (index, method) in methods.iter().enumerate() {
        let path = path.index(index);
        if !METHODS.contains(&method.as_str()) {
            errors.not_supported(&path, method, &METHODS);
        } else if !seen.insert(method) {
            errors.duplicate(&path, method);
        }
    }
}

fn auth(errors: &mut Errors, path: &Path, auth: Option<&TriggerAuth>) {
    let default = TriggerAuth::default();
    let auth = auth.unwrap_or(&default);
    let given = [auth.none.is_some(), auth.bearer.is_some(), auth.hmac.is_some()];
    match given.iter().filter(|given| **given).count() {
        0 => errors.required(path, "one of bearer, hmac and none; `none: {}` lets anybody ask"),
        1 => {}
        _ => errors.forbidden(path, "may not specify more than 1 of bearer, hmac and none"),
    }
    if let Some(bearer) = &auth.bearer {
        secret(errors, &path.child("bearer").child("secretKeyRef"), &bearer.secret_key_ref);
    }
    if let Some(given) = &auth.hmac {
        hmac(errors, &path.child("hmac"), given);
    }
}

fn hmac(errors: &mut Errors, path: &Path, hmac: &HMACAuth) {
    secret(errors, &path.child("secretKeyRef"), &hmac.secret_key_ref);
    header(errors, &path.child("header"), &hmac.header);
    one_of(errors, &path.child("algorithm"), hmac.algorithm.as_deref(), &ALGORITHMS);
    let prefix = hmac.prefix.as_deref().unwrap_or_default();
    if prefix.len() > WORD_BYTES || !prefix.bytes().all(|b| b.is_ascii_graphic()) {
        let why = format!("must be no more than {WORD_BYTES} visible ASCII characters");
        errors.invalid(&path.child("prefix"), prefix, &why);
    }
}

fn secret(errors: &mut Errors, path: &Path, secret: &SecretKeySelector) {
    if secret.name.is_empty() {
        errors.required(&path.child("name"), "");
    }
    if secret.key.is_empty() {
        errors.required(&path.child("key"), "");
    }
    if secret.optional == Some(true) {
        errors.invalid(&path.child("optional"), true, "must not be: nobody may ask without it");
    }
}

/// RFC 9110: a header's name is a token.
fn header(errors: &mut Errors, path: &Path, name: &str) {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() {
        errors.required(path, "");
    } else if name.len() > WORD_BYTES || !name.bytes().all(is_token) {
        let why = format!("must be the name of a header, of no more than {WORD_BYTES} characters");
        errors.invalid(path, name, &why);
    }
}

fn idempotency(errors: &mut Errors, path: &Path, given: &Idempotency) {
    header(errors, &path.child("header"), given.header.as_deref().unwrap_or_default());
    within(errors, &path.child("retentionSeconds"), given.retention_seconds, RETENTION_SECONDS);
}

fn timeout(errors: &mut Errors, path: &Path, spec: &HTTPTriggerSpec) {
    if spec.response.as_deref() == Some("Async") && spec.timeout_seconds.is_some() {
        let why =
            "may not be set where response is Async; set activeDeadlineSeconds in the jobTemplate";
        errors.forbidden(path, why);
    }
    within(errors, path, spec.timeout_seconds, TIMEOUT_SECONDS);
}

fn queue_depth(errors: &mut Errors, path: &Path, spec: &HTTPTriggerSpec) {
    if spec.queue_depth.is_some() && spec.concurrency_policy.as_deref() != Some("Queue") {
        errors.forbidden(path, "may not be set where concurrencyPolicy is not Queue");
    }
    within(errors, path, spec.queue_depth, QUEUE_DEPTH);
}

fn body_limit(errors: &mut Errors, path: &Path, spec: &HTTPTriggerSpec) {
    let Some(limit) = &spec.body_limit else { return };
    let bytes = Quantity::of_checked(&limit.0);
    if bytes.is_negative() || bytes.units() > BODY_BYTES {
        let most = BODY_BYTES >> 20;
        errors.invalid(path, &limit.0, &format!("must be from 0 to {most}Mi"));
    }
}

fn record(errors: &mut Errors, path: &Path, spec: &HTTPTriggerSpec) {
    let record = spec.record.as_deref();
    one_of(errors, path, record, &RECORDS);
    if Rules::of(spec).response == Response::Async && record == Some("Failures") {
        let why = "must be Always where response is Async: the Job is what remembers the request";
        errors.invalid(path, "Failures", why);
    }
}

fn one_of(errors: &mut Errors, path: &Path, given: Option<&str>, known: &[&str]) {
    match given.unwrap_or_default() {
        "" => errors.required(path, ""),
        given if known.contains(&given) => {}
        other => errors.not_supported(path, other, known),
    }
}

fn within(errors: &mut Errors, path: &Path, given: Option<i32>, range: RangeInclusive<i32>) {
    if let Some(given) = given.filter(|given| !range.contains(given)) {
        let why = format!("must be from {} to {}", range.start(), range.end());
        errors.invalid(path, given, &why);
    }
}
