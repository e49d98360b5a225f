//! What `run` needs of the engine that it is embedded with.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use jobling_core::api::ApiError;
use jobling_core::engine::{Reader, Reply, Request};
use jobling_node::Logs;
use tokio::sync::watch;

/// The engine with its store and its node, as `run` sees them.
pub(crate) trait Stage: Send + Sync {
    /// Hands a change to the engine; the answer comes after the commit.
    fn submit(&self, request: Request) -> BoxFuture<'static, Result<Reply, ApiError>>;

    /// Returns the reading side of the store.
    fn reader(&self) -> Arc<dyn Reader>;

    /// Returns the newest committed revision, told after the reader has what it stands for.
    fn revisions(&self) -> watch::Receiver<u64>;

    /// Returns what pods print.
    fn logs(&self) -> Logs;

    /// Puts the module in `file` behind the image name `name`; the error says why it cannot be.
    fn import(&self, name: &str, file: &Path) -> Result<(), String>;

    /// Ends every pod, in order within `grace`, and returns once they have ended.
    fn drain(&self, grace: Duration) -> BoxFuture<'static, ()>;
}
