//! Files that only their owner may read, written whole or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::AccessError;

/// Returns the text in the file at `path`; `None` where there is none.
pub(super) fn read(path: &Path) -> Result<Option<String>, AccessError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(AccessError::File { path: path.to_owned(), what: "read", source }),
    }
}

/// Writes `text` to the file at `path` with mode 0600. It is another file that takes the place of the old
/// one, so that nobody ever reads half of it or has it open from before with a wider mode.
pub(super) fn write(path: &Path, text: &str) -> Result<(), AccessError> {
    let written = || -> io::Result<()> {
        let fresh = path.with_extension("new");
        match fs::remove_file(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        // A token that was said to be revoked must not be back after a power cut.
        path.parent().map_or(Ok(()), |directory| fs::File::open(directory)?.sync_all())
    };
    written().map_err(|source| AccessError::File { path: path.to_owned(), what: "written", source })
}

/// Makes the directory at `path`, which only its owner may enter.
pub(super) fn directory(path: &Path) -> Result<(), AccessError> {
    use std::os::unix::fs::DirBuilderExt as _;

    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| AccessError::File { path: path.to_owned(), what: "made", source })
}
