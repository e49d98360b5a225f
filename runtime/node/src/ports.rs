//! What the node needs of the binary: objects, images, the clock. It knows neither server nor store.

use std::path::PathBuf;

use jobling_core::Timestamp;
use jobling_core::api::{Object, ObjectKey};

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalImage {
    /// `sha256:…` of the module.
    pub digest: String,
    /// Where the module is.
    pub path: PathBuf,
    /// The image's own command line, where it has one.
    pub entrypoint: Vec<String>,
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
    #[error("image \"{image}\" cannot be pulled: {why}")]
    PullFailed {
        /// The image's name.
        image: String,
        /// What the registry or the network said.
        why: String,
    },
}

/// A pull under way.
pub type Pull<'a> =
    std::pin::Pin<Box<dyn Future<Output = Result<LocalImage, ImageError>> + Send + 'a>>;

/// Finds images.
pub trait Images: Send + Sync {
    /// Returns the image of that name if it is on this host; never asks a registry.
    ///
    /// # Errors
    /// Where the name is no reference.
    fn local(&self, image: &str) -> Result<Option<LocalImage>, ImageError>;

    /// Brings the image of that name to this host.
    fn pull<'a>(&'a self, image: &'a str) -> Pull<'a>;
}
