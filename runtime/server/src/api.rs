//! One request to one answer: what every listener serves.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use jobling_core::api::{ApiError, ObjectKey, Reason};
use serde_json::json;
use tokio::sync::{Semaphore, watch};

use crate::answer::{self, Answer};
use crate::backend::Backend;
use crate::encode::Encoder;
use crate::limits::Limits;
use crate::media::{self, IncludeObject, Shape};
use crate::route::{CollectionVerb, ItemVerb, Query, Resource, Route, WatchQuery, route};
use crate::watch::Hold;
use crate::write::{Body, Writer};
use crate::{discovery, images, logs, openapi, read, review};

/// The Kubernetes API of this host.
pub struct Api {
    backend: Arc<dyn Backend>,
    limits: Limits,
    watches: Arc<Semaphore>,
    stopping: watch::Sender<bool>,
}

impl Api {
    /// Returns the API over `backend`.
    #[must_use]
    pub fn new(backend: Arc<dyn Backend>, limits: Limits) -> Self {
        let watches = Arc::new(Semaphore::new(limits.watches));
        Self { backend, limits, watches, stopping: watch::Sender::new(false) }
    }

    /// Returns the bounds that are kept.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Ends every stream, so that connections can be closed in order.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Answers a request. Whoever calls has checked that the client may ask.
    pub async fn answer<B>(&self, request: Request<B>) -> Answer
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        let answer = match route(&parts.method, parts.uri.path(), &query) {
            Ok(route) => self.within_time(&parts, &query, route, body).await,
            Err(error) => Err(error),
        };
        let answer = answer.unwrap_or_else(|error| answer::refusal(&error));
        let status = answer.status().as_u16();
        tracing::debug!(method = %parts.method, path = parts.uri.path(), status, "request answered");
        answer
    }

    async fn within_time<B>(
        &self,
        parts: &Parts,
        query: &Query,
        route: Route,
        body: B,
    ) -> Result<Answer, ApiError>
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let body = match self.body_limits(&route) {
            None => Body::default(),
            Some((most, time)) => Body {
                content_type: header(&parts.headers, &CONTENT_TYPE).map(str::to_owned),
                bytes: collect(body, most, time).await?,
            },
        };
        let limit = if matches!(route, Route::ImageContent { .. }) {
            self.limits.image_timeout
        } else {
            self.limits.request_timeout
        };
        let answer = self.dispatch(&parts.headers, query, route, body);
        tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| {
            let message = format!("the request took longer than {} s", limit.as_secs());
            Err(ApiError::new(Reason::Timeout, message))
        })
    }

    async fn dispatch(
        &self,
        headers: &HeaderMap,
        query: &Query,
        route: Route,
        body: Body,
    ) -> Result<Answer, ApiError> {
        let accept = header(headers, &ACCEPT);
        let backend = &*self.backend;
        match route {
            Route::Version => Ok(discovery::version()),
            Route::Health => {
                Ok(answer::typed(StatusCode::OK, "text/plain", Bytes::from_static(b"ok")))
            }
            Route::CoreVersions => Ok(discovery::core_versions(media::discovery(accept)?)),
            Route::Groups => Ok(discovery::groups(media::discovery(accept)?)),
            Route::Group(group) => Ok(discovery::group(group)),
            Route::Resources(group) => Ok(discovery::resources(group)),
            Route::Schemas => Ok(openapi::index()),
            Route::AllSchemas => openapi::combined(),
            Route::Schema(group) => openapi::document(group),
            Route::Collection { resource, namespace, verb } => {
                self.collection(accept, query, resource, namespace, verb, &body).await
            }
            Route::Item { resource, namespace, name, verb } => {
                let key = ObjectKey::new(resource.kind, namespace, name);
                self.item(accept, query, resource, key, verb, &body).await
            }
            Route::Log { namespace, name } => {
                logs::logs(backend, namespace, name, query, self.hold()?).await
            }
            Route::Review(review) => review::answer(review, &body),
            Route::TriggerEndpoint => endpoint(backend),
            Route::Images => images::list(backend, shape(accept, query)?).await,
            Route::Image { name, verb: ItemVerb::Delete } => images::remove(backend, name).await,
            Route::Image { name, .. } => images::get(backend, &name, shape(accept, query)?).await,
            Route::ImageContent { name } => images::import(backend, name, body).await,
        }
    }

    async fn collection(
        &self,
        accept: Option<&str>,
        query: &Query,
        resource: Resource,
        namespace: Option<String>,
        verb: CollectionVerb,
        body: &Body,
    ) -> Result<Answer, ApiError> {
        let encoder = Encoder { resource, shape: shape(accept, query)? };
        let backend = &*self.backend;
        let writer = Writer { backend, encoder, query };
        match verb {
            CollectionVerb::List => read::list(backend, encoder, namespace, query).await,
            CollectionVerb::Watch => {
                let query = WatchQuery::parse(query, resource.kind)?;
                let backend = Arc::clone(&self.backend);
                let hold = self.hold()?;
                crate::watch::watch(backend, encoder, namespace, query, &self.limits, hold).await
            }
            CollectionVerb::Create => writer.create(namespace.unwrap_or_default(), body).await,
            CollectionVerb::DeleteAll => writer.delete_all(namespace, body).await,
        }
    }

    async fn item(
        &self,
        accept: Option<&str>,
        query: &Query,
        resource: Resource,
        key: ObjectKey,
        verb: ItemVerb,
        body: &Body,
    ) -> Result<Answer, ApiError> {
        let encoder = Encoder { resource, shape: shape(accept, query)? };
        let backend = &*self.backend;
        let writer = Writer { backend, encoder, query };
        match verb {
            ItemVerb::Get => read::get(backend, encoder, key, query).await,
            ItemVerb::Update => writer.update(key.namespace, key.name, body).await,
            ItemVerb::Patch => writer.patch(key.namespace, key.name, body).await,
            ItemVerb::Delete => writer.delete(key.namespace, key.name, body).await,
        }
    }

    /// Takes a place among the streams that may be open at once.
    fn hold(&self) -> Result<Hold, ApiError> {
        let stopping = self.stopping.subscribe();
        match Arc::clone(&self.watches).try_acquire_owned() {
            Ok(place) => Ok(Hold { place, stopping }),
            Err(_) => Err(ApiError {
                retry_after_seconds: Some(1),
                ..ApiError::new(
                    Reason::TooManyRequests,
                    "as many watches and followed logs are open as this host allows",
                )
            }),
        }
    }

    /// Returns how much of a body may come, and for how long; `None` where none is looked at.
    fn body_limits(&self, route: &Route) -> Option<(usize, Duration)> {
        if matches!(route, Route::ImageContent { .. }) {
            return Some((self.limits.image_bytes, self.limits.image_timeout));
        }
        takes_body(route).then_some((self.limits.body_bytes, self.limits.body_timeout))
    }
}

fn endpoint(backend: &dyn Backend) -> Result<Answer, ApiError> {
    let Some(url) = backend.trigger_endpoint() else {
        let why = "this daemon takes no requests to HTTPTriggers; start it with --trigger-listen";
        return Err(ApiError::new(Reason::NotFound, why));
    };
    let told = json!({"apiVersion": "jobling.dev/v1alpha1", "kind": "TriggerEndpoint", "url": url});
    Ok(answer::value(StatusCode::OK, &told))
}

async fn collect<B>(body: B, most: usize, time: Duration) -> Result<Bytes, ApiError>
where
    B: http_body::Body<Data = Bytes> + Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let too_large = || {
        let message = format!("the body is larger than the {most} bytes that are taken");
        ApiError::new(Reason::RequestEntityTooLarge, message)
    };
    if body.size_hint().lower() > u64::try_from(most).unwrap_or(u64::MAX) {
        return Err(too_large());
    }
    let body = std::pin::pin!(body);
    let collected = Limited::new(body, most).collect();
    match tokio::time::timeout(time, collected).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(error)) => {
            Err(ApiError::new(Reason::BadRequest, format!("the body did not arrive: {error}")))
        }
        Err(_) => Err(ApiError::new(
            Reason::Timeout,
            format!("the body took longer than {} s to arrive", time.as_secs()),
        )),
    }
}

fn takes_body(route: &Route) -> bool {
    if let Route::Item { verb, .. } = route {
        return *verb != ItemVerb::Get;
    }
    matches!(
        route,
        Route::Review(_)
            | Route::Collection { verb: CollectionVerb::Create | CollectionVerb::DeleteAll, .. }
    )
}

fn shape(accept: Option<&str>, query: &Query) -> Result<Shape, ApiError> {
    let include = match query.get("includeObject") {
        None | Some("Metadata") => IncludeObject::Metadata,
        Some("None") => IncludeObject::None,
        Some("Object") => IncludeObject::Object,
        Some(other) => {
            let message = format!(
                "the parameter includeObject is {other:?}; it must be None, Metadata or Object"
            );
            return Err(ApiError::new(Reason::BadRequest, message));
        }
    };
    media::shape(accept, include)
}

fn header<'h>(headers: &'h HeaderMap, name: &http::HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
