//! The objects of manifests, each with the file it is from: read all at once, or none of them.

use std::path::PathBuf;

use jobling_core::api::FieldValidation;
use jobling_core::api::manifest::{Document, ManifestError, parse};

use super::{Depth, Source, SourceError, read_all};
use crate::args::Files;

/// An object of a manifest, and where it is from.
#[derive(Debug, Clone)]
pub(crate) struct Manifest {
    /// The file as it was named.
    pub(crate) file: String,
    /// Where a path in it starts from.
    pub(crate) directory: PathBuf,
    /// The object.
    pub(crate) document: Document,
}

impl Manifest {
    /// Returns where the field is, as `job.yaml, line 12`.
    pub(crate) fn place_of(&self, field: &str) -> String {
        format!("{}, line {}", self.file, self.document.position_of(field).line)
    }
}

/// Why no manifest was used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ManifestFailure {
    /// A file cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// What is in the files is wrong; each error with its file.
    #[error("{}", lines(.0))]
    Wrong(Vec<(String, ManifestError)>),
    /// There is nothing in the files.
    #[error("no objects passed: {0} has no document")]
    Empty(String),
    /// Files are wanted and none is named.
    #[error("must specify --filename: a manifest, a directory, or - for the standard input")]
    NoFiles,
}

fn lines(errors: &[(String, ManifestError)]) -> String {
    let lines: Vec<String> =
        errors.iter().map(|(file, error)| format!("{file}: {error}")).collect();
    match errors.len() {
        1 => lines.concat(),
        count => format!("{count} errors; nothing was done\n{}", lines.join("\n")),
    }
}

/// Returns every object in `files`, in order, once all of them were read.
pub(crate) fn read(files: &Files) -> Result<Vec<Manifest>, ManifestFailure> {
    if files.filename.is_empty() {
        return Err(ManifestFailure::NoFiles);
    }
    let depth = if files.recursive { Depth::Recursive } else { Depth::Flat };
    parse_all(read_all(&files.filename, depth)?)
}

/// Returns every object in `sources`, in order, if all of them are right.
pub(crate) fn parse_all(sources: Vec<Source>) -> Result<Vec<Manifest>, ManifestFailure> {
    let mut manifests = Vec::new();
    let mut wrong = Vec::new();
    let names: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
    for source in sources {
        match parse(&source.text, FieldValidation::Strict) {
            Ok(documents) => manifests.extend(documents.into_iter().map(|document| Manifest {
                file: source.name.clone(),
                directory: source.directory.clone(),
                document,
            })),
            Err(errors) => wrong.extend(errors.into_iter().map(|e| (source.name.clone(), e))),
        }
    }
    match (wrong.is_empty(), manifests.is_empty()) {
        (false, _) => Err(ManifestFailure::Wrong(wrong)),
        (true, true) => Err(ManifestFailure::Empty(names.join(", "))),
        (true, false) => Ok(manifests),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, text: &str) -> Source {
        Source { name: name.to_owned(), directory: PathBuf::from("."), text: text.to_owned() }
    }

    const GOOD: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";

    #[test]
    fn every_error_of_every_file_is_named_with_its_line() {
        let bad = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  lables: {}\n";
        let given = vec![source("good.yaml", GOOD), source("bad.yaml", bad), source("x.yaml", bad)];
        let text = parse_all(given).unwrap_err().to_string();
        assert!(text.starts_with("2 errors; nothing was done\nbad.yaml: line 5"), "{text}");
        assert!(text.contains("\nx.yaml: line 5"), "{text}");
        assert!(text.contains("labels"), "the nearest field is named: {text}");
    }

    #[test]
    fn a_manifest_knows_where_its_fields_are() {
        let manifests = parse_all(vec![source("good.yaml", GOOD)]).unwrap();
        assert_eq!(manifests[0].place_of("metadata.name"), "good.yaml, line 4");
    }

    #[test]
    fn files_without_a_document_are_refused() {
        let error = parse_all(vec![source("empty.yaml", "# nothing\n")]).unwrap_err();
        assert_eq!(error.to_string(), "no objects passed: empty.yaml has no document");
    }
}
