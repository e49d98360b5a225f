//! Where the store's files are, and how one comes to its place: whole, or not at all.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::{Digest, ImageError, Reference};

/// The directories below the store's own.
#[derive(Debug)]
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    /// Returns the layout below `root`, its directories made.
    pub(crate) fn at(root: PathBuf) -> Result<Self, ImageError> {
        let layout = Self { root };
        for directory in [layout.blobs(), layout.names(), layout.incoming()] {
            fs::create_dir_all(&directory).map_err(at(&directory))?;
        }
        Ok(layout)
    }

    /// The directories that hold the bytes, one for each first two digits.
    pub(crate) fn blobs(&self) -> PathBuf {
        self.root.join("blobs/sha256")
    }

    /// The file with the bytes of `digest`.
    pub(crate) fn blob(&self, digest: &Digest) -> PathBuf {
        self.blobs().join(&digest.hex()[..2]).join(digest.hex())
    }

    /// The directory of what is not in its place yet.
    pub(crate) fn incoming(&self) -> PathBuf {
        self.root.join("incoming")
    }

    /// The directory of blobs that have not come whole from their registry.
    pub(crate) fn partials(&self) -> PathBuf {
        self.root.join("partials")
    }

    /// The directory of the names.
    pub(crate) fn names(&self) -> PathBuf {
        self.root.join("names")
    }

    /// The file is named by a hash: a reference may be longer than a file's name, and has slashes.
    pub(crate) fn name_file(&self, reference: &Reference) -> PathBuf {
        let hash = Digest::of(reference.to_string().as_bytes());
        self.names().join(format!("{}.json", hash.hex()))
    }
}

/// Brings `file` to the disk and gives it its name, in place of what had it.
pub(crate) fn persist(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_parent(path)
}

/// Brings a file's name, or that it has none any more, to the disk.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    File::open(path.parent().expect("below the store"))?.sync_all()
}

/// Returns the paths in a directory, in order.
pub(crate) fn entries(directory: &Path) -> Result<BTreeSet<PathBuf>, ImageError> {
    let entries = fs::read_dir(directory).map_err(at(directory))?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(at(directory))).collect()
}

/// Returns what makes an error of the file system tell where it was.
pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> ImageError {
    let path = path.to_owned();
    move |source| ImageError::File { path, source }
}
