//! Why a pod's volumes cannot be made yet.

use std::path::PathBuf;

use jobling_core::api::ObjectKey;

use crate::env::ConfigError;

/// Why a volume cannot be made, or mounted.
#[derive(Debug, thiserror::Error)]
#[error("MountVolume.SetUp failed for volume \"{volume}\" : {why}")]
pub(crate) struct VolumeError {
    /// Its name in the template.
    pub(crate) volume: String,
    pub(crate) why: Why,
}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Why {
    /// What it is made of is missing.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The operator does not let pods see this directory.
    #[error(
        "hostPath {} is below none of the directories that this host allows; start the daemon with --allow-host-path",
        .0.display()
    )]
    NotAllowed(PathBuf),
    /// It is not what its type says, or a file where guests see directories.
    #[error("{} is no directory", .0.display())]
    NoDirectory(PathBuf),
    /// The template names a kind of volume that this host does not have.
    #[error("this host has no volumes of its kind")]
    Unsupported,
    /// The template mounts a volume that it does not define.
    #[error("the pod has no such volume")]
    Undefined,
    /// A file is to lie where another volume is mounted.
    #[error("{0} is mounted twice")]
    Taken(String),
    /// The file system failed.
    #[error("{}: {why}", path.display())]
    Io {
        path: PathBuf,
        #[source]
        why: std::io::Error,
    },
}

impl VolumeError {
    /// Returns the object whose change may mend it.
    pub(crate) fn awaited(&self) -> Option<&ObjectKey> {
        match &self.why {
            Why::Config(error) => error.awaited(),
            Why::NotAllowed(_)
            | Why::NoDirectory(_)
            | Why::Unsupported
            | Why::Undefined
            | Why::Taken(_)
            | Why::Io { .. } => None,
        }
    }
}
