//! The local store: bytes by their digest, and names that lead to them. Two names of the same bytes share
//! them, and bytes go with their last name.
//!
//! `blobs/sha256/ab/ab…` holds the bytes, `names/HASH.json` a name each. A file is written beside its
//! place, brought to the disk and then renamed, so a crash leaves the old or the new, never half; what
//! a crash leaves without a name is removed at the next start.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use crate::layout::{Layout, at, entries, persist, sync_parent};
use crate::record::{Leases, Record};
use crate::{Digest, Entry, Image, ImageError, ImportError, Reference, Summary};

/// How much may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of one image.
    pub image_bytes: u64,
    /// The most bytes of all images.
    pub total_bytes: u64,
}

/// What removing a name came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// There was no such name.
    Unknown,
    /// The name is gone; other names share its bytes.
    Name,
    /// The name and its bytes are gone.
    Image,
}

/// The local store of images. One process has it; its threads share it.
#[derive(Debug)]
pub struct ImageStore {
    pub(crate) layout: Layout,
    limits: Limits,
    pub(crate) state: Mutex<State>,
}

/// What is known of the images.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) names: BTreeMap<Reference, Record>,
    /// Who has which bytes.
    pub(crate) leases: Leases,
}

impl ImageStore {
    /// Opens the store in the directory `root`, made if it is not there, and removes what a crash left.
    ///
    /// # Errors
    /// Where a file of it cannot be read.
    pub fn open(root: impl Into<PathBuf>, limits: Limits) -> Result<Self, ImageError> {
        let layout = Layout::at(root.into())?;
        let store = Self { layout, limits, state: Mutex::default() };
        let names = store.read_names()?;
        store.sweep(&names)?;
        store.locked().names = names;
        Ok(store)
    }

    /// Returns how much may be kept.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// Returns where blobs are kept that have not come whole from their registry.
    pub(crate) fn partials(&self) -> PathBuf {
        self.layout.partials()
    }

    /// Stores what `source` gives under the name `reference`, which then leads to it alone.
    ///
    /// # Errors
    /// Where it is too large, no module or component, not what the name's digest says, or cannot be
    /// written.
    pub fn import(
        &self,
        reference: &Reference,
        source: impl Read,
        entry: Entry,
        now: SystemTime,
    ) -> Result<Image, ImportError> {
        let incoming = self.receive(source)?;
        if let Some(asked) = reference.digest().filter(|asked| **asked != incoming.digest) {
            return Err(ImportError::Digest { asked: asked.clone(), found: incoming.digest });
        }
        self.name(reference, incoming, entry, None, now)
    }

    /// Stores what `source` gives, a module that was pulled from a registry as `origin`.
    ///
    /// # Errors
    /// Where it is too large, no module or component, or cannot be written.
    pub(crate) fn keep_pulled(
        &self,
        reference: &Reference,
        source: impl Read,
        entry: Entry,
        origin: Digest,
        now: SystemTime,
    ) -> Result<Image, ImportError> {
        let incoming = self.receive(source)?;
        self.name(reference, incoming, entry, Some(origin), now)
    }

    fn name(
        &self,
        reference: &Reference,
        incoming: Incoming,
        entry: Entry,
        origin: Option<Digest>,
        now: SystemTime,
    ) -> Result<Image, ImportError> {
        let summary = Summary::of(&fs::read(incoming.file.path())?)?;
        let record = Record {
            reference: reference.clone(),
            digest: incoming.digest.clone(),
            size_bytes: incoming.size_bytes,
            kind: summary.kind,
            entry,
            origin,
            imported_at_seconds: since_epoch(now),
            used_at_seconds: 0,
            written_at_seconds: 0,
        };
        let mut state = self.locked();
        self.keep(incoming, &mut state)?;
        if let Err(error) = self.write_name(&record) {
            self.drop_unnamed(&record.digest, &state.names)?;
            return Err(error.into());
        }
        let image = self.image(&record, &mut state.leases);
        if let Some(before) = state.names.insert(reference.clone(), record)
            && let Err(error) = self.drop_unnamed(&before.digest, &state.names)
        {
            // The import is done; what stays behind goes at the next start.
            tracing::warn!(digest = %before.digest, %error, "image not removed");
        }
        tracing::info!(image = %reference, digest = %image.digest, "image stored");
        Ok(image)
    }

    /// Returns the image of that name; of a name with a digest, any of that repository with these bytes, or
    /// that was pulled as these.
    #[must_use]
    pub fn resolve(&self, reference: &Reference) -> Option<Image> {
        let State { names, leases } = &mut *self.locked();
        let found = names.get(reference).or_else(|| {
            let digest = reference.digest()?;
            names.values().find(|record| {
                (record.digest == *digest || record.origin.as_ref() == Some(digest))
                    && record.reference.same_repository(reference)
            })
        });
        Some(self.image(found?, leases))
    }

    /// Returns the image of that name where it was pulled as `origin`.
    pub(crate) fn pulled(&self, reference: &Reference, origin: &Digest) -> Option<Image> {
        let State { names, leases } = &mut *self.locked();
        let record = names.get(reference)?;
        (record.origin.as_ref() == Some(origin)).then(|| self.image(record, leases))
    }

    /// Returns every image, by name.
    #[must_use]
    pub fn list(&self) -> Vec<Image> {
        let State { names, leases } = &mut *self.locked();
        names.values().map(|record| self.image(record, leases)).collect()
    }

    /// Removes a name, and its bytes where no other name has them.
    ///
    /// # Errors
    /// Where a file cannot be removed.
    pub fn remove(&self, reference: &Reference) -> Result<Removal, ImageError> {
        self.remove_from(&mut self.locked().names, reference)
    }

    pub(crate) fn remove_from(
        &self,
        names: &mut BTreeMap<Reference, Record>,
        reference: &Reference,
    ) -> Result<Removal, ImageError> {
        if !names.contains_key(reference) {
            return Ok(Removal::Unknown);
        }
        let path = self.layout.name_file(reference);
        fs::remove_file(&path).and_then(|()| sync_parent(&path)).map_err(at(&path))?;
        let Some(record) = names.remove(reference) else { return Ok(Removal::Unknown) };
        let blob = self.layout.blob(&record.digest);
        self.drop_unnamed(&record.digest, names).map_err(at(&blob))
    }

    /// Returns an image's bytes, after making sure that they are those that were imported.
    ///
    /// # Errors
    /// Where they are not, or cannot be read.
    pub fn read(&self, image: &Image) -> Result<Vec<u8>, ImageError> {
        let bytes = fs::read(&image.path).map_err(at(&image.path))?;
        if Digest::of(&bytes) == image.digest {
            return Ok(bytes);
        }
        let reference = Box::new(image.reference.clone());
        Err(ImageError::Changed { reference, path: image.path.clone() })
    }

    /// Reads `source` into a file beside the store, up to the most that one image may have.
    fn receive(&self, source: impl Read) -> Result<Incoming, ImportError> {
        let most = self.limits.image_bytes;
        let mut file = NamedTempFile::new_in(self.layout.incoming())?;
        let mut hash = Sha256::new();
        let mut size_bytes = 0;
        let mut source = source.take(most.saturating_add(1));
        let mut buffer = vec![0; 64 << 10];
        loop {
            let length = source.read(&mut buffer)?;
            if length == 0 {
                break;
            }
            hash.update(&buffer[..length]);
            file.write_all(&buffer[..length])?;
            size_bytes += u64::try_from(length).expect("a buffer's length");
        }
        if size_bytes > most {
            return Err(ImportError::TooLarge { most });
        }
        Ok(Incoming { file, digest: Digest::of_hash(hash), size_bytes })
    }

    /// Puts received bytes into their place, where they are not there yet.
    fn keep(&self, incoming: Incoming, state: &mut State) -> Result<(), ImportError> {
        let size = incoming.size_bytes;
        if !state.names.values().any(|record| record.digest == incoming.digest) {
            self.make_room_in(state, size)?;
        }
        // Also over bytes that are there: a file that has changed since its import is mended so.
        let blob = self.layout.blob(&incoming.digest);
        let parent = blob.parent().expect("below the store");
        fs::create_dir_all(parent)?;
        persist(incoming.file, &blob)?;
        Ok(sync_parent(parent)?)
    }

    pub(crate) fn write_name(&self, record: &Record) -> io::Result<()> {
        let mut file = NamedTempFile::new_in(self.layout.incoming())?;
        serde_json::to_writer_pretty(&mut file, record)?;
        persist(file, &self.layout.name_file(&record.reference))
    }

    /// Removes the bytes of `digest` where no name leads to them.
    fn drop_unnamed(
        &self,
        digest: &Digest,
        names: &BTreeMap<Reference, Record>,
    ) -> io::Result<Removal> {
        if names.values().any(|record| record.digest == *digest) {
            return Ok(Removal::Name);
        }
        match fs::remove_file(self.layout.blob(digest)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(Removal::Image),
        }
    }

    fn read_names(&self) -> Result<BTreeMap<Reference, Record>, ImageError> {
        let mut names = BTreeMap::new();
        for path in entries(&self.layout.names())? {
            let text = fs::read(&path).map_err(at(&path))?;
            let mut record: Record = serde_json::from_slice(&text)
                .map_err(|source| ImageError::Record { path: path.clone(), source })?;
            record.written_at_seconds = record.used_at_seconds;
            names.insert(record.reference.clone(), record);
        }
        Ok(names)
    }

    /// Removes half-received files and bytes without a name.
    fn sweep(&self, names: &BTreeMap<Reference, Record>) -> Result<(), ImageError> {
        for path in entries(&self.layout.incoming())? {
            fs::remove_file(&path).map_err(at(&path))?;
        }
        let named: BTreeSet<PathBuf> =
            names.values().map(|record| self.layout.blob(&record.digest)).collect();
        for directory in entries(&self.layout.blobs())? {
            for path in entries(&directory)? {
                if !named.contains(&path) {
                    fs::remove_file(&path).map_err(at(&path))?;
                }
            }
        }
        Ok(())
    }

    pub(crate) fn image(&self, record: &Record, leases: &mut Leases) -> Image {
        Image {
            reference: record.reference.clone(),
            digest: record.digest.clone(),
            path: self.layout.blob(&record.digest),
            size_bytes: record.size_bytes,
            kind: record.kind,
            entry: record.entry.clone(),
            origin: record.origin.clone(),
            imported_at: record.imported_at(),
            used_at: record.used_at(),
            lease: leases.lease(&record.digest),
        }
    }

    pub(crate) fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns how many bytes all images have; those of several names count once.
    pub(crate) fn total_bytes(&self) -> u64 {
        let records = self.names.values();
        let stored: BTreeMap<&Digest, u64> =
            records.map(|record| (&record.digest, record.size_bytes)).collect();
        stored.values().sum()
    }
}

pub(crate) fn since_epoch(now: SystemTime) -> u64 {
    now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Bytes that were received and have no name yet; removed when dropped.
struct Incoming {
    file: NamedTempFile,
    digest: Digest,
    size_bytes: u64,
}
