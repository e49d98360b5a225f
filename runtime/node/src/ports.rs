//! What the node needs of the binary: objects, images, the clock. It knows neither server nor store.

use std::path::PathBuf;
use std::time::Duration;

use jobling_core::Timestamp;
use jobling_core::api::{Object, ObjectKey};
use jobling_images::Lease;

/// Why an object could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ObjectsError(pub String);

/// Reads `ConfigMap`, `Secret` and `PersistentVolumeClaim` objects.
pub trait Objects: Send + Sync {
    /// Returns the object of that key as it is now, or `None`.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn get(&self, key: &ObjectKey) -> Result<Option<Object>, ObjectsError>;
}

/// Tells the time. The binary is the only reader of the clock.
pub trait Clock: Send + Sync {
    /// Returns the present moment.
    fn now(&self) -> Timestamp;
}

/// An image on this host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LocalImage {
    /// `sha256:…` of the module.
    pub digest: String,
    /// What `status.imageID` calls it.
    pub id: String,
    /// Where the module is.
    pub path: PathBuf,
    /// The image's own command line, where it has one.
    pub entrypoint: Vec<String>,
    /// The arguments after it, unless the container has some.
    pub cmd: Vec<String>,
    /// Variables that it brings; the container's own come before them.
    pub env: Vec<(String, String)>,
    /// Whether a registry may have a newer one.
    pub source: ImageSource,
    /// Keeps the module on this host for as long as this lives.
    pub lease: Lease,
}

/// Where an image came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ImageSource {
    /// A person put it here: it is the newest there is.
    #[default]
    Imported,
    /// A registry had it.
    Pulled,
}

/// A Secret that a pod has for registries.
#[derive(Clone, PartialEq, Eq)]
pub struct PullSecret {
    /// Its name.
    pub name: String,
    /// Which form its text has.
    pub form: PullSecretForm,
    /// What it holds.
    pub text: Vec<u8>,
}

impl std::fmt::Debug for PullSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PullSecret").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The two types that a [`PullSecret`] may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullSecretForm {
    /// `kubernetes.io/dockerconfigjson`.
    DockerConfigJson,
    /// `kubernetes.io/dockercfg`, the form before.
    DockerCfg,
}

/// An image that a registry was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulledImage {
    /// The image.
    pub image: LocalImage,
    /// Its size.
    pub size_bytes: u64,
    /// How long the pull took.
    pub took: Duration,
    /// How long with the time that other pulls went first.
    pub took_with_waiting: Duration,
}

/// Whether a registry may or must be asked, as `imagePullPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullPolicy {
    /// The registry is asked whether there is a newer one.
    Always,
    /// What is here is used; else the registry is asked.
    IfNotPresent,
    /// Only what is here.
    Never,
}

/// Why an image is not to be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// It is in no local store and the policy or the reference forbids a pull.
    #[error(
        "image \"{image}\" is not on this host; import it with: jobling image import {image} FILE.wasm"
    )]
    NotHere {
        /// The image's name.
        image: String,
    },
    /// The name is no reference.
    #[error("couldn't parse image name \"{image}\": {why}")]
    BadName {
        /// The image's name.
        image: String,
        /// What is wrong with it.
        why: String,
    },
    /// The registry could not give it.
    #[error("{why}")]
    PullFailed {
        /// The image's name.
        image: String,
        /// What the registry or the network said.
        why: String,
    },
}

/// A pull under way.
pub type Pull<'a> =
    std::pin::Pin<Box<dyn Future<Output = Result<PulledImage, ImageError>> + Send + 'a>>;

/// Finds images.
pub trait Images: Send + Sync {
    /// Returns the image of that name if it is on this host; never asks a registry.
    ///
    /// # Errors
    /// Where the name is no reference.
    fn local(&self, image: &str) -> Result<Option<LocalImage>, ImageError>;

    /// Returns whether there is a registry to ask for the image of that name.
    fn has_registry(&self, image: &str) -> bool;

    /// Brings the image of that name to this host as its registry has it now, which is shown `secrets`.
    fn pull<'a>(&'a self, image: &'a str, secrets: Vec<PullSecret>) -> Pull<'a>;
}
