//! TCP with TLS, for clients that show a token.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::ListenError;
use crate::access::Token;

/// A TCP address that is listened on.
pub struct TlsListener {
    listener: TcpListener,
    address: SocketAddr,
    acceptor: TlsAcceptor,
    token: Arc<Token>,
}

impl TlsListener {
    /// Listens on `address`, port 0 for any that is free, and lets in whoever shows `token`.
    ///
    /// # Errors
    /// Where the address cannot be listened on.
    pub async fn bind(
        address: SocketAddr,
        config: Arc<ServerConfig>,
        token: Token,
    ) -> Result<Self, ListenError> {
        let failed = |source| ListenError::Bind { address: address.to_string(), source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address, acceptor: config.into(), token: Arc::new(token) })
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

    pub(super) fn gate(&self) -> (TlsAcceptor, Arc<Token>) {
        (self.acceptor.clone(), Arc::clone(&self.token))
    }
}

/// Whether the client speaks HTTP/2.
pub(super) fn speaks_http2(stream: &TlsStream<TcpStream>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(b"h2")
}
