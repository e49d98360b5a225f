//! What a service manager is told (systemd's `sd_notify`): a datagram to the socket that it names.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Tells the service manager at `socket` a state, such as `READY=1` or `STOPPING=1`. That it cannot be
/// told is no reason to stop serving.
pub(crate) fn notify(socket: &str, state: &str) {
    if let Err(error) = send(socket, state) {
        tracing::warn!(socket, state, %error, "the service manager could not be told");
    }
}

/// A name that begins with `@` is one of the abstract sockets, which have no file.
fn send(socket: &str, state: &str) -> std::io::Result<()> {
    let address = match socket.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(socket)?,
    };
    UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_manager_is_told_by_a_datagram() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        notify(path.to_str().unwrap(), "READY=1");
        let mut told = [0; 16];
        let length = manager.recv(&mut told).unwrap();
        assert_eq!(&told[..length], b"READY=1");
    }
}
