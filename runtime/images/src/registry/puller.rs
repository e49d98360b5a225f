//! Pulls and pushes for the whole process: who wants what, one pull of an image at a time, a few at once.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::FutureExt;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::client::Client;
use super::credentials::Keyring;
use super::failure::PullError;
use super::flight::{Flight, Flights, Key};
use super::partials::Partials;
use super::progress::{Progress, Teller};
use super::pull::{Outcome, Pull};
use super::push::{self, PushError, PushRequest, Pushed};
use super::settings::{PULLS, TRANSFER, Transport};
use crate::{Image, ImageStore, Reference};

/// What Docker puts in front of the names of its own.
const LIBRARY: &str = "library/";
const DOCKER_HUB: &str = "docker.io";

/// Brings images from and to registries. Clones are the same.
#[derive(Debug, Clone)]
pub struct Puller(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Client,
    store: Arc<ImageStore>,
    partials: Partials,
    flights: Flights,
    slots: Arc<Semaphore>,
    now: fn() -> SystemTime,
}

/// What is to be pulled.
#[derive(Debug, Clone, Default)]
pub struct PullRequest {
    /// The image's name, as it is written.
    pub image: String,
    /// What the registry may be shown, in order.
    pub keyring: Keyring,
    /// How it is spoken to.
    pub transport: Transport,
}

/// Whether anything had to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetched {
    /// The registry had something new.
    Downloaded,
    /// It has what was here.
    Unchanged,
}

/// What a pull came to.
#[derive(Debug, Clone)]
pub struct Pulled {
    /// The image.
    pub image: Image,
    /// Whether anything had to come.
    pub fetched: Fetched,
    /// How long the pull took.
    pub took: Duration,
    /// How long with the time that others went first.
    pub took_with_waiting: Duration,
}

impl Puller {
    /// Returns one that keeps what it pulls in `store`, and asks `now` for the time.
    #[must_use]
    pub fn new(client: Client, store: Arc<ImageStore>, now: fn() -> SystemTime) -> Self {
        let partials = Partials::new(store.partials());
        let (flights, slots) = (Flights::default(), Arc::new(Semaphore::new(PULLS)));
        Self(Arc::new(Inner { client, store, partials, flights, slots, now }))
    }

    /// Returns whether the name, as it is written, leads to a registry: a bare one does only where the
    /// operator says where to.
    #[must_use]
    pub fn has_registry(&self, image: &str) -> bool {
        Reference::names_registry(image) || self.0.client.settings().default_registry.is_some()
    }

    /// Returns the pull of an image: a new one, or one that is under way. It begins when it is awaited.
    ///
    /// # Errors
    /// Where the name is none or leads to no registry.
    pub fn pull(&self, request: PullRequest) -> Result<Flight, PullError> {
        let reference: Reference = request.image.parse()?;
        let (registry, repository) = self.place(&request.image, &reference)?;
        let credentials = request.keyring.identity(&registry, &repository);
        let key = Key { reference: reference.clone(), transport: request.transport, credentials };
        let inner = Arc::clone(&self.0);
        Ok(self.0.flights.join(key, || {
            let (teller, progress) = Teller::new();
            let pull = async move {
                let found = inner.pull(&request, &reference, (&registry, &repository), &teller).await;
                if let Err(error) = &found {
                    tracing::info!(image = %reference, error = error as &dyn std::error::Error, "image not pulled");
                }
                found.map_err(Arc::new)
            };
            (pull.boxed(), progress)
        }))
    }

    /// Takes an image of the store to a registry.
    ///
    /// # Errors
    /// Where there is no such image, or the registry does not take it.
    pub async fn push(
        &self,
        request: &PushRequest,
        progress: impl Fn(Progress) + Send + Sync,
    ) -> Result<Pushed, PushError> {
        push::push(&self.0.client, &self.0.store, request, &progress).await
    }

    /// Returns the registry and the repository that a name leads to.
    fn place(&self, image: &str, reference: &Reference) -> Result<(String, String), PullError> {
        let repository = reference.repository();
        if Reference::names_registry(image) {
            return Ok((reference.registry().to_owned(), repository.to_owned()));
        }
        let registry = self.0.client.settings().default_registry.clone();
        let registry =
            registry.ok_or_else(|| PullError::NoRegistry { image: reference.familiar() })?;
        let bare = repository.strip_prefix(LIBRARY).filter(|_| registry != DOCKER_HUB);
        Ok((registry, bare.unwrap_or(repository).to_owned()))
    }
}

impl Inner {
    async fn pull(
        &self,
        request: &PullRequest,
        reference: &Reference,
        (registry, repository): (&str, &str),
        teller: &Teller,
    ) -> Result<Pulled, PullError> {
        let asked = Instant::now();
        let slot = Arc::clone(&self.slots).acquire_owned().await;
        let begun = Instant::now();
        let pull = Pull {
            client: &self.client,
            store: &self.store,
            partials: &self.partials,
            reference,
            registry,
            repository,
            transport: request.transport,
            teller,
            now: self.now,
        };
        let outcome =
            tokio::time::timeout(TRANSFER, Self::with_each(&pull, &request.keyring)).await;
        drop(slot);
        let minutes = TRANSFER.as_secs() / 60;
        let (image, fetched) = match outcome.unwrap_or(Err(PullError::TimedOut { minutes }))? {
            Outcome::Downloaded(image) => (image, Fetched::Downloaded),
            Outcome::Unchanged(image) => (image, Fetched::Unchanged),
        };
        let (took, took_with_waiting) = (begun.elapsed(), asked.elapsed());
        Ok(Pulled { image, fetched, took, took_with_waiting })
    }

    /// Tries what there is to be shown, one after another, as kubelet does.
    async fn with_each(pull: &Pull<'_>, keyring: &Keyring) -> Result<Outcome, PullError> {
        let mut credentials = keyring.of(pull.registry, pull.repository)?.into_iter();
        let mut outcome = pull.run(credentials.next()).await;
        for next in credentials {
            if !outcome.as_ref().err().is_some_and(PullError::is_denied) {
                break;
            }
            outcome = pull.run(Some(next)).await;
        }
        outcome
    }
}
