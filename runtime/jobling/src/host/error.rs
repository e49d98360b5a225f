//! Why a host could not be started, or not take an image in.

use std::path::PathBuf;

use jobling_core::engine::StoreError;
use jobling_images::{ImportError, ReferenceError};

/// Why a host could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HostError {
    /// The data directory is another daemon's, or cannot be used.
    #[error(transparent)]
    Directory(#[from] jobling_store::DirectoryError),
    /// The database cannot be opened.
    #[error(transparent)]
    Database(#[from] jobling_store::OpenError),
    /// The database was opened and cannot be read.
    #[error(transparent)]
    Recover(#[from] StoreError),
    /// The store of images cannot be opened.
    #[error(transparent)]
    Images(#[from] jobling_images::ImageError),
    /// Registries cannot be spoken to.
    #[error(transparent)]
    Registries(#[from] jobling_images::registry::ClientError),
    /// wasmtime or its cache cannot be used.
    #[error(transparent)]
    Sandbox(#[from] jobling_sandbox::SandboxError),
    /// What pods printed cannot be opened.
    #[error("the logs in {} cannot be opened", path.display())]
    Logs {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The system gives no thread, timer or channel for the engine.
    #[error("the engine's thread cannot be started")]
    Thread(#[source] std::io::Error),
}

/// Why a file could not be put behind an image's name.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportFileError {
    /// The name is no reference.
    #[error(transparent)]
    Name(#[from] ReferenceError),
    /// The file cannot be opened.
    #[error("the file cannot be opened")]
    File(#[source] std::io::Error),
    /// The store of images refuses it.
    #[error(transparent)]
    Import(#[from] ImportError),
}

/// Returns an error and what caused it, as one text.
pub(super) fn sentence(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
