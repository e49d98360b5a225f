//! The rules of a Job's podFailurePolicy, successPolicy and podReplacementPolicy.

use std::collections::BTreeSet;

use k8s_openapi::api::batch::v1::{
    JobSpec, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyOnPodConditionsPattern,
    PodFailurePolicyRule, SuccessPolicyRule,
};

use super::job::{is_indexed, nonnegative};
use super::{indexes, names};
use crate::api::field::{Errors, Path};

// The bounds of pkg/apis/batch/validation.
const RULES: usize = 20;
const EXIT_CODES: usize = 255;
const POD_CONDITIONS: usize = 20;
const SUCCEEDED_INDEXES_BYTES: usize = 64 * 1024;

const ACTIONS: [&str; 4] = ["Count", "FailIndex", "FailJob", "Ignore"];
const OPERATORS: [&str; 2] = ["In", "NotIn"];
const STATUSES: [&str; 3] = ["False", "True", "Unknown"];

/// Checks the three policies.
pub(super) fn validate(errors: &mut Errors, path: &Path, spec: &JobSpec) {
    if let Some(policy) = &spec.pod_failure_policy {
        let path = path.child("podFailurePolicy").child("rules");
        if policy.rules.len() > RULES {
            errors.too_many(&path, policy.rules.len(), RULES);
        }
        for (index, rule) in policy.rules.iter().enumerate() {
            failure_rule(errors, &path.index(index), rule, spec);
        }
    }
    if let Some(policy) = &spec.success_policy {
        let path = path.child("successPolicy");
        if is_indexed(spec) {
            success_rules(errors, &path.child("rules"), &policy.rules, spec);
        } else {
            errors.invalid(&path, policy, "requires indexed completion mode");
        }
    }
    replacement(errors, &path.child("podReplacementPolicy"), spec);
}

fn replacement(errors: &mut Errors, path: &Path, spec: &JobSpec) {
    let Some(policy) = spec.pod_replacement_policy.as_deref() else { return };
    let supported: &[&str] = match spec.pod_failure_policy {
        Some(_) => &["Failed"],
        None => &["Failed", "TerminatingOrFailed"],
    };
    if !supported.contains(&policy) {
        errors.not_supported(path, policy, supported);
    }
}

/// One of a list must be given.
fn one_of(errors: &mut Errors, path: &Path, value: &str, known: &[&str]) {
    if value.is_empty() {
        let quoted: Vec<String> = known.iter().map(|value| format!("\"{value}\"")).collect();
        errors.required(path, &format!("valid values: [{}]", quoted.join(" ")));
    } else if !known.contains(&value) {
        errors.not_supported(path, value, known);
    }
}

fn failure_rule(errors: &mut Errors, path: &Path, rule: &PodFailurePolicyRule, spec: &JobSpec) {
    let action = path.child("action");
    if rule.action == "FailIndex" && spec.backoff_limit_per_index.is_none() {
        let why = "requires the backoffLimitPerIndex to be set";
        errors.invalid(&action, &rule.action, why);
    } else {
        one_of(errors, &action, &rule.action, &ACTIONS);
    }
    let conditions = rule.on_pod_conditions.as_deref().unwrap_or_default();
    if let Some(codes) = &rule.on_exit_codes {
        exit_codes(errors, &path.child("onExitCodes"), codes, spec);
    }
    pod_conditions(errors, &path.child("onPodConditions"), conditions);
    match (rule.on_exit_codes.is_some(), conditions.is_empty()) {
        (true, false) => errors
            .invalid_here(path, "specifying both OnExitCodes and OnPodConditions is not supported"),
        (false, true) => errors
            .invalid_here(path, "specifying one of OnExitCodes and OnPodConditions is required"),
        (true, true) | (false, false) => {}
    }
}

fn pod_conditions(
    errors: &mut Errors,
    path: &Path,
    patterns: &[PodFailurePolicyOnPodConditionsPattern],
) {
    if patterns.len() > POD_CONDITIONS {
        errors.too_many(path, patterns.len(), POD_CONDITIONS);
    }
    for (index, pattern) in patterns.iter().enumerate() {
        let path = path.index(index);
        names::check(errors, &path.child("type"), &pattern.type_, names::qualified_name);
        let status = pattern.status.as_deref().unwrap_or_default();
        one_of(errors, &path.child("status"), status, &STATUSES);
    }
}

fn exit_codes(
    errors: &mut Errors,
    path: &Path,
    codes: &PodFailurePolicyOnExitCodesRequirement,
    spec: &JobSpec,
) {
    one_of(errors, &path.child("operator"), &codes.operator, &OPERATORS);
    if let Some(name) = &codes.container_name
        && !has_container(spec, name)
    {
        let why = "must be one of the container or initContainer names in the pod template";
        errors.invalid(&path.child("containerName"), name, why);
    }
    let values = path.child("values");
    if codes.values.is_empty() {
        errors.invalid(&values, &codes.values, "at least one value is required");
    } else if codes.values.len() > EXIT_CODES {
        errors.too_many(&values, codes.values.len(), EXIT_CODES);
    }
    let mut seen = BTreeSet::new();
    for (index, code) in codes.values.iter().enumerate() {
        if *code == 0 && codes.operator == "In" {
            errors.invalid(&values.index(index), code, "must not be 0 for the In operator");
        }
        if !seen.insert(code) {
            errors.duplicate(&values.index(index), code);
        }
    }
    if !codes.values.is_sorted() {
        errors.invalid(&values, &codes.values, "must be ordered");
    }
}

fn has_container(spec: &JobSpec, name: &str) -> bool {
    spec.template.spec.as_ref().is_some_and(|pod| {
        let containers = pod.containers.iter().chain(pod.init_containers.iter().flatten());
        containers.into_iter().any(|container| container.name == name)
    })
}

fn success_rules(errors: &mut Errors, path: &Path, rules: &[SuccessPolicyRule], spec: &JobSpec) {
    if rules.is_empty() {
        let why = "at least one rules must be specified when the successPolicy is specified";
        errors.required(path, why);
    }
    if rules.len() > RULES {
        errors.too_many(path, rules.len(), RULES);
    }
    for (index, rule) in rules.iter().enumerate() {
        success_rule(errors, &path.index(index), rule, spec.completions.unwrap_or_default());
    }
}

fn success_rule(errors: &mut Errors, path: &Path, rule: &SuccessPolicyRule, completions: i32) {
    if rule.succeeded_count.is_none() && rule.succeeded_indexes.is_none() {
        let why = "at least one of succeededCount or succeededIndexes must be specified";
        errors.required(path, why);
    }
    let total = rule.succeeded_indexes.as_ref().map(|indexes| {
        let path = path.child("succeededIndexes");
        if indexes.len() > SUCCEEDED_INDEXES_BYTES {
            errors.too_long(&path, SUCCEEDED_INDEXES_BYTES);
        }
        indexes::count(indexes, completions).unwrap_or_else(|why| {
            errors.invalid(&path, indexes, &format!("error parsing succeededIndexes: {why}"));
            0
        })
    });
    if let Some(count) = rule.succeeded_count {
        let path = path.child("succeededCount");
        nonnegative(errors, &path, Some(count));
        if count > completions {
            let why = format!(
                "must be less than or equal to {completions} (the number of specified completions)"
            );
            errors.invalid(&path, count, &why);
        }
        if let Some(total) = total.filter(|total| i64::from(count) > *total) {
            let why = format!(
                "must be less than or equal to {total} (the number of indexes in the specified \
                 succeededIndexes field)"
            );
            errors.invalid(&path, count, &why);
        }
    }
}
