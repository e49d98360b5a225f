//! Accepting the clients of the trigger endpoint: plain HTTP/1.1, bounded in every direction, until the
//! endpoint is to end. Whoever wants TLS puts a proxy before it.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::endpoint::TriggerEndpoint;
use crate::listen::{Bounded, ListenError};

/// How long accepting rests after it failed, such as for want of descriptors.
const REST: Duration = Duration::from_millis(100);

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

    /// Returns the next client with its place; waits for a place first, so that those who are too many
    /// wait in the system's queue.
    async fn next(&self, places: &Arc<Semaphore>) -> (TcpStream, IpAddr, OwnedSemaphorePermit) {
        let place = match Arc::clone(places).acquire_owned().await {
            Ok(place) => place,
            // Nobody closes the semaphore.
            Err(_) => std::future::pending().await,
        };
        loop {
            match self.listener.accept().await {
                Ok((stream, client)) => return (stream, client.ip(), place),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }
}

/// Serves `endpoint` on `listener` until `stop` is ready; then accepts nobody any more, lets requests
/// finish for as long as [`crate::TriggerLimits::drain_timeout`] says, and returns.
pub async fn serve_triggers(
    endpoint: Arc<TriggerEndpoint>,
    listener: TriggerListener,
    stop: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(endpoint.limits.connections));
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            (stream, remote, place) = listener.next(&places) => {
                let (endpoint, watcher) = (Arc::clone(&endpoint), graceful.watcher());
                connections.spawn(async move {
                    serve(endpoint, stream, remote, watcher).await;
                    drop(place);
                });
            }
            Some(ended) = connections.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a connection ended in a panic");
                }
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(endpoint.limits.drain_timeout, graceful.shutdown()).await.is_err() {
        tracing::warn!(open = connections.len(), "connections were cut that did not end in time");
    }
    connections.shutdown().await;
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
