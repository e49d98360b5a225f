//! Registries that lie, break off or never end: the pod says what they did, and nothing else happens.

use harness::{Daemon, Folder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::images::{apply, events, waits};
use crate::played::{Answer, Played};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const TAR: &str = "application/vnd.oci.image.layer.v1.tar";

#[test]
fn each_hostile_registry_ends_in_a_clear_err_image_pull() {
    let folder = Folder::new();
    let data = folder.path().join("data");
    let daemon = Daemon::start(&data, &[]);
    let module = wat::parse_str("(module (func (export \"_start\")))").expect("a module");
    let lies: [(&str, &str, Answer); 4] = [
        ("truncated", "the module from the registry ended after 4 of", whole(&module[..4])),
        ("corrupted", "the module from the registry has the digest", whole(&flipped(&module))),
        (
            "endless",
            "the module from the registry does not end after",
            Answer::Endless { media: "x" },
        ),
        (
            "breaking",
            "the module from the registry ended after",
            Answer::Breaking { bytes: module.clone(), after: 0 },
        ),
    ];
    for (job, part, lie) in lies {
        let registry = Played::start();
        artifact(&registry, &module);
        registry.answer(&blob_path(&module), lie);
        refused(&daemon, &folder, &registry, job, part);
    }
    let registry = Played::start();
    let lie = Answer::Lying { media: MANIFEST, bytes: b"{}".to_vec(), digest: digest(b"other") };
    registry.answer("/v2/tool/manifests/v1", lie);
    refused(&daemon, &folder, &registry, "lying", "the manifest from the registry has the digest");

    for (job, path, part) in [
        ("climbing", "../../app.wasm", "its path \"../../app.wasm\" leads out of it"),
        ("absolute", "/etc/cron.d/app.wasm", "its path \"/etc/cron.d/app.wasm\" leads out of it"),
    ] {
        let registry = Played::start();
        image(&registry, &layer(path, &module));
        refused(&daemon, &folder, &registry, job, part);
    }
    let listed = daemon.jobling(["image", "ls", "--quiet"]).expect_code(0).stdout;
    assert_eq!(listed, "");
    let incoming = std::fs::read_dir(data.join("images/incoming")).expect("a directory");
    assert_eq!(incoming.count(), 0);
}

fn refused(daemon: &Daemon, folder: &Folder, registry: &Played, job: &str, part: &str) {
    let image = format!("{}/tool:v1", registry.host());
    apply(daemon, folder, job, &image, "");
    let why = waits(daemon, job, "ErrImagePull");
    assert!(why.starts_with(&format!("Failed to pull image \"{image}\": ")), "{job}: {why}");
    assert!(why.contains(part), "{job}: {why}");
    let told = events(daemon, job);
    assert!(told.contains("Failed Error: ErrImagePull"), "{job}: {told}");
    drop(daemon.kubectl(["delete", "job", job]).expect_code(0));
}

fn artifact(registry: &Played, module: &[u8]) {
    let config = descriptor("application/vnd.wasm.config.v0+json", b"{}");
    manifest(registry, &config, &descriptor("application/wasm", module));
}

fn image(registry: &Played, layer: &[u8]) {
    let config =
        json!({"architecture": "wasm", "os": "wasi", "config": {"Entrypoint": ["/app.wasm"]}});
    let config = config.to_string().into_bytes();
    for blob in [&config, &layer.to_vec()] {
        registry.answer(&blob_path(blob), whole(blob));
    }
    let media = "application/vnd.oci.image.config.v1+json";
    manifest(registry, &descriptor(media, &config), &descriptor(TAR, layer));
}

fn manifest(registry: &Played, config: &Value, layer: &Value) {
    let text =
        json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]});
    let answer = Answer::Whole { media: MANIFEST, bytes: text.to_string().into_bytes() };
    registry.answer("/v2/tool/manifests/v1", answer);
}

/// The header is written by hand: the library refuses such paths.
fn layer(path: &str, bytes: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_size(bytes.len() as u64);
    header.set_cksum();
    let mut builder = tar::Builder::new(Vec::new());
    builder.append(&header, bytes).expect("in memory");
    builder.into_inner().expect("in memory")
}

fn flipped(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| !byte).collect()
}

fn whole(bytes: &[u8]) -> Answer {
    Answer::Whole { media: "application/octet-stream", bytes: bytes.to_vec() }
}

fn blob_path(blob: &[u8]) -> String {
    format!("/v2/tool/blobs/{}", digest(blob))
}

fn descriptor(media: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media, "digest": digest(bytes), "size": bytes.len()})
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}
