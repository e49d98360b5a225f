//! The data directory and its lock: one daemon at a time, the other is told which one has it.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Why a data directory could not be had.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Another daemon has it.
    #[error(
        "{} is in use by {holder}; stop that daemon or name another data directory",
        path.display()
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// Who has it, such as `process 4711`.
        holder: String,
    },
    /// The file system refused.
    #[error("{} cannot be used as the data directory", path.display())]
    File {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// A data directory, locked for this process until dropped or until the process ends, however it ends.
#[derive(Debug)]
pub struct DataDirectory {
    path: PathBuf,
    _lock: File,
}

impl DataDirectory {
    /// Makes the directory where it is not there, for its owner alone, and locks it.
    ///
    /// # Errors
    /// Where another process has it, or it cannot be made or written.
    pub fn open(path: &Path) -> Result<Self, DirectoryError> {
        let file_error = |source| DirectoryError::File { path: path.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(file_error)?;
        let mut lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(path.join("lock"))
            .map_err(file_error)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(DirectoryError::InUse { path: path.to_owned(), holder: holder(lock) });
            }
            Err(TryLockError::Error(source)) => return Err(file_error(source)),
        }
        sign(&mut lock).map_err(file_error)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Returns the directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the database's file.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.path.join("jobling.db")
    }

    /// Returns the work queues' file.
    #[must_use]
    pub fn queues(&self) -> PathBuf {
        self.path.join("queues.db")
    }
}

/// Writes this process's number into the lock, for whoever is refused.
fn sign(lock: &mut File) -> std::io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    lock.write_all(std::process::id().to_string().as_bytes())
}

fn holder(mut lock: File) -> String {
    let mut process = String::new();
    match lock.read_to_string(&mut process) {
        Ok(length) if length > 0 => format!("process {process}"),
        _ => "another process".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_second_daemon_is_refused_with_the_first_ones_process_and_the_directory() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let first = DataDirectory::open(&path).unwrap();

        let refusal = DataDirectory::open(&path).unwrap_err().to_string();
        let me = std::process::id();
        assert_eq!(
            refusal,
            format!(
                "{} is in use by process {me}; stop that daemon or name another data directory",
                path.display()
            )
        );

        drop(first);
        DataDirectory::open(&path).unwrap();
    }

    #[test]
    fn only_the_owner_can_look_into_a_new_directory() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let directory = DataDirectory::open(&path).unwrap();
        let mode = std::fs::metadata(directory.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn a_path_below_a_file_is_refused_by_name() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("file");
        std::fs::write(&file, "").unwrap();
        let refusal = DataDirectory::open(&file.join("data")).unwrap_err();
        assert!(refusal.to_string().ends_with("file/data cannot be used as the data directory"));
    }
}
