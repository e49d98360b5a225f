//! The rules of topologySpreadConstraints, schedulingGates and readinessGates. One host needs none of
//! them; a wrong one is an error all the same.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{PodSpec, TopologySpreadConstraint};

use super::{job, names};
use crate::api::field::{Errors, Path};

const ACTIONS: [&str; 2] = ["DoNotSchedule", "ScheduleAnyway"];
const INCLUSIONS: [&str; 2] = ["Honor", "Ignore"];
const POSITIVE: &str = "must be greater than zero";

/// Checks the three lists of a pod's spec, in the reference's order.
pub(super) fn validate(errors: &mut Errors, path: &Path, spec: &PodSpec) {
    for (index, gate) in spec.readiness_gates.iter().flatten().enumerate() {
        let path = path.child("readinessGates").index(index).child("conditionType");
        names::check(errors, &path, &gate.condition_type, names::qualified_name);
    }
    let mut seen = BTreeSet::new();
    for (index, gate) in spec.scheduling_gates.iter().flatten().enumerate() {
        let path = path.child("schedulingGates").index(index);
        names::check(errors, &path, &gate.name, names::qualified_name);
        if !seen.insert(&gate.name) {
            errors.duplicate(&path, &gate.name);
        }
    }
    let list = spec.topology_spread_constraints.as_deref().unwrap_or_default();
    for (index, constraint) in list.iter().enumerate() {
        let path = path.child("topologySpreadConstraints").index(index);
        spread(errors, &path, constraint, &list[index + 1..]);
    }
}

fn spread(
    errors: &mut Errors,
    path: &Path,
    constraint: &TopologySpreadConstraint,
    rest: &[TopologySpreadConstraint],
) {
    if constraint.max_skew <= 0 {
        errors.invalid(&path.child("maxSkew"), constraint.max_skew, POSITIVE);
    }
    if constraint.topology_key.is_empty() {
        errors.required(&path.child("topologyKey"), "can not be empty");
    }
    let (key, action) = (&constraint.topology_key, &constraint.when_unsatisfiable);
    if !ACTIONS.contains(&action.as_str()) {
        errors.not_supported(&path.child("whenUnsatisfiable"), action, &ACTIONS);
    }
    let repeats = |other: &TopologySpreadConstraint| {
        other.topology_key == *key && other.when_unsatisfiable == *action
    };
    if rest.iter().any(repeats) {
        let path = path.child("{topologyKey, whenUnsatisfiable}");
        errors.duplicate(&path, format!("{{{key}, {action}}}"));
    }
    min_domains(errors, &path.child("minDomains"), constraint.min_domains, action);
    for (field, policy) in [
        ("nodeAffinityPolicy", &constraint.node_affinity_policy),
        ("nodeTaintsPolicy", &constraint.node_taints_policy),
    ] {
        if let Some(policy) = policy.as_deref()
            && !INCLUSIONS.contains(&policy)
        {
            errors.not_supported(&path.child(field), policy, &INCLUSIONS);
        }
    }
    if let Some(selector) = &constraint.label_selector {
        job::validate_selector(errors, &path.child("labelSelector"), selector);
    }
}

fn min_domains(errors: &mut Errors, path: &Path, domains: Option<i32>, action: &str) {
    let Some(domains) = domains else { return };
    if domains <= 0 {
        errors.invalid(path, domains, POSITIVE);
    }
    if action != "DoNotSchedule" {
        let why =
            format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
        errors.invalid(path, domains, &why);
    }
}
