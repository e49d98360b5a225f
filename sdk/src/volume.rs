//! A directory that the pod has mounted.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A mounted directory. Its files are read and written with [`std::fs`].
///
/// ```
/// use jobling_sdk::testing::Host;
///
/// let directory = tempfile::tempdir()?;
/// let task = Host::new().volume("/data", directory.path()).task();
/// let data = task.volume("/data")?;
/// std::fs::write(data.file("report.txt"), "42")?;
/// assert_eq!(std::fs::read_to_string(directory.path().join("report.txt"))?, "42");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    path: PathBuf,
}

impl Volume {
    pub(crate) fn open(mount_path: &str, path: PathBuf) -> Result<Self, VolumeError> {
        let failed = |why| VolumeError { mount_path: mount_path.to_owned(), why };
        let is_directory = path.metadata().map_err(failed)?.is_dir();
        match is_directory {
            true => Ok(Self { path }),
            false => Err(failed(io::ErrorKind::NotADirectory.into())),
        }
    }

    /// Returns the directory.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let directory = tempfile::tempdir()?;
    /// let task = Host::new().volume("/data", directory.path()).task();
    /// assert_eq!(task.volume("/data")?.path(), directory.path());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of a file in it.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let directory = tempfile::tempdir()?;
    /// let task = Host::new().volume("/data", directory.path()).task();
    /// assert!(task.volume("/data")?.file("2026/report.txt").ends_with("2026/report.txt"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }
}

/// Why a directory is not there.
///
/// ```
/// let task = jobling_sdk::testing::Host::new().task();
/// let error = task.volume("/data").unwrap_err();
/// assert!(error.to_string().starts_with("/data is not mounted; "));
/// ```
#[derive(Debug)]
pub struct VolumeError {
    mount_path: String,
    why: io::Error,
}

impl fmt::Display for VolumeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} is not mounted; give the container a volumeMount", self.mount_path)
    }
}

impl Error for VolumeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.why)
    }
}
