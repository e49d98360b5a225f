//! The rules of volumes that this host cannot mount: what a source must say at least, so that a manifest is
//! judged here as it would be on a cluster.

use k8s_openapi::api::core::v1::Volume;

use super::names;
use crate::api::field::{Errors, Path};

/// The bytes that the name of a driver may have.
const DRIVER_BYTES: usize = 63;

/// Checks the source `field` of `volume`, at its path.
pub(super) fn validate(errors: &mut Errors, path: &Path, field: &str, volume: &Volume) {
    for (name, text) in required(field, volume) {
        if text.is_empty() {
            errors.required(&path.child(name), "");
        }
    }
    match field {
        "nfs" => absolute(errors, path, volume),
        "csi" => driver(errors, path, volume),
        "cephfs" if volume.cephfs.as_ref().is_some_and(|it| it.monitors.is_empty()) => {
            errors.required(&path.child("monitors"), "");
        }
        "rbd" if volume.rbd.as_ref().is_some_and(|it| it.monitors.is_empty()) => {
            errors.required(&path.child("monitors"), "");
        }
        _ => {}
    }
}

/// Returns the fields that must be given, in the reference's order.
fn required<'v>(field: &str, volume: &'v Volume) -> Vec<(&'static str, &'v str)> {
    match field {
        "gcePersistentDisk" => {
            fields(volume.gce_persistent_disk.as_ref(), |it| vec![("pdName", &it.pd_name)])
        }
        "awsElasticBlockStore" => {
            fields(volume.aws_elastic_block_store.as_ref(), |it| vec![("volumeID", &it.volume_id)])
        }
        "nfs" => fields(volume.nfs.as_ref(), |it| vec![("server", &it.server), ("path", &it.path)]),
        "glusterfs" => fields(volume.glusterfs.as_ref(), |it| {
            vec![("endpoints", &it.endpoints), ("path", &it.path)]
        }),
        "azureFile" => fields(volume.azure_file.as_ref(), |it| {
            vec![("secretName", &it.secret_name), ("shareName", &it.share_name)]
        }),
        "cinder" => fields(volume.cinder.as_ref(), |it| vec![("volumeID", &it.volume_id)]),
        "rbd" => fields(volume.rbd.as_ref(), |it| vec![("image", &it.image)]),
        "vsphereVolume" => {
            fields(volume.vsphere_volume.as_ref(), |it| vec![("volumePath", &it.volume_path)])
        }
        _ => Vec::new(),
    }
}

fn fields<'v, S>(
    source: Option<&'v S>,
    of: impl Fn(&'v S) -> Vec<(&'static str, &'v String)>,
) -> Vec<(&'static str, &'v str)> {
    let all = source.map(of).unwrap_or_default().into_iter();
    all.map(|(name, text)| (name, text.as_str())).collect()
}

fn absolute(errors: &mut Errors, path: &Path, volume: &Volume) {
    let given = volume.nfs.as_ref().map(|nfs| nfs.path.as_str()).unwrap_or_default();
    if !given.starts_with('/') {
        errors.invalid(&path.child("path"), given, "must be an absolute path");
    }
}

fn driver(errors: &mut Errors, path: &Path, volume: &Volume) {
    let Some(csi) = &volume.csi else { return };
    let driver_path = path.child("driver");
    if csi.driver.is_empty() {
        errors.required(&driver_path, "");
    }
    if csi.driver.len() > DRIVER_BYTES {
        errors.too_long(&driver_path, DRIVER_BYTES);
    }
    if !csi.driver.is_empty() {
        names::check(errors, &driver_path, &csi.driver.to_lowercase(), names::dns_subdomain);
    }
    if csi.node_publish_secret_ref.as_ref().is_some_and(|secret| secret.name.is_empty()) {
        errors.required(&path.child("nodePublishSecretRef").child("name"), "");
    }
}
