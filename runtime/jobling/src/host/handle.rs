//! What the rest of the program holds of a host: it asks, reads and follows through it.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::future::BoxFuture;
use jobling_core::api::{ApiError, Reason};
use jobling_core::engine::{Reader, Reply, Request};
use jobling_core::trigger::{TriggerReply, TriggerRequest};
use jobling_images::registry::{Keyring, Puller};
use jobling_images::{Entry, Image, ImageStore, Reference};
use jobling_node::{Logs, Meters, Node};
use jobling_queues::Queues;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

use super::calls::Untold;
use super::driver::{Asked, Ended, Orders};
use super::error::ImportFileError;
use crate::clock;

/// When a client that was turned away may come again.
const RETRY_AFTER_SECONDS: u32 = 1;

/// A host's front door. Clones are the same; none of them keeps the host alive.
#[derive(Clone)]
pub(crate) struct Handle(pub(super) Arc<Shared>);

/// What all handles share.
pub(super) struct Shared {
    pub(super) requests: mpsc::Sender<Asked>,
    pub(super) orders: watch::Sender<Orders>,
    pub(super) ended: watch::Receiver<Option<Ended>>,
    pub(super) beats: watch::Receiver<u64>,
    pub(super) revisions: watch::Receiver<u64>,
    pub(super) reader: Arc<dyn Reader>,
    pub(super) images: Arc<ImageStore>,
    pub(super) puller: Puller,
    pub(super) keyring: Keyring,
    pub(super) logs: Logs,
    pub(super) meters: Meters,
    pub(super) queues: Arc<Queues>,
    pub(super) trigger_endpoint: OnceLock<String>,
    /// What runs requests without a Job.
    pub(super) node: Option<Node>,
    pub(super) untold: Untold,
}

impl Handle {
    /// Hands a change to the engine at once; the answer comes after the commit. Where too many wait
    /// already the answer is to try again.
    pub(crate) fn submit(&self, request: Request) -> BoxFuture<'static, Result<Reply, ApiError>> {
        let (sender, answer) = oneshot::channel();
        self.ask(Asked::Change(request, sender), answer)
    }

    /// Hands a request to an HTTPTrigger to the engine, likewise.
    pub(crate) fn submit_to_trigger(
        &self,
        request: TriggerRequest,
    ) -> BoxFuture<'static, Result<TriggerReply, ApiError>> {
        let (sender, answer) = oneshot::channel();
        self.ask(Asked::Trigger(request, sender), answer)
    }

    fn ask<T: Send + 'static>(
        &self,
        asked: Asked,
        answer: oneshot::Receiver<Result<T, ApiError>>,
    ) -> BoxFuture<'static, Result<T, ApiError>> {
        let sent = self.0.requests.try_send(asked);
        Box::pin(async move {
            match sent {
                Ok(()) => answer.await.unwrap_or_else(|_| Err(stopped())),
                Err(TrySendError::Full(_)) => Err(too_many()),
                Err(TrySendError::Closed(_)) => Err(stopped()),
            }
        })
    }

    /// Returns the reading side of the store, with the events that pods tell. It may block.
    pub(crate) fn reader(&self) -> Arc<dyn Reader> {
        Arc::clone(&self.0.reader)
    }

    /// Returns the newest committed revision, told after the reader has what it stands for.
    pub(crate) fn revisions(&self) -> watch::Receiver<u64> {
        self.0.revisions.clone()
    }

    /// Returns what pods print.
    pub(crate) fn logs(&self) -> Logs {
        self.0.logs.clone()
    }

    /// Returns what reads what pods use.
    pub(crate) fn meters(&self) -> &Meters {
        &self.0.meters
    }

    /// Has it known where requests to HTTPTriggers are taken, such as `http://127.0.0.1:8080`.
    pub(crate) fn takes_requests_at(&self, url: String) {
        self.0.trigger_endpoint.get_or_init(|| url);
    }

    /// Returns where requests to HTTPTriggers are taken, if anywhere.
    pub(crate) fn trigger_endpoint(&self) -> Option<String> {
        self.0.trigger_endpoint.get().cloned()
    }

    /// Returns the local store of images.
    pub(crate) fn images(&self) -> &Arc<ImageStore> {
        &self.0.images
    }

    /// Returns what speaks to registries.
    pub(crate) fn puller(&self) -> &Puller {
        &self.0.puller
    }

    /// Returns what this host shows registries.
    pub(crate) fn keyring(&self) -> &Keyring {
        &self.0.keyring
    }

    /// Returns the work queues.
    pub(crate) fn queues(&self) -> &Arc<Queues> {
        &self.0.queues
    }

    /// Puts the module in `file` behind the image name `name`. It blocks.
    ///
    /// # Errors
    /// Where the name is none, or the file cannot be read or is no module.
    pub(crate) fn import(&self, name: &str, file: &Path) -> Result<Image, ImportFileError> {
        let reference = name.parse::<Reference>()?;
        let source = std::fs::File::open(file).map_err(ImportFileError::File)?;
        let now = clock::now().into();
        Ok(self.0.images.import(&reference, source, Entry::default(), now)?)
    }

    /// Has every pod end by itself within `grace` and no other start; the engine then stops. Returns how
    /// that went. A second call may shorten the grace.
    pub(crate) fn drain(&self, grace: Duration) -> BoxFuture<'static, Ended> {
        self.0.orders.send_modify(|orders| {
            orders.drain = Some(orders.drain.map_or(grace, |before| before.min(grace)));
        });
        self.ended()
    }

    /// Waits until the engine's thread has gone round once more; for ever where it does not any more.
    pub(crate) async fn beat(&self) {
        let mut beats = self.0.beats.clone();
        let mut asked = 0;
        self.0.orders.send_modify(|orders| {
            orders.beats += 1;
            asked = orders.beats;
        });
        if beats.wait_for(|seen| *seen >= asked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Returns how the engine ended, once it has: nothing is answered or started from then on.
    pub(crate) fn ended(&self) -> BoxFuture<'static, Ended> {
        let mut ended = self.0.ended.clone();
        Box::pin(async move {
            match ended.wait_for(Option::is_some).await {
                Ok(ended) => ended.clone().unwrap_or(Ended::Closed),
                Err(_) => Ended::Closed,
            }
        })
    }
}

fn stopped() -> ApiError {
    let message =
        "the daemon is stopping; whether this was still done is seen after its next start";
    ApiError::new(Reason::ServiceUnavailable, message)
}

fn too_many() -> ApiError {
    let message = "too many changes wait for the engine; try again later";
    let retry_after_seconds = Some(RETRY_AFTER_SECONDS);
    ApiError { retry_after_seconds, ..ApiError::new(Reason::TooManyRequests, message) }
}
