//! A connector over a Unix socket, for hyper's client.

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

/// Opens connections to one socket, whatever the address of the request.
#[derive(Debug, Clone)]
pub(super) struct UnixConnector {
    path: Arc<PathBuf>,
}

impl UnixConnector {
    /// Returns a connector to the socket at `path`.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path: Arc::new(path) }
    }
}

impl tower::Service<Uri> for UnixConnector {
    type Response = TokioIo<UnixStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let path = Arc::clone(&self.path);
        Box::pin(async move { UnixStream::connect(path.as_path()).await.map(TokioIo::new) })
    }
}
