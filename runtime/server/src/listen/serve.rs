//! Accepting connections, as many as are allowed, until the server is to end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::connection::{serve_local, serve_tls};
use super::{TlsListener, UnixSocket};
use crate::api::Api;

/// How long accepting rests after it failed, such as for want of descriptors.
const REST: Duration = Duration::from_millis(100);

/// A place where clients come in.
pub enum Listener {
    /// The Unix socket.
    Unix(UnixSocket),
    /// TCP with TLS and a token.
    Tls(TlsListener),
}

/// Serves `api` on all `listeners` until `stop` is ready; then accepts nobody any more, ends watches,
/// lets requests finish for as long as [`crate::Limits::drain_timeout`] says, and returns.
pub async fn serve(api: Arc<Api>, listeners: Vec<Listener>, stop: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(api.limits().connections));
    let mut connections = JoinSet::new();
    let listeners: Arc<[Listener]> = listeners.into();
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            (client, place) = next(&listeners, &places) => {
                let (api, watcher) = (Arc::clone(&api), graceful.watcher());
                connections.spawn(async move {
                    match client {
                        Client::Local(stream) => serve_local(api, stream, watcher).await,
                        Client::Tls(stream, acceptor) => {
                            serve_tls(api, stream, acceptor, watcher).await;
                        }
                    }
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
    drop(listeners);
    api.stop();
    if tokio::time::timeout(api.limits().drain_timeout, graceful.shutdown()).await.is_err() {
        tracing::warn!(open = connections.len(), "connections were cut that did not end in time");
    }
    connections.shutdown().await;
}

/// A client that has come in.
enum Client {
    Local(UnixStream),
    Tls(TcpStream, TlsAcceptor),
}

/// Returns the next client of any listener, with its place; waits for a place first, so that those who
/// are too many wait in the system's queue.
async fn next(listeners: &[Listener], places: &Arc<Semaphore>) -> (Client, OwnedSemaphorePermit) {
    let place = match Arc::clone(places).acquire_owned().await {
        Ok(place) => place,
        // Nobody closes the semaphore.
        Err(_) => std::future::pending().await,
    };
    loop {
        let accepts = listeners.iter().map(|listener| Box::pin(accept(listener)));
        if listeners.is_empty() {
            std::future::pending::<()>().await;
        }
        match futures::future::select_all(accepts).await.0 {
            Ok(client) => return (client, place),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

async fn accept(listener: &Listener) -> io::Result<Client> {
    match listener {
        Listener::Unix(socket) => socket.accept().await.map(Client::Local),
        Listener::Tls(tls) => Ok(Client::Tls(tls.accept().await?, tls.acceptor())),
    }
}
