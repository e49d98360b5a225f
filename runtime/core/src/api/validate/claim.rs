//! The rules of claims.

use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use super::names;
use crate::api::field::{Errors, Path};
use crate::api::quantity::Quantity;

const ACCESS_MODES: [&str; 4] =
    ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/// Checks a claim.
pub(super) fn validate(errors: &mut Errors, claim: &PersistentVolumeClaim) {
    validate_spec(errors, &Path::new("spec"), claim);
}

/// Checks what a claim, or a template of one, asks for.
pub(super) fn validate_spec(errors: &mut Errors, path: &Path, claim: &PersistentVolumeClaim) {
    let spec = claim.spec.clone().unwrap_or_default();
    let modes = spec.access_modes.unwrap_or_default();
    let modes_path = path.child("accessModes");
    if modes.is_empty() {
        errors.required(&modes_path, "at least 1 access mode is required");
    }
    for mode in modes.iter().filter(|mode| !ACCESS_MODES.contains(&mode.as_str())) {
        errors.not_supported(&modes_path, mode, &ACCESS_MODES);
    }
    if modes.len() > 1 && modes.iter().any(|mode| mode == "ReadWriteOncePod") {
        let why = "may not use ReadWriteOncePod with other access modes";
        errors.forbidden(&modes_path, why);
    }
    let requests = spec.resources.and_then(|resources| resources.requests).unwrap_or_default();
    let storage_path = path.child("resources").key("storage");
    match requests.get("storage") {
        None => errors.required(&storage_path, ""),
        Some(text) => {
            let size = Quantity::of_checked(&text.0);
            if size.is_negative() || size.is_zero() {
                errors.invalid(&storage_path, &text.0, "must be greater than zero");
            }
        }
    }
    if let Some(class) = spec.storage_class_name.as_deref().filter(|class| !class.is_empty()) {
        names::check(errors, &path.child("storageClassName"), class, names::dns_subdomain);
    }
    match spec.volume_mode.as_deref() {
        None | Some("Filesystem") => {}
        Some("Block") => errors.not_supported(&path.child("volumeMode"), "Block", &["Filesystem"]),
        Some(other) => {
            errors.not_supported(&path.child("volumeMode"), other, &["Block", "Filesystem"]);
        }
    }
}

/// Checks that of a claim's spec only the size it asks for changes, and only upwards.
pub(super) fn validate_update(
    errors: &mut Errors,
    new: &PersistentVolumeClaim,
    old: &PersistentVolumeClaim,
) {
    let path = Path::new("spec");
    let size = |claim: &PersistentVolumeClaim| {
        let resources = claim.spec.as_ref().and_then(|spec| spec.resources.as_ref());
        let request = resources.and_then(|resources| resources.requests.as_ref()?.get("storage"));
        request.map_or(Quantity::zero(), |text| Quantity::of_checked(&text.0))
    };
    if size(new) < size(old) {
        let path = path.child("resources").child("requests").child("storage");
        errors.forbidden(&path, "field can not be less than previous value");
    }
    let mut expected = old.spec.clone().unwrap_or_default();
    let given = new.spec.clone().unwrap_or_default();
    expected.resources.clone_from(&given.resources);
    if expected != given {
        let why = "spec is immutable after creation except resources.requests";
        errors.forbidden(&path, why);
    }
}
