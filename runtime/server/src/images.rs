//! The local image store over the API, shaped as a cluster-wide resource of Kubernetes.
//!
//! | request | what it does |
//! |---|---|
//! | `GET /apis/jobling.dev/v1alpha1/images` | lists the images (Tables for those who ask) |
//! | `GET …/images/NAME` | shows one |
//! | `PUT` or `POST …/images/NAME/content` | stores the module in the body under NAME |
//! | `DELETE …/images/NAME` | lets go of it |
//! | `DELETE …/images?all=true&keepBytes=N` | lets go of what is not in use |
//! | `POST …/images/NAME/pull`, `…/push` | from and to a registry: see `transfer` |
//!
//! NAME is an image's reference, such as `backup-tool:latest`; a slash in it is written `%2F`.

use http::StatusCode;
use jobling_core::Timestamp;
use jobling_core::api::{ApiError, Reason};
use serde_json::{Value, json};

use crate::answer::{self, Answer};
use crate::backend::{Backend, Image, ImageDetails, PruneImages};
use crate::media::Shape;
use crate::route::Query;
use crate::table::{self, Column};
use crate::write::Body;

const API_VERSION: &str = "jobling.dev/v1alpha1";
const COLUMNS: [Column; 5] = table::IMAGE;

/// Answers with all images.
pub(crate) async fn list(backend: &dyn Backend, shape: Shape) -> Result<Answer, ApiError> {
    let images = backend.images().await?;
    let now = backend.now();
    let body = match shape {
        Shape::Table(_) => table_of(&images, now),
        Shape::Whole | Shape::Partial => list_of(&images),
    };
    Ok(answer::value(StatusCode::OK, &body))
}

/// Answers with one image.
pub(crate) async fn get(
    backend: &dyn Backend,
    name: &str,
    shape: Shape,
) -> Result<Answer, ApiError> {
    let found = backend.image(name.to_owned()).await?;
    let details = found.ok_or_else(|| not_found(name))?;
    let body = match shape {
        Shape::Table(_) => table_of(&[details.image], backend.now()),
        Shape::Whole | Shape::Partial => whole(&details),
    };
    Ok(answer::value(StatusCode::OK, &body))
}

/// Stores a module under `name`.
pub(crate) async fn import(
    backend: &dyn Backend,
    name: String,
    body: Body,
) -> Result<Answer, ApiError> {
    if body.bytes.is_empty() {
        return Err(ApiError::new(Reason::BadRequest, "the body is empty; it must be the module"));
    }
    let image = backend.import_image(name, body.bytes).await?;
    Ok(answer::value(StatusCode::CREATED, &object(&image)))
}

/// Lets go of what is not in use, and answers with what went.
pub(crate) async fn prune(backend: &dyn Backend, query: &Query) -> Result<Answer, ApiError> {
    let what = if query.is_set("all")? { PruneImages::All } else { PruneImages::Pulled };
    let gone = backend.prune_images(what, query.number("keepBytes")?.unwrap_or(0)).await?;
    Ok(answer::value(StatusCode::OK, &list_of(&gone)))
}

/// Lets go of the image `name`.
pub(crate) async fn remove(backend: &dyn Backend, name: String) -> Result<Answer, ApiError> {
    let image = backend.remove_image(name.clone()).await?.ok_or_else(|| not_found(&name))?;
    let status = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": image.name, "group": "jobling.dev", "kind": "images"},
    });
    Ok(answer::value(StatusCode::OK, &status))
}

fn list_of(images: &[Image]) -> Value {
    json!({
        "kind": "ImageList",
        "apiVersion": API_VERSION,
        "metadata": {"resourceVersion": ""},
        "items": images.iter().map(object).collect::<Vec<_>>(),
    })
}

/// Returns the object with all that is known of the image.
fn whole(details: &ImageDetails) -> Value {
    let externs = |all: &[(String, String)]| -> Vec<Value> {
        all.iter().map(|(name, sort)| json!({"name": name, "kind": sort})).collect()
    };
    let producer = |(part, name, version): &(String, String, String)| json!({"part": part, "name": name, "version": version});
    let permission = |(name, meaning): &(String, String)| json!({"name": name, "meaning": meaning});
    let mut object = object(&details.image);
    let status = &mut object["status"];
    status["origin"] = json!(details.origin);
    status["lastUsedTime"] = json!(details.used_at.to_time());
    status["entrypoint"] = json!(details.entrypoint);
    status["imports"] = json!(externs(&details.imports));
    status["exports"] = json!(externs(&details.exports));
    status["producers"] = details.producers.iter().map(producer).collect();
    status["permissions"] = details.permissions.iter().map(permission).collect();
    object
}

pub(crate) fn object(image: &Image) -> Value {
    json!({
        "kind": "Image",
        "apiVersion": API_VERSION,
        "metadata": {"name": image.name, "creationTimestamp": image.stored_at.to_time()},
        "status": {
            "digest": image.digest,
            "sizeBytes": image.size_bytes,
            "format": image.format,
        },
    })
}

fn table_of(images: &[Image], now: Timestamp) -> Value {
    let row =
        |image: &Image| json!({"cells": table::image_cells(image, now), "object": object(image)});
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": ""},
        "columnDefinitions": COLUMNS.map(Column::to_value),
        "rows": images.iter().map(row).collect::<Vec<_>>(),
    })
}

fn not_found(name: &str) -> ApiError {
    ApiError::new(Reason::NotFound, format!("images.jobling.dev \"{name}\" not found"))
}
