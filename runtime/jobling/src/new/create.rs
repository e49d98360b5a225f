//! Puts a new project on the disk: into a folder that is not there, or is empty.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::project::NewFile;

/// Why there is no new project.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CreateError {
    /// Something is there.
    #[error("{} is there and not empty; name a folder that is not", .0.display())]
    NotEmpty(PathBuf),
    /// The disk refuses.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Writes `files` into `folder`.
pub(crate) fn create(folder: &Path, files: &[NewFile]) -> Result<(), CreateError> {
    let is_empty = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(source) => return Err(CreateError::File { path: folder.to_owned(), source }),
    };
    if !is_empty {
        return Err(CreateError::NotEmpty(folder.to_owned()));
    }
    for file in files {
        let path = folder.join(file.path);
        let parent = path.parent().unwrap_or(folder);
        let written = fs::create_dir_all(parent).and_then(|()| fs::write(&path, &file.text));
        written.map_err(|source| CreateError::File { path, source })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let files = [NewFile { path: "src/main.rs", text: "a".to_owned() }];
        create(&folder.path().join("new"), &files).unwrap();
        create(folder.path().join("new").as_path(), &files).unwrap_err();
        let kept = fs::read_to_string(folder.path().join("new/src/main.rs")).unwrap();
        assert_eq!(kept, "a");
    }
}
