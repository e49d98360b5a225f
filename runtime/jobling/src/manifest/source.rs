//! The texts behind `-f`: files, directories of files and the standard input.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The files of a directory that are manifests, as kubectl has it.
const EXTENSIONS: [&str; 3] = ["json", "yaml", "yml"];

/// More than any manifest; what is larger is no manifest.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// One text with manifests in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// The file as it was named; `-` for the standard input.
    pub(crate) name: String,
    /// Where a path in it starts from.
    pub(crate) directory: PathBuf,
    /// What is in it.
    pub(crate) text: String,
}

/// Whether the directories of a directory are looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// They are passed over.
    Flat,
    /// They are.
    Recursive,
}

/// Why a manifest cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// There is no such file.
    #[error("the path \"{path}\" does not exist")]
    Missing {
        /// As it was named.
        path: String,
    },
    /// It cannot be read.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// As it was named.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A directory without manifests.
    #[error("{path} has no manifest: no file in it ends in .yaml, .yml or .json")]
    NoManifest {
        /// As it was named.
        path: String,
    },
    /// It is too large.
    #[error("{path} is larger than {} MiB; it can be no manifest", MAX_BYTES >> 20)]
    TooLarge {
        /// As it was named.
        path: String,
    },
}

/// Returns the texts of `paths`, in order; a directory's files by their names.
pub(crate) fn read_all(paths: &[String], depth: Depth) -> Result<Vec<Source>, SourceError> {
    let mut sources = Vec::new();
    for path in paths {
        read_path(path, depth, &mut sources)?;
    }
    Ok(sources)
}

fn read_path(path: &str, depth: Depth, sources: &mut Vec<Source>) -> Result<(), SourceError> {
    if path == "-" {
        let text = read_bounded(path, &mut io::stdin().lock())?;
        sources.push(Source { name: path.to_owned(), directory: PathBuf::from("."), text });
        return Ok(());
    }
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            let before = sources.len();
            read_directory(path, Path::new(path), depth, sources)?;
            if sources.len() == before {
                return Err(SourceError::NoManifest { path: path.to_owned() });
            }
            Ok(())
        }
        Ok(_) => read_file(path, Path::new(path), sources),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(SourceError::Missing { path: path.to_owned() })
        }
        Err(source) => Err(SourceError::Unreadable { path: path.to_owned(), source }),
    }
}

fn read_directory(
    named: &str,
    directory: &Path,
    depth: Depth,
    sources: &mut Vec<Source>,
) -> Result<(), SourceError> {
    let fault = |source| SourceError::Unreadable { path: named.to_owned(), source };
    let entries = std::fs::read_dir(directory).map_err(fault)?;
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>().map_err(fault)?;
    paths.sort();
    for path in paths {
        let name = path.display().to_string();
        if path.is_dir() {
            if depth == Depth::Recursive {
                read_directory(&name, &path, depth, sources)?;
            }
        } else if is_manifest(&path) {
            read_file(&name, &path, sources)?;
        }
    }
    Ok(())
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|given| EXTENSIONS.iter().any(|extension| given == *extension))
}

fn read_file(name: &str, path: &Path, sources: &mut Vec<Source>) -> Result<(), SourceError> {
    let fault = |source| SourceError::Unreadable { path: name.to_owned(), source };
    let mut file = std::fs::File::open(path).map_err(fault)?;
    let text = read_bounded(name, &mut file)?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new(".")).to_owned();
    sources.push(Source { name: name.to_owned(), directory, text });
    Ok(())
}

fn read_bounded(name: &str, from: &mut dyn Read) -> Result<String, SourceError> {
    let mut text = String::new();
    let read = from.take(MAX_BYTES + 1).read_to_string(&mut text);
    read.map_err(|source| SourceError::Unreadable { path: name.to_owned(), source })?;
    match text.len() as u64 > MAX_BYTES {
        true => Err(SourceError::TooLarge { path: name.to_owned() }),
        false => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(directory: &Path, names: &[&str]) {
        for name in names {
            let path = directory.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, name).unwrap();
        }
    }

    #[test]
    fn a_directory_is_read_by_name_and_only_its_manifests() {
        let directory = tempfile::tempdir().unwrap();
        written(directory.path(), &["b.yaml", "a.yml", "c.json", "notes.txt", "deep/d.yaml"]);
        let given = directory.path().display().to_string();
        for (depth, expected) in [
            (Depth::Flat, vec!["a.yml", "b.yaml", "c.json"]),
            (Depth::Recursive, vec!["a.yml", "b.yaml", "c.json", "deep/d.yaml"]),
        ] {
            let sources = read_all(std::slice::from_ref(&given), depth).unwrap();
            let texts: Vec<&str> = sources.iter().map(|source| source.text.as_str()).collect();
            assert_eq!(texts, expected, "{depth:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let empty = tempfile::tempdir().unwrap();
        let missing = empty.path().join("x.yaml").display().to_string();
        let error = read_all(std::slice::from_ref(&missing), Depth::Flat).unwrap_err();
        assert_eq!(error.to_string(), format!("the path \"{missing}\" does not exist"));
        let given = empty.path().display().to_string();
        let error = read_all(&[given], Depth::Flat).unwrap_err();
        assert!(matches!(error, SourceError::NoManifest { .. }), "{error}");
    }
}
