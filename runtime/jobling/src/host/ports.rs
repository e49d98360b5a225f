//! What the node asks of the host: images, objects and the time.

use std::sync::Arc;

use jobling_core::Timestamp;
use jobling_core::api::{Object, ObjectKey};
use jobling_core::engine::Reader;
use jobling_images::{ImageStore, Reference};
use jobling_node::{Clock, ImageError, Images, LocalImage, Objects, ObjectsError, Pull};

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

/// Images of the local store.
pub(super) struct StoredImages(pub(super) Arc<ImageStore>);

impl Images for StoredImages {
    fn local(&self, image: &str) -> Result<Option<LocalImage>, ImageError> {
        let reference: Reference = image.parse().map_err(|error| {
            let why = format!("{error}");
            ImageError::BadName { image: image.to_owned(), why }
        })?;
        let found = self.0.resolve(&reference);
        Ok(found.map(|image| LocalImage {
            digest: image.digest.to_string(),
            path: image.path,
            entrypoint: image.entry.entrypoint,
        }))
    }

    /// No registry is asked: what was imported is the newest there is, also where the policy is `Always`.
    fn pull<'a>(&'a self, image: &'a str) -> Pull<'a> {
        let found = self.local(image);
        let not_here = || ImageError::NotHere { image: image.to_owned() };
        Box::pin(std::future::ready(found.and_then(|found| found.ok_or_else(not_here))))
    }
}
