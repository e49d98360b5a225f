//! The rules of `securityContext`. It has no effect in a sandbox; a wrong one is an error all the same.

use k8s_openapi::api::core::v1::{PodSecurityContext, SeccompProfile, SecurityContext};

use crate::api::field::{Errors, Path};

const SECCOMP: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];

/// A user or group id, as `IsValidUserID` bounds it.
fn id(errors: &mut Errors, path: &Path, id: Option<i64>) {
    if let Some(id) = id
        && !(0..=i64::from(i32::MAX)).contains(&id)
    {
        let why = format!("must be between 0 and {}, inclusive", i32::MAX);
        errors.invalid(path, id, &why);
    }
}

/// Checks a pod's `securityContext`.
pub(super) fn validate_pod(errors: &mut Errors, path: &Path, context: Option<&PodSecurityContext>) {
    let Some(context) = context else { return };
    id(errors, &path.child("fsGroup"), context.fs_group);
    id(errors, &path.child("runAsUser"), context.run_as_user);
    id(errors, &path.child("runAsGroup"), context.run_as_group);
    for (index, group) in context.supplemental_groups.iter().flatten().enumerate() {
        id(errors, &path.child("supplementalGroups").index(index), Some(*group));
    }
    match context.fs_group_change_policy.as_deref() {
        None | Some("Always" | "OnRootMismatch") => {}
        Some(other) => {
            let path = path.child("fsGroupChangePolicy");
            errors.not_supported(&path, other, &["Always", "OnRootMismatch"]);
        }
    }
    for (field, word, known) in [
        ("supplementalGroupsPolicy", &context.supplemental_groups_policy, ["Merge", "Strict"]),
        ("seLinuxChangePolicy", &context.se_linux_change_policy, ["MountOption", "Recursive"]),
    ] {
        if let Some(word) = word.as_deref()
            && !known.contains(&word)
        {
            errors.not_supported(&path.child(field), word, &known);
        }
    }
    seccomp(errors, &path.child("seccompProfile"), context.seccomp_profile.as_ref());
}

/// Checks a container's `securityContext`.
pub(super) fn validate_container(
    errors: &mut Errors,
    path: &Path,
    context: Option<&SecurityContext>,
) {
    let Some(context) = context else { return };
    id(errors, &path.child("runAsUser"), context.run_as_user);
    id(errors, &path.child("runAsGroup"), context.run_as_group);
    seccomp(errors, &path.child("seccompProfile"), context.seccomp_profile.as_ref());
    match context.proc_mount.as_deref() {
        None | Some("Default" | "Unmasked") => {}
        Some(other) => {
            errors.not_supported(&path.child("procMount"), other, &["Default", "Unmasked"]);
        }
    }
    if context.allow_privilege_escalation == Some(false) {
        let capabilities = context.capabilities.as_ref();
        let mut added = capabilities.into_iter().flat_map(|it| it.add.iter().flatten());
        if context.privileged == Some(true) {
            let why = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
            errors.invalid(path, context, why);
        }
        if added.any(|capability| capability == "CAP_SYS_ADMIN") {
            let why = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` \
                CAP_SYS_ADMIN";
            errors.invalid(path, context, why);
        }
    }
}

fn seccomp(errors: &mut Errors, path: &Path, profile: Option<&SeccompProfile>) {
    let Some(profile) = profile else { return };
    if profile.type_.is_empty() {
        errors.required(&path.child("type"), "type is required when seccompProfile is set");
    } else if !SECCOMP.contains(&profile.type_.as_str()) {
        errors.not_supported(&path.child("type"), &profile.type_, &SECCOMP);
    }
    let local = profile.localhost_profile.as_deref();
    match (profile.type_.as_str(), local) {
        ("Localhost", None | Some("")) => {
            let why = "must be set when seccomp type is Localhost";
            errors.required(&path.child("localhostProfile"), why);
        }
        ("Localhost", Some(_)) | (_, None) => {}
        (_, Some(given)) => {
            let why = "can only be set when seccomp type is Localhost";
            errors.invalid(&path.child("localhostProfile"), given, why);
        }
    }
}
