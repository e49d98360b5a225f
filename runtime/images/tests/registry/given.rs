//! A store, a puller and a played registry with images in it.

use std::io::Write;
use std::sync::Arc;
use std::time::SystemTime;

use flate2::Compression;
use flate2::write::GzEncoder;
use jobling_images::registry::{
    Client, Keyring, PullError, PullRequest, Pulled, Puller, RegistrySettings, Transport,
};
use jobling_images::{Digest, ImageStore, Limits};
use serde_json::{Value, json};

use crate::played::{Answer, Played};

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(crate) const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
pub(crate) const WASM: &str = "application/wasm";
pub(crate) const TAR_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

pub(crate) const LIMITS: Limits = Limits { image_bytes: 1 << 20, total_bytes: 2 << 20 };

pub(crate) struct World {
    pub(crate) registry: Played,
    pub(crate) store: Arc<ImageStore>,
    pub(crate) puller: Puller,
    pub(crate) directory: tempfile::TempDir,
}

pub(crate) fn given() -> World {
    given_settings(RegistrySettings::default())
}

pub(crate) fn given_settings(settings: RegistrySettings) -> World {
    let directory = tempfile::tempdir().unwrap();
    let (store, puller) = open(directory.path(), settings);
    World { registry: Played::start(), store, puller, directory }
}

pub(crate) fn open(
    directory: &std::path::Path,
    settings: RegistrySettings,
) -> (Arc<ImageStore>, Puller) {
    let store = Arc::new(ImageStore::open(directory, LIMITS).unwrap());
    let client = Client::new(settings).unwrap();
    let puller = Puller::new(client, Arc::clone(&store), || SystemTime::UNIX_EPOCH);
    (store, puller)
}

impl World {
    /// Returns the whole name of what the registry has as `name`.
    pub(crate) fn name(&self, name: &str) -> String {
        format!("{}/{name}", self.registry.host())
    }

    pub(crate) async fn pull(&self, name: &str) -> Result<Pulled, Arc<PullError>> {
        self.pull_with(name, Keyring::default()).await
    }

    pub(crate) async fn pull_with(
        &self,
        name: &str,
        keyring: Keyring,
    ) -> Result<Pulled, Arc<PullError>> {
        let transport = Transport::default();
        self.puller.pull(PullRequest { image: self.name(name), keyring, transport })?.await
    }

    /// Puts a blob into the repository, and returns what lists it.
    pub(crate) fn blob(&self, repository: &str, media: &str, bytes: &[u8]) -> Value {
        let path = path_of(repository, bytes);
        self.registry.answer(&path, Answer::Whole { media: "x", bytes: bytes.to_vec() });
        descriptor(media, bytes)
    }

    /// Puts a manifest under `version` and under its digest, which it returns.
    pub(crate) fn manifest(&self, repository: &str, version: &str, manifest: &Value) -> Digest {
        let bytes = manifest.to_string().into_bytes();
        let digest = Digest::of(&bytes);
        for version in [version, &digest.to_string()] {
            let path = format!("/v2/{repository}/manifests/{version}");
            self.registry.answer(&path, Answer::Whole { media: MANIFEST, bytes: bytes.clone() });
        }
        digest
    }

    /// Puts the CNCF's artifact of a module under `REPOSITORY:v1`.
    pub(crate) fn artifact(&self, repository: &str, module: &[u8]) -> Digest {
        let config = self.blob(repository, WASM_CONFIG, b"{}");
        let layer = self.blob(repository, WASM, module);
        self.manifest(repository, "v1", &manifest_of(&config, &[layer]))
    }

    /// Puts an ordinary image with these layers, lowest first, that runs `program`.
    pub(crate) fn image(&self, repository: &str, program: &str, layers: &[Vec<u8>]) -> Digest {
        let config = json!({"architecture": "wasm", "os": "wasi", "config":
            {"Entrypoint": [program], "Cmd": ["serve"], "Env": ["MODE=fast"]}});
        let config = self.blob(repository, OCI_CONFIG, config.to_string().as_bytes());
        let layers: Vec<Value> =
            layers.iter().map(|layer| self.blob(repository, TAR_GZIP, layer)).collect();
        self.manifest(repository, "v1", &manifest_of(&config, &layers))
    }
}

pub(crate) fn path_of(repository: &str, blob: &[u8]) -> String {
    format!("/v2/{repository}/blobs/{}", Digest::of(blob))
}

pub(crate) fn manifest_of(config: &Value, layers: &[Value]) -> Value {
    json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers})
}

pub(crate) fn descriptor(media: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media, "digest": Digest::of(bytes).to_string(), "size": bytes.len()})
}

/// A module of its own, of so many bytes at least.
pub(crate) fn module(name: &str, bytes: usize) -> Vec<u8> {
    let filling = "x".repeat(bytes);
    wat::parse_str(format!(
        "(module (func (export \"_start\")) (func (export \"{name}\")) (@custom \"filling\" \"{filling}\"))"
    ))
    .unwrap()
}

pub(crate) fn layer(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&builder.into_inner().unwrap()).unwrap();
    encoder.finish().unwrap()
}

/// Returns an error and what caused it, as one text.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
