//! Finds a directory below another one, whatever links lie on the way: none leads out.

use std::io;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

/// Whether what is missing is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Make,
    Refuse,
}

/// A directory, held open: its path leads to it even where a guest puts something else in its place.
#[derive(Debug)]
pub(crate) struct Held {
    dir: Dir,
}

impl Held {
    /// Returns a path that leads to this directory as long as it is held.
    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.dir.as_raw_fd()))
    }
}

/// Opens the directory `below` in `root`.
///
/// # Errors
/// Where it is missing, is no directory, or a link on the way leads out of `root`.
pub(crate) fn within(root: &Path, below: &Path, missing: Missing) -> io::Result<Held> {
    let root = Dir::open_ambient_dir(root, ambient_authority())?;
    if below.as_os_str().is_empty() {
        return Ok(Held { dir: root });
    }
    if missing == Missing::Make {
        root.create_dir_all(below)?;
    }
    Ok(Held { dir: root.open_dir(below)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn nothing_leads_out_of_the_root() {
        let outside = tempfile::tempdir().unwrap();
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("in")).unwrap();
        symlink(outside.path(), dir.path().join("link")).unwrap();
        symlink("in", dir.path().join("inner")).unwrap();
        for (below, missing, found) in [
            ("in", Missing::Refuse, true),
            ("inner", Missing::Refuse, true),
            ("link", Missing::Refuse, false),
            ("link/made", Missing::Make, false),
            ("../x", Missing::Make, false),
            ("new/er", Missing::Refuse, false),
            ("new/er", Missing::Make, true),
        ] {
            let held = within(dir.path(), Path::new(below), missing);
            assert_eq!(held.is_ok(), found, "{below} {missing:?}");
        }
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_held_directory_stays_the_same_one() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("in")).unwrap();
        let held = within(dir.path(), Path::new("in"), Missing::Refuse).unwrap();
        fs::rename(dir.path().join("in"), dir.path().join("moved")).unwrap();
        symlink("/", dir.path().join("in")).unwrap();
        fs::write(held.path().join("mark"), "x").unwrap();
        assert!(dir.path().join("moved/mark").exists());
    }
}
