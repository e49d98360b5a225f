//! Directories that are held open, and what lies below them, whatever links are on the way: none leads out.

use std::io::{self, Read as _};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;

/// A directory, held open: its path leads to it even where something else is put in its place.
#[derive(Debug, Clone)]
pub(crate) struct Held(Arc<Dir>);

/// What lies below a directory.
#[derive(Debug)]
pub(super) enum Found {
    Directory(Held),
    File,
    /// Neither a directory nor a plain file.
    Other,
    Missing,
}

impl Held {
    /// Opens a directory by its path, following links.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(Arc::new(Dir::open_ambient_dir(path, ambient_authority())?)))
    }

    /// Returns a path that leads to this directory as long as it is held.
    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.0.as_raw_fd()))
    }

    /// Returns what lies at `below`; the directory itself where that is empty.
    pub(super) fn find(&self, below: &Path) -> io::Result<Found> {
        if below.as_os_str().is_empty() {
            return Ok(Found::Directory(self.clone()));
        }
        let metadata = match self.0.metadata(below) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Missing),
            Err(error) => return Err(error),
        };
        if metadata.is_dir() {
            return Ok(Found::Directory(Self(Arc::new(self.0.open_dir(below)?))));
        }
        Ok(if metadata.is_file() { Found::File } else { Found::Other })
    }

    /// Makes the directory `below` and all on the way to it, and opens it.
    pub(super) fn make(&self, below: &Path) -> io::Result<Self> {
        self.0.create_dir_all(below)?;
        Ok(Self(Arc::new(self.0.open_dir(below)?)))
    }

    /// Makes an empty file, in a directory that exists.
    pub(super) fn touch(&self, below: &Path) -> io::Result<()> {
        self.0.create(below).map(drop)
    }

    /// Reads the file `below`; `None` if it has more than `limit` bytes.
    pub(super) fn read(&self, below: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        self.0.open(below)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        Ok((bytes.len() as u64 <= limit).then_some(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn nothing_leads_out_of_the_directory() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "x").unwrap();
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("in")).unwrap();
        symlink(outside.path(), dir.path().join("link")).unwrap();
        symlink("in", dir.path().join("inner")).unwrap();
        symlink(outside.path().join("new"), dir.path().join("dangling")).unwrap();
        let held = Held::open(dir.path()).unwrap();
        for (below, found) in [
            ("in", "directory"),
            ("inner", "directory"),
            ("link", "refused"),
            ("link/secret", "refused"),
            ("dangling", "refused"),
            ("../x", "refused"),
            ("new/er", "missing"),
        ] {
            let seen = match held.find(Path::new(below)) {
                Ok(Found::Directory(_)) => "directory",
                Ok(Found::File | Found::Other) => "file",
                Ok(Found::Missing) => "missing",
                Err(_) => "refused",
            };
            assert_eq!(seen, found, "{below}");
        }
        for below in ["link/made", "dangling", "dangling/made", "../made"] {
            assert!(held.make(Path::new(below)).is_err(), "{below}");
            assert!(held.touch(Path::new(below)).is_err(), "{below}");
        }
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
        assert!(held.read(Path::new("link/secret"), 10).is_err());
        assert!(held.make(Path::new("new/er")).is_ok());
    }

    #[test]
    fn a_held_directory_stays_the_same_one() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("in")).unwrap();
        let held = Held::open(dir.path()).unwrap().make(Path::new("in")).unwrap();
        fs::rename(dir.path().join("in"), dir.path().join("moved")).unwrap();
        symlink("/", dir.path().join("in")).unwrap();
        fs::write(held.path().join("mark"), "x").unwrap();
        assert!(dir.path().join("moved/mark").exists());
    }

    #[test]
    fn a_file_is_read_up_to_a_limit() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("five"), "12345").unwrap();
        let held = Held::open(dir.path()).unwrap();
        for (limit, read) in [(4, None), (5, Some(b"12345".to_vec())), (6, Some(b"12345".to_vec()))]
        {
            assert_eq!(held.read(Path::new("five"), limit).unwrap(), read, "{limit}");
        }
    }
}
