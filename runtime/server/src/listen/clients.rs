//! Taking clients, as many as are allowed, until the server is to end: the same for the API and for the
//! trigger endpoint.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

/// How long accepting rests after it failed, such as for want of descriptors.
const REST: Duration = Duration::from_millis(100);

/// How many clients there may be, and how they go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Connections at once; further ones wait in the system's queue.
    pub(crate) connections: usize,
    /// How long requests may go on once nobody is accepted any more.
    pub(crate) drain_timeout: Duration,
}

/// Serves each client that `accept` returns until `stop` is ready; then lets go of `accept`, with the
/// listeners in it, calls `ending`, and returns once every connection has ended or was cut.
pub(crate) async fn serve_clients<C, A, S>(
    bounds: Bounds,
    accept: impl Fn() -> A,
    serve: impl Fn(C, Watcher) -> S,
    stop: impl Future<Output = ()>,
    ending: impl FnOnce(),
) where
    A: Future<Output = io::Result<C>>,
    S: Future<Output = ()> + Send + 'static,
{
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(bounds.connections));
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            (client, place) = next(&accept, &places) => {
                let served = serve(client, graceful.watcher());
                connections.spawn(async move {
                    served.await;
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
    drop(accept);
    ending();
    if tokio::time::timeout(bounds.drain_timeout, graceful.shutdown()).await.is_err() {
        tracing::warn!(open = connections.len(), "connections were cut that did not end in time");
    }
    connections.shutdown().await;
}

/// Returns the next client with its place; waits for a place first, so that those who are too many wait
/// in the system's queue.
async fn next<C, A>(accept: &impl Fn() -> A, places: &Arc<Semaphore>) -> (C, OwnedSemaphorePermit)
where
    A: Future<Output = io::Result<C>>,
{
    let place = match Arc::clone(places).acquire_owned().await {
        Ok(place) => place,
        // Nobody closes the semaphore.
        Err(_) => std::future::pending().await,
    };
    loop {
        match accept().await {
            Ok(client) => return (client, place),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(REST).await;
            }
        }
    }
}
