//! The rules of tolerations and affinity. One host needs neither; a wrong one is an error all the same.

use k8s_openapi::api::core::v1::{
    Affinity, NodeSelectorRequirement, NodeSelectorTerm, PodAffinityTerm, Toleration,
    WeightedPodAffinityTerm,
};

use super::{job, names};
use crate::api::field::{Errors, Path};

const EFFECTS: [&str; 3] = ["NoExecute", "NoSchedule", "PreferNoSchedule"];

/// Checks `tolerations`.
pub(super) fn validate_tolerations(errors: &mut Errors, path: &Path, list: &[Toleration]) {
    for (index, toleration) in list.iter().enumerate() {
        let path = path.index(index);
        let key = toleration.key.as_deref().unwrap_or_default();
        let operator = toleration.operator.as_deref().unwrap_or_default();
        let value = toleration.value.as_deref().unwrap_or_default();
        let effect = toleration.effect.as_deref().unwrap_or_default();
        if !key.is_empty() {
            names::check(errors, &path.child("key"), key, names::qualified_name);
        }
        if key.is_empty() && operator != "Exists" {
            let why = "operator must be Exists when `key` is empty, which means \"match all values \
                       and all keys\"";
            errors.invalid(&path.child("operator"), operator, why);
        }
        if toleration.toleration_seconds.is_some() && effect != "NoExecute" {
            let why = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            errors.invalid(&path.child("effect"), effect, why);
        }
        match operator {
            "" | "Equal" => {
                names::check(errors, &path.child("operator"), value, names::label_value);
            }
            "Exists" if !value.is_empty() => {
                let why = "value must be empty when `operator` is 'Exists'";
                errors.invalid(&path.child("operator"), toleration, why);
            }
            "Exists" => {}
            other => errors.not_supported(&path.child("operator"), other, &["Equal", "Exists"]),
        }
        if !effect.is_empty() && !EFFECTS.contains(&effect) {
            errors.not_supported(&path.child("effect"), effect, &EFFECTS);
        }
    }
}

/// Checks `affinity`.
pub(super) fn validate_affinity(errors: &mut Errors, path: &Path, affinity: Option<&Affinity>) {
    let Some(affinity) = affinity else { return };
    if let Some(node) = &affinity.node_affinity {
        let path = path.child("nodeAffinity");
        if let Some(required) = &node.required_during_scheduling_ignored_during_execution {
            let path = path
                .child("requiredDuringSchedulingIgnoredDuringExecution")
                .child("nodeSelectorTerms");
            if required.node_selector_terms.is_empty() {
                errors.required(&path, "must have at least one node selector term");
            }
            for (index, term) in required.node_selector_terms.iter().enumerate() {
                node_term(errors, &path.index(index), term);
            }
        }
        let preferred = node.preferred_during_scheduling_ignored_during_execution.iter().flatten();
        for (index, term) in preferred.enumerate() {
            let path = path.child("preferredDuringSchedulingIgnoredDuringExecution").index(index);
            weight(errors, &path.child("weight"), term.weight);
            node_term(errors, &path.child("preference"), &term.preference);
        }
    }
    if let Some(pods) = &affinity.pod_affinity {
        let required = pods.required_during_scheduling_ignored_during_execution.as_deref();
        let preferred = pods.preferred_during_scheduling_ignored_during_execution.as_deref();
        pod_terms(errors, &path.child("podAffinity"), required, preferred);
    }
    if let Some(pods) = &affinity.pod_anti_affinity {
        let required = pods.required_during_scheduling_ignored_during_execution.as_deref();
        let preferred = pods.preferred_during_scheduling_ignored_during_execution.as_deref();
        pod_terms(errors, &path.child("podAntiAffinity"), required, preferred);
    }
}

fn weight(errors: &mut Errors, path: &Path, weight: i32) {
    if !(1..=100).contains(&weight) {
        errors.invalid(path, weight, "must be in the range 1-100");
    }
}

fn node_term(errors: &mut Errors, path: &Path, term: &NodeSelectorTerm) {
    for (index, requirement) in term.match_expressions.iter().flatten().enumerate() {
        node_requirement(errors, &path.child("matchExpressions").index(index), requirement);
    }
}

fn node_requirement(errors: &mut Errors, path: &Path, requirement: &NodeSelectorRequirement) {
    let values = requirement.values.as_deref().unwrap_or_default();
    let values_path = path.child("values");
    match requirement.operator.as_str() {
        "In" | "NotIn" if values.is_empty() => {
            errors.required(&values_path, "must be specified when `operator` is 'In' or 'NotIn'");
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => errors.forbidden(
            &values_path,
            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        ),
        "Gt" | "Lt" if values.len() != 1 => errors.required(
            &values_path,
            "must be specified single value when `operator` is 'Lt' or 'Gt'",
        ),
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        other => errors.invalid(&path.child("operator"), other, "not a valid selector operator"),
    }
    names::check(errors, &path.child("key"), &requirement.key, names::qualified_name);
}

fn pod_terms(
    errors: &mut Errors,
    path: &Path,
    required: Option<&[PodAffinityTerm]>,
    preferred: Option<&[WeightedPodAffinityTerm]>,
) {
    for (index, term) in required.unwrap_or_default().iter().enumerate() {
        let path = path.child("requiredDuringSchedulingIgnoredDuringExecution").index(index);
        pod_term(errors, &path, term);
    }
    for (index, term) in preferred.unwrap_or_default().iter().enumerate() {
        let path = path.child("preferredDuringSchedulingIgnoredDuringExecution").index(index);
        weight(errors, &path.child("weight"), term.weight);
        pod_term(errors, &path.child("podAffinityTerm"), &term.pod_affinity_term);
    }
}

fn pod_term(errors: &mut Errors, path: &Path, term: &PodAffinityTerm) {
    if let Some(selector) = &term.label_selector {
        job::validate_selector(errors, &path.child("labelSelector"), selector);
    }
    if term.topology_key.is_empty() {
        errors.required(&path.child("topologyKey"), "can not be empty");
    }
    names::check(errors, &path.child("topologyKey"), &term.topology_key, names::qualified_name);
}
