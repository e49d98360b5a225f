//! What a template's volume is, of all the kinds that Kubernetes has: a claim, an empty directory, a path
//! of the host, or files made of objects. Pure: touches neither objects nor disk.

use std::path::Path;

use jobling_core::api::Kind;
use jobling_core::api::quantity::Quantity;
use k8s_openapi::api::core::v1::{
    DownwardAPIVolumeFile, HostPathVolumeSource, KeyToPath, Volume, VolumeProjection,
};

use super::error::Why;
use crate::containers::Access;

/// `pkg/apis/core/v1/defaults.go`: the mode of files whose volume gives none.
const FILE_MODE: i32 = 0o644;

/// What a volume is.
#[derive(Debug, PartialEq)]
pub(super) enum Source<'a> {
    Claim {
        name: &'a str,
        access: Access,
    },
    EmptyDir {
        /// Its own limit, besides that of all of them together.
        bytes: Option<u64>,
    },
    HostPath {
        path: &'a Path,
        kind: PathKind,
    },
    Files {
        of: Vec<FilesOf<'a>>,
        mode: i32,
    },
}

/// Where some files of a volume come from.
#[derive(Debug, PartialEq)]
pub(super) enum FilesOf<'a> {
    /// A ConfigMap or a Secret.
    Object {
        kind: Kind,
        name: &'a str,
        items: &'a [KeyToPath],
        missing: Missing,
    },
    Downward(&'a [DownwardAPIVolumeFile]),
}

/// What is done where an object or a key of it is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    Wait,
    LeaveOut,
}

/// What a hostPath must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PathKind {
    /// Either; a directory is made where there is nothing, as container runtimes do.
    Any,
    Directory,
    DirectoryOrCreate,
    File,
    FileOrCreate,
}

impl Missing {
    fn of(optional: Option<bool>) -> Self {
        if optional == Some(true) { Self::LeaveOut } else { Self::Wait }
    }
}

/// Returns what `volume` is.
pub(super) fn source(volume: &Volume) -> Result<Source<'_>, Why> {
    if let Some(claim) = &volume.persistent_volume_claim {
        let read_only = claim.read_only == Some(true);
        let access = if read_only { Access::ReadOnly } else { Access::ReadWrite };
        return Ok(Source::Claim { name: &claim.claim_name, access });
    }
    if let Some(dir) = &volume.empty_dir {
        let limit = dir.size_limit.as_ref().map(|limit| Quantity::of_checked(&limit.0).units());
        // `pkg/kubelet/eviction`: a limit of zero is none.
        return Ok(Source::EmptyDir { bytes: limit.filter(|bytes| *bytes > 0) });
    }
    if let Some(host) = &volume.host_path {
        return Ok(Source::HostPath { path: Path::new(&host.path), kind: path_kind(host)? });
    }
    if let Some(files) = files(volume)? {
        return Ok(files);
    }
    Err(Why::Unsupported("volumes of its kind".to_owned()))
}

fn path_kind(host: &HostPathVolumeSource) -> Result<PathKind, Why> {
    Ok(match host.type_.as_deref().unwrap_or_default() {
        "" => PathKind::Any,
        "Directory" => PathKind::Directory,
        "DirectoryOrCreate" => PathKind::DirectoryOrCreate,
        "File" => PathKind::File,
        "FileOrCreate" => PathKind::FileOrCreate,
        other => return Err(Why::Unsupported(format!("hostPath volumes of type {other}"))),
    })
}

fn files(volume: &Volume) -> Result<Option<Source<'_>>, Why> {
    let (of, mode) = if let Some(map) = &volume.config_map {
        (
            vec![object(Kind::ConfigMap, &map.name, map.items.as_ref(), map.optional)],
            map.default_mode,
        )
    } else if let Some(secret) = &volume.secret {
        let name = secret.secret_name.as_deref().unwrap_or_default();
        let files = object(Kind::Secret, name, secret.items.as_ref(), secret.optional);
        (vec![files], secret.default_mode)
    } else if let Some(downward) = &volume.downward_api {
        let items = downward.items.as_deref().unwrap_or_default();
        (vec![FilesOf::Downward(items)], downward.default_mode)
    } else if let Some(projected) = &volume.projected {
        let all = projected.sources.iter().flatten().filter_map(|one| projection(one).transpose());
        (all.collect::<Result<_, _>>()?, projected.default_mode)
    } else {
        return Ok(None);
    };
    Ok(Some(Source::Files { of, mode: mode.unwrap_or(FILE_MODE) }))
}

/// `None` for what may be missing, and is.
fn projection(source: &VolumeProjection) -> Result<Option<FilesOf<'_>>, Why> {
    if let Some(map) = &source.config_map {
        let files = object(Kind::ConfigMap, &map.name, map.items.as_ref(), map.optional);
        return Ok(Some(files));
    }
    if let Some(secret) = &source.secret {
        let files = object(Kind::Secret, &secret.name, secret.items.as_ref(), secret.optional);
        return Ok(Some(files));
    }
    if let Some(downward) = &source.downward_api {
        return Ok(Some(FilesOf::Downward(downward.items.as_deref().unwrap_or_default())));
    }
    if source.cluster_trust_bundle.as_ref().is_some_and(|bundle| bundle.optional == Some(true)) {
        return Ok(None);
    }
    let what = match &source.service_account_token {
        Some(_) => {
            "service account tokens: its pods have no API to call; remove the serviceAccountToken source"
        }
        None => "projected sources of its kind",
    };
    Err(Why::Unsupported(what.to_owned()))
}

fn object<'a>(
    kind: Kind,
    name: &'a str,
    items: Option<&'a Vec<KeyToPath>>,
    optional: Option<bool>,
) -> FilesOf<'a> {
    let items = items.map(Vec::as_slice).unwrap_or_default();
    FilesOf::Object { kind, name, items, missing: Missing::of(optional) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn claims_directories_and_paths_are_told_apart() {
        let claim = |access| Source::Claim { name: "data", access };
        let host = |kind| Source::HostPath { path: Path::new("/srv/x"), kind };
        for (spec, expected) in [
            (json!({"persistentVolumeClaim": {"claimName": "data"}}), claim(Access::ReadWrite)),
            (
                json!({"persistentVolumeClaim": {"claimName": "data", "readOnly": true}}),
                claim(Access::ReadOnly),
            ),
            (json!({"emptyDir": {}}), Source::EmptyDir { bytes: None }),
            (json!({"emptyDir": {"sizeLimit": "0"}}), Source::EmptyDir { bytes: None }),
            (
                json!({"emptyDir": {"sizeLimit": "2Mi", "medium": "Memory"}}),
                Source::EmptyDir { bytes: Some(2 << 20) },
            ),
            (json!({"hostPath": {"path": "/srv/x"}}), host(PathKind::Any)),
            (
                json!({"hostPath": {"path": "/srv/x", "type": "Directory"}}),
                host(PathKind::Directory),
            ),
            (
                json!({"hostPath": {"path": "/srv/x", "type": "FileOrCreate"}}),
                host(PathKind::FileOrCreate),
            ),
        ] {
            let volume = volume(spec.clone());
            assert_eq!(source(&volume), Ok(expected), "{spec}");
        }
    }

    #[test]
    fn what_this_host_does_not_have_is_named() {
        let token = json!({"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}});
        let bundle = |optional: bool| {
            json!({"projected": {"sources":
                [{"clusterTrustBundle": {"path": "t", "optional": optional}}]}})
        };
        for (spec, told) in [
            (json!({"nfs": {"server": "s", "path": "/"}}), Some("no volumes of its kind")),
            (json!({"hostPath": {"path": "/x", "type": "Socket"}}), Some("of type Socket")),
            (token, Some("no service account tokens")),
            (bundle(false), Some("no projected sources of its kind")),
            (bundle(true), None),
        ] {
            let volume = volume(spec.clone());
            let why = source(&volume).err().map(|why| why.to_string());
            assert_eq!(why.is_some(), told.is_some(), "{spec}");
            assert!(why.unwrap_or_default().contains(told.unwrap_or_default()), "{spec}");
        }
    }

    fn volume(mut spec: Value) -> Volume {
        spec["name"] = "v".into();
        serde_json::from_value(spec).unwrap()
    }
}
