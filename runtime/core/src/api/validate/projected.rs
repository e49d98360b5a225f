//! The rules of projected volumes.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{ProjectedVolumeSource, VolumeProjection};

use super::volume;
use crate::api::field::{Errors, Path};

/// The shortest life of a projected token.
const TOKEN_SECONDS: i64 = 600;

/// Checks a projected volume: its sources, and that no two make the same file.
pub(super) fn validate(errors: &mut Errors, path: &Path, projected: &ProjectedVolumeSource) {
    volume::mode(errors, &path.child("defaultMode"), projected.default_mode);
    let mut seen = BTreeSet::new();
    for (index, source) in projected.sources.iter().flatten().enumerate() {
        let source_path = path.child("sources").index(index);
        for file in projection(errors, path, &source_path, source) {
            if !file.is_empty() && !seen.insert(file.to_owned()) {
                errors.invalid(path, file, "conflicting duplicate paths");
            }
        }
    }
}

/// Checks one source; returns the files that it makes.
fn projection<'a>(
    errors: &mut Errors,
    volume_path: &Path,
    path: &Path,
    source: &'a VolumeProjection,
) -> Vec<&'a str> {
    let mut files = Vec::new();
    let mut kinds = 0;
    let secret = source.secret.as_ref().map(|s| ("secret", &s.name, s.items.as_deref()));
    let map = source.config_map.as_ref().map(|m| ("configMap", &m.name, m.items.as_deref()));
    for (field, name, list) in [secret, map].into_iter().flatten() {
        kinds += 1;
        if name.is_empty() {
            errors.required(&path.child(field).child("name"), "");
        }
        volume::items(errors, &path.child(field), list);
        files.extend(list.unwrap_or_default().iter().map(|item| item.path.as_str()));
    }
    if let Some(downward) = &source.downward_api {
        kinds += 1;
        for file in downward.items.iter().flatten() {
            volume::downward_file(errors, &path.child("downwardAPI"), file);
            files.push(file.path.as_str());
        }
    }
    if let Some(token) = &source.service_account_token {
        kinds += 1;
        let seconds = token.expiration_seconds.unwrap_or_default();
        if seconds < TOKEN_SECONDS {
            let path = path.child("serviceAccountToken").child("expirationSeconds");
            errors.invalid(&path, seconds, "may not specify a duration less than 10 minutes");
        }
        if token.path.is_empty() {
            errors.required(&volume_path.child("path"), "");
        } else {
            volume::local_path(errors, &volume_path.child("path"), &token.path);
        }
    }
    if kinds > 1 {
        errors.forbidden(path, "may not specify more than 1 volume type per source");
    }
    files
}
