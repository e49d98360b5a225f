//! Accepting the clients of the trigger endpoint: plain HTTP/1.1, bounded in every direction, until the
//! endpoint is to end. Whoever wants TLS puts a proxy before it.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use tokio::net::{TcpListener, TcpStream};

use super::endpoint::TriggerEndpoint;
use crate::listen::{Bounded, Bounds, ListenError, serve_clients};

/// A TCP address that triggers' clients come to.
pub struct TriggerListener {
    listener: TcpListener,
    address: SocketAddr,
}

impl TriggerListener {
    /// Listens on `address`, port 0 for any that is free.
    ///
    /// # Errors
    /// Where the address cannot be listened on.
    pub async fn bind(address: SocketAddr) -> Result<Self, ListenError> {
        let failed = |source| ListenError::Bind { address: address.to_string(), source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// Returns the address with the port that is listened on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    async fn accept(&self) -> io::Result<(TcpStream, IpAddr)> {
        let (stream, client) = self.listener.accept().await?;
        Ok((stream, client.ip()))
    }
}

/// Serves `endpoint` on `listener` until `stop` is ready; then accepts nobody any more, lets requests
/// finish for as long as [`crate::TriggerLimits::drain_timeout`] says, and returns.
pub async fn serve_triggers(
    endpoint: Arc<TriggerEndpoint>,
    listener: TriggerListener,
    stop: impl Future<Output = ()>,
) {
    let limits = &endpoint.limits;
    let bounds = Bounds { connections: limits.connections, drain_timeout: limits.drain_timeout };
    let listener = Arc::new(listener);
    let accept = move || {
        let listener = Arc::clone(&listener);
        async move { listener.accept().await }
    };
    let serve = |(stream, remote), watcher| serve(Arc::clone(&endpoint), stream, remote, watcher);
    serve_clients(bounds, accept, serve, stop, || ()).await;
}

/// Serves a client to the end of its connection.
async fn serve(
    endpoint: Arc<TriggerEndpoint>,
    stream: TcpStream,
    remote: IpAddr,
    watcher: Watcher,
) {
    if let Err(error) = stream.set_nodelay(true) {
        return tracing::debug!(%error, "a connection ended early");
    }
    let limits = &endpoint.limits;
    let stream = Bounded::new(stream, limits.header_timeout, limits.write_timeout);
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(limits.headers)
        .max_buf_size(limits.head_bytes);
    let service = service_fn(move |request| {
        let endpoint = Arc::clone(&endpoint);
        async move { Ok::<_, Infallible>(endpoint.answer(request, remote).await) }
    });
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended early");
    }
}
