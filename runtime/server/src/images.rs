//! The local image store over the API, shaped as a cluster-wide resource of Kubernetes.
//!
//! | request | what it does |
//! |---|---|
//! | `GET /apis/jobling.dev/v1alpha1/images` | lists the images (Tables for those who ask) |
//! | `GET …/images/NAME` | shows one |
//! | `PUT` or `POST …/images/NAME/content` | stores the module in the body under NAME |
//! | `DELETE …/images/NAME` | lets go of it |
//!
//! NAME is an image's reference, such as `backup-tool:latest`; a slash in it is written `%2F`.

use http::StatusCode;
use jobling_core::Timestamp;
use jobling_core::api::{ApiError, Reason};
use serde_json::{Value, json};

use crate::answer::{self, Answer};
use crate::backend::{Backend, Image};
use crate::media::Shape;
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
        Shape::Whole | Shape::Partial => json!({
            "kind": "ImageList",
            "apiVersion": API_VERSION,
            "metadata": {"resourceVersion": ""},
            "items": images.iter().map(object).collect::<Vec<_>>(),
        }),
    };
    Ok(answer::value(StatusCode::OK, &body))
}

/// Answers with one image.
pub(crate) async fn get(
    backend: &dyn Backend,
    name: &str,
    shape: Shape,
) -> Result<Answer, ApiError> {
    let images = backend.images().await?;
    let found = images.into_iter().find(|image| image.name == name);
    let image = found.ok_or_else(|| not_found(name))?;
    let body = match shape {
        Shape::Table(_) => table_of(&[image], backend.now()),
        Shape::Whole | Shape::Partial => object(&image),
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

fn object(image: &Image) -> Value {
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
