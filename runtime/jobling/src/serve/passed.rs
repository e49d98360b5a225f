//! Sockets that a service manager listens on and has passed to this process (systemd's `sd_listen_fds`):
//! clients then wait while the daemon starts or is replaced, and are not refused.

use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;

use listenfd::ListenFd;

/// The sockets that were passed.
#[derive(Debug, Default)]
pub(crate) struct Passed {
    /// In place of the one in the data directory.
    pub(crate) unix: Vec<UnixListener>,
    /// Served over TLS, besides `--listen`.
    pub(crate) tcp: Vec<TcpListener>,
}

impl Passed {
    /// Takes the sockets that `LISTEN_FDS` tells of. No other process inherits them.
    ///
    /// # Errors
    /// Where one is of another sort.
    pub(crate) fn take() -> io::Result<Self> {
        let mut given = ListenFd::from_env();
        let mut passed = Self::default();
        for at in 0..given.len() {
            match given.take_unix_listener(at) {
                Ok(listener) => passed.unix.extend(listener),
                Err(_) => passed.tcp.extend(given.take_tcp_listener(at)?),
            }
        }
        Ok(passed)
    }
}
