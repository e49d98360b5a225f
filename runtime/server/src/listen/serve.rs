//! The clients of the API: from which listeners they come, and how each is served.

use std::io;
use std::sync::Arc;

use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;

use super::clients::{Bounds, serve_clients};
use super::connection::{serve_local, serve_tls};
use super::{TlsListener, UnixSocket};
use crate::api::Api;

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
    let limits = api.limits();
    let bounds = Bounds { connections: limits.connections, drain_timeout: limits.drain_timeout };
    let listeners: Arc<[Listener]> = listeners.into();
    let accept = move || next(Arc::clone(&listeners));
    let serve = |client, watcher| {
        let api = Arc::clone(&api);
        async move {
            match client {
                Client::Local(stream) => serve_local(api, stream, watcher).await,
                Client::Tls(stream, acceptor) => serve_tls(api, stream, acceptor, watcher).await,
            }
        }
    };
    serve_clients(bounds, accept, serve, stop, || api.stop()).await;
}

/// A client that has come in.
enum Client {
    Local(UnixStream),
    Tls(TcpStream, TlsAcceptor),
}

/// Returns the next client of any listener.
async fn next(listeners: Arc<[Listener]>) -> io::Result<Client> {
    if listeners.is_empty() {
        return std::future::pending().await;
    }
    let accepts = listeners.iter().map(|listener| Box::pin(accept(listener)));
    futures::future::select_all(accepts).await.0
}

async fn accept(listener: &Listener) -> io::Result<Client> {
    match listener {
        Listener::Unix(socket) => socket.accept().await.map(Client::Local),
        Listener::Tls(tls) => Ok(Client::Tls(tls.accept().await?, tls.acceptor())),
    }
}
