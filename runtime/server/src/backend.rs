//! What the server needs of the rest of the program: the port that the binary implements.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use jobling_core::Timestamp;
use jobling_core::api::ApiError;
use jobling_core::engine::{Reader, Reply, Request};
use jobling_core::queues::{Answer as QueueAnswer, Operation};
use tokio::sync::watch;

use crate::transfer::{Transfer, TransferOrder};

/// What a pod's container has printed, as it comes; it ends where the answer ends.
pub type LogStream = BoxStream<'static, io::Result<Bytes>>;

/// What the API is served from. One for the whole process; every method returns at once.
pub trait Backend: Send + Sync + 'static {
    /// Hands a change to the engine; the answer comes after the commit.
    fn submit(&self, request: Request) -> BoxFuture<'static, Result<Reply, ApiError>>;

    /// Returns the reading side of the store. It may block: the server reads on threads for that.
    fn reader(&self) -> Arc<dyn Reader>;

    /// Returns the newest committed revision, told after [`Reader::changes`] has what it stands for.
    fn revisions(&self) -> watch::Receiver<u64>;

    /// Opens what a container of a pod has printed. The pod and the container exist.
    fn logs(&self, query: LogQuery) -> BoxFuture<'static, Result<LogStream, ApiError>>;

    /// Returns the images of the local store, by name.
    fn images(&self) -> BoxFuture<'static, Result<Vec<Image>, ApiError>>;

    /// Stores a module under `name`, which may stand for another one so far.
    fn import_image(
        &self,
        name: String,
        content: Bytes,
    ) -> BoxFuture<'static, Result<Image, ApiError>>;

    /// Returns all that is known of the image of that name; `None` where there is none.
    fn image(&self, name: String) -> BoxFuture<'static, Result<Option<ImageDetails>, ApiError>>;

    /// Brings an image from its registry. The stream is the pull: dropped, it ends.
    fn pull_image(&self, name: String, order: TransferOrder) -> Transfer;

    /// Takes an image to a registry.
    fn push_image(&self, name: String, order: TransferOrder) -> Transfer;

    /// Lets go of images that are not in use, the least recently used first, until no more than so many bytes
    /// are left. Returns what went.
    fn prune_images(
        &self,
        what: PruneImages,
        keep_bytes: u64,
    ) -> BoxFuture<'static, Result<Vec<Image>, ApiError>>;

    /// Lets go of the image of that name; `None` where there is none.
    fn remove_image(&self, name: String) -> BoxFuture<'static, Result<Option<Image>, ApiError>>;

    /// Returns what each running pod uses.
    fn usage(&self) -> Vec<PodUsage>;

    /// Carries out an operation on the host's own work queues.
    fn queue(&self, operation: Operation) -> BoxFuture<'static, Result<QueueAnswer, ApiError>>;

    /// Returns where requests to HTTPTriggers are taken, such as `http://127.0.0.1:8080`; `None` where
    /// nowhere.
    fn trigger_endpoint(&self) -> Option<String>;

    /// Returns the time.
    fn now(&self) -> Timestamp;
}

/// What of a container's output is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogQuery {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// The container.
    pub container: String,
    /// Which of its runs.
    pub run: LogRun,
    /// Whether what it prints later is told too.
    pub follow: LogFollow,
    /// Only so many of the last lines.
    pub tail_lines: Option<u64>,
    /// Only what was printed then or later.
    pub since: Option<Timestamp>,
    /// Whether each line is preceded by when it was printed.
    pub stamps: LogStamps,
    /// At most so many bytes.
    pub limit_bytes: Option<u64>,
}

/// Which run of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogRun {
    /// The newest.
    #[default]
    Newest,
    /// The one before its last restart.
    Previous,
}

/// Whether what is printed later is told too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFollow {
    /// What there is now.
    #[default]
    No,
    /// Until the run has ended.
    UntilEnd,
}

/// Whether lines are preceded by when they were printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogStamps {
    /// As they were printed.
    #[default]
    Without,
    /// RFC 3339 with the fraction of the second, then a space.
    With,
}

/// What a running pod uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodUsage {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Each container that runs.
    pub containers: Vec<ContainerUsage>,
}

/// What a running container uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerUsage {
    /// Its name.
    pub name: String,
    /// Time on a core within `window`.
    pub cpu: Duration,
    /// How long before now `cpu` is counted from.
    pub window: Duration,
    /// Its memory.
    pub memory_bytes: u64,
}

/// An image of the local store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The name, such as `backup-tool:latest`.
    pub name: String,
    /// `sha256:…` of its content.
    pub digest: String,
    /// Its size.
    pub size_bytes: u64,
    /// `module` or `component`.
    pub format: String,
    /// When it was stored.
    pub stored_at: Timestamp,
}

/// All that is known of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageDetails {
    /// What is listed of it.
    pub image: Image,
    /// The digest that its registry has it under; `None` where it was imported.
    pub origin: Option<String>,
    /// When it was last run.
    pub used_at: Timestamp,
    /// Its own command line, and the arguments after it.
    pub entrypoint: Vec<String>,
    /// What is imported, with what it is.
    pub imports: Vec<(String, String)>,
    /// What is exported, with what it is.
    pub exports: Vec<(String, String)>,
    /// Languages and tools: their part, name and version.
    pub producers: Vec<(String, String, String)>,
    /// What it can only do where it is let: a word, and what that means for a manifest.
    pub permissions: Vec<(String, String)>,
}

/// What of the images that are not in use may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PruneImages {
    /// Those that can be pulled again.
    #[default]
    Pulled,
    /// Those that were imported, too.
    All,
}
