//! One pull: what the name leads to, which of it is for WASI, where its module is, and into the store.

use std::fs::File;
use std::io::Seek;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderName, HeaderValue, Method};

use super::blob;
use super::client::Client;
use super::config::Config;
use super::credentials::Credentials;
use super::failure::{PullError, RegistryError};
use super::layer::{Compression, FilePath, Found, LayerError, Search};
use super::manifest::{self, Descriptor, Document, ManifestError, Shape};
use super::partials::Partials;
use super::progress::{Stage, Teller};
use super::session::{Access, Ask, Session, collect};
use super::settings::{MANIFEST_BYTES, Transport};
use crate::{Digest, Entry, Image, ImageStore, ImportError, Reference};

/// What a registry says a manifest's digest is.
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// One pull.
pub(super) struct Pull<'a> {
    pub(super) client: &'a Client,
    pub(super) store: &'a Arc<ImageStore>,
    pub(super) partials: &'a Partials,
    /// The name that the image gets.
    pub(super) reference: &'a Reference,
    pub(super) registry: &'a str,
    pub(super) repository: &'a str,
    pub(super) transport: Transport,
    pub(super) teller: &'a Teller,
    pub(super) now: fn() -> SystemTime,
}

/// What a pull came to.
pub(super) enum Outcome {
    /// The image is here, and new.
    Downloaded(Image),
    /// The registry has what is here.
    Unchanged(Image),
}

impl Pull<'_> {
    pub(super) async fn run(&self, credentials: Option<Credentials>) -> Result<Outcome, PullError> {
        self.teller.stage(Stage::Asking);
        let place = (self.registry, self.repository);
        let session =
            Session::open(self.client, place, self.transport, Access::Pull, credentials).await?;
        let (origin, text) = self.named(&session).await?;
        if let Some(image) = self.store.pulled(self.reference, &origin) {
            return Ok(Outcome::Unchanged(image));
        }
        let shape = match Document::parse(&text)? {
            Document::Manifest(shape) => shape,
            Document::Index(images) => {
                let image = manifest::for_wasi(images)?;
                let text = by_digest(&session, &image.digest).await?;
                match Document::parse(&text)? {
                    Document::Manifest(shape) => shape,
                    Document::Index(_) => return Err(ManifestError::Nested.into()),
                }
            }
        };
        let (module, entry) = self.module(&session, shape).await?;
        self.teller.stage(Stage::Storing);
        let (store, reference) = (Arc::clone(self.store), self.reference.clone());
        let now = (self.now)();
        let image =
            blocking(move || Ok(store.keep_pulled(&reference, module, entry, origin, now)?));
        Ok(Outcome::Downloaded(image.await?))
    }

    /// Returns what the name leads to, and its digest: the one that the name asks for, or the bytes' own,
    /// which the registry must not contradict.
    async fn named(&self, session: &Session<'_>) -> Result<(Digest, Bytes), PullError> {
        if let Some(digest) = self.reference.digest() {
            return Ok((digest.clone(), by_digest(session, digest).await?));
        }
        let (text, said) = document(session, self.reference.tag().unwrap_or("latest")).await?;
        let found = Digest::of(&text);
        match said.and_then(|said| said.parse().ok()) {
            Some(asked) if asked != found => {
                Err(RegistryError::Digest { what: "manifest", asked, found }.into())
            }
            _ => Ok((found, text)),
        }
    }

    async fn module(
        &self,
        session: &Session<'_>,
        shape: Shape,
    ) -> Result<(File, Entry), PullError> {
        match shape {
            Shape::Artifact(module) => {
                Ok((self.fetch(session, &module, "module").await?, Entry::default()))
            }
            Shape::Runwasi { config, module } => {
                let config = self.config(session, &config).await?;
                Ok((self.fetch(session, &module, "module").await?, config.entry()))
            }
            Shape::Image { config, layers } => {
                let config = self.config(session, &config).await?;
                let program = config.program()?;
                Ok((self.search(session, layers, program).await?, config.entry()))
            }
        }
    }

    async fn config(&self, session: &Session<'_>, blob: &Descriptor) -> Result<Config, PullError> {
        Ok(Config::parse(&blob::small(session, blob, "configuration").await?)?)
    }

    /// Returns the program out of the layers: the highest one that has it counts.
    async fn search(
        &self,
        session: &Session<'_>,
        layers: Vec<(Descriptor, Compression)>,
        program: FilePath,
    ) -> Result<File, PullError> {
        let most = self.store.limits().image_bytes;
        let mut left = most.saturating_mul(2);
        let mut entries = 0;
        let path = program.to_string();
        for (layer, compression) in layers.into_iter().rev() {
            left = left.checked_sub(layer.size).ok_or(ImportError::TooLarge { most })?;
            let file = self.fetch(session, &layer, "layer").await?;
            self.teller.stage(Stage::Storing);
            let program = program.clone();
            let searched = blocking(move || {
                let mut out = tempfile::tempfile()?;
                let mut search = Search::resumed(&program, most, entries);
                let found = search.layer(file, compression, layer.size, &mut out)?;
                out.rewind()?;
                Ok((found, out, search.entries()))
            });
            let (found, out, seen) = searched.await?;
            entries = seen;
            match found {
                Found::File => return Ok(out),
                Found::Removed => break,
                Found::Nothing => {}
            }
        }
        Err(LayerError::Missing { path }.into())
    }

    /// Fetches a blob that the store has room for.
    async fn fetch(
        &self,
        session: &Session<'_>,
        blob: &Descriptor,
        what: &'static str,
    ) -> Result<File, PullError> {
        let most = self.store.limits().image_bytes;
        if blob.size > most {
            return Err(ImportError::TooLarge { most }.into());
        }
        let (store, size) = (Arc::clone(self.store), blob.size);
        blocking(move || Ok(store.make_room(size)?)).await?;
        blob::fetch(session, blob, what, self.partials, self.teller).await
    }
}

async fn by_digest(session: &Session<'_>, digest: &Digest) -> Result<Bytes, PullError> {
    let (text, _) = document(session, &digest.to_string()).await?;
    let found = Digest::of(&text);
    if found == *digest {
        return Ok(text);
    }
    Err(RegistryError::Digest { what: "manifest", asked: digest.clone(), found }.into())
}

/// Returns a manifest or an index, and what the registry says its digest is.
async fn document(
    session: &Session<'_>,
    version: &str,
) -> Result<(Bytes, Option<String>), RegistryError> {
    let ask = Ask::new(Method::GET, "manifest", session.uri(&format!("manifests/{version}"))?)
        .header(ACCEPT, HeaderValue::from_static(manifest::ACCEPT));
    let response = session.ask(&ask).await?;
    let said = response.headers().get(CONTENT_DIGEST);
    let said = said.and_then(|said| said.to_str().ok()).map(str::to_owned);
    let text = collect(response.into_body(), "manifest", MANIFEST_BYTES).await?;
    Ok((text, said))
}

/// Runs `work` on a thread that may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PullError> + Send + 'static,
) -> Result<T, PullError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(PullError::Unpacking { why: error.to_string() }))
}
