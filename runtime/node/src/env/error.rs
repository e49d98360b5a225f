//! Why a container cannot be configured yet.

use jobling_core::api::ObjectKey;

use crate::ports::ObjectsError;
use crate::volumes::MountError;

/// Why a container's environment or a volume cannot be made, in kubelet's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConfigError {
    /// A ConfigMap, Secret or claim does not exist.
    #[error("{} \"{}\" not found", .0.kind.singular(), .0.name)]
    NoObject(ObjectKey),
    /// It exists, without the key that is asked for.
    #[error("couldn't find key {key} in {} {}/{}", .object.kind, .object.namespace, .object.name)]
    NoKey {
        /// Where the key was looked for.
        object: ObjectKey,
        /// The key.
        key: String,
    },
    /// A value that is no text was asked for as a variable.
    #[error("key {key} in {} {}/{} is not UTF-8", .object.kind, .object.namespace, .object.name)]
    NotText {
        /// Where the value is.
        object: ObjectKey,
        /// Its key.
        key: String,
    },
    /// A fieldRef or resourceFieldRef names nothing that this host knows.
    #[error("unsupported fieldPath or resource: {0}")]
    UnknownField(String),
    /// A volume cannot be mounted into the container.
    #[error(transparent)]
    Mount(#[from] Box<MountError>),
    /// The store failed.
    #[error("objects cannot be read: {0}")]
    Objects(#[from] ObjectsError),
}

impl ConfigError {
    /// Returns the object whose change may mend it.
    pub(crate) fn awaited(&self) -> Option<&ObjectKey> {
        match self {
            Self::NoObject(object) | Self::NoKey { object, .. } | Self::NotText { object, .. } => {
                Some(object)
            }
            Self::UnknownField(_) | Self::Mount(_) | Self::Objects(_) => None,
        }
    }
}
