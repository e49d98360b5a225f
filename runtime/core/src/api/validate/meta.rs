//! The rules of `metadata`: apimachinery's `api/validation/objectmeta.go`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::names;
use crate::api::Kind;
use crate::api::field::{Errors, Path};

/// The bytes that all annotations together may have.
const ANNOTATIONS_BYTES: usize = 256 * 1024;

/// The finalizers without a domain that Kubernetes itself uses.
const STANDARD_FINALIZERS: [&str; 3] = ["kubernetes", "orphan", "foregroundDeletion"];

const IMMUTABLE: &str = "field is immutable";

/// Checks the metadata of a new or changed object of `kind`.
pub(super) fn validate(errors: &mut Errors, kind: Kind, meta: &ObjectMeta) {
    let path = Path::new("metadata");
    if let Some(prefix) = meta.generate_name.as_deref().filter(|prefix| !prefix.is_empty()) {
        names::check(errors, &path.child("generateName"), prefix, names::generate_name);
    }
    name(errors, kind, meta);
    if kind.is_namespaced() {
        match meta.namespace.as_deref().unwrap_or_default() {
            "" => errors.required(&path.child("namespace"), ""),
            text => names::check(errors, &path.child("namespace"), text, names::dns_label),
        }
    }
    names::labels(errors, &path.child("labels"), &meta.labels.clone().unwrap_or_default());
    annotations(errors, &path, meta);
    owners(errors, &path.child("ownerReferences"), meta.owner_references.as_deref());
    finalizers(errors, &path.child("finalizers"), meta);
}

fn name(errors: &mut Errors, kind: Kind, meta: &ObjectMeta) {
    let path = Path::new("metadata").child("name");
    let form = match kind {
        Kind::Namespace => names::dns_label,
        Kind::ServiceAccount
        | Kind::ConfigMap
        | Kind::Secret
        | Kind::PersistentVolumeClaim
        | Kind::CronJob
        | Kind::HTTPTrigger
        | Kind::Job
        | Kind::Pod
        | Kind::Event => names::dns_subdomain,
    };
    match meta.name.as_deref().unwrap_or_default() {
        "" => errors.required(&path, "name or generateName is required"),
        text => names::check(errors, &path, text, form),
    }
}

/// Checks the annotations of `meta` at `path`.
pub(super) fn annotations(errors: &mut Errors, path: &Path, meta: &ObjectMeta) {
    let path = path.child("annotations");
    let mut bytes = 0;
    for (key, value) in meta.annotations.iter().flatten() {
        for why in names::qualified_name(&key.to_lowercase()) {
            errors.invalid(&path, key, &why);
        }
        bytes += key.len() + value.len();
    }
    if bytes > ANNOTATIONS_BYTES {
        errors.too_long(&path, ANNOTATIONS_BYTES);
    }
}

fn owners(errors: &mut Errors, path: &Path, owners: Option<&[OwnerReference]>) {
    let mut controller: Option<&str> = None;
    for (index, owner) in owners.unwrap_or_default().iter().enumerate() {
        let path = path.index(index);
        for (field, value) in [
            ("apiVersion", &owner.api_version),
            ("kind", &owner.kind),
            ("name", &owner.name),
            ("uid", &owner.uid),
        ] {
            if value.is_empty() {
                errors.invalid(&path.child(field), value, "must not be empty");
            }
        }
        if owner.controller == Some(true) {
            if let Some(first) = controller {
                let second = &owner.name;
                let why = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in \
                     references for {first} and {second}"
                );
                errors.invalid_here(&path, &why);
            }
            controller = Some(&owner.name);
        }
    }
}

fn finalizers(errors: &mut Errors, path: &Path, meta: &ObjectMeta) {
    let list = meta.finalizers.as_deref().unwrap_or_default();
    for finalizer in list {
        let before = errors.len();
        names::check(errors, path, finalizer, names::qualified_name);
        let plain = !finalizer.contains('/') && errors.len() == before;
        if plain && !STANDARD_FINALIZERS.contains(&finalizer.as_str()) {
            errors.invalid(
                path,
                finalizer,
                "name is neither a standard finalizer name nor is it fully qualified",
            );
        }
    }
    let has = |name: &str| list.iter().any(|finalizer| finalizer == name);
    if has("orphan") && has("foregroundDeletion") {
        errors.invalid(path, list, "finalizer orphan and foregroundDeletion cannot be both set");
    }
}

/// Checks that what identifies an object stays, and that no finalizer comes while it is deleted.
pub(super) fn validate_update(errors: &mut Errors, new: &ObjectMeta, old: &ObjectMeta) {
    let path = Path::new("metadata");
    if old.deletion_timestamp.is_some() {
        let known = old.finalizers.as_deref().unwrap_or_default();
        let added: Vec<&String> =
            new.finalizers.iter().flatten().filter(|name| !known.contains(name)).collect();
        if !added.is_empty() {
            let why = format!(
                "no new finalizers can be added if the object is being deleted, found new \
                 finalizers {added:?}"
            );
            errors.forbidden(&path.child("finalizers"), &why);
        }
    }
    for (field, new, old) in [
        ("name", &new.name, &old.name),
        ("namespace", &new.namespace, &old.namespace),
        ("uid", &new.uid, &old.uid),
    ] {
        if new != old {
            errors.invalid(&path.child(field), new, IMMUTABLE);
        }
    }
}
