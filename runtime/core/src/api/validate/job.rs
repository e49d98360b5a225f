//! The rules of a Job: pkg/apis/batch/validation's `ValidateJob`.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{Job, JobSpec, JobTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector as MetaSelector;

use super::{names, pod, policies};
use crate::api::field::{Errors, Path};
use crate::api::select::LabelSelector;

/// The label that names a pod's Job by its uid.
pub(crate) const CONTROLLER_UID: &str = "batch.kubernetes.io/controller-uid";
/// The label that names a pod's Job.
pub(crate) const JOB_NAME: &str = "batch.kubernetes.io/job-name";
/// [`CONTROLLER_UID`] before labels had prefixes.
pub(crate) const LEGACY_CONTROLLER_UID: &str = "controller-uid";
/// [`JOB_NAME`] before labels had prefixes.
pub(crate) const LEGACY_JOB_NAME: &str = "job-name";

// The bounds of pkg/apis/batch/validation.
const MANAGED_BY_BYTES: usize = 63;
const INDEXED_PARALLELISM: i32 = 100_000;
const INDEXED_MAX_FAILED: i32 = 100_000;
const MANY_COMPLETIONS: i32 = 100_000;
const MANY_PARALLELISM: i32 = 10_000;
const MANY_MAX_FAILED: i32 = 10_000;

/// Checks all of a Job but its metadata.
pub(super) fn validate(errors: &mut Errors, job: &Job) {
    let default = JobSpec::default();
    let spec = job.spec.as_ref().unwrap_or(&default);
    validate_generated(errors, job, spec);
    validate_spec(errors, spec);
    pod_hostname(errors, job, spec);
}

/// Checks the template of Jobs that are made later: their selectors will be their own.
pub(super) fn job_template(errors: &mut Errors, path: &Path, template: &JobTemplateSpec) {
    let spec = template.spec.clone().unwrap_or_default();
    let path = path.child("spec");
    template_of_job(errors, &path, &spec);
    if let Some(selector) = &spec.selector {
        errors.invalid(&path.child("selector"), selector, "`selector` will be auto-generated");
    }
    if spec.manual_selector == Some(true) {
        errors.not_supported(&path.child("manualSelector"), true, &["nil", "false"]);
    }
}

/// Checks a Job's spec, its selector included.
pub(super) fn validate_spec(errors: &mut Errors, spec: &JobSpec) {
    let path = Path::new("spec");
    template_of_job(errors, &path, spec);
    match &spec.selector {
        None => errors.required(&path.child("selector"), ""),
        Some(selector) => validate_selector(errors, &path.child("selector"), selector),
    }
    let labels = template_labels(spec);
    let selects = match spec.selector.as_ref().map(LabelSelector::of_meta) {
        Some(Ok(selector)) => selector.matches_labels(&labels),
        Some(Err(_)) => true,
        None => false,
    };
    if !selects {
        let path = path.child("template").child("metadata").child("labels");
        errors.invalid(&path, &labels, "`selector` does not match template `labels`");
    }
}

fn template_labels(spec: &JobSpec) -> BTreeMap<String, String> {
    let meta = spec.template.metadata.as_ref();
    meta.and_then(|meta| meta.labels.clone()).unwrap_or_default()
}

/// `validateGeneratedSelector`: what was generated must be there unchanged.
fn validate_generated(errors: &mut Errors, job: &Job, spec: &JobSpec) {
    let (Some(selector), false) = (&spec.selector, spec.manual_selector == Some(true)) else {
        return;
    };
    let uid = job.metadata.uid.as_deref().unwrap_or_default();
    let name = job.metadata.name.as_deref().unwrap_or_default();
    if uid.is_empty() {
        errors.required(&Path::new("metadata").child("uid"), "");
    }
    let labels = template_labels(spec);
    let path = Path::new("spec").child("template").child("metadata").child("labels");
    let expected = [
        (LEGACY_CONTROLLER_UID, uid),
        (LEGACY_JOB_NAME, name),
        (CONTROLLER_UID, uid),
        (JOB_NAME, name),
    ];
    for (key, value) in expected {
        let why = format!("must be '{value}'");
        match labels.get(key) {
            None => errors.required(&path.key(key), &why),
            Some(given) if given != value => errors.invalid(&path.key(key), &labels, &why),
            Some(_) => {}
        }
    }
    let generated = expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    if LabelSelector::of_meta(selector).is_ok_and(|read| !read.matches_labels(&generated)) {
        let path = Path::new("spec").child("selector");
        errors.invalid(&path, selector, "`selector` not auto-generated");
    }
}

/// `ValidateLabelSelector`.
pub(super) fn validate_selector(errors: &mut Errors, path: &Path, selector: &MetaSelector) {
    if let Some(labels) = &selector.match_labels {
        names::labels(errors, &path.child("matchLabels"), labels);
    }
    for (index, expression) in selector.match_expressions.iter().flatten().enumerate() {
        let path = path.child("matchExpressions").index(index);
        let values = expression.values.as_deref().unwrap_or_default();
        match expression.operator.as_str() {
            "In" | "NotIn" if values.is_empty() => errors.required(
                &path.child("values"),
                "must be specified when `operator` is 'In' or 'NotIn'",
            ),
            "Exists" | "DoesNotExist" if !values.is_empty() => errors.forbidden(
                &path.child("values"),
                "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            ),
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => {
                errors.invalid(&path.child("operator"), other, "not a valid selector operator");
            }
        }
        names::check(errors, &path.child("key"), &expression.key, names::qualified_name);
        for (index, value) in values.iter().enumerate() {
            names::check(errors, &path.child("values").index(index), value, names::label_value);
        }
    }
}

/// An Indexed Job's pods get its name and their index as host name.
fn pod_hostname(errors: &mut Errors, job: &Job, spec: &JobSpec) {
    let Some(completions) = spec.completions.filter(|count| *count > 0 && is_indexed(spec)) else {
        return;
    };
    let name = job.metadata.name.as_deref().unwrap_or_default();
    let hostname = format!("{name}-{}", completions - 1);
    if !names::dns_label(&hostname).is_empty() {
        let why = format!("will not able to create pod with invalid DNS label: {hostname}");
        errors.invalid(&Path::new("metadata").child("name"), name, &why);
    }
}

/// Returns whether each of the Job's indexes must succeed.
pub(super) fn is_indexed(spec: &JobSpec) -> bool {
    spec.completion_mode.as_deref() == Some("Indexed")
}

/// Refuses a number below zero.
pub(super) fn nonnegative(errors: &mut Errors, path: &Path, number: Option<impl Into<i64>>) {
    if let Some(number) = number.map(Into::into)
        && number < 0
    {
        errors.invalid(path, number, "must be greater than or equal to 0");
    }
}

/// `validateJobSpec`: what a Job and a `CronJob`'s template have in common.
pub(super) fn template_of_job(errors: &mut Errors, path: &Path, spec: &JobSpec) {
    nonnegative(errors, &path.child("parallelism"), spec.parallelism);
    nonnegative(errors, &path.child("completions"), spec.completions);
    nonnegative(errors, &path.child("activeDeadlineSeconds"), spec.active_deadline_seconds);
    nonnegative(errors, &path.child("backoffLimit"), spec.backoff_limit);
    nonnegative(errors, &path.child("ttlSecondsAfterFinished"), spec.ttl_seconds_after_finished);
    nonnegative(errors, &path.child("backoffLimitPerIndex"), spec.backoff_limit_per_index);
    nonnegative(errors, &path.child("maxFailedIndexes"), spec.max_failed_indexes);
    if spec.max_failed_indexes.is_some() && spec.backoff_limit_per_index.is_none() {
        let path = path.child("backoffLimitPerIndex");
        errors.required(&path, "when maxFailedIndexes is specified");
    }
    if let Some(manager) = &spec.managed_by {
        let path = path.child("managedBy");
        names::domain_prefixed_path(errors, &path, manager);
        if manager.len() > MANAGED_BY_BYTES {
            errors.too_long(&path, MANAGED_BY_BYTES);
        }
    }
    completion_mode(errors, path, spec);
    policies::validate(errors, path, spec);
    pod::validate_template(errors, &path.child("template"), &spec.template);
    restart_policy(errors, path, spec);
}

fn completion_mode(errors: &mut Errors, path: &Path, spec: &JobSpec) {
    match spec.completion_mode.as_deref() {
        Some("Indexed") => indexed(errors, path, spec),
        None | Some("NonIndexed") => {
            for (field, value) in [
                ("backoffLimitPerIndex", spec.backoff_limit_per_index),
                ("maxFailedIndexes", spec.max_failed_indexes),
            ] {
                if let Some(value) = value {
                    errors.invalid(&path.child(field), value, "requires indexed completion mode");
                }
            }
        }
        Some(other) => {
            let path = path.child("completionMode");
            errors.not_supported(&path, other, &["NonIndexed", "Indexed"]);
        }
    }
}

fn indexed(errors: &mut Errors, path: &Path, spec: &JobSpec) {
    if spec.completions.is_none() {
        errors.required(&path.child("completions"), "when completion mode is Indexed");
    }
    if let Some(parallelism) = spec.parallelism.filter(|count| *count > INDEXED_PARALLELISM) {
        let why = format!(
            "must be less than or equal to {INDEXED_PARALLELISM} when completion mode is Indexed"
        );
        errors.invalid(&path.child("parallelism"), parallelism, &why);
    }
    let max_failed_path = path.child("maxFailedIndexes");
    if let Some(max_failed) = spec.max_failed_indexes {
        if spec.completions.is_some_and(|completions| max_failed > completions) {
            let why = "must be less than or equal to completions";
            errors.invalid(&max_failed_path, max_failed, why);
        }
        if max_failed > INDEXED_MAX_FAILED {
            let why = format!("must be less than or equal to {INDEXED_MAX_FAILED}");
            errors.invalid(&max_failed_path, max_failed, &why);
        }
    }
    if spec.completions.is_some_and(|count| count > MANY_COMPLETIONS)
        && spec.backoff_limit_per_index.is_some()
    {
        many_completions(errors, path, spec);
    }
}

/// The tighter bounds of a Job that keeps its failures per index for very many of them.
fn many_completions(errors: &mut Errors, path: &Path, spec: &JobSpec) {
    let suffix = format!(
        "when completions are above {MANY_COMPLETIONS} and used with backoff limit per index"
    );
    let max_failed_path = path.child("maxFailedIndexes");
    if spec.max_failed_indexes.is_none() {
        let why = format!("must be specified when completions is above {MANY_COMPLETIONS}");
        errors.required(&max_failed_path, &why);
    }
    if let Some(parallelism) = spec.parallelism.filter(|count| *count > MANY_PARALLELISM) {
        let why = format!("must be less than or equal to {MANY_PARALLELISM} {suffix}");
        errors.invalid(&path.child("parallelism"), parallelism, &why);
    }
    if let Some(max_failed) = spec.max_failed_indexes.filter(|count| *count > MANY_MAX_FAILED) {
        let why = format!("must be less than or equal to {MANY_MAX_FAILED} {suffix}");
        errors.invalid(&max_failed_path, max_failed, &why);
    }
}

fn restart_policy(errors: &mut Errors, path: &Path, spec: &JobSpec) {
    let path = path.child("template").child("spec").child("restartPolicy");
    let pod = spec.template.spec.as_ref();
    match pod.and_then(|pod| pod.restart_policy.as_deref()).unwrap_or_default() {
        "" | "Always" => errors.required(&path, "valid values: \"OnFailure\", \"Never\""),
        "OnFailure" if spec.pod_failure_policy.is_some() => {
            let why = "only \"Never\" is supported when podFailurePolicy is specified";
            errors.invalid(&path, "OnFailure", why);
        }
        "OnFailure" | "Never" => {}
        other => errors.not_supported(&path, other, &["OnFailure", "Never"]),
    }
}
