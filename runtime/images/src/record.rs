//! What is remembered of an image besides its bytes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::{Digest, ImageKind, Reference};

/// What an image's configuration says: how it is started unless a manifest says otherwise, and labels.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Entry {
    /// The program's arguments, argv\[0\] first; empty for the image's name alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entrypoint: Vec<String>,
    /// The arguments after it, unless others are given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cmd: Vec<String>,
    /// Environment variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<(String, String)>,
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
    /// The digest of the manifest or index that it was pulled as; `None` where it was imported here.
    pub origin: Option<Digest>,
    /// When it got this name.
    pub imported_at: SystemTime,
    /// When it was last run, as far as that is known.
    pub used_at: SystemTime,
    /// Keeps the bytes from being collected for as long as somebody has it.
    pub lease: Lease,
}

/// Keeps an image's bytes from being collected. All leases are equal: it is no property of the image.
#[derive(Debug, Clone, Default)]
pub struct Lease(#[expect(dead_code, reason = "it is held, not looked at")] Arc<()>);

impl PartialEq for Lease {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Lease {}

/// Who has which bytes.
#[derive(Debug, Default)]
pub(crate) struct Leases(BTreeMap<Digest, Weak<()>>);

impl Leases {
    /// Returns a lease of the bytes.
    pub(crate) fn lease(&mut self, digest: &Digest) -> Lease {
        if let Some(lease) = self.0.get(digest).and_then(Weak::upgrade) {
            return Lease(lease);
        }
        self.0.retain(|_, lease| lease.strong_count() > 0);
        let lease = Arc::new(());
        self.0.insert(digest.clone(), Arc::downgrade(&lease));
        Lease(lease)
    }

    /// Returns whether somebody has the bytes.
    pub(crate) fn has(&self, digest: &Digest) -> bool {
        self.0.get(digest).is_some_and(|lease| lease.strong_count() > 0)
    }
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<Digest>,
    /// Since the Unix epoch.
    pub(crate) imported_at_seconds: u64,
    /// Since the Unix epoch; not written with every run.
    #[serde(default)]
    pub(crate) used_at_seconds: u64,
    /// What the file says of that.
    #[serde(skip)]
    pub(crate) written_at_seconds: u64,
}

impl Record {
    pub(crate) fn imported_at(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.imported_at_seconds)
    }

    /// Returns when it was last run, or came here.
    pub(crate) fn used_at(&self) -> SystemTime {
        let seconds = self.used_at_seconds.max(self.imported_at_seconds);
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }
}
