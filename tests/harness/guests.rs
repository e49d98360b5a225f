//! Finds what tests run: the examples, the user's manifests and the modules.

use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;

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

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
