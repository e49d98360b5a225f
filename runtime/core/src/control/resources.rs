//! What a pod asks of this host's memory.

use k8s_openapi::api::core::v1::{Container, PodTemplateSpec};

use crate::api::quantity::Quantity;

/// Returns the bytes that a pod of this template is promised: those of all that run at once (its
/// containers and sidecars), or of the largest init container, whichever is more. A container that names
/// none is promised `default_bytes`.
///
/// As `k8s.io/component-helpers/resource` (`PodRequests`).
#[must_use]
pub fn memory_request(template: &PodTemplateSpec, default_bytes: u64) -> u64 {
    let Some(spec) = template.spec.as_ref() else { return 0 };
    let of = |container: &Container| requested(container).unwrap_or(default_bytes);
    let mut sidecars = 0u64;
    let mut largest_init = 0u64;
    for container in spec.init_containers.iter().flatten() {
        if container.restart_policy.as_deref() == Some("Always") {
            sidecars = sidecars.saturating_add(of(container));
            largest_init = largest_init.max(sidecars);
        } else {
            largest_init = largest_init.max(sidecars.saturating_add(of(container)));
        }
    }
    let mains = spec.containers.iter().map(of).fold(sidecars, u64::saturating_add);
    mains.max(largest_init)
}

fn requested(container: &Container) -> Option<u64> {
    let resources = container.resources.as_ref()?;
    let of = |list: &Option<std::collections::BTreeMap<String, _>>| {
        let quantity: &k8s_openapi::apimachinery::pkg::api::resource::Quantity =
            list.as_ref()?.get("memory")?;
        Some(Quantity::of_checked(&quantity.0).units())
    };
    of(&resources.requests).or_else(|| of(&resources.limits))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_is_promised_what_runs_at_once() {
        let limits = |memory: &str| json!({"limits": {"memory": memory}});
        for (what, spec, mebibytes) in [
            (
                "one container",
                json!({"containers": [{"name": "a", "resources": limits("3Mi")}]}),
                3,
            ),
            ("a container without a limit", json!({"containers": [{"name": "a"}]}), 64),
            (
                "a request below the limit",
                json!({"containers": [{"name": "a", "resources":
                    {"limits": {"memory": "9Mi"}, "requests": {"memory": "2Mi"}}}]}),
                2,
            ),
            (
                "an init container larger than the rest",
                json!({"initContainers": [{"name": "i", "resources": limits("8Mi")}],
                    "containers": [{"name": "a", "resources": limits("3Mi")}]}),
                8,
            ),
            (
                "a sidecar besides",
                json!({"initContainers": [{"name": "i", "restartPolicy": "Always",
                        "resources": limits("8Mi")}],
                    "containers": [{"name": "a", "resources": limits("3Mi")}]}),
                11,
            ),
        ] {
            let template = serde_json::from_value(json!({ "spec": spec })).unwrap();
            let bytes = memory_request(&template, 64 << 20);
            assert_eq!(bytes, mebibytes << 20, "{what}");
        }
    }
}
