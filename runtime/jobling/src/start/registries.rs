//! What the flags about images mean for the store and the registries.

use std::path::{Path, PathBuf};

use jobling_core::api::quantity::Quantity;
use jobling_images::registry::{CredentialsError, DockerConfig, Keyring, RegistrySettings};

use crate::args::Registries;
use crate::environment;
use crate::host::HostSettings;

/// Why a flag about images means nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RegistriesError {
    /// No amount.
    #[error("--image-storage is \"{given}\"; it must be a quantity, such as 4Gi")]
    Storage {
        /// What was given.
        given: String,
    },
    /// The file cannot be read.
    #[error("--docker-config {}: it cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is none.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
}

/// Sets where images come from.
pub(crate) fn set_registries(
    settings: &mut HostSettings,
    flags: &Registries,
) -> Result<(), RegistriesError> {
    if let Some(given) = &flags.image_storage {
        let storage = given.parse::<Quantity>();
        let storage = storage.map_err(|_| RegistriesError::Storage { given: given.clone() })?;
        settings.images.total_bytes = storage.units();
        settings.images.image_bytes = settings.images.image_bytes.min(storage.units());
    }
    settings.registries = RegistrySettings {
        insecure: flags.insecure_registry.clone(),
        extra_ca: flags.registry_ca.clone(),
        default_registry: flags.default_registry.clone(),
    };
    settings.keyring = match &flags.docker_config {
        Some(path) => Keyring::new(vec![docker_config(path)?]),
        None => found_keyring(&environment::docker_config_file()),
    };
    Ok(())
}

/// Returns what is in a file that nobody named: one that cannot be used keeps nothing from starting.
fn found_keyring(path: &Path) -> Keyring {
    if !path.exists() {
        return Keyring::default();
    }
    match docker_config(path) {
        Ok(config) => Keyring::new(vec![config]),
        Err(error) => {
            tracing::warn!(%error, "docker's configuration is passed over");
            Keyring::default()
        }
    }
}

/// Reads docker's configuration.
pub(crate) fn docker_config(path: &Path) -> Result<DockerConfig, RegistriesError> {
    let text = std::fs::read(path)
        .map_err(|source| RegistriesError::Unreadable { path: path.to_owned(), source })?;
    Ok(DockerConfig::parse(&path.display().to_string(), &text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_reach_the_store_and_the_registries() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        std::fs::write(&file, r#"{"auths": {"r.lan": {"username": "a", "password": "b"}}}"#)
            .unwrap();
        let flags = Registries {
            insecure_registry: vec!["r.lan".into()],
            docker_config: Some(file),
            image_storage: Some("1Mi".into()),
            ..Registries::default()
        };
        let mut settings = given();
        set_registries(&mut settings, &flags).unwrap();
        assert_eq!((settings.images.total_bytes, settings.images.image_bytes), (1 << 20, 1 << 20));
        assert_eq!(settings.registries.insecure, ["r.lan"]);
        assert!(format!("{:?}", settings.keyring).contains("config.json"));
    }

    #[test]
    fn what_means_nothing_is_named() {
        let file =
            |name: &str| Registries { docker_config: Some(name.into()), ..Registries::default() };
        let storage = Registries { image_storage: Some("lots".into()), ..Registries::default() };
        for (flags, part) in [
            (storage, "--image-storage is \"lots\"; it must be a quantity"),
            (file("/none.json"), "--docker-config /none.json: it cannot be read"),
            (file("/dev/null"), "/dev/null is no docker configuration"),
        ] {
            let error = set_registries(&mut given(), &flags).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    fn given() -> HostSettings {
        let host = jobling_node::Host { node_name: "a".into(), ip: "127.0.0.1".into() };
        HostSettings::new("/data".into(), host, jobling_sandbox::Compiler::InProcess)
    }
}
