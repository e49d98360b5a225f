//! Where clients come in: the socket, TLS where it is asked for, and the kubeconfig that names them.

use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jobling_core::Timestamp;
use jobling_server::{
    AccessError, Address, Authority, ListenError, Listener, TlsListener, Token, TriggerListener,
    UnixSocket, kubeconfig, tls_config,
};

use crate::clock;

/// Why nobody can come in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DoorError {
    /// An address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The certificate or the token cannot be had.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The kubeconfig cannot be written.
    #[error("{} cannot be written", path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// The open doors of a daemon.
pub(crate) struct Doors {
    /// What is to be served.
    pub(crate) listeners: Vec<Listener>,
    /// Where requests to triggers come in.
    pub(crate) triggers: Option<TriggerListener>,
    /// What the daemon says when it is ready, in one line.
    pub(crate) ready: String,
}

impl Doors {
    /// Opens the socket in `data` and, where it is asked for, TLS on `listen` and the trigger endpoint on
    /// `trigger_listen`; and writes the kubeconfig.
    pub(crate) async fn open(
        data: &Path,
        listen: Option<SocketAddr>,
        trigger_listen: Option<SocketAddr>,
    ) -> Result<Self, DoorError> {
        let socket = data.join("jobling.sock");
        let mut listeners = vec![Listener::Unix(UnixSocket::bind(&socket).await?)];
        let mut ready = format!("jobling is ready on unix://{}", socket.display());
        let mut address = Address::Unix(socket);
        if let Some(listen) = listen {
            let (listener, tls) = open_tls(data, listen).await?;
            ready.push_str(&format!(" and https://{}", listener.address()));
            listeners.push(Listener::Tls(listener));
            address = tls;
        }
        let mut triggers = None;
        if let Some(listen) = trigger_listen {
            let listener = TriggerListener::bind(listen).await?;
            ready
                .push_str(&format!(", takes requests at http://{}", reachable(listener.address())));
            triggers = Some(listener);
        }
        let path = data.join("kubeconfig");
        write_private(&path, &kubeconfig(&address))
            .map_err(|source| DoorError::Kubeconfig { path: path.clone(), source })?;
        ready.push_str(&format!(" (kubeconfig: {})", path.display()));
        Ok(Self { listeners, triggers, ready })
    }
}

async fn open_tls(data: &Path, listen: SocketAddr) -> Result<(TlsListener, Address), DoorError> {
    let access = data.join("access");
    let authority = Authority::load_or_create(&access, now())?;
    let authority_pem = authority.pem().to_owned();
    let token = Token::load_or_create(&access.join("token"))?;
    let config = tls_config(authority, names(listen), Arc::new(now))?;
    let listener = TlsListener::bind(listen, config, token.clone()).await?;
    let url = format!("https://{}", reachable(listener.address()));
    Ok((listener, Address::Tls { url, authority_pem, token }))
}

fn now() -> Timestamp {
    Timestamp::from_unix_micros(clock::now().as_microsecond())
}

/// Returns the names by which the host is reached: every loopback name and the address itself.
fn names(listen: SocketAddr) -> Vec<String> {
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
    let own = listen.ip().to_string();
    if !listen.ip().is_unspecified() && !names.contains(&own) {
        names.push(own);
    }
    names
}

/// Returns an address that clients on this host can use: one that means all is reached by loopback.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    let mut reachable = address;
    if address.ip().is_unspecified() {
        reachable.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    reachable
}

/// Writes a file that only its owner may read; another one takes its place, so that nobody reads half.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let fresh = path.with_extension("new");
    if let Err(error) = std::fs::remove_file(&fresh)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn opened(listen: Option<&str>) -> (tempfile::TempDir, Doors, String) {
        let data = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listen = listen.map(|listen| listen.parse().unwrap());
        let doors = runtime.block_on(Doors::open(data.path(), listen, None)).unwrap();
        let kubeconfig = std::fs::read_to_string(data.path().join("kubeconfig")).unwrap();
        (data, doors, kubeconfig)
    }

    #[test]
    fn the_kubeconfig_names_the_socket_and_is_its_owners_alone() {
        let (data, doors, kubeconfig) = opened(None);
        assert_eq!(doors.listeners.len(), 1);
        let socket = format!("unix://{}/jobling.sock", data.path().display());
        assert!(kubeconfig.contains(&socket), "{kubeconfig}");
        assert!(doors.ready.contains(&socket) && doors.ready.lines().count() == 1);
        let mode = std::fs::metadata(data.path().join("kubeconfig")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_free_port_is_taken_and_named() {
        let (_data, doors, kubeconfig) = opened(Some("127.0.0.1:0"));
        let [_, Listener::Tls(tls)] = doors.listeners.as_slice() else { panic!("two doors") };
        assert_ne!(tls.address().port(), 0);
        let url = format!("https://{}", tls.address());
        assert!(kubeconfig.contains(&url) && kubeconfig.contains("token:"), "{kubeconfig}");
        assert!(doors.ready.contains(&url), "{}", doors.ready);
    }

    #[test]
    fn an_address_that_means_all_is_reached_by_loopback() {
        for (given, named) in [
            ("0.0.0.0:6443", "127.0.0.1:6443"),
            ("[::]:1", "[::1]:1"),
            ("10.0.0.7:2", "10.0.0.7:2"),
        ] {
            assert_eq!(reachable(given.parse().unwrap()).to_string(), named, "{given}");
        }
        assert!(names("10.0.0.7:2".parse().unwrap()).contains(&"10.0.0.7".to_owned()));
    }
}
