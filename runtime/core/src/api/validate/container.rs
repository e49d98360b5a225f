//! The rules of containers and init containers.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, ContainerPort, VolumeMount};

use super::{env, names, probe, resources, security, volume};
use crate::api::field::{Errors, Path};

const PULL_POLICIES: [&str; 3] = ["Always", "IfNotPresent", "Never"];
const MESSAGE_POLICIES: [&str; 2] = ["FallbackToLogsOnError", "File"];
const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];
const PROPAGATIONS: [&str; 3] = ["Bidirectional", "HostToContainer", "None"];

/// What a container's rules need of its pod.
pub(super) struct Context<'a> {
    /// The names of the pod's volumes.
    pub(super) volumes: BTreeSet<&'a str>,
    /// The grace period in seconds.
    pub(super) grace_seconds: i64,
}

/// Checks the main containers: there must be one.
pub(super) fn validate(
    errors: &mut Errors,
    path: &Path,
    list: &[Container],
    context: &Context<'_>,
) {
    if list.is_empty() {
        errors.required(path, "");
        return;
    }
    let mut seen = BTreeSet::new();
    for (index, container) in list.iter().enumerate() {
        let path = path.index(index);
        common(errors, &path, container, context);
        if !seen.insert(container.name.as_str()) {
            errors.duplicate(&path.child("name"), &container.name);
        }
        probe::validate_container(errors, &path, container, context.grace_seconds);
        restart_policy(errors, &path, container, &["Always", "Never", "OnFailure"]);
    }
    host_ports(errors, path, list);
}

/// Checks the init containers; their names differ from those of `main`.
pub(super) fn validate_init(
    errors: &mut Errors,
    path: &Path,
    list: &[Container],
    main: &BTreeSet<&str>,
    context: &Context<'_>,
) {
    let mut seen = main.clone();
    for (index, container) in list.iter().enumerate() {
        let path = path.index(index);
        common(errors, &path, container, context);
        restart_policy(errors, &path, container, &["Always", "Never", "OnFailure"]);
        let fresh = !seen.contains(container.name.as_str());
        if fresh && !container.name.is_empty() {
            seen.insert(container.name.as_str());
        }
        if !fresh {
            errors.duplicate(&path.child("name"), &container.name);
        }
        if container.restart_policy.as_deref() == Some("Always") {
            probe::validate_container(errors, &path, container, context.grace_seconds);
        } else {
            probe::refuse(errors, &path, container);
        }
        if container.resize_policy.as_ref().is_some_and(|policies| !policies.is_empty()) {
            let why = "must not be set for init containers";
            errors.invalid(&path.child("resizePolicy"), &container.resize_policy, why);
        }
    }
}

fn restart_policy(errors: &mut Errors, path: &Path, container: &Container, known: &[&str]) {
    if let Some(policy) = container.restart_policy.as_deref()
        && !known.contains(&policy)
    {
        errors.not_supported(&path.child("restartPolicy"), policy, known);
    }
}

fn common(errors: &mut Errors, path: &Path, container: &Container, context: &Context<'_>) {
    if container.name.is_empty() {
        errors.required(&path.child("name"), "");
    } else {
        names::check(errors, &path.child("name"), &container.name, names::dns_label);
    }
    let image = container.image.as_deref().unwrap_or_default();
    if image.is_empty() {
        errors.required(&path.child("image"), "");
    } else if image.trim() != image {
        let why = "must not have leading or trailing whitespace";
        errors.invalid(&path.child("image"), image, why);
    }
    let policy = container.termination_message_policy.as_deref();
    known(errors, &path.child("terminationMessagePolicy"), policy, &MESSAGE_POLICIES);
    ports(errors, &path.child("ports"), container.ports.as_deref().unwrap_or_default());
    env::validate(errors, &path.child("env"), container.env.as_deref().unwrap_or_default());
    let from = container.env_from.as_deref().unwrap_or_default();
    env::validate_from(errors, &path.child("envFrom"), from);
    let mounts = container.volume_mounts.as_deref().unwrap_or_default();
    volume_mounts(errors, &path.child("volumeMounts"), mounts, container, context);
    volume_devices(errors, path, container, context);
    let policy = container.image_pull_policy.as_deref();
    known(errors, &path.child("imagePullPolicy"), policy, &PULL_POLICIES);
    resources::validate(errors, &path.child("resources"), container.resources.as_ref());
    let security = container.security_context.as_ref();
    security::validate_container(errors, &path.child("securityContext"), security);
}

/// A word that must be one of `known`.
fn known(errors: &mut Errors, path: &Path, word: Option<&str>, known: &[&str]) {
    match word.unwrap_or_default() {
        "" => errors.required(path, ""),
        word if known.contains(&word) => {}
        word => errors.not_supported(path, word, known),
    }
}

fn ports(errors: &mut Errors, path: &Path, ports: &[ContainerPort]) {
    let mut seen = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        let path = path.index(index);
        if let Some(name) = port.name.as_deref().filter(|name| !name.is_empty()) {
            let before = errors.len();
            names::check(errors, &path.child("name"), name, names::port_name);
            if errors.len() == before && !seen.insert(name) {
                errors.duplicate(&path.child("name"), name);
            }
        }
        match port.container_port {
            0 => errors.required(&path.child("containerPort"), ""),
            number => port_number(errors, &path.child("containerPort"), number),
        }
        if let Some(number) = port.host_port.filter(|number| *number != 0) {
            port_number(errors, &path.child("hostPort"), number);
        }
        known(errors, &path.child("protocol"), port.protocol.as_deref(), &PROTOCOLS);
    }
}

/// Refuses what is no port.
pub(super) fn port_number(errors: &mut Errors, path: &Path, number: i32) {
    if !(1..=65535).contains(&number) {
        errors.invalid(path, number, "must be between 1 and 65535, inclusive");
    }
}

fn host_ports(errors: &mut Errors, path: &Path, list: &[Container]) {
    let mut seen = BTreeSet::new();
    for (container_index, container) in list.iter().enumerate() {
        for (index, port) in container.ports.iter().flatten().enumerate() {
            let Some(number) = port.host_port.filter(|number| *number != 0) else { continue };
            let protocol = port.protocol.as_deref().unwrap_or_default();
            let ip = port.host_ip.as_deref().unwrap_or_default();
            let binding = format!("{protocol}/{ip}/{number}");
            if !seen.insert(binding.clone()) {
                let path = path.index(container_index).child("ports").index(index);
                errors.duplicate(&path.child("hostPort"), binding);
            }
        }
    }
}

fn volume_mounts(
    errors: &mut Errors,
    list_path: &Path,
    mounts: &[VolumeMount],
    container: &Container,
    context: &Context<'_>,
) {
    let mut seen = BTreeSet::new();
    for (index, mount) in mounts.iter().enumerate() {
        let path = list_path.index(index);
        if mount.name.is_empty() {
            errors.required(&path.child("name"), "");
        }
        if !context.volumes.contains(mount.name.as_str()) {
            errors.not_found(&path.child("name"), &mount.name);
        }
        if mount.mount_path.is_empty() {
            errors.required(&path.child("mountPath"), "");
        }
        if !seen.insert(mount.mount_path.as_str()) {
            errors.invalid(&path.child("mountPath"), &mount.mount_path, "must be unique");
        }
        for device in container.volume_devices.iter().flatten() {
            if device.name == mount.name {
                let why = "must not already exist in volumeDevices";
                errors.invalid(&path.child("name"), &mount.name, why);
            }
        }
        sub_paths(errors, list_path, &path, mount);
        mount_options(errors, list_path, mount, container);
    }
}

/// The errors are at the list's path, without an index, as in pkg/apis/core/validation.
fn sub_paths(errors: &mut Errors, list_path: &Path, path: &Path, mount: &VolumeMount) {
    let sub_path = mount.sub_path.as_deref().filter(|path| !path.is_empty());
    let expression = mount.sub_path_expr.as_deref().filter(|path| !path.is_empty());
    if let Some(sub_path) = sub_path {
        volume::descending_path(errors, &list_path.child("subPath"), sub_path);
    }
    if let Some(expression) = expression {
        if sub_path.is_some() {
            let why = "subPathExpr and subPath are mutually exclusive";
            errors.invalid(&path.child("subPathExpr"), expression, why);
        }
        volume::descending_path(errors, &list_path.child("subPathExpr"), expression);
    }
}

fn mount_options(errors: &mut Errors, path: &Path, mount: &VolumeMount, container: &Container) {
    if let Some(propagation) = mount.mount_propagation.as_deref() {
        let path = path.child("mountPropagation");
        let security = container.security_context.as_ref();
        let privileged = security.and_then(|security| security.privileged) == Some(true);
        if !PROPAGATIONS.contains(&propagation) {
            errors.not_supported(&path, propagation, &PROPAGATIONS);
        } else if propagation == "Bidirectional" && !privileged {
            errors.forbidden(
                &path,
                "Bidirectional mount propagation is available only to privileged containers",
            );
        }
    }
    if let Some(mode) = mount.recursive_read_only.as_deref() {
        let path = path.child("recursiveReadOnly");
        let modes = ["Disabled", "Enabled", "IfPossible"];
        if !modes.contains(&mode) {
            errors.not_supported(&path, mode, &modes);
        } else if mode != "Disabled" && mount.read_only != Some(true) {
            errors.forbidden(&path, "may only be specified when readOnly is true");
        }
    }
}

fn volume_devices(errors: &mut Errors, path: &Path, container: &Container, context: &Context<'_>) {
    for (index, device) in container.volume_devices.iter().flatten().enumerate() {
        let path = path.child("volumeDevices").index(index);
        if device.name.is_empty() {
            errors.required(&path.child("name"), "");
        }
        if !context.volumes.contains(device.name.as_str()) {
            errors.not_found(&path.child("name"), &device.name);
        }
        if device.device_path.is_empty() {
            errors.required(&path.child("devicePath"), "");
        }
    }
}
