//! What the node asks of the host: images, objects and the time.

use std::sync::Arc;

use jobling_core::Timestamp;
use jobling_core::api::{Object, ObjectKey};
use jobling_core::engine::Reader;
use jobling_images::registry::{
    CredentialsError, DockerConfig, Keyring, PullRequest, Puller, Transport,
};
use jobling_images::{Image, ImageStore, Reference};
use jobling_node::{
    Clock, ImageError, ImageSource, Images, LocalImage, Objects, ObjectsError, Pull, PullSecret,
    PullSecretForm, PulledImage,
};

use super::error::sentence;
use crate::clock;

/// The clock on the wall.
pub(super) struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        clock::moment()
    }
}

/// Objects as they are stored.
pub(super) struct StoredObjects(pub(super) Arc<dyn Reader>);

impl Objects for StoredObjects {
    fn get(&self, key: &ObjectKey) -> Result<Option<Object>, ObjectsError> {
        self.0.get(key).map_err(|error| ObjectsError(error.to_string()))
    }
}

/// Images of the local store, and those that registries have.
pub(super) struct HostImages {
    pub(super) store: Arc<ImageStore>,
    pub(super) puller: Puller,
    /// What this host shows registries, after what pods do.
    pub(super) keyring: Keyring,
}

impl HostImages {
    fn found(&self, image: Image) -> LocalImage {
        self.store.note_use(&image.reference, clock::now().into());
        local(image)
    }
}

impl Images for HostImages {
    fn local(&self, image: &str) -> Result<Option<LocalImage>, ImageError> {
        let reference: Reference = image.parse().map_err(|error| {
            let why = format!("{error}");
            ImageError::BadName { image: image.to_owned(), why }
        })?;
        Ok(self.store.resolve(&reference).map(|image| self.found(image)))
    }

    fn has_registry(&self, image: &str) -> bool {
        self.puller.has_registry(image)
    }

    fn pull<'a>(&'a self, image: &'a str, secrets: Vec<PullSecret>) -> Pull<'a> {
        Box::pin(async move {
            let failed = |why| ImageError::PullFailed { image: image.to_owned(), why };
            let keyring = keyring(&secrets).map_err(|error| failed(sentence(&error)))?;
            let request = PullRequest {
                image: image.to_owned(),
                keyring: keyring.then(&self.keyring),
                transport: Transport::default(),
            };
            let flight = self.puller.pull(request).map_err(|error| failed(sentence(&error)))?;
            let pulled = flight.await.map_err(|error| failed(sentence(&*error)))?;
            Ok(PulledImage {
                size_bytes: pulled.image.size_bytes,
                image: self.found(pulled.image),
                took: pulled.took,
                took_with_waiting: pulled.took_with_waiting,
            })
        })
    }
}

/// Returns what a pod's Secrets have for registries.
fn keyring(secrets: &[PullSecret]) -> Result<Keyring, CredentialsError> {
    let parse = |secret: &PullSecret| {
        let origin = format!("the imagePullSecret {}", secret.name);
        match secret.form {
            PullSecretForm::DockerConfigJson => DockerConfig::parse(&origin, &secret.text),
            PullSecretForm::DockerCfg => DockerConfig::parse_legacy(&origin, &secret.text),
        }
    };
    Ok(Keyring::new(secrets.iter().map(parse).collect::<Result<_, _>>()?))
}

fn local(image: Image) -> LocalImage {
    let (id, source) = match &image.origin {
        None => (image.digest.to_string(), ImageSource::Imported),
        Some(origin) => {
            let repository = image.reference.repository();
            (format!("{}/{repository}@{origin}", image.reference.registry()), ImageSource::Pulled)
        }
    };
    LocalImage {
        digest: image.digest.to_string(),
        id,
        path: image.path,
        entrypoint: image.entry.entrypoint,
        cmd: image.entry.cmd,
        env: image.entry.env,
        source,
        lease: image.lease,
    }
}
