//! A task's folder: its module is built by cargo for wasm32-wasip1.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// The target that tasks are built for.
const TARGET: &str = "wasm32-wasip1";

/// What the manifest in a task's folder is called; the first that is there.
const MANIFESTS: [&str; 2] = ["job.yaml", "cronjob.yaml"];

/// Why a folder's module cannot be built.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    /// There is no manifest in it.
    #[error("{} has a Cargo.toml and neither job.yaml nor cronjob.yaml; write the manifest there", .0.display())]
    NoManifest(PathBuf),
    /// cargo cannot be started.
    #[error("{} cannot be built: cargo cannot be started: {source}", folder.display())]
    NoCargo {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The build failed; cargo said why.
    #[error(
        "{} cannot be built (cargo's own words are above). Where the target {TARGET} is missing: \
         rustup target add {TARGET}, or scripts/toolchain of jobling's source",
        .0.display()
    )]
    Failed(PathBuf),
    /// The build made no program.
    #[error("{} has no program to build; a task needs a src/main.rs", .0.display())]
    NoProgram(PathBuf),
}

/// A program that a folder's build made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Built {
    /// Its name.
    pub(super) name: String,
    /// The module.
    pub(super) module: PathBuf,
}

/// Returns whether `path` is a task's folder.
pub(super) fn is_task(path: &Path) -> bool {
    path.join("Cargo.toml").is_file()
}

/// Returns the folder's manifest.
pub(super) fn manifest(folder: &Path) -> Result<PathBuf, FolderError> {
    let mut manifests = MANIFESTS.map(|name| folder.join(name)).into_iter();
    let found = manifests.find(|manifest| manifest.is_file());
    found.ok_or_else(|| FolderError::NoManifest(folder.to_owned()))
}

/// Builds the folder; what cargo says goes to stderr. The cargo of `toolchain` is used where there is
/// one, else the one in PATH with rustup's target.
pub(super) fn build(folder: &Path, toolchain: &Path) -> Result<Vec<Built>, FolderError> {
    let own = toolchain.join("bin/cargo-wasip1");
    let mut command = match own.is_file() {
        true => Command::new(own),
        false => Command::new("cargo"),
    };
    command
        .args(["build", "--release", "--target", TARGET])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    let output = command
        .output()
        .map_err(|source| FolderError::NoCargo { folder: folder.to_owned(), source })?;
    if !output.status.success() {
        return Err(FolderError::Failed(folder.to_owned()));
    }
    let built = programs(&output.stdout);
    if built.is_empty() {
        return Err(FolderError::NoProgram(folder.to_owned()));
    }
    Ok(built)
}

/// Returns the programs that cargo's messages tell of.
fn programs(messages: &[u8]) -> Vec<Built> {
    let lines = messages.split(|byte| *byte == b'\n');
    let messages = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let program = |message: Value| {
        Some(Built {
            module: PathBuf::from(message["executable"].as_str()?),
            name: message["target"]["name"].as_str()?.to_owned(),
        })
    };
    messages.filter_map(program).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_are_those_that_cargo_tells_of() {
        let messages = br#"{"reason":"compiler-artifact","target":{"name":"dep"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"hello"},"executable":"/t/wasm32-wasip1/release/hello.wasm"}
{"reason":"build-finished","success":true}
"#;
        let hello = Built {
            name: "hello".to_owned(),
            module: PathBuf::from("/t/wasm32-wasip1/release/hello.wasm"),
        };
        assert_eq!(programs(messages), [hello]);
    }

    #[test]
    fn a_folder_needs_a_manifest() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_task(folder.path()));
        std::fs::write(folder.path().join("Cargo.toml"), "").unwrap();
        assert!(is_task(folder.path()));
        let error = manifest(folder.path()).unwrap_err().to_string();
        assert!(
            error.ends_with("neither job.yaml nor cronjob.yaml; write the manifest there"),
            "{error}"
        );
    }
}
