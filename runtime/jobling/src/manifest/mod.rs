//! Manifests as the command line is given them: which files, and the documents in them. What a document
//! must look like is core's to judge.

mod document;
mod images;
mod instance;
mod source;

pub(crate) use document::{Manifest, ManifestFailure, parse_all, read};
pub(crate) use images::{image_names, name_image_files};
pub(crate) use instance::{instance_name, instance_of};
pub(crate) use source::{Depth, Source, SourceError, read_all};
