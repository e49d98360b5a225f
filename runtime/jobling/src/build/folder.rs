//! A task's folder: sources, and the manifest beside them.

use std::path::{Path, PathBuf};

use super::error::BuildError;
use super::language::Language;

/// What the manifest in a task's folder is called; the first that is there.
const MANIFESTS: [&str; 2] = ["job.yaml", "cronjob.yaml"];

/// Returns whether `path` is a task's folder.
pub(crate) fn is_task(path: &Path) -> bool {
    Language::of(path).is_some()
}

/// Returns the folder's manifest.
pub(crate) fn manifest(folder: &Path) -> Result<PathBuf, BuildError> {
    let mut manifests = MANIFESTS.map(|name| folder.join(name)).into_iter();
    let found = manifests.find(|manifest| manifest.is_file());
    found.ok_or_else(|| BuildError::NoManifest(folder.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

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
