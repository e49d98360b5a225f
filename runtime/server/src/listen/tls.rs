//! TCP with TLS, for clients that show a token.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::ListenError;
/// A TCP address that is listened on.
pub struct TlsListener {
    listener: TcpListener,
    address: SocketAddr,
    acceptor: TlsAcceptor,
}

impl TlsListener {
    /// Listens on `address`, port 0 for any that is free.
    ///
    /// # Errors
    /// Where the address cannot be listened on.
    pub async fn bind(address: SocketAddr, config: Arc<ServerConfig>) -> Result<Self, ListenError> {
        let failed = |source| ListenError::Bind { address: address.to_string(), source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address, acceptor: config.into() })
    }

    /// Takes a socket that a service manager listens on.
    ///
    /// # Errors
    /// Where it cannot be used.
    pub fn passed(
        listener: std::net::TcpListener,
        config: Arc<ServerConfig>,
    ) -> Result<Self, ListenError> {
        let failed = |source| ListenError::Bind { address: "the passed socket".to_owned(), source };
        let address = listener.local_addr().map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let listener = TcpListener::from_std(listener).map_err(failed)?;
        Ok(Self { listener, address, acceptor: config.into() })
    }

    /// Returns the address with the port that is listened on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) async fn accept(&self) -> io::Result<TcpStream> {
        let (stream, _) = self.listener.accept().await?;
        // Small events of a watch must not wait for a full packet.
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }
}

/// Whether the client speaks HTTP/2.
pub(super) fn speaks_http2(stream: &TlsStream<TcpStream>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(b"h2")
}
