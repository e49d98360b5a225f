//! The rules of `resources`: names, amounts, and requests within limits.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ResourceRequirements;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;

use super::names;
use crate::api::field::{Errors, Path};
use crate::api::quantity::Quantity;

const STANDARD: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// Checks a container's `resources`.
pub(super) fn validate(errors: &mut Errors, path: &Path, resources: Option<&ResourceRequirements>) {
    let Some(resources) = resources else { return };
    let none = BTreeMap::new();
    let limits = resources.limits.as_ref().unwrap_or(&none);
    let limits_path = path.child("limits");
    for (name, amount) in limits {
        entry(errors, &limits_path.key(name), name, amount);
    }
    let requests_path = path.child("requests");
    for (name, amount) in resources.requests.iter().flatten() {
        entry(errors, &requests_path.key(name), name, amount);
        against_limit(errors, path, name, amount, limits.get(name));
    }
    let names = || limits.keys().chain(resources.requests.iter().flatten().map(|(name, _)| name));
    let huge = names().any(|name| name.starts_with("hugepages-"));
    if huge && !names().any(|name| name == "cpu" || name == "memory") {
        errors.forbidden(path, "HugePages require cpu or memory");
    }
}

fn entry(errors: &mut Errors, path: &Path, name: &str, amount: &Text) {
    names::check(errors, path, name, names::qualified_name);
    let standard = STANDARD.contains(&name) || name.starts_with("hugepages-");
    if !name.contains('/') && !standard {
        errors.invalid(path, name, "must be a standard resource type or fully qualified");
        errors.invalid(path, name, "must be a standard resource for containers");
    }
    let quantity = Quantity::of_checked(&amount.0);
    if quantity.is_negative() {
        errors.invalid(path, &amount.0, "must be greater than or equal to 0");
    }
    if is_extended(name) && !quantity.is_integer() {
        errors.invalid(path, &amount.0, "must be an integer");
    }
}

fn against_limit(
    errors: &mut Errors,
    path: &Path,
    name: &str,
    request: &Text,
    limit: Option<&Text>,
) {
    let requests_path = path.child("requests");
    let overcommits = !is_extended(name) && !name.starts_with("hugepages-");
    let Some(limit) = limit else {
        if !overcommits {
            let why = "Limit must be set for non overcommitable resources";
            errors.required(&path.child("limits"), why);
        }
        return;
    };
    let (asked, most) = (Quantity::of_checked(&request.0), Quantity::of_checked(&limit.0));
    let limit = &limit.0;
    if !overcommits && asked != most {
        let why = format!("must be equal to {name} limit of {limit}");
        errors.invalid(&requests_path, &request.0, &why);
    } else if asked > most {
        let why = format!("must be less than or equal to {name} limit of {limit}");
        errors.invalid(&requests_path, &request.0, &why);
    }
}

/// A resource of somebody else's: whole units, never promised twice.
fn is_extended(name: &str) -> bool {
    name.contains('/') && !name.contains("kubernetes.io/") && !name.starts_with("requests.")
}
