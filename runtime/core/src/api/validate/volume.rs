//! The rules of volumes.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{DownwardAPIVolumeFile, KeyToPath, PersistentVolumeClaim, Volume};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{claim, env, names, projected, volume_kinds};
use crate::api::field::{Errors, Path};
use crate::api::quantity::Quantity;

const FILE_MODE: &str = "must be a number between 0 and 0777 (octal), both inclusive";
const HOST_PATH_TYPES: [&str; 8] = [
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
];

/// Checks a pod's volumes; `metadata` is the pod's own.
pub(super) fn validate(
    errors: &mut Errors,
    path: &Path,
    volumes: &[Volume],
    metadata: &ObjectMeta,
) {
    let mut seen = BTreeSet::new();
    for (index, volume) in volumes.iter().enumerate() {
        let path = path.index(index);
        source(errors, &path, volume, metadata);
        if volume.name.is_empty() {
            errors.required(&path.child("name"), "");
        } else {
            names::check(errors, &path.child("name"), &volume.name, names::dns_label);
        }
        if !volume.name.is_empty() && !seen.insert(volume.name.as_str()) {
            errors.duplicate(&path.child("name"), &volume.name);
        }
    }
}

/// A volume has one source; each further one is an error of its own.
fn source(errors: &mut Errors, path: &Path, volume: &Volume, metadata: &ObjectMeta) {
    let given = sources(volume);
    for other in given.iter().skip(1) {
        errors.forbidden(&path.child(other), "may not specify more than 1 volume type");
    }
    let Some(first) = given.first() else {
        errors.required(path, "must specify a volume type");
        return;
    };
    let path = path.child(first);
    match *first {
        "emptyDir" => empty_dir(errors, &path, volume),
        "hostPath" => host_path(errors, &path, volume),
        "secret" => secret(errors, &path, volume),
        "configMap" => config_map(errors, &path, volume),
        "persistentVolumeClaim" => claim_reference(errors, &path, volume),
        "downwardAPI" => downward(errors, &path, volume),
        "projected" => {
            if let Some(projected) = &volume.projected {
                projected::validate(errors, &path, projected);
            }
        }
        "ephemeral" => ephemeral(errors, &path, volume, metadata),
        other => volume_kinds::validate(errors, &path, other, volume),
    }
}

/// Returns the JSON names of the sources that are given, in the reference's order.
fn sources(volume: &Volume) -> Vec<&'static str> {
    let all = [
        ("emptyDir", volume.empty_dir.is_some()),
        ("hostPath", volume.host_path.is_some()),
        ("gitRepo", volume.git_repo.is_some()),
        ("gcePersistentDisk", volume.gce_persistent_disk.is_some()),
        ("awsElasticBlockStore", volume.aws_elastic_block_store.is_some()),
        ("secret", volume.secret.is_some()),
        ("nfs", volume.nfs.is_some()),
        ("iscsi", volume.iscsi.is_some()),
        ("glusterfs", volume.glusterfs.is_some()),
        ("flocker", volume.flocker.is_some()),
        ("persistentVolumeClaim", volume.persistent_volume_claim.is_some()),
        ("rbd", volume.rbd.is_some()),
        ("cinder", volume.cinder.is_some()),
        ("cephfs", volume.cephfs.is_some()),
        ("quobyte", volume.quobyte.is_some()),
        ("downwardAPI", volume.downward_api.is_some()),
        ("fc", volume.fc.is_some()),
        ("flexVolume", volume.flex_volume.is_some()),
        ("azureFile", volume.azure_file.is_some()),
        ("configMap", volume.config_map.is_some()),
        ("azureDisk", volume.azure_disk.is_some()),
        ("vsphereVolume", volume.vsphere_volume.is_some()),
        ("photonPersistentDisk", volume.photon_persistent_disk.is_some()),
        ("portworxVolume", volume.portworx_volume.is_some()),
        ("scaleIO", volume.scale_io.is_some()),
        ("storageos", volume.storageos.is_some()),
        ("projected", volume.projected.is_some()),
        ("csi", volume.csi.is_some()),
        ("ephemeral", volume.ephemeral.is_some()),
        ("image", volume.image.is_some()),
    ];
    all.into_iter().filter_map(|(name, given)| given.then_some(name)).collect()
}

fn empty_dir(errors: &mut Errors, path: &Path, volume: &Volume) {
    let limit = volume.empty_dir.as_ref().and_then(|dir| dir.size_limit.as_ref());
    if limit.is_some_and(|limit| Quantity::of_checked(&limit.0).is_negative()) {
        let why = "SizeLimit field must be a valid resource quantity";
        errors.forbidden(&path.child("sizeLimit"), why);
    }
}

fn host_path(errors: &mut Errors, path: &Path, volume: &Volume) {
    let Some(host_path) = &volume.host_path else { return };
    if host_path.path.is_empty() {
        errors.required(&path.child("path"), "");
    } else {
        no_backsteps(errors, &path.child("path"), &host_path.path);
    }
    if let Some(kind) = host_path.type_.as_deref()
        && !HOST_PATH_TYPES.contains(&kind)
    {
        errors.not_supported(&path.child("type"), kind, &HOST_PATH_TYPES);
    }
}

fn secret(errors: &mut Errors, path: &Path, volume: &Volume) {
    let Some(secret) = &volume.secret else { return };
    if secret.secret_name.as_deref().unwrap_or_default().is_empty() {
        errors.required(&path.child("secretName"), "");
    }
    mode(errors, &path.child("defaultMode"), secret.default_mode);
    items(errors, path, secret.items.as_deref());
}

fn config_map(errors: &mut Errors, path: &Path, volume: &Volume) {
    let Some(map) = &volume.config_map else { return };
    if map.name.is_empty() {
        errors.required(&path.child("name"), "");
    }
    mode(errors, &path.child("defaultMode"), map.default_mode);
    items(errors, path, map.items.as_deref());
}

fn claim_reference(errors: &mut Errors, path: &Path, volume: &Volume) {
    let Some(claim) = &volume.persistent_volume_claim else { return };
    if claim.claim_name.is_empty() {
        errors.required(&path.child("claimName"), "");
    }
}

fn downward(errors: &mut Errors, path: &Path, volume: &Volume) {
    let Some(downward) = &volume.downward_api else { return };
    mode(errors, &path.child("defaultMode"), downward.default_mode);
    for file in downward.items.iter().flatten() {
        downward_file(errors, path, file);
    }
}

/// The errors are at the source's path, without an index, as in pkg/apis/core/validation.
pub(super) fn downward_file(errors: &mut Errors, path: &Path, file: &DownwardAPIVolumeFile) {
    if file.path.is_empty() {
        errors.required(&path.child("path"), "");
    }
    local_path(errors, &path.child("path"), &file.path);
    match (&file.field_ref, &file.resource_field_ref) {
        (Some(field), resource) => {
            env::field_ref(errors, &path.child("fieldRef"), field, &env::VOLUME_FIELDS);
            if resource.is_some() {
                let why = "fieldRef and resourceFieldRef can not be specified simultaneously";
                errors.invalid(path, "resource", why);
            }
        }
        (None, Some(resource)) => {
            env::volume_resource_ref(errors, &path.child("resourceFieldRef"), resource);
        }
        (None, None) => errors.required(path, "one of fieldRef and resourceFieldRef is required"),
    }
    mode(errors, &path.child("mode"), file.mode);
}

fn ephemeral(errors: &mut Errors, path: &Path, volume: &Volume, metadata: &ObjectMeta) {
    let Some(ephemeral) = &volume.ephemeral else { return };
    let path = path.child("volumeClaimTemplate");
    let Some(template) = &ephemeral.volume_claim_template else {
        errors.required(&path, "");
        return;
    };
    let claim = PersistentVolumeClaim { spec: Some(template.spec.clone()), ..Default::default() };
    claim::validate_spec(errors, &path.child("spec"), &claim);
    let name = format!("{}-{}", metadata.name.as_deref().unwrap_or_default(), volume.name);
    if metadata.name.is_some() && !names::dns_subdomain(&name).is_empty() {
        let why = format!("PVC name \"{name}\" is no valid name");
        errors.invalid(&path, &volume.name, &why);
    }
}

/// Checks the permissions of files.
pub(super) fn mode(errors: &mut Errors, path: &Path, mode: Option<i32>) {
    if let Some(mode) = mode
        && !(0..=0o777).contains(&mode)
    {
        errors.invalid(path, mode, FILE_MODE);
    }
}

/// Checks which keys become which files.
pub(super) fn items(errors: &mut Errors, path: &Path, list: Option<&[KeyToPath]>) {
    for (index, item) in list.unwrap_or_default().iter().enumerate() {
        let path = path.child("items").index(index);
        if item.key.is_empty() {
            errors.required(&path.child("key"), "");
        }
        if item.path.is_empty() {
            errors.required(&path.child("path"), "");
        }
        local_path(errors, &path.child("path"), &item.path);
        mode(errors, &path.child("mode"), item.mode);
    }
}

/// A path below a volume's root, whose first part does not start with `..`.
pub(super) fn local_path(errors: &mut Errors, path: &Path, text: &str) {
    descending_path(errors, path, text);
    if text.starts_with("..") && !text.starts_with("../") && text != ".." {
        errors.invalid(path, text, "must not start with '..'");
    }
}

/// A path below a volume's root.
pub(super) fn descending_path(errors: &mut Errors, path: &Path, text: &str) {
    if text.starts_with('/') {
        errors.invalid(path, text, "must be a relative path");
    }
    no_backsteps(errors, path, text);
}

fn no_backsteps(errors: &mut Errors, path: &Path, text: &str) {
    if text.split('/').any(|part| part == "..") {
        errors.invalid(path, text, "must not contain '..'");
    }
}
