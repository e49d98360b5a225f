//! Why an image could not be imported or read.

use std::io;
use std::path::PathBuf;

use crate::{Digest, ModuleError, Reference};

/// Why an image could not be imported. Nothing of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It is too large.
    #[error("the image has more than {} MiB, the most that one may have; strip it of debug information",
        .most >> 20)]
    TooLarge {
        /// The most.
        most: u64,
    },
    /// There is no room for it.
    #[error(
        "the image's {size} bytes would bring the store over its {most}; remove images that are not needed"
    )]
    StoreFull {
        /// Its bytes.
        size: u64,
        /// The most of all images.
        most: u64,
    },
    /// It can be no image.
    #[error("the image cannot be run")]
    Module(#[from] ModuleError),
    /// The bytes are not those that the name asks for.
    #[error("the image's digest is {found}, and its name asks for {asked}")]
    Digest {
        /// The digest in the name.
        asked: Digest,
        /// The bytes' own.
        found: Digest,
    },
    /// It could not be read or written.
    #[error("the image cannot be stored")]
    File(#[from] io::Error),
}

/// Why the store or an image in it could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The file's bytes are not those that were imported.
    #[error("the file {} has changed since its import; import {reference} again", path.display())]
    Changed {
        /// The image.
        reference: Box<Reference>,
        /// Its file.
        path: PathBuf,
    },
    /// A name's file cannot be read.
    #[error("the file {} is no image's record; remove it and import the image again", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// The file system failed.
    #[error("{} cannot be used", path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}
