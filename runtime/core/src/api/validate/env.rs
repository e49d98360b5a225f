//! The rules of `env` and `envFrom`, and of the references into a pod that volumes share.

use k8s_openapi::api::core::v1::{
    EnvFromSource, EnvVar, EnvVarSource, ObjectFieldSelector, ResourceFieldSelector,
};

use super::names;
use crate::api::field::{Errors, Path};
use crate::api::quantity::Quantity;

/// The fields of a pod that an environment variable can hold.
const ENV_FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// The fields of a pod that a downwardAPI file can hold.
pub(super) const VOLUME_FIELDS: [&str; 5] = [
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
];

/// The fields that the API server can read of a pod at all.
const READABLE_FIELDS: [&str; 14] = [
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.serviceAccountName",
    "spec.schedulerName",
    "status.phase",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];
const HUGE_PAGES: [&str; 2] = ["limits.hugepages-", "requests.hugepages-"];
const CPU_DIVISORS: [&str; 2] = ["1m", "1"];
const BYTE_DIVISORS: [&str; 13] =
    ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

const SOURCES: &str = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, \
                       `secretKeyRef` or `fileKeyRef`";
const ONE_SOURCE: &str = "may not have more than one field specified at a time";

/// Checks `env`.
pub(super) fn validate(errors: &mut Errors, path: &Path, vars: &[EnvVar]) {
    for (index, var) in vars.iter().enumerate() {
        let path = path.index(index);
        if var.name.is_empty() {
            errors.required(&path.child("name"), "");
        } else {
            names::check(errors, &path.child("name"), &var.name, names::env_name);
        }
        if let Some(source) = &var.value_from {
            let value = var.value.as_deref().unwrap_or_default();
            value_from(errors, &path.child("valueFrom"), source, value);
        }
    }
}

fn value_from(errors: &mut Errors, path: &Path, source: &EnvVarSource, value: &str) {
    let mut sources = 0;
    if let Some(field) = &source.field_ref {
        sources += 1;
        field_ref(errors, &path.child("fieldRef"), field, &ENV_FIELDS);
    }
    if let Some(resource) = &source.resource_field_ref {
        sources += 1;
        resource_ref(errors, &path.child("resourceFieldRef"), resource);
    }
    if let Some(reference) = &source.config_map_key_ref {
        sources += 1;
        key_ref(errors, &path.child("configMapKeyRef"), &reference.name, &reference.key);
    }
    if let Some(reference) = &source.secret_key_ref {
        sources += 1;
        key_ref(errors, &path.child("secretKeyRef"), &reference.name, &reference.key);
    }
    if source.file_key_ref.is_some() {
        sources += 1;
    }
    if sources == 0 {
        errors.invalid(path, "", SOURCES);
    } else if !value.is_empty() {
        errors.invalid(path, "", "may not be specified when `value` is not empty");
    } else if sources > 1 {
        errors.invalid(path, "", ONE_SOURCE);
    }
}

fn key_ref(errors: &mut Errors, path: &Path, name: &str, key: &str) {
    names::check(errors, &path.child("name"), name, names::dns_subdomain);
    if key.is_empty() {
        errors.required(&path.child("key"), "");
    } else {
        names::check(errors, &path.child("key"), key, names::config_key);
    }
}

/// Checks `envFrom`. A wrong number of sources is an error of the list, as in the reference.
pub(super) fn validate_from(errors: &mut Errors, list_path: &Path, list: &[EnvFromSource]) {
    for (index, from) in list.iter().enumerate() {
        let path = list_path.index(index);
        if let Some(prefix) = from.prefix.as_deref().filter(|prefix| !prefix.is_empty()) {
            names::check(errors, &path.child("prefix"), prefix, names::env_name);
        }
        let config_map = from.config_map_ref.as_ref().map(|source| &source.name);
        let secret = from.secret_ref.as_ref().map(|source| &source.name);
        for (field, name) in [("configMapRef", config_map), ("secretRef", secret)] {
            match name.map(String::as_str) {
                None => {}
                Some("") => errors.required(&path.child(field).child("name"), ""),
                Some(name) => {
                    let path = path.child(field).child("name");
                    names::check(errors, &path, name, names::dns_subdomain);
                }
            }
        }
        match (config_map, secret) {
            (None, None) => {
                errors.invalid(list_path, "", "must specify one of: `configMapRef` or `secretRef`");
            }
            (Some(_), Some(_)) => errors.invalid(list_path, "", ONE_SOURCE),
            (Some(_), None) | (None, Some(_)) => {}
        }
    }
}

/// Checks a `fieldRef`: one of `known`, or a label or annotation by name.
pub(super) fn field_ref(
    errors: &mut Errors,
    path: &Path,
    field: &ObjectFieldSelector,
    known: &[&str],
) {
    let version = field.api_version.as_deref().unwrap_or_default();
    let given = field.field_path.as_str();
    let field_path = path.child("fieldPath");
    if version.is_empty() {
        errors.required(&path.child("apiVersion"), "");
        return;
    }
    if given.is_empty() {
        errors.required(&field_path, "");
        return;
    }
    let converting = |why: String| format!("error converting fieldPath: {why}");
    if version != "v1" {
        errors.invalid(
            &field_path,
            given,
            &converting(format!("unsupported pod version: {version}")),
        );
        return;
    }
    match subscript(given) {
        Some(("metadata.annotations", key)) => {
            names::check(errors, path, &key.to_lowercase(), names::qualified_name);
        }
        Some(("metadata.labels", key)) => names::check(errors, path, key, names::qualified_name),
        Some(_) => {
            let why = converting(format!("field label does not support subscript: {given}"));
            errors.invalid(&field_path, given, &why);
        }
        None => {
            let read = if given == "spec.host" { "spec.nodeName" } else { given };
            if !READABLE_FIELDS.contains(&read) {
                let why = converting(format!("field label not supported: {given}"));
                errors.invalid(&field_path, given, &why);
            } else if !known.contains(&read) {
                errors.not_supported(&field_path, read, known);
            }
        }
    }
}

/// Returns the parts of `metadata.labels['key']`.
fn subscript(path: &str) -> Option<(&str, &str)> {
    let (field, key) = path.strip_suffix("']")?.split_once("['")?;
    (!field.is_empty()).then_some((field, key))
}

/// Checks a `resourceFieldRef` of an environment variable.
fn resource_ref(errors: &mut Errors, path: &Path, field: &ResourceFieldSelector) {
    let resource = field.resource.as_str();
    let huge = HUGE_PAGES.iter().any(|prefix| resource.starts_with(prefix));
    if resource.is_empty() {
        errors.required(&path.child("resource"), "");
    } else if !RESOURCES.contains(&resource) && !huge {
        errors.not_supported(&path.child("resource"), resource, &RESOURCES);
    }
    divisor(errors, &path.child("divisor"), field);
}

/// Checks a `resourceFieldRef` of a file, which must name its container.
pub(super) fn volume_resource_ref(errors: &mut Errors, path: &Path, field: &ResourceFieldSelector) {
    if field.container_name.as_deref().unwrap_or_default().is_empty() {
        errors.required(&path.child("containerName"), "");
        divisor(errors, &path.child("divisor"), field);
    } else {
        resource_ref(errors, path, field);
    }
}

fn divisor(errors: &mut Errors, path: &Path, field: &ResourceFieldSelector) {
    let text = field.divisor.as_ref().map_or("0", |divisor| divisor.0.as_str());
    let divisor = Quantity::of_checked(text);
    if divisor.is_zero() {
        return;
    }
    let bytes = BYTE_DIVISORS.join(", ");
    let (known, which, resource): (&[&str], _, _) = match field.resource.as_str() {
        "limits.cpu" | "requests.cpu" => (&CPU_DIVISORS, "1m and 1".to_owned(), "cpu"),
        "limits.memory" | "requests.memory" => (&BYTE_DIVISORS, bytes, "memory"),
        "limits.ephemeral-storage" | "requests.ephemeral-storage" => {
            (&BYTE_DIVISORS, bytes, "local ephemeral storage")
        }
        other if HUGE_PAGES.iter().any(|prefix| other.starts_with(prefix)) => {
            (&BYTE_DIVISORS, bytes, "hugepages")
        }
        _ => return,
    };
    if !known.contains(&divisor.to_string().as_str()) {
        let why =
            format!("only divisor's values {which} are supported with the {resource} resource");
        errors.invalid(path, &field.resource, &why);
    }
}
