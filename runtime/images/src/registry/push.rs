//! Takes an image to a registry: as the CNCF's artifact, whose layer is the module, or in the shape of a
//! container image, which runwasi and Docker run.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::StreamExt;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode, Uri};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use serde_json::{Value, json};

use super::client::{Body, Client};
use super::credentials::{CredentialsError, Keyring};
use super::failure::RegistryError;
use super::manifest::{OCI_CONFIG, OCI_MANIFEST, TAR_GZIP_LAYER, WASM_CONFIG, WASM_LAYER};
use super::progress::{Progress, Stage};
use super::session::{Access, Ask, Session};
use super::settings::{TRANSFER, Transport};
use crate::{Digest, Image, ImageError, ImageKind, ImageStore, Reference, ReferenceError, Summary};

/// Bytes that are handed over at a time.
const PIECE_BYTES: usize = 64 << 10;

/// The shape that an image is pushed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// The CNCF's WASM artifact.
    #[default]
    Artifact,
    /// A container image for `wasi/wasm` with the module in a tar layer.
    Runwasi,
}

/// What is to be pushed.
#[derive(Debug, Clone, Default)]
pub struct PushRequest {
    /// The image's name in the store.
    pub image: String,
    /// The name that it gets in the registry; `None`: the same.
    pub remote: Option<String>,
    /// Its shape there.
    pub format: Format,
    /// What the registry may be shown.
    pub keyring: Keyring,
    /// How it is spoken to.
    pub transport: Transport,
}

/// What was pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The name in the registry.
    pub reference: Reference,
    /// The manifest's digest.
    pub digest: Digest,
}

/// Why an image could not be pushed.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// A name is none.
    #[error(transparent)]
    Name(#[from] ReferenceError),
    /// There is no such image.
    #[error("the image {image} is not on this host")]
    NotHere {
        /// Its name.
        image: String,
    },
    /// The name has no registry.
    #[error("the name {remote} has no registry to push to; write HOST/{remote}")]
    NoRegistry {
        /// The name.
        remote: String,
    },
    /// The name has a digest and no tag.
    #[error("the name {remote} has no tag to push to")]
    NoTag {
        /// The name.
        remote: String,
    },
    /// The image cannot be read.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// It cannot be packed.
    #[error("the image cannot be packed")]
    Pack(#[source] std::io::Error),
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// What it should be shown cannot be used.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// All of it took too long.
    #[error("the push was given up after {minutes} minutes")]
    TimedOut {
        /// How long that was.
        minutes: u64,
    },
}

/// What goes to the registry: blobs, then what lists them.
#[derive(Debug)]
struct Package {
    config: Blob,
    layer: Blob,
    manifest: Bytes,
}

#[derive(Debug)]
struct Blob {
    bytes: Bytes,
    digest: Digest,
}

/// What hears how far it is.
type Told<'a> = &'a (dyn Fn(Progress) + Send + Sync);

pub(super) async fn push(
    client: &Client,
    store: &Arc<ImageStore>,
    request: &PushRequest,
    told: Told<'_>,
) -> Result<Pushed, PushError> {
    let image = request.image.parse::<Reference>()?;
    let not_here = || PushError::NotHere { image: image.familiar() };
    let found = store.resolve(&image).ok_or_else(not_here)?;
    let remote = request.remote.as_ref().unwrap_or(&request.image);
    let reference = remote.parse::<Reference>()?;
    if !Reference::names_registry(remote) {
        return Err(PushError::NoRegistry { remote: reference.familiar() });
    }
    let no_tag = || PushError::NoTag { remote: reference.familiar() };
    let tag = reference.tag().ok_or_else(no_tag)?;
    let (reader, format) = (Arc::clone(store), request.format);
    let packed = tokio::task::spawn_blocking(move || Package::of(&reader, &found, format)).await;
    let package = packed.map_err(|error| PushError::Pack(std::io::Error::other(error)))??;
    let credentials = request.keyring.of(reference.registry(), reference.repository())?;
    let place = (reference.registry(), reference.repository());
    let transport = request.transport;
    let sending = async {
        let first = credentials.into_iter().next();
        let session = Session::open(client, place, transport, Access::Push, first).await?;
        blob(&session, &package.layer, "layer", told).await?;
        blob(&session, &package.config, "configuration", told).await?;
        manifest(&session, &package.manifest, tag).await
    };
    let sent = tokio::time::timeout(TRANSFER, sending).await;
    sent.map_err(|_| PushError::TimedOut { minutes: TRANSFER.as_secs() / 60 })??;
    let digest = Digest::of(&package.manifest);
    Ok(Pushed { reference, digest })
}

async fn blob(
    session: &Session<'_>,
    blob: &Blob,
    what: &'static str,
    told: Told<'_>,
) -> Result<(), RegistryError> {
    told(Progress { stage: Stage::Asking, ..Progress::default() });
    let head = Ask::new(Method::HEAD, what, session.uri(&format!("blobs/{}", blob.digest))?);
    if session.send(&head).await?.status().is_success() {
        return Ok(());
    }
    let begin = Ask::new(Method::POST, what, session.uri("blobs/uploads/")?);
    let begun = session.ask(&begin).await?;
    if begun.status() != StatusCode::ACCEPTED {
        return Err(session.malformed("upload", format!("it answered {}", begun.status())));
    }
    let uri = with_digest(&session.location(&begin.uri, begun.headers())?, &blob.digest)
        .ok_or_else(|| session.malformed("upload", "its address cannot be used".to_owned()))?;
    let total = blob.bytes.len() as u64;
    // Each piece is told as it is taken by the connection.
    let (teller, mut pieces) = tokio::sync::watch::channel(0u64);
    let body = || stream(blob.bytes.clone(), teller.clone());
    let mut put = Ask::new(Method::PUT, what, uri)
        .header(CONTENT_LENGTH, HeaderValue::from(total))
        .header(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    put.body = Some(&body);
    put.answer_within = TRANSFER;
    let mut sending = std::pin::pin!(session.ask(&put));
    loop {
        tokio::select! {
            sent = &mut sending => return sent.map(drop),
            Ok(()) = pieces.changed() => {
                let done_bytes = *pieces.borrow_and_update();
                told(Progress { stage: Stage::Transferring, done_bytes, total_bytes: total });
            }
        }
    }
}

/// Returns a body that tells how much of it was taken.
fn stream(bytes: Bytes, teller: tokio::sync::watch::Sender<u64>) -> Body {
    let pieces =
        futures::stream::unfold((bytes, teller, 0u64), |(mut rest, teller, done)| async move {
            if rest.is_empty() {
                return None;
            }
            let piece = rest.split_to(rest.len().min(PIECE_BYTES));
            let done = done + piece.len() as u64;
            teller.send_replace(done);
            Some((Ok::<_, Infallible>(Frame::data(piece)), (rest, teller, done)))
        });
    StreamBody::new(pieces.boxed()).boxed_unsync()
}

async fn manifest(session: &Session<'_>, text: &Bytes, tag: &str) -> Result<(), RegistryError> {
    let body = || Full::new(text.clone()).boxed_unsync();
    let mut put = Ask::new(Method::PUT, "manifest", session.uri(&format!("manifests/{tag}"))?)
        .header(CONTENT_TYPE, HeaderValue::from_static(OCI_MANIFEST));
    put.body = Some(&body);
    session.ask(&put).await.map(drop)
}

fn with_digest(uri: &Uri, digest: &Digest) -> Option<Uri> {
    let separator = if uri.query().is_some() { '&' } else { '?' };
    format!("{uri}{separator}digest={digest}").parse().ok()
}

impl Package {
    fn of(store: &ImageStore, image: &Image, format: Format) -> Result<Self, PushError> {
        let module = Blob::new(store.read(image)?.into());
        let created = jiff::Timestamp::try_from(image.imported_at).unwrap_or_default().to_string();
        let os = match image.kind {
            ImageKind::Module => "wasip1",
            ImageKind::Component => "wasip2",
        };
        let file = format!("{}.wasm", base_name(&image.reference));
        let (config, config_type, layer, layer_type) = match format {
            Format::Artifact => {
                let mut config = json!({"created": created, "architecture": "wasm", "os": os,
                    "layerDigests": [module.digest]});
                if image.kind == ImageKind::Component
                    && let Ok(summary) = Summary::of(&module.bytes)
                {
                    config["component"] = component(&summary);
                }
                (config, WASM_CONFIG, module, WASM_LAYER)
            }
            Format::Runwasi => {
                let tar = archive(&file, &module.bytes).map_err(PushError::Pack)?;
                let run = json!({"Entrypoint": [format!("/{file}")], "Cmd": image.entry.cmd,
                    "Env": image.entry.env.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>(),
                    "Labels": image.entry.labels});
                let config = json!({"created": created, "architecture": "wasm", "os": os, "config": run,
                    "rootfs": {"type": "layers", "diff_ids": [Digest::of(&tar)]}});
                let layer = Blob::new(gzip(&tar).map_err(PushError::Pack)?.into());
                (config, OCI_CONFIG, layer, TAR_GZIP_LAYER)
            }
        };
        let config = Blob::new(config.to_string().into());
        let mut listed = layer.descriptor(layer_type);
        listed["annotations"] = json!({"org.opencontainers.image.title": file});
        let manifest = json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST,
            "config": config.descriptor(config_type), "layers": [listed]});
        Ok(Self { config, layer, manifest: manifest.to_string().into() })
    }
}

impl Blob {
    fn new(bytes: Bytes) -> Self {
        Self { digest: Digest::of(&bytes), bytes }
    }

    fn descriptor(&self, media_type: &str) -> Value {
        json!({"mediaType": media_type, "digest": self.digest, "size": self.bytes.len()})
    }
}

/// What a component's configuration lists, so that tools need not fetch it to know.
fn component(summary: &Summary) -> Value {
    let names = |externs: &[crate::Extern]| -> Vec<String> {
        externs.iter().map(|one| one.name.clone()).collect()
    };
    json!({"imports": names(&summary.imports), "exports": names(&summary.exports)})
}

fn base_name(reference: &Reference) -> &str {
    let repository = reference.repository();
    repository.rsplit_once('/').map_or(repository, |(_, name)| name)
}

/// Returns an archive of one file; its times are none, so that the same module has the same digest.
fn archive(name: &str, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    builder.append_data(&mut header, name, bytes)?;
    builder.into_inner()
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    std::io::Write::write_all(&mut encoder, bytes)?;
    encoder.finish()
}
