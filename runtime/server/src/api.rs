//! One request to one answer: what every listener serves.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use jobling_core::api::{ApiError, ObjectKey, Reason};
use serde_json::json;
use tokio::sync::{Semaphore, watch};

use crate::access::{Access, Asked, Decision, Session, decide};
use crate::answer::{self, Answer};
use crate::backend::Backend;
use crate::encode::{self, Encoder};
use crate::limits::Limits;
use crate::media::{self, IncludeObject, Shape};
use crate::route::{
    CollectionVerb, ItemVerb, Query, Resource, Route, TransferWay, WatchQuery, route,
};
use crate::watch::Hold;
use crate::write::{Body, Writer};
use crate::{
    audit, discovery, images, logs, metrics, openapi, queues, read, review, tokens, transfer,
};

const IMPERSONATE_USER: HeaderName = HeaderName::from_static("impersonate-user");

/// The Kubernetes API of this host.
pub struct Api {
    backend: Arc<dyn Backend>,
    access: Arc<Access>,
    limits: Limits,
    watches: Arc<Semaphore>,
    stopping: watch::Sender<bool>,
}

impl Api {
    /// Returns the API over `backend`, for those whom `access` lets in.
    #[must_use]
    pub fn new(backend: Arc<dyn Backend>, access: Access, limits: Limits) -> Self {
        let watches = Arc::new(Semaphore::new(limits.watches));
        let access = Arc::new(access);
        Self { backend, access, limits, watches, stopping: watch::Sender::new(false) }
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

    /// Lets in whoever shows a token that is good.
    ///
    /// # Errors
    /// `Unauthorized`, which does not say why.
    pub(crate) fn admit(&self, authorization: Option<&HeaderValue>) -> Result<Session, ApiError> {
        self.access.admit(authorization, self.backend.now())
    }

    /// Answers a request of the caller of `session`.
    pub async fn answer<B>(&self, session: Session, request: Request<B>) -> Answer
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        let answer = match route(&parts.method, parts.uri.path(), &query) {
            Ok(route) => self.permitted(session, &parts, &query, route, body).await,
            Err(error) => answer::refusal(&error),
        };
        let status = answer.status().as_u16();
        tracing::debug!(method = %parts.method, path = parts.uri.path(), status, "request answered");
        answer
    }

    /// Answers what the caller may have, and refuses the rest; a change is put down either way.
    async fn permitted<B>(
        &self,
        session: Session,
        parts: &Parts,
        query: &Query,
        route: Route,
        body: B,
    ) -> Answer
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let caller = session.caller().clone();
        let (asked_of, verb) = (route.clone(), parts.method.as_str().to_ascii_lowercase());
        let asked = Asked::of(&asked_of, &verb, parts.uri.path());
        let record = audit::Record::begin(&caller, &asked);
        let answer = match decide(&caller, &asked) {
            // Nobody may: an answer as oneself would be a wrong one.
            _ if let Some(user) = parts.headers.get(&IMPERSONATE_USER) => {
                let user = user.to_str().unwrap_or_default();
                Err(Asked::impersonation(user).forbidden(&caller))
            }
            Decision::Denied => Err(asked.forbidden(&caller)),
            Decision::Allowed | Decision::NotServed => {
                self.within_time(session, parts, query, route, body).await
            }
        };
        let answer = answer.unwrap_or_else(|error| answer::refusal(&error));
        if let Some(record) = record {
            record.end(&answer);
        }
        answer
    }

    async fn within_time<B>(
        &self,
        session: Session,
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
        let answer = self.dispatch(session, &parts.headers, query, route, body);
        tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| {
            let message = format!("the request took longer than {} s", limit.as_secs());
            Err(ApiError::new(Reason::Timeout, message))
        })
    }

    async fn dispatch(
        &self,
        session: Session,
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
                self.collection(session, headers, query, (resource, namespace), verb, &body).await
            }
            Route::NoObjects(absent) => {
                let revision = *backend.revisions().borrow();
                Ok(encode::nothing(absent, shape(accept, query)?, revision))
            }
            Route::Item { resource, namespace, name, verb } => {
                let key = ObjectKey::new(resource.kind, namespace, name);
                self.item(headers, query, resource, key, verb, &body).await
            }
            Route::Log { namespace, name } => {
                logs::logs(backend, namespace, name, query, self.hold(session)?).await
            }
            Route::AllMetrics { namespace } => {
                metrics::list(backend, namespace, query, shape(accept, query)?).await
            }
            Route::Metrics { namespace, name } => {
                metrics::get(backend, &namespace, &name, shape(accept, query)?).await
            }
            Route::Review(review) => review::answer(review, session.caller(), &body),
            Route::Tokens { verb: CollectionVerb::Create } => {
                tokens::create(&self.access, &body, backend.now()).await
            }
            Route::Tokens { .. } => {
                Ok(tokens::list(&self.access, shape(accept, query)?, backend.now()))
            }
            Route::Token { name, verb: ItemVerb::Delete } => {
                tokens::revoke(&self.access, name).await
            }
            Route::Token { name, .. } => {
                tokens::get(&self.access, &name, shape(accept, query)?, backend.now())
            }
            Route::Queues(route) => {
                queues::answer(backend, route, query, shape(accept, query)?, &body).await
            }
            Route::TriggerEndpoint => endpoint(backend),
            Route::Images => images::list(backend, shape(accept, query)?).await,
            Route::Image { name, verb: ItemVerb::Delete } => images::remove(backend, name).await,
            Route::Image { name, .. } => images::get(backend, &name, shape(accept, query)?).await,
            Route::ImageContent { name } => images::import(backend, name, body).await,
            Route::PruneImages => images::prune(backend, query).await,
            Route::ImageTransfer { name, way } => {
                let (order, hold) = (transfer::order(&body)?, self.hold(session)?);
                let transfer = match way {
                    TransferWay::Pull => backend.pull_image(name, order),
                    TransferWay::Push => backend.push_image(name, order),
                };
                Ok(transfer::follow(transfer, hold))
            }
        }
    }

    async fn collection(
        &self,
        session: Session,
        headers: &HeaderMap,
        query: &Query,
        (resource, namespace): (Resource, Option<String>),
        verb: CollectionVerb,
        body: &Body,
    ) -> Result<Answer, ApiError> {
        let encoder = Encoder { resource, shape: shape(header(headers, &ACCEPT), query)? };
        let backend = &*self.backend;
        let agent = header(headers, &USER_AGENT).unwrap_or_default();
        let writer = Writer { backend, encoder, query, agent };
        match verb {
            CollectionVerb::List => read::list(backend, encoder, namespace, query).await,
            CollectionVerb::Watch => {
                let query = WatchQuery::parse(query, resource.kind)?;
                let backend = Arc::clone(&self.backend);
                let hold = self.hold(session)?;
                crate::watch::watch(backend, encoder, namespace, query, &self.limits, hold).await
            }
            CollectionVerb::Create => writer.create(namespace.unwrap_or_default(), body).await,
            CollectionVerb::DeleteAll => writer.delete_all(namespace, body).await,
        }
    }

    async fn item(
        &self,
        headers: &HeaderMap,
        query: &Query,
        resource: Resource,
        key: ObjectKey,
        verb: ItemVerb,
        body: &Body,
    ) -> Result<Answer, ApiError> {
        let encoder = Encoder { resource, shape: shape(header(headers, &ACCEPT), query)? };
        let backend = &*self.backend;
        let agent = header(headers, &USER_AGENT).unwrap_or_default();
        let writer = Writer { backend, encoder, query, agent };
        match verb {
            ItemVerb::Get => read::get(backend, encoder, key, query).await,
            ItemVerb::Update(part) => writer.update(key.namespace, key.name, part, body).await,
            ItemVerb::Patch(part) => writer.patch(key.namespace, key.name, part, body).await,
            ItemVerb::Delete => writer.delete(key.namespace, key.name, body).await,
        }
    }

    /// Takes a place among the streams that may be open at once.
    fn hold(&self, session: Session) -> Result<Hold, ApiError> {
        let stopping = self.stopping.subscribe();
        match Arc::clone(&self.watches).try_acquire_owned() {
            Ok(place) => Ok(Hold::new(place, stopping, session)),
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
    if let Route::Queues(route) = route {
        return route.takes_body();
    }
    if let Route::Item { verb, .. } = route {
        return *verb != ItemVerb::Get;
    }
    matches!(
        route,
        Route::Review(_)
            | Route::ImageTransfer { .. }
            | Route::Tokens { verb: CollectionVerb::Create }
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

fn header<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
