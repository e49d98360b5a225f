//! Images from and to OCI registries: the distribution protocol, spoken so that a registry which lies, stalls
//! or never ends costs a pull and nothing else.
//!
//! [`Puller`] brings an image into the [`crate::ImageStore`]; two that want the same one share a pull.
//! [`Puller::push`] takes one out. A [`Keyring`] holds what registries are shown. Every body has a most, every
//! blob is checked against its digest before anything looks into it, and what breaks off goes on where it
//! broke off.

mod auth;
mod blob;
mod client;
mod config;
mod credentials;
mod failure;
mod flight;
mod layer;
mod manifest;
mod partials;
mod progress;
mod pull;
mod puller;
mod push;
mod session;
mod settings;

pub use client::{Client, ClientError};
pub use credentials::{CredentialsError, DockerConfig, Keyring};
pub use failure::{PullError, RegistryError};
pub use flight::Flight;
pub use layer::LayerError;
pub use manifest::ManifestError;
pub use progress::{Progress, Stage};
pub use puller::{Fetched, PullRequest, Pulled, Puller};
pub use push::{Format, PushError, PushRequest, Pushed};
pub use settings::{RegistrySettings, Transport};
