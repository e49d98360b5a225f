//! The server's view of a host.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use jobling_core::Timestamp;
use jobling_core::api::{ApiError, Reason};
use jobling_core::engine::{Reader, Reply, Request};
use jobling_core::queues::{Answer as QueueAnswer, Operation};
use jobling_images::{Entry, ImageError, ImageKind, ImportError, Reference, Removal};
use jobling_queues::QueueError;
use jobling_server::{Backend, ContainerUsage, Image, LogQuery, LogStream, PodUsage};
use tokio::sync::watch;

use super::error::sentence;
use super::{Handle, logs};
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
        let images = self.images().list().iter().map(told).collect();
        Box::pin(std::future::ready(Ok(images)))
    }

    fn import_image(
        &self,
        name: String,
        content: Bytes,
    ) -> BoxFuture<'static, Result<Image, ApiError>> {
        let images = Arc::clone(self.images());
        Box::pin(blocking(move || {
            let now = clock::now().into();
            let image = images.import(&reference(&name)?, &*content, Entry::default(), now);
            image.map(|image| told(&image)).map_err(|error| import_refused(&error))
        }))
    }

    fn remove_image(&self, name: String) -> BoxFuture<'static, Result<Option<Image>, ApiError>> {
        let images = Arc::clone(self.images());
        Box::pin(blocking(move || {
            let reference = reference(&name)?;
            let image = images.resolve(&reference);
            match images.remove(&reference) {
                Ok(Removal::Unknown) => Ok(None),
                Ok(Removal::Name | Removal::Image) => Ok(image.as_ref().map(told)),
                Err(error) => Err(remove_refused(&error)),
            }
        }))
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

fn reference(name: &str) -> Result<Reference, ApiError> {
    name.parse().map_err(|error| ApiError::new(Reason::BadRequest, sentence(&error)))
}

fn told(image: &jobling_images::Image) -> Image {
    let stored_at = jiff::Timestamp::try_from(image.imported_at).unwrap_or_default();
    Image {
        name: image.reference.familiar(),
        digest: image.digest.to_string(),
        size_bytes: image.size_bytes,
        format: match image.kind {
            ImageKind::Module => "module".to_owned(),
            ImageKind::Component => "component".to_owned(),
        },
        stored_at: Timestamp::from_unix_micros(stored_at.as_microsecond()),
    }
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

fn import_refused(error: &ImportError) -> ApiError {
    let reason = match error {
        ImportError::TooLarge { .. } => Reason::RequestEntityTooLarge,
        ImportError::StoreFull { .. } => Reason::InsufficientStorage,
        ImportError::Module(_) | ImportError::Digest { .. } => Reason::BadRequest,
        ImportError::File(source) => file_reason(source),
    };
    ApiError::new(reason, sentence(error))
}

fn remove_refused(error: &ImageError) -> ApiError {
    let reason = match error {
        ImageError::File { source, .. } => file_reason(source),
        ImageError::Changed { .. } | ImageError::Record { .. } => Reason::InternalError,
    };
    ApiError::new(reason, sentence(error))
}

fn file_reason(error: &io::Error) -> Reason {
    match error.kind() == io::ErrorKind::StorageFull {
        true => Reason::InsufficientStorage,
        false => Reason::InternalError,
    }
}
