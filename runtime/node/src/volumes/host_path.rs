//! Finds what a hostPath names, below a directory that the operator allows and nowhere else.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::Why;
use super::held::{Found, Held};
use super::set_up::Place;
use super::source::PathKind;

/// Where hostPath volumes may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds<'a> {
    /// Directories below which they may be.
    pub(super) prefixes: &'a [PathBuf],
    /// The daemon's own directory, which no guest sees whatever the prefixes are.
    pub(super) data_dir: &'a Path,
}

/// Finds or makes what lies at `path`, which may lead over links as long as it ends below a prefix. It is
/// opened from the prefix on, so that a link which is put there meanwhile leads nowhere else.
pub(super) fn host_path(path: &Path, kind: PathKind, bounds: Bounds<'_>) -> Result<Place, Why> {
    use PathKind::{Any, Directory, DirectoryOrCreate, File, FileOrCreate};
    let (root, below) = allowed(path, bounds)?;
    let held = Held::open(&root).map_err(Why::io(path))?;
    let wanted = match (held.find(&below).map_err(Why::io(path))?, kind) {
        (Found::Directory(_), Any | Directory | DirectoryOrCreate)
        | (Found::File, Any | File | FileOrCreate) => None,
        (Found::Missing, Any | DirectoryOrCreate) => {
            held.make(&below).map_err(Why::io(path))?;
            None
        }
        (Found::Missing, FileOrCreate) => {
            held.touch(&below).map_err(Why::io(path))?;
            None
        }
        (_, Any | Directory | DirectoryOrCreate) => Some("directory"),
        (_, File | FileOrCreate) => Some("file"),
    };
    match wanted {
        None => Ok(Place { root, below }),
        Some(wanted) => Err(Why::NotOfType { path: path.to_owned(), wanted }),
    }
}

/// Returns the allowed directory that `path` is in, and where below it.
fn allowed(path: &Path, bounds: Bounds<'_>) -> Result<(PathBuf, PathBuf), Why> {
    let forbidden = || Why::NotAllowed(path.to_owned());
    let real = real(path).map_err(Why::io(path))?.ok_or_else(forbidden)?;
    let prefixes = bounds.prefixes.iter().filter_map(|prefix| fs::canonicalize(prefix).ok());
    let within = |prefix: PathBuf| {
        let below = real.strip_prefix(&prefix).ok()?.to_owned();
        Some((prefix, below))
    };
    let found = { prefixes }.find_map(within).ok_or_else(forbidden)?;
    let own = fs::canonicalize(bounds.data_dir).map_err(Why::io(bounds.data_dir))?;
    if real.starts_with(&own) || own.starts_with(&real) {
        return Err(Why::OwnData(path.to_owned()));
    }
    Ok(found)
}

/// Returns `path` without links, as far as it exists; `None` where it is relative or has `..` in what does
/// not exist.
fn real(path: &Path) -> io::Result<Option<PathBuf>> {
    if !path.is_absolute() {
        return Ok(None);
    }
    match fs::canonicalize(path) {
        Ok(real) => Ok(Some(real)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
                return Ok(None);
            };
            Ok(real(parent)?.map(|parent| parent.join(name)))
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// An allowed directory with a few things in it, one beside it, and the daemon's own within the former.
    fn host() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        for path in ["allowed/dir", "allowed/data/claims", "other"] {
            fs::create_dir_all(at(path)).unwrap();
        }
        fs::write(at("allowed/file"), "f").unwrap();
        fs::write(at("other/file"), "o").unwrap();
        symlink(at("other"), at("allowed/out")).unwrap();
        symlink(at("other/new"), at("allowed/dangling")).unwrap();
        symlink(at("allowed/dir"), at("in")).unwrap();
        symlink("../other", at("allowed/up")).unwrap();
        dir
    }

    fn told(dir: &Path, path: &str, kind: PathKind) -> &'static str {
        let prefixes = [dir.join("gone"), dir.join("allowed")];
        let bounds = Bounds { prefixes: &prefixes, data_dir: &dir.join("allowed/data") };
        match host_path(&dir.join(path), kind, bounds) {
            Ok(place) if place.root.join(&place.below).is_dir() => "directory",
            Ok(_) => "file",
            Err(Why::NotAllowed(_)) => "not allowed",
            Err(Why::OwnData(_)) => "own data",
            Err(Why::NotOfType { wanted, .. }) => wanted_not_found(wanted),
            Err(Why::Io { .. }) => "refused",
            Err(other) => panic!("{other}"),
        }
    }

    fn wanted_not_found(wanted: &str) -> &'static str {
        if wanted == "file" { "no file" } else { "no directory" }
    }

    #[test]
    fn only_what_ends_below_an_allowed_directory_is_found_or_made() {
        use PathKind::{Any, Directory, DirectoryOrCreate, File, FileOrCreate};
        for (path, kind, outcome) in [
            ("allowed/dir", Any, "directory"),
            ("allowed/dir", Directory, "directory"),
            ("allowed/dir", File, "no file"),
            ("in", Directory, "directory"),
            ("allowed/file", Any, "file"),
            ("allowed/file", FileOrCreate, "file"),
            ("allowed/file", Directory, "no directory"),
            ("allowed/file", DirectoryOrCreate, "no directory"),
            ("allowed/none", Directory, "no directory"),
            ("allowed/none", File, "no file"),
            ("allowed/new/er", DirectoryOrCreate, "directory"),
            ("allowed/fresh", Any, "directory"),
            ("allowed/made", FileOrCreate, "file"),
            ("allowed/no/parent", FileOrCreate, "refused"),
            ("other", Any, "not allowed"),
            ("other/file", File, "not allowed"),
            ("other/new", DirectoryOrCreate, "not allowed"),
            ("allowed/../other", Any, "not allowed"),
            ("allowed/none/../../other", Any, "not allowed"),
            ("allowed/out", Any, "not allowed"),
            ("allowed/out/file", File, "not allowed"),
            ("allowed/up", Directory, "not allowed"),
            ("allowed/dangling", DirectoryOrCreate, "refused"),
            ("allowed/dangling", FileOrCreate, "refused"),
            ("allowed", Directory, "own data"),
            ("allowed/data", Directory, "own data"),
            ("allowed/data/claims", Directory, "own data"),
        ] {
            let dir = host();
            assert_eq!(told(dir.path(), path, kind), outcome, "{path} {kind:?}");
            let others = fs::read_dir(dir.path().join("other")).unwrap().count();
            assert_eq!(others, 1, "{path} {kind:?} made something elsewhere");
        }
    }

    #[test]
    fn without_allowed_directories_there_are_none() {
        let dir = host();
        let bounds = Bounds { prefixes: &[], data_dir: &dir.path().join("allowed/data") };
        let path = dir.path().join("allowed/dir");
        let error = host_path(&path, PathKind::Any, bounds).unwrap_err().to_string();
        assert!(error.contains("--allow-host-path"), "{error}");
    }
}
