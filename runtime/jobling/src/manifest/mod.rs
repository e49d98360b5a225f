//! Manifests as the command line is given them: which files, and the documents in them. What a document
//! must look like is core's to judge.

mod document;
mod source;

pub(crate) use document::{Manifest, ManifestFailure, read};
pub(crate) use source::{Depth, Source, SourceError, read_all};
