//! What the API server warns of in a pod's spec and takes all the same: pkg/api/pod/warnings.go.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{
    Container, ContainerPort, PodSpec, PodTemplateSpec, ResourceRequirements, Volume,
};

use crate::api::field::Path;
use crate::api::quantity::Quantity;

/// Labels of nodes that have newer names.
const OLD_NODE_LABELS: [(&str, &str); 5] = [
    ("beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead"),
    ("beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead"),
    (
        "failure-domain.beta.kubernetes.io/region",
        "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
    ),
    (
        "failure-domain.beta.kubernetes.io/zone",
        "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead",
    ),
    (
        "beta.kubernetes.io/instance-type",
        "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead",
    ),
];

/// Annotations that do nothing any more.
const OLD_ANNOTATIONS: [(&str, &str); 3] = [
    (
        "scheduler.alpha.kubernetes.io/critical-pod",
        "non-functional in v1.16+; use the \"priorityClassName\" field instead",
    ),
    (
        "security.alpha.kubernetes.io/sysctls",
        "non-functional in v1.11+; use the \"sysctls\" field instead",
    ),
    (
        "security.alpha.kubernetes.io/unsafe-sysctls",
        "non-functional in v1.11+; use the \"sysctls\" field instead",
    ),
];

/// Adds a sentence for everything in the template at `path` that a person may not have meant.
pub(super) fn warn(found: &mut Vec<String>, path: &Path, template: &PodTemplateSpec) {
    let (Some(spec), spec_path) = (&template.spec, path.child("spec")) else { return };
    old_labels(found, &spec_path, spec);
    let annotations = template.metadata.as_ref().and_then(|meta| meta.annotations.as_ref());
    for (key, why) in OLD_ANNOTATIONS {
        if annotations.is_some_and(|annotations| annotations.contains_key(key)) {
            let field = path.child("metadata").child("annotations").key(key);
            found.push(format!("{field}: {why}"));
        }
    }
    for (index, volume) in spec.volumes.iter().flatten().enumerate() {
        old_volume(found, &spec_path.child("volumes").index(index), volume);
    }
    repeated(found, &spec_path, spec);
    let containers = containers(&spec_path, spec);
    for (path, container) in &containers {
        fractions(found, &path.child("resources"), container.resources.as_ref());
        environment(found, &path.child("env"), container);
    }
    ports(found, &containers);
    if spec.termination_grace_period_seconds.is_some_and(|seconds| seconds < 0) {
        let field = spec_path.child("terminationGracePeriodSeconds");
        found.push(format!(
            "{field}: must be >= 0; negative values are invalid and will be treated as 1"
        ));
    }
    null_selectors(found, &spec_path.child("affinity"), spec);
}

fn containers<'s>(path: &Path, spec: &'s PodSpec) -> Vec<(Path, &'s Container)> {
    let init = spec.init_containers.iter().flatten().enumerate();
    let init = init.map(|(index, one)| (path.child("initContainers").index(index), one));
    let main = spec.containers.iter().enumerate();
    init.chain(main.map(|(index, one)| (path.child("containers").index(index), one))).collect()
}

fn old_labels(found: &mut Vec<String>, path: &Path, spec: &PodSpec) {
    let why = |key: &str| OLD_NODE_LABELS.iter().find(|(old, _)| *old == key).map(|(_, why)| *why);
    for key in spec.node_selector.iter().flatten().map(|(key, _)| key) {
        if let Some(why) = why(key) {
            found.push(format!("{}: {why}", path.child("nodeSelector").key(key)));
        }
    }
    let constraints = spec.topology_spread_constraints.iter().flatten();
    for (index, constraint) in constraints.enumerate() {
        let path = path.child("topologySpreadConstraints").index(index);
        let key = &constraint.topology_key;
        if let Some(why) = why(key) {
            found.push(format!("{}: {key} is {why}", path.child("topologyKey")));
        }
        if constraint.label_selector.is_none() {
            null_selector(found, &path);
        }
    }
}

fn null_selector(found: &mut Vec<String>, path: &Path) {
    let field = path.child("labelSelector");
    found.push(format!("{field}: a null labelSelector results in matching no pod"));
}

fn null_selectors(found: &mut Vec<String>, path: &Path, spec: &PodSpec) {
    let Some(affinity) = &spec.affinity else { return };
    let terms = [
        (
            "podAffinity",
            affinity.pod_affinity.as_ref().map(|pods| {
                (
                    &pods.required_during_scheduling_ignored_during_execution,
                    &pods.preferred_during_scheduling_ignored_during_execution,
                )
            }),
        ),
        (
            "podAntiAffinity",
            affinity.pod_anti_affinity.as_ref().map(|pods| {
                (
                    &pods.required_during_scheduling_ignored_during_execution,
                    &pods.preferred_during_scheduling_ignored_during_execution,
                )
            }),
        ),
    ];
    for (field, required, preferred) in
        terms.into_iter().filter_map(|(field, lists)| lists.map(|(a, b)| (field, a, b)))
    {
        let path = path.child(field);
        for (index, term) in required.iter().flatten().enumerate() {
            if term.label_selector.is_none() {
                let list = path.child("requiredDuringSchedulingIgnoredDuringExecution");
                null_selector(found, &list.index(index));
            }
        }
        for (index, term) in preferred.iter().flatten().enumerate() {
            if term.pod_affinity_term.label_selector.is_none() {
                let list = path.child("preferredDuringSchedulingIgnoredDuringExecution");
                null_selector(found, &list.index(index).child("podAffinityTerm"));
            }
        }
    }
}

fn old_volume(found: &mut Vec<String>, path: &Path, volume: &Volume) {
    for (field, given, why) in [
        (
            "photonPersistentDisk",
            volume.photon_persistent_disk.is_some(),
            "deprecated in v1.11, non-functional in v1.16+",
        ),
        ("gitRepo", volume.git_repo.is_some(), "deprecated in v1.11"),
        ("scaleIO", volume.scale_io.is_some(), "deprecated in v1.16, non-functional in v1.22+"),
        ("flocker", volume.flocker.is_some(), "deprecated in v1.22, non-functional in v1.25+"),
        ("storageOS", volume.storageos.is_some(), "deprecated in v1.22, non-functional in v1.25+"),
        ("quobyte", volume.quobyte.is_some(), "deprecated in v1.22, non-functional in v1.25+"),
        ("glusterfs", volume.glusterfs.is_some(), "deprecated in v1.25, non-functional in v1.26+"),
        ("cephfs", volume.cephfs.is_some(), "deprecated in v1.28, non-functional in v1.31+"),
        ("rbd", volume.rbd.is_some(), "deprecated in v1.28, non-functional in v1.31+"),
    ] {
        if given {
            found.push(format!("{}: {why}", path.child(field)));
        }
    }
}

/// Host aliases and pull secrets that are named twice, or not at all.
fn repeated(found: &mut Vec<String>, path: &Path, spec: &PodSpec) {
    let mut seen = BTreeSet::new();
    for (index, alias) in spec.host_aliases.iter().flatten().enumerate() {
        if !seen.insert(&alias.ip) {
            let field = path.child("hostAliases").index(index).child("ip");
            found.push(format!("{field}: duplicate ip {:?}", alias.ip));
        }
    }
    let mut seen = BTreeSet::new();
    for (index, secret) in spec.image_pull_secrets.iter().flatten().enumerate() {
        let field = path.child("imagePullSecrets").index(index).child("name");
        if !seen.insert(&secret.name) {
            found.push(format!("{field}: duplicate name {:?}", secret.name));
        }
        if secret.name.is_empty() {
            found.push(format!("{field}: invalid empty name \"\""));
        }
    }
}

/// A part of a byte, such as `100m` of memory, was hardly meant.
fn fractions(found: &mut Vec<String>, path: &Path, resources: Option<&ResourceRequirements>) {
    let Some(resources) = resources else { return };
    for name in ["memory", "ephemeral-storage"] {
        for (field, amounts) in [("limits", &resources.limits), ("requests", &resources.requests)] {
            let Some(amount) = amounts.as_ref().and_then(|amounts| amounts.get(name)) else {
                continue;
            };
            if !Quantity::of_checked(&amount.0).is_integer() {
                let field = path.child(field).key(name);
                found.push(format!(
                    "{field}: fractional byte value {:?} is invalid, must be an integer",
                    amount.0
                ));
            }
        }
    }
}

/// A variable may be given again to add to it; anything else hides the one before.
fn environment(found: &mut Vec<String>, path: &Path, container: &Container) {
    let mut seen = BTreeSet::new();
    for (index, var) in container.env.iter().flatten().enumerate() {
        if seen.insert(&var.name) {
            continue;
        }
        let before = format!("$({})", var.name);
        let value = var.value.as_deref().unwrap_or_default();
        if var.value_from.is_some() || value == before || !value.contains(&before) {
            found.push(format!(
                "{}: hides previous definition of {:?}, which may be dropped when using apply",
                path.index(index),
                var.name
            ));
        }
    }
}

fn ports(found: &mut Vec<String>, containers: &[(Path, &Container)]) {
    let mut seen: BTreeMap<(i32, &str), Vec<(Path, &ContainerPort)>> = BTreeMap::new();
    for (path, container) in containers {
        for (index, port) in container.ports.iter().flatten().enumerate() {
            let field = path.child("ports").index(index);
            let protocol = port.protocol.as_deref().unwrap_or_default();
            let same = seen.entry((port.container_port, protocol)).or_default();
            for (other_field, other) in same.iter() {
                if let Some(how) = collision(port, other) {
                    found.push(format!("{field}: {how} port definition with {other_field}"));
                }
            }
            same.push((field, port));
        }
    }
}

fn collision(port: &ContainerPort, other: &ContainerPort) -> Option<&'static str> {
    let binding = |port: &ContainerPort| {
        (port.host_port.unwrap_or_default(), port.host_ip.clone().unwrap_or_default())
    };
    let ((number, ip), (other_number, other_ip)) = (binding(port), binding(other));
    if (number, &ip) == (other_number, &other_ip) {
        Some("duplicate")
    } else if number == 0 || other_number == 0 {
        Some("overlapping")
    } else if number == other_number && ip.is_empty() != other_ip.is_empty() {
        Some("dangerously ambiguous")
    } else {
        None
    }
}
