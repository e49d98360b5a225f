//! The store of images, in the words of the API.

use std::io;
use std::time::SystemTime;

use jobling_core::Timestamp;
use jobling_core::api::{ApiError, Reason};
use jobling_images::{
    Entry, Extern, ImageError, ImageKind, ImageStore, ImportError, Permission, Producer, Prune,
    Reference, Removal, Sort, Summary,
};
use jobling_server::{Image, ImageDetails, PruneImages};

use super::error::sentence;
use crate::clock;

/// Puts a module behind a name.
pub(super) fn import(images: &ImageStore, name: &str, content: &[u8]) -> Result<Image, ApiError> {
    let now = clock::now().into();
    let image = images.import(&reference(name)?, content, Entry::default(), now);
    image.map(|image| told(&image)).map_err(|error| import_refused(&error))
}

/// Takes a name away, and returns what it led to.
pub(super) fn remove(images: &ImageStore, name: &str) -> Result<Option<Image>, ApiError> {
    let reference = reference(name)?;
    let image = images.resolve(&reference);
    match images.remove(&reference) {
        Ok(Removal::Unknown) => Ok(None),
        Ok(Removal::Name | Removal::Image) => Ok(image.as_ref().map(told)),
        Err(error) => Err(unusable(&error)),
    }
}

/// Removes what is not in use.
pub(super) fn prune(
    images: &ImageStore,
    what: PruneImages,
    keep_bytes: u64,
) -> Result<Vec<Image>, ApiError> {
    let what = match what {
        PruneImages::Pulled => Prune::Pulled,
        PruneImages::All => Prune::All,
    };
    let gone = images.prune(what, keep_bytes).map_err(|error| unusable(&error))?;
    Ok(gone.iter().map(told).collect())
}

/// Reads what an image says of itself.
pub(super) fn details(images: &ImageStore, name: &str) -> Result<Option<ImageDetails>, ApiError> {
    let Some(image) = images.resolve(&reference(name)?) else { return Ok(None) };
    let bytes = images.read(&image).map_err(|error| unusable(&error))?;
    let summary = Summary::of(&bytes)
        .map_err(|error| ApiError::new(Reason::InternalError, sentence(&error)))?;
    let permission = |one: Permission| (word(one), one.meaning().to_owned());
    Ok(Some(ImageDetails {
        origin: image.origin.as_ref().map(ToString::to_string),
        used_at: moment(image.used_at),
        entrypoint: image.entry.entrypoint.iter().chain(&image.entry.cmd).cloned().collect(),
        imports: summary.imports.iter().map(external).collect(),
        exports: summary.exports.iter().map(external).collect(),
        producers: Producer::of(&bytes)
            .into_iter()
            .map(|one| (one.part, one.name, one.version))
            .collect(),
        permissions: Permission::of(&summary).into_iter().map(permission).collect(),
        image: told(&image),
    }))
}

fn external(one: &Extern) -> (String, String) {
    let sort = match one.sort {
        Sort::Func => "func",
        Sort::Table => "table",
        Sort::Memory => "memory",
        Sort::Global => "global",
        Sort::Tag => "tag",
        Sort::Module => "module",
        Sort::Component => "component",
        Sort::Instance => "instance",
        Sort::Type => "type",
        Sort::Value => "value",
    };
    (one.name.clone(), sort.to_owned())
}

fn word(permission: Permission) -> String {
    let word = match permission {
        Permission::Files => "files",
        Permission::Network => "network",
        Permission::Http => "http",
        Permission::Task => "task",
    };
    word.to_owned()
}

fn moment(time: SystemTime) -> Timestamp {
    let time = jiff::Timestamp::try_from(time).unwrap_or_default();
    Timestamp::from_unix_micros(time.as_microsecond())
}

fn reference(name: &str) -> Result<Reference, ApiError> {
    name.parse().map_err(|error| ApiError::new(Reason::BadRequest, sentence(&error)))
}

/// Returns what is listed of an image.
pub(super) fn told(image: &jobling_images::Image) -> Image {
    Image {
        name: image.reference.familiar(),
        digest: image.digest.to_string(),
        size_bytes: image.size_bytes,
        format: match image.kind {
            ImageKind::Module => "module".to_owned(),
            ImageKind::Component => "component".to_owned(),
        },
        stored_at: moment(image.imported_at),
    }
}

pub(super) fn import_refused(error: &ImportError) -> ApiError {
    let reason = match error {
        ImportError::TooLarge { .. } => Reason::RequestEntityTooLarge,
        ImportError::StoreFull { .. } => Reason::InsufficientStorage,
        ImportError::Module(_) | ImportError::Digest { .. } => Reason::BadRequest,
        ImportError::File(source) => file_reason(source),
    };
    ApiError::new(reason, sentence(error))
}

fn unusable(error: &ImageError) -> ApiError {
    let reason = match error {
        ImageError::File { source, .. } => file_reason(source),
        ImageError::Changed { .. } | ImageError::Record { .. } => Reason::InternalError,
    };
    ApiError::new(reason, sentence(error))
}

fn file_reason(error: &io::Error) -> Reason {
    match error.kind() == io::ErrorKind::StorageFull {
        true => Reason::InsufficientStorage,
        false => Reason::InternalError,
    }
}
