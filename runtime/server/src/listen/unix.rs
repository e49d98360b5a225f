//! The Unix socket: whoever may open it may do everything, so only the daemon's user may.

use std::io;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

use super::ListenError;

/// A socket that is listened on.
#[derive(Debug)]
pub struct UnixSocket {
    listener: UnixListener,
    path: PathBuf,
    /// Whether its file goes with it.
    owned: bool,
}

impl UnixSocket {
    /// Listens at `path`, with mode 0600 from the first moment. A socket that a dead daemon left there is
    /// replaced.
    ///
    /// # Errors
    /// Where another process listens there, or something else than a socket is there.
    pub async fn bind(path: &Path) -> Result<Self, ListenError> {
        remove_stale(path).await?;
        let listener = bind_private(path)
            .map_err(|source| ListenError::Bind { address: path.display().to_string(), source })?;
        Ok(Self { listener, path: path.to_owned(), owned: true })
    }

    /// Takes a socket that a service manager listens on, and leaves its file when it is done.
    ///
    /// # Errors
    /// Where it has no path, or other users than its owner and its group may open it.
    pub fn passed(listener: std::os::unix::net::UnixListener) -> Result<Self, ListenError> {
        let failed = |source| ListenError::Bind { address: "the passed socket".to_owned(), source };
        let address = listener.local_addr().map_err(failed)?;
        let path = address.as_pathname().ok_or(ListenError::Nameless)?.to_owned();
        let mode = std::fs::metadata(&path).map_err(failed)?.permissions().mode() & 0o777;
        if mode & 0o007 != 0 {
            return Err(ListenError::OpenToAll { path, mode });
        }
        listener.set_nonblocking(true).map_err(failed)?;
        let listener = UnixListener::from_std(listener).map_err(failed)?;
        Ok(Self { listener, path, owned: false })
    }

    /// Returns where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) async fn accept(&self) -> io::Result<UnixStream> {
        self.listener.accept().await.map(|(stream, _)| stream)
    }
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        if !self.owned {
            return;
        }
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the socket could not be removed");
        }
    }
}

async fn remove_stale(path: &Path) -> Result<(), ListenError> {
    let failed = |source| ListenError::Bind { address: path.display().to_string(), source };
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(ListenError::NoSocket { path: path.to_owned() });
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).map_err(failed)
        }
        // A listener whose backlog is full, or that another user owns, is alive all the same.
        Ok(_) | Err(_) => Err(ListenError::InUse { path: path.to_owned() }),
    }
}

/// Binds under another name and moves the socket to its place once its mode is right: nobody can open it
/// in between.
fn bind_private(path: &Path) -> io::Result<UnixListener> {
    let fresh = path.with_extension("new");
    match std::fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(&fresh)?;
    std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&fresh, path)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_is_private_and_goes_with_its_listener() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jobling.sock");
        let socket = UnixSocket::bind(&path).await.unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        UnixStream::connect(&path).await.unwrap();
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_socket_that_nobody_listens_on_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jobling.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "the standard library leaves the file");
        UnixSocket::bind(&path).await.unwrap();
    }

    #[tokio::test]
    async fn a_socket_that_was_passed_is_its_owners_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jobling.sock");
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        for (mode, taken) in [(0o666, false), (0o606, false), (0o660, true), (0o600, true)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let socket = UnixSocket::passed(listener.try_clone().unwrap());
            assert_eq!(socket.is_ok(), taken, "{mode:o}");
        }
        assert!(path.exists(), "whoever made it removes it");
    }

    #[tokio::test]
    async fn what_is_in_use_or_no_socket_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jobling.sock");
        let _first = UnixSocket::bind(&path).await.unwrap();
        assert!(matches!(UnixSocket::bind(&path).await, Err(ListenError::InUse { .. })));
        let file = folder.path().join("notes");
        std::fs::write(&file, "kept").unwrap();
        assert!(matches!(UnixSocket::bind(&file).await, Err(ListenError::NoSocket { .. })));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
    }
}
