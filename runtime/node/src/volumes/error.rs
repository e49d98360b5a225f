//! Why a pod's volumes cannot be made or mounted yet, in kubelet's words where it has some.

use std::io;
use std::path::{Path, PathBuf};

use jobling_core::api::{Kind, ObjectKey};

use crate::env::ConfigError;

/// Why a volume cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("MountVolume.SetUp failed for volume \"{volume}\" : {why}")]
pub(crate) struct VolumeError {
    /// Its name in the template.
    pub(crate) volume: String,
    pub(crate) why: Why,
}

/// Why a container cannot be given a volume.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "failed to prepare volumeMount \"{volume}\" of container \"{container}\" at {mount_path}: {why}"
)]
pub(crate) struct MountError {
    /// The volume's name in the template.
    pub(crate) volume: String,
    /// The container's name in the template.
    pub(crate) container: String,
    pub(crate) mount_path: String,
    pub(crate) why: Box<Why>,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Why {
    /// What it is made of is missing or cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A ConfigMap or Secret has no such key.
    #[error("{}{key}", no_key(.object))]
    NoKey { object: ObjectKey, key: String },
    /// The operator does not let pods see this directory.
    #[error(
        "hostPath {} is below none of the directories that this host allows; the daemon allows one with --allow-host-path",
        .0.display()
    )]
    NotAllowed(PathBuf),
    /// Guests would see the daemon's own files, other pods' secrets among them.
    #[error("hostPath {} holds or is within the daemon's own data directory", .0.display())]
    OwnData(PathBuf),
    /// What lies there is not what the hostPath's type says.
    #[error("hostPath type check failed: {} is not a {wanted}", path.display())]
    NotOfType { path: PathBuf, wanted: &'static str },
    /// The template names a kind of volume that this host does not have.
    #[error("this host has no {0}")]
    Unsupported(String),
    /// The template mounts a volume that it does not define.
    #[error("the pod has no such volume")]
    Undefined,
    /// A path that must stay within a volume does not.
    #[error("path \"{0}\" must be relative and must not contain \"..\"")]
    Leaves(String),
    /// A subPathExpr names a variable that the container does not have.
    #[error("missing value for \"{0}\"")]
    NoVariable(String),
    /// A file is to lie where another volume is mounted.
    #[error("a single file cannot be mounted into {0}, where another volume is mounted")]
    Taken(String),
    /// A file is too large to be copied for a container.
    #[error("{} is larger than {limit} bytes, the most that is mounted as a single file", path.display())]
    TooLarge { path: PathBuf, limit: u64 },
    /// The file system failed.
    #[error("{}: {why}", path.display())]
    Io { path: PathBuf, why: String },
}

/// `pkg/volume/configmap/configmap.go` and `pkg/volume/secret/secret.go`: `MakePayload`.
fn no_key(object: &ObjectKey) -> &'static str {
    if object.kind == Kind::Secret {
        "references non-existent secret key: "
    } else {
        "configmap references non-existent config key: "
    }
}

impl Why {
    /// Returns what makes the failure of an operation on `path` an error.
    pub(super) fn io(path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io { path: path.as_ref().to_owned(), why: error.to_string() }
    }

    fn awaited(&self) -> Option<&ObjectKey> {
        match self {
            Self::Config(error) => error.awaited(),
            Self::NoKey { object, .. } => Some(object),
            Self::NotAllowed(_)
            | Self::OwnData(_)
            | Self::NotOfType { .. }
            | Self::Unsupported(_)
            | Self::Undefined
            | Self::Leaves(_)
            | Self::NoVariable(_)
            | Self::Taken(_)
            | Self::TooLarge { .. }
            | Self::Io { .. } => None,
        }
    }
}

impl VolumeError {
    /// Returns the object whose change may mend it.
    pub(crate) fn awaited(&self) -> Option<&ObjectKey> {
        self.why.awaited()
    }
}
