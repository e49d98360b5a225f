//! What the flags of the state mean for the rooms that keep it.

use std::path::{Path, PathBuf};

use jobling_core::api::quantity::Quantity;
use jobling_store::{SecretKeys, SecretKeysError};

use super::settings::{SettingError, quantity};
use crate::args::State;
use crate::host::HostSettings;

/// What the database may take if no flag says so, in bytes: some millions of pods.
const MAX_DATABASE_BYTES: u64 = 2 << 30;

/// Why the state cannot be kept as the flags say.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StateError {
    /// A flag means nothing.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The file of keys cannot be read.
    #[error("--secret-key-file {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds no keys.
    #[error("--secret-key-file {}: {source}", path.display())]
    NoKeys {
        /// The file.
        path: PathBuf,
        /// Why.
        source: SecretKeysError,
    },
}

/// Sets how the state is kept.
pub(crate) fn keep_state(settings: &mut HostSettings, state: &State) -> Result<(), StateError> {
    let database = quantity("--max-database", state.max_database.as_ref(), "512Mi")?;
    let bytes = database.map_or(MAX_DATABASE_BYTES, Quantity::units);
    settings.store.max_bytes = Some(bytes);
    if let Some(logs) = quantity("--max-logs", state.max_logs.as_ref(), "64Mi")? {
        settings.node.logs.total_bytes = logs.units();
    }
    if let Some(pods) = state.terminated_pod_gc_threshold {
        settings.engine.terminated_pod_gc_threshold = Some(pods);
    }
    if let Some(path) = &state.secret_key_file {
        settings.store.secret_keys = keys(path)?;
    }
    Ok(())
}

fn keys(path: &Path) -> Result<SecretKeys, StateError> {
    let unreadable = |source| StateError::Unreadable { path: path.to_owned(), source };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    SecretKeys::parse(&text).map_err(|source| StateError::NoKeys { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use jobling_sandbox::Compiler;

    use super::*;

    fn settings() -> HostSettings {
        let host = jobling_node::Host { node_name: "here".into(), ip: "127.0.0.1".into() };
        HostSettings::new("/data".into(), host, Compiler::InProcess)
    }

    #[test]
    fn the_flags_reach_the_rooms_that_keep_the_state() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n").unwrap();
        let mut kept = settings();
        let state = State {
            max_database: Some("512Mi".into()),
            max_logs: Some("64Mi".into()),
            terminated_pod_gc_threshold: Some(7),
            secret_key_file: Some(file),
        };
        keep_state(&mut kept, &state).unwrap();
        assert_eq!(kept.store.max_bytes, Some(512 << 20));
        assert_eq!(kept.engine.terminated_pod_gc_threshold, Some(7));
        assert_eq!(kept.node.logs.total_bytes, 64 << 20);
        assert_eq!(format!("{:?}", kept.store.secret_keys), "SecretKeys(1)");

        let mut unset = settings();
        keep_state(&mut unset, &State::default()).unwrap();
        assert_eq!(unset.store.max_bytes, Some(2 << 30));
    }

    #[test]
    fn a_file_without_keys_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let state = State { secret_key_file: Some(file.clone()), ..State::default() };
        let told = || keep_state(&mut settings(), &state).unwrap_err().to_string();
        assert!(told().contains("No such file"), "{}", told());
        std::fs::write(&file, "password\n").unwrap();
        assert!(told().ends_with("such as: openssl rand -base64 32"), "{}", told());
    }
}
