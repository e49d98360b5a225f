//! Finds what tests run: the examples, the user's manifests and the modules; and takes what they print.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use cargo_metadata::MetadataCommand;
use jobling_sandbox::Output;

use crate::Folder;

/// Returns the folder of an example.
#[must_use]
pub fn example(name: &str) -> PathBuf {
    root().join("examples").join(name)
}

/// Returns a program in tests/clients, or a chart in tests/charts.
#[must_use]
pub fn client(path: &str) -> PathBuf {
    root().join("tests").join(path)
}

/// Returns one of the manifests in tests/manifests.
#[must_use]
pub fn manifest(name: &str) -> PathBuf {
    root().join("tests/manifests").join(name)
}

/// Returns the module of an example or of tests/modules, as scripts/examples built it.
///
/// # Panics
/// Where it is not built.
#[must_use]
pub fn module(name: &str) -> PathBuf {
    let example = example(name).join("Cargo.toml");
    let workspace = if example.exists() { "examples" } else { "tests/modules" };
    let metadata = MetadataCommand::new()
        .manifest_path(root().join(workspace).join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata reads the guests' workspace");
    let release = metadata.target_directory.join("wasm32-wasip1/release");
    let path = release.join(name).with_extension("wasm").into_std_path_buf();
    assert!(path.exists(), "{} is missing: run scripts/test", path.display());
    path
}

/// Makes a component of a module that answers requests, as wasm-tools would, and returns its path.
///
/// # Panics
/// Where the module is not built, or is none of a component.
#[must_use]
pub fn component(name: &str, folder: &Folder) -> PathBuf {
    use wasi_preview1_component_adapter_provider as adapter;
    let bytes = std::fs::read(module(name)).expect("a module");
    let encoded = wit_component::ComponentEncoder::default()
        .module(&bytes)
        .and_then(|encoder| {
            let (name, bytes) = (
                adapter::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
                adapter::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
            );
            encoder.adapter(name, bytes)
        })
        .and_then(|mut encoder| encoder.encode());
    folder.write("component.wasm", encoded.expect("a component"))
}

/// Returns an output, and all of what has come out of it.
pub fn captured() -> (Output, impl Fn() -> String) {
    let all = Arc::new(Mutex::new(Vec::new()));
    let taken = Arc::clone(&all);
    let output = Output::to(move |piece| taken.lock().expect("no panic").extend_from_slice(piece));
    (output, move || String::from_utf8_lossy(&all.lock().expect("no panic")).into_owned())
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
