//! The view that `run` has of a host.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use jobling_core::api::ApiError;
use jobling_core::engine::{Reader, Reply, Request};
use jobling_node::Logs;
use tokio::sync::watch;

use super::error::sentence;
use super::{Ended, Handle};
use crate::run::Stage;

impl Stage for Handle {
    fn submit(&self, request: Request) -> BoxFuture<'static, Result<Reply, ApiError>> {
        self.submit(request)
    }

    fn reader(&self) -> Arc<dyn Reader> {
        self.reader()
    }

    fn revisions(&self) -> watch::Receiver<u64> {
        self.revisions()
    }

    fn logs(&self) -> Logs {
        self.logs()
    }

    fn import(&self, name: &str, file: &Path) -> Result<(), String> {
        self.import(name, file).map(drop).map_err(|error| sentence(&error))
    }

    fn drain(&self, grace: Duration) -> BoxFuture<'static, ()> {
        let drained = self.drain(grace);
        Box::pin(async move {
            match drained.await {
                Ended::Drained | Ended::Closed => {}
                Ended::Overdue(pods) => tracing::warn!(pods, "pods have not ended in time"),
                Ended::Panicked(message) => tracing::error!(message, "the engine has failed"),
            }
        })
    }
}
