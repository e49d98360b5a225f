//! The server's view of a host.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use jobling_core::Timestamp;
use jobling_core::api::{ApiError, Reason};
use jobling_core::engine::{Reader, Reply, Request};
use jobling_core::queues::{Answer as QueueAnswer, Operation};
use jobling_queues::QueueError;
use jobling_server::{
    Backend, ContainerUsage, Image, ImageDetails, LogQuery, LogStream, PodUsage, PruneImages,
    Transfer, TransferOrder,
};
use tokio::sync::watch;

use super::error::sentence;
use super::{Handle, images, logs, transfers};
use crate::clock;

impl Backend for Handle {
    fn submit(&self, request: Request) -> BoxFuture<'static, Result<Reply, ApiError>> {
        self.submit(request)
    }

    fn reader(&self) -> Arc<dyn Reader> {
        self.reader()
    }

    fn revisions(&self) -> watch::Receiver<u64> {
        self.revisions()
    }

    fn logs(&self, query: LogQuery) -> BoxFuture<'static, Result<LogStream, ApiError>> {
        let (reader, output) = (self.reader(), self.logs());
        Box::pin(blocking(move || {
            let key = logs::run_key(&*reader, &query)?;
            Ok(logs::stream(output.read(key, logs::part(&query))))
        }))
    }

    fn images(&self) -> BoxFuture<'static, Result<Vec<Image>, ApiError>> {
        let images = self.images().list().iter().map(images::told).collect();
        Box::pin(std::future::ready(Ok(images)))
    }

    fn image(&self, name: String) -> BoxFuture<'static, Result<Option<ImageDetails>, ApiError>> {
        let images = Arc::clone(self.images());
        Box::pin(blocking(move || images::details(&images, &name)))
    }

    fn import_image(
        &self,
        name: String,
        content: Bytes,
    ) -> BoxFuture<'static, Result<Image, ApiError>> {
        let images = Arc::clone(self.images());
        Box::pin(blocking(move || images::import(&images, &name, &content)))
    }

    fn pull_image(&self, name: String, order: TransferOrder) -> Transfer {
        transfers::pull(self, name, order)
    }

    fn push_image(&self, name: String, order: TransferOrder) -> Transfer {
        transfers::push(self, name, order)
    }

    fn prune_images(
        &self,
        what: PruneImages,
        keep_bytes: u64,
    ) -> BoxFuture<'static, Result<Vec<Image>, ApiError>> {
        let images = Arc::clone(self.images());
        Box::pin(blocking(move || images::prune(&images, what, keep_bytes)))
    }

    fn remove_image(&self, name: String) -> BoxFuture<'static, Result<Option<Image>, ApiError>> {
        let images = Arc::clone(self.images());
        Box::pin(blocking(move || images::remove(&images, &name)))
    }

    fn usage(&self) -> Vec<PodUsage> {
        self.meters().read().into_iter().map(used).collect()
    }

    fn queue(&self, operation: Operation) -> BoxFuture<'static, Result<QueueAnswer, ApiError>> {
        let queues = Arc::clone(self.queues());
        Box::pin(async move {
            let open = move || queues.builtin().map_err(|error| queue_refused(&error));
            blocking(open).await?.ask(operation).await.map_err(|error| queue_refused(&error))
        })
    }

    fn trigger_endpoint(&self) -> Option<String> {
        self.trigger_endpoint()
    }

    fn now(&self) -> Timestamp {
        clock::moment()
    }
}

/// Runs `work` on a thread that may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(ApiError::new(Reason::InternalError, error.to_string())))
}

fn used(usage: jobling_node::PodUsage) -> PodUsage {
    let jobling_node::PodUsage { namespace, name, containers } = usage;
    let containers = containers.into_iter().map(|container| ContainerUsage {
        name: container.name,
        cpu: container.cpu,
        window: container.window,
        memory_bytes: container.memory_bytes,
    });
    PodUsage { namespace, name, containers: containers.collect() }
}

fn queue_refused(error: &QueueError) -> ApiError {
    ApiError::new(Reason::ServiceUnavailable, sentence(error))
}
