//! From a manifest's text to objects: YAML or JSON, any number of documents, every error of all of them
//! at once, each with its document, line, column, field and remedy.
//!
//! The YAML events are granit-parser's, which kube brings along anyway: it keeps positions, bounds
//! nesting while it scans and goes on with the next document after an error. Scalars mean what they mean
//! to kubectl (YAML 1.1 by go-yaml v2: `yes` is true, `0644` is 420).

mod bounds;
mod build;
mod document;
mod error;
mod read;
mod scalar;
mod syntax;
mod tree;

pub use document::Document;
pub use error::{ManifestError, Position, Problem};
pub use read::parse;
