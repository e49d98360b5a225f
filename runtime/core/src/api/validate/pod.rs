//! The rules of a pod's spec and template: pkg/apis/core/validation's `ValidatePodSpec`.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Pod, PodSpec, PodTemplateSpec, ResourceRequirements, Volume};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{container, dns, meta, names, resources, scheduling, security, topology, volume};
use crate::api::field::{Errors, Path};

const RESTART_POLICIES: [&str; 3] = ["Always", "OnFailure", "Never"];
const DNS_POLICIES: [&str; 4] = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];

/// Checks a template's metadata and spec.
pub(super) fn validate_template(errors: &mut Errors, path: &Path, template: &PodTemplateSpec) {
    let default_meta = ObjectMeta::default();
    let default_spec = PodSpec::default();
    let metadata = template.metadata.as_ref().unwrap_or(&default_meta);
    let spec = template.spec.as_ref().unwrap_or(&default_spec);
    if let Some(labels) = &metadata.labels {
        names::labels(errors, &path.child("labels"), labels);
    }
    meta::annotations(errors, path, metadata);
    let path = path.child("spec");
    validate_spec(errors, &path, spec, metadata);
    if spec.ephemeral_containers.as_ref().is_some_and(|list| !list.is_empty()) {
        let path = path.child("ephemeralContainers");
        errors.forbidden(&path, "ephemeral containers not allowed in pod template");
    }
}

/// Checks a pod's spec; `metadata` is the pod's own.
pub(super) fn validate_spec(
    errors: &mut Errors,
    path: &Path,
    spec: &PodSpec,
    metadata: &ObjectMeta,
) {
    let volumes = spec.volumes.as_deref().unwrap_or_default();
    volume::validate(errors, &path.child("volumes"), volumes, metadata);
    containers(errors, path, spec, volumes);
    policies(errors, path, spec);
    if let Some(selector) = &spec.node_selector {
        names::labels(errors, &path.child("nodeSelector"), selector);
    }
    security::validate_pod(errors, &path.child("securityContext"), spec.security_context.as_ref());
    host(errors, path, spec);
    scheduling::validate_affinity(errors, &path.child("affinity"), spec.affinity.as_ref());
    dns::validate_config(errors, &path.child("dnsConfig"), spec);
    topology::validate(errors, path, spec);
    spec_names(errors, path, spec);
    scheduling::validate_tolerations(
        errors,
        &path.child("tolerations"),
        spec.tolerations.as_deref().unwrap_or_default(),
    );
    dns::validate_aliases(errors, &path.child("hostAliases"), spec.host_aliases.as_deref());
    last_fields(errors, path, spec);
}

fn containers(errors: &mut Errors, path: &Path, spec: &PodSpec, volumes: &[Volume]) {
    let context = container::Context {
        volumes: volumes.iter().map(|volume| volume.name.as_str()).collect(),
        grace_seconds: spec.termination_grace_period_seconds.unwrap_or(30).max(1),
    };
    container::validate(errors, &path.child("containers"), &spec.containers, &context);
    let main: BTreeSet<&str> = spec.containers.iter().map(|c| c.name.as_str()).collect();
    let init = spec.init_containers.as_deref().unwrap_or_default();
    container::validate_init(errors, &path.child("initContainers"), init, &main, &context);
}

fn policies(errors: &mut Errors, path: &Path, spec: &PodSpec) {
    for (field, value, known) in [
        ("restartPolicy", &spec.restart_policy, RESTART_POLICIES.as_slice()),
        ("dnsPolicy", &spec.dns_policy, DNS_POLICIES.as_slice()),
    ] {
        match value.as_deref().unwrap_or_default() {
            "" => errors.required(&path.child(field), ""),
            value if known.contains(&value) => {}
            value => errors.not_supported(&path.child(field), value, known),
        }
    }
}

/// What would give a pod a part of the host that the sandbox does not have.
fn host(errors: &mut Errors, path: &Path, spec: &PodSpec) {
    if spec.host_network == Some(true) {
        errors.forbidden(
            &path.child("hostNetwork"),
            "pods on this host have no part in its network; name what a pod may reach in the \
             template's annotation jobling.dev/allow-outbound",
        );
    }
}

fn spec_names(errors: &mut Errors, path: &Path, spec: &PodSpec) {
    let account = spec.service_account_name.as_deref();
    named(errors, &path.child("serviceAccountName"), account, names::dns_subdomain);
    named(errors, &path.child("nodeName"), spec.node_name.as_deref(), names::dns_subdomain);
    if let Some(seconds) = spec.active_deadline_seconds
        && !(1..=i64::from(i32::MAX)).contains(&seconds)
    {
        let why = format!("must be between 1 and {}, inclusive", i32::MAX);
        errors.invalid(&path.child("activeDeadlineSeconds"), seconds, &why);
    }
    named(errors, &path.child("hostname"), spec.hostname.as_deref(), names::dns_label);
    named(errors, &path.child("subdomain"), spec.subdomain.as_deref(), names::dns_label);
}

/// Checks a name that need not be given.
fn named(errors: &mut Errors, path: &Path, name: Option<&str>, form: fn(&str) -> Vec<String>) {
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        names::check(errors, path, name, form);
    }
}

fn last_fields(errors: &mut Errors, path: &Path, spec: &PodSpec) {
    let class = spec.priority_class_name.as_deref();
    named(errors, &path.child("priorityClassName"), class, names::dns_subdomain);
    if let Some(class) = spec.runtime_class_name.as_deref() {
        names::check(errors, &path.child("runtimeClassName"), class, names::dns_subdomain);
    }
    match spec.preemption_policy.as_deref() {
        None | Some("PreemptLowerPriority" | "Never") => {}
        Some(other) => {
            let known = ["Never", "PreemptLowerPriority"];
            errors.not_supported(&path.child("preemptionPolicy"), other, &known);
        }
    }
    if let Some(overhead) = &spec.overhead {
        let limits = ResourceRequirements { limits: Some(overhead.clone()), ..Default::default() };
        resources::validate(errors, &path.child("overhead"), Some(&limits));
    }
    match spec.os.as_ref().map(|os| os.name.as_str()) {
        None | Some("linux" | "windows") => {}
        Some("") => errors.required(&path.child("os").child("name"), "cannot be empty"),
        Some(other) => errors.not_supported(&path.child("os"), other, &["linux", "windows"]),
    }
}

/// Checks that a pod stays what it is: of its spec only images, the deadline and tolerations change.
pub(super) fn validate_update(errors: &mut Errors, new: &Pod, old: &Pod) {
    let path = Path::new("spec");
    let spec = new.spec.clone().unwrap_or_default();
    validate_spec(errors, &path, &spec, &new.metadata);
    let mut expected = old.spec.clone().unwrap_or_default();
    expected.active_deadline_seconds = spec.active_deadline_seconds;
    expected.tolerations.clone_from(&spec.tolerations);
    for (old, new) in expected.containers.iter_mut().zip(&spec.containers) {
        old.image.clone_from(&new.image);
    }
    let init = expected.init_containers.iter_mut().flatten();
    for (old, new) in init.zip(spec.init_containers.iter().flatten()) {
        old.image.clone_from(&new.image);
    }
    if expected != spec {
        let why = "pod updates may not change fields other than \
                   `spec.containers[*].image`,`spec.initContainers[*].image`,\
                   `spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing \
                   tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it \
                   was previously negative)";
        errors.forbidden(&path, why);
    }
}
