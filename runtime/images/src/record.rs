//! What is remembered of an image besides its bytes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::{Digest, ImageKind, Reference};

/// What an image's configuration says: how it is started unless a manifest says otherwise, and labels.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Entry {
    /// The program's arguments, argv\[0\] first; empty for the image's name alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entrypoint: Vec<String>,
    /// Labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// An image of the local store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its name.
    pub reference: Reference,
    /// The digest of its bytes.
    pub digest: Digest,
    /// The file with its bytes. [`crate::ImageStore::read`] reads it and makes sure of the digest.
    pub path: PathBuf,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// What it is.
    pub kind: ImageKind,
    /// How it is started, and its labels.
    pub entry: Entry,
    /// When it got this name.
    pub imported_at: SystemTime,
}

/// An [`Image`] as a file keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) reference: Reference,
    pub(crate) digest: Digest,
    pub(crate) size_bytes: u64,
    pub(crate) kind: ImageKind,
    #[serde(flatten)]
    pub(crate) entry: Entry,
    /// Since the Unix epoch.
    pub(crate) imported_at_seconds: u64,
}

impl Record {
    pub(crate) fn imported_at(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.imported_at_seconds)
    }
}
