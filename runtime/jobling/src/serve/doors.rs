//! Where clients come in: the socket, TLS where it is asked for, and the kubeconfig that names them.

use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jobling_server::{
    Access, AccessError, Address, Authority, Endpoint, ListenError, Listener, TlsListener,
    TriggerListener, UnixSocket, kubeconfig, tls_config,
};

use super::Passed;
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
    /// Who is let in.
    pub(crate) access: Access,
    /// Where requests to triggers come in.
    pub(crate) triggers: Option<TriggerListener>,
    /// What the daemon says when it is ready, in one line.
    pub(crate) ready: String,
}

impl Doors {
    /// Opens the socket in `data` and, where it is asked for, TLS on `listen` and the trigger endpoint on
    /// `trigger_listen`, or takes the sockets that were passed for the API; and writes the kubeconfig.
    pub(crate) async fn open(
        data: &Path,
        listen: Option<SocketAddr>,
        trigger_listen: Option<SocketAddr>,
        passed: Passed,
    ) -> Result<Self, DoorError> {
        let sockets = open_sockets(data, passed.unix).await?;
        let directory = data.join("access");
        let access = Access::open(&directory)?;
        let tls = open_tls(&directory, listen, passed.tcp).await?;
        let triggers = match trigger_listen {
            Some(listen) => Some(TriggerListener::bind(listen).await?),
            None => None,
        };
        let (access, config) = match tls.endpoint() {
            Some(endpoint) => {
                let config = access.own_kubeconfig(&endpoint);
                (access.with_endpoint(endpoint), config)
            }
            None => (access, kubeconfig(&Address::Unix(sockets[0].path().to_owned()), None)),
        };
        let path = data.join("kubeconfig");
        write_private(&path, &config)
            .map_err(|source| DoorError::Kubeconfig { path: path.clone(), source })?;
        let names = sockets.iter().map(|socket| format!("unix://{}", socket.path().display()));
        let urls = tls.listeners.iter().map(|tls| format!("https://{}", tls.address()));
        let names: Vec<String> = names.chain(urls).collect();
        let mut ready = format!("jobling is ready on {}", names.join(" and "));
        if let Some(triggers) = &triggers {
            let address = reachable(triggers.address());
            ready.push_str(&format!(", takes requests at http://{address}"));
        }
        ready.push_str(&format!(" (kubeconfig: {})", path.display()));
        let sockets = sockets.into_iter().map(Listener::Unix);
        let listeners = sockets.chain(tls.listeners.into_iter().map(Listener::Tls)).collect();
        Ok(Self { listeners, access, triggers, ready })
    }
}

/// Returns at least one socket.
async fn open_sockets(
    data: &Path,
    passed: Vec<std::os::unix::net::UnixListener>,
) -> Result<Vec<UnixSocket>, ListenError> {
    if passed.is_empty() {
        return Ok(vec![UnixSocket::bind(&data.join("jobling.sock")).await?]);
    }
    passed.into_iter().map(UnixSocket::passed).collect()
}

/// The doors over TLS; there may be none.
#[derive(Default)]
struct Tls {
    listeners: Vec<TlsListener>,
    authority_pem: String,
}

impl Tls {
    /// Returns where clients come in.
    fn endpoint(&self) -> Option<Endpoint> {
        let url = format!("https://{}", reachable(self.listeners.first()?.address()));
        Some(Endpoint { url, authority_pem: self.authority_pem.clone() })
    }
}

async fn open_tls(
    directory: &Path,
    listen: Option<SocketAddr>,
    passed: Vec<std::net::TcpListener>,
) -> Result<Tls, DoorError> {
    if listen.is_none() && passed.is_empty() {
        return Ok(Tls::default());
    }
    let authority = Authority::load_or_create(directory, clock::moment())?;
    let authority_pem = authority.pem().to_owned();
    let own = passed.iter().filter_map(|listener| listener.local_addr().ok());
    let names = names(listen.into_iter().chain(own));
    let config = tls_config(authority, names, Arc::new(clock::moment))?;
    let mut listeners = Vec::new();
    if let Some(listen) = listen {
        listeners.push(TlsListener::bind(listen, Arc::clone(&config)).await?);
    }
    for listener in passed {
        listeners.push(TlsListener::passed(listener, Arc::clone(&config))?);
    }
    Ok(Tls { listeners, authority_pem })
}

/// Returns the names by which the host is reached: every loopback name and the addresses themselves.
fn names(listens: impl IntoIterator<Item = SocketAddr>) -> Vec<String> {
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
    for listen in listens {
        let own = listen.ip().to_string();
        if !listen.ip().is_unspecified() && !names.contains(&own) {
            names.push(own);
        }
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
        let opened = Doors::open(data.path(), listen, None, Passed::default());
        let doors = runtime.block_on(opened).unwrap();
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
        assert!(names(["10.0.0.7:2".parse().unwrap()]).contains(&"10.0.0.7".to_owned()));
    }
}
