//! What a manifest or an index says: which of several images is for WASI, and where its module is. Pure.

use serde::Deserialize;

use super::failure::harmless;
use super::layer::Compression;
use super::settings::LAYERS;
use crate::Digest;

/// What is asked for: all that a registry may have under a name.
pub(super) const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, \
    application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.list.v2+json";
pub(super) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(super) const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
pub(super) const WASM_LAYER: &str = "application/wasm";
pub(super) const TAR_GZIP_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const INDEXES: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

/// Why a manifest describes no image that can be run here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It cannot be read.
    #[error("the manifest cannot be read: {why}")]
    Malformed {
        /// What is wrong.
        why: String,
    },
    /// The form before the present one.
    #[error(
        "the manifest is of schema version {version}; push the image again with a tool of this decade"
    )]
    Version {
        /// The version.
        version: u64,
    },
    /// An index without anything for WASI.
    #[error("the image is for {}, and for no wasm; build it for wasi/wasm", platforms.join(", "))]
    Platform {
        /// What it is for.
        platforms: Vec<String>,
    },
    /// An index that leads to an index.
    #[error("the image's index leads to another index, which is not followed")]
    Nested,
    /// More layers than there may be.
    #[error("the image has {layers} layers; the most is {LAYERS}")]
    Layers {
        /// How many.
        layers: usize,
    },
    /// Several modules.
    #[error("the image has {modules} modules; one can be run")]
    Modules {
        /// How many.
        modules: usize,
    },
    /// No module at all.
    #[error(
        "it is no WASM image: its configuration is {config} and its layers are {}; \
         push a module with: jobling image push", layers.join(", ")
    )]
    Foreign {
        /// The configuration's media type.
        config: String,
        /// The layers' media types.
        layers: Vec<String>,
    },
    /// An image of another kind of program.
    #[error("it is an image for {platform} that runs {program}, which is no .wasm file")]
    Native {
        /// Its system and processor.
        platform: String,
        /// What it runs.
        program: String,
    },
    /// Nothing says what is to be run.
    #[error("the image's configuration has no entrypoint that names a .wasm file")]
    NoEntrypoint,
}

/// A blob, or another manifest.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    pub(super) media_type: String,
    pub(super) digest: Digest,
    pub(super) size: u64,
    #[serde(default)]
    platform: Option<Platform>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Platform {
    architecture: String,
    os: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    schema_version: u64,
    #[serde(default)]
    media_type: String,
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
    #[serde(default)]
    manifests: Vec<Descriptor>,
}

/// What is under a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Document {
    /// Images, of which one is to be taken.
    Index(Vec<Descriptor>),
    Manifest(Shape),
}

/// Where an image has its module.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// In a layer that is the module: the CNCF's artifact.
    Artifact(Descriptor),
    /// The same beside an image's configuration, which says how it is started: runwasi's.
    Runwasi { config: Descriptor, module: Descriptor },
    /// In a file of tar layers, lowest first, that the configuration names.
    Image { config: Descriptor, layers: Vec<(Descriptor, Compression)> },
}

impl Document {
    pub(super) fn parse(text: &[u8]) -> Result<Self, ManifestError> {
        let raw: Raw = serde_json::from_slice(text)
            .map_err(|error| ManifestError::Malformed { why: harmless(&error.to_string()) })?;
        if raw.schema_version != 2 {
            return Err(ManifestError::Version { version: raw.schema_version });
        }
        if INDEXES.contains(&raw.media_type.as_str()) || !raw.manifests.is_empty() {
            return Ok(Self::Index(raw.manifests));
        }
        if raw.layers.len() > LAYERS {
            return Err(ManifestError::Layers { layers: raw.layers.len() });
        }
        let missing = || ManifestError::Malformed { why: "it has no config".to_owned() };
        Ok(Self::Manifest(Shape::of(raw.config.ok_or_else(missing)?, raw.layers)?))
    }
}

impl Shape {
    fn of(config: Descriptor, layers: Vec<Descriptor>) -> Result<Self, ManifestError> {
        let is_image = matches!(config.media_type.as_str(), OCI_CONFIG | DOCKER_CONFIG);
        let is_module = |layer: &&Descriptor| {
            layer.media_type == WASM_LAYER || layer.media_type.ends_with("+wasm")
        };
        let modules: Vec<&Descriptor> = layers.iter().filter(is_module).collect();
        match (modules.as_slice(), is_image) {
            ([module], false) => Ok(Self::Artifact((*module).clone())),
            ([module], true) => Ok(Self::Runwasi { module: (*module).clone(), config }),
            ([], true) if !layers.is_empty() => {
                let read = |layer: Descriptor| {
                    let compression = Compression::of(&layer.media_type)?;
                    Some((layer, compression))
                };
                let types = media_types(&layers);
                let layers: Option<Vec<_>> = layers.into_iter().map(read).collect();
                let foreign =
                    ManifestError::Foreign { config: harmless(&config.media_type), layers: types };
                Ok(Self::Image { layers: layers.ok_or(foreign)?, config })
            }
            ([], _) => Err(ManifestError::Foreign {
                config: harmless(&config.media_type),
                layers: media_types(&layers),
            }),
            (modules, _) => Err(ManifestError::Modules { modules: modules.len() }),
        }
    }
}

fn media_types(layers: &[Descriptor]) -> Vec<String> {
    if layers.is_empty() {
        return vec!["none".to_owned()];
    }
    let mut types: Vec<String> = layers.iter().map(|layer| harmless(&layer.media_type)).collect();
    types.dedup();
    types
}

/// Returns the one of an index that is for WASI; where no platform is given, the only one.
pub(super) fn for_wasi(images: Vec<Descriptor>) -> Result<Descriptor, ManifestError> {
    let is_wasi = |image: &Descriptor| {
        image.platform.as_ref().is_some_and(|platform| platform.architecture.starts_with("wasm"))
    };
    let platforms: Vec<String> = images.iter().filter_map(platform_of).collect();
    let only = images.len() == 1 && platforms.is_empty();
    let found = images.into_iter().find(|image| only || is_wasi(image));
    let platforms =
        if platforms.is_empty() { vec!["nothing that it names".to_owned()] } else { platforms };
    found.ok_or(ManifestError::Platform { platforms })
}

fn platform_of(image: &Descriptor) -> Option<String> {
    let platform = image.platform.as_ref()?;
    Some(harmless(&format!("{}/{}", platform.os, platform.architecture)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_manifest_is_known_by_its_configuration_and_layers() {
        let tar = "application/vnd.oci.image.layer.v1.tar";
        let docker = "application/vnd.docker.image.rootfs.diff.tar.gzip";
        for (config, layers, expected) in [
            (WASM_CONFIG, vec![WASM_LAYER], "artifact"),
            (
                "application/vnd.wasm.config.v1+json",
                vec!["application/vnd.wasm.content.layer.v1+wasm"],
                "artifact",
            ),
            (
                OCI_CONFIG,
                vec!["application/vnd.bytecodealliance.wasm.component.layer.v0+wasm"],
                "runwasi",
            ),
            (OCI_CONFIG, vec![WASM_LAYER, tar], "runwasi"),
            (OCI_CONFIG, vec![tar, TAR_GZIP_LAYER], "image 2"),
            (DOCKER_CONFIG, vec![docker], "image 1"),
            (OCI_CONFIG, vec![], "it is no WASM image"),
            (WASM_CONFIG, vec![WASM_LAYER, WASM_LAYER], "the image has 2 modules"),
            (OCI_CONFIG, vec!["application/vnd.oci.image.layer.v1.tar+zstd"], "layer.v1.tar+zstd"),
            ("application/vnd.cncf.helm.config.v1+json", vec!["application/x+gzip"], "helm.config"),
        ] {
            let layers: Vec<Value> = layers.iter().map(|media| descriptor(media)).collect();
            let text = json!({"schemaVersion": 2, "config": descriptor(config), "layers": layers});
            let found = match Document::parse(text.to_string().as_bytes()) {
                Ok(Document::Manifest(Shape::Artifact(_))) => "artifact".to_owned(),
                Ok(Document::Manifest(Shape::Runwasi { .. })) => "runwasi".to_owned(),
                Ok(Document::Manifest(Shape::Image { layers, .. })) => {
                    format!("image {}", layers.len())
                }
                Ok(Document::Index(_)) => "index".to_owned(),
                Err(error) => error.to_string(),
            };
            assert!(found.contains(expected), "{config} {layers:?}: {found}");
        }
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        let layers: Vec<Value> = (0..=LAYERS).map(|_| descriptor(WASM_LAYER)).collect();
        for (text, expected) in [
            ("<html>".to_owned(), "cannot be read"),
            (json!({"schemaVersion": 1}).to_string(), "schema version 1"),
            (json!({"schemaVersion": 2}).to_string(), "no config"),
            (json!({"schemaVersion": 2, "config": descriptor("x"), "layers": layers}).to_string(), "129 layers"),
            (json!({"schemaVersion": 2, "config": {"mediaType": "x", "size": 1, "digest": "md5:0"}}).to_string(), "sha256"),
            (json!({"schemaVersion": 2, "config": {"mediaType": "x", "size": -1}}).to_string(), "cannot be read"),
        ] {
            let error = Document::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn an_index_gives_the_image_for_wasi() {
        for (platforms, expected) in [
            (vec!["linux/amd64", "wasi/wasm"], Ok(1)),
            (vec!["wasip1/wasm", "unknown/unknown"], Ok(0)),
            (vec!["linux/amd64", "wasip2/wasm32"], Ok(1)),
            (vec![""], Ok(0)),
            (vec!["", ""], Err("nothing that it names")),
            (vec![], Err("nothing that it names")),
            (vec!["linux/amd64", "linux/arm64"], Err("linux/amd64, linux/arm64")),
        ] {
            let images: Vec<Value> = platforms.iter().enumerate().map(entry).collect();
            let text = json!({"schemaVersion": 2, "mediaType": INDEXES[0], "manifests": images});
            let Ok(Document::Index(images)) = Document::parse(text.to_string().as_bytes()) else {
                panic!("{text} is an index");
            };
            match (for_wasi(images), expected) {
                (Ok(found), Ok(at)) => assert_eq!(found.size, at, "{platforms:?}"),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
                (found, expected) => panic!("{platforms:?}: {found:?}, not {expected:?}"),
            }
        }
    }

    fn entry((at, platform): (usize, &&str)) -> Value {
        let mut entry = descriptor(OCI_MANIFEST);
        entry["size"] = json!(at);
        if let Some((os, architecture)) = platform.split_once('/') {
            entry["platform"] = json!({"os": os, "architecture": architecture});
        }
        entry
    }

    fn descriptor(media_type: &str) -> Value {
        json!({"mediaType": media_type, "digest": Digest::of(b"").to_string(), "size": 0})
    }
}
