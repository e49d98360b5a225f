//! One request to one answer. The order of what is asked: whose it is, whether it may come in, what it
//! says, whether it comes too often, and then how it is run. A client that is turned away has cost no
//! more than it must.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use http::header::{CONNECTION, HOST, HeaderValue, TRANSFER_ENCODING};
use http::request::Parts;
use http::{Request, Response, Version};
use http_body_util::Full;
use jobling_core::api::ObjectKey;
use jobling_core::control::trigger::{Bucket, Found, Recording};
use jobling_core::trigger::{IdempotencyKey, TriggerCall};
use tokio::sync::OwnedSemaphorePermit;

use super::backend::TriggerBackend;
use super::body::Room;
use super::call::{Rest, call};
use super::known::{Follower, Known, Trigger, Triggers};
use super::limits::TriggerLimits;
use super::prefer::Prefer;
use super::refusal::Refusal;
use super::{answer, event, idempotency, location, record};

/// The trigger endpoint of this host.
pub struct TriggerEndpoint {
    pub(super) backend: Arc<dyn TriggerBackend>,
    pub(super) limits: TriggerLimits,
    pub(super) triggers: Triggers,
    room: Room,
}

/// A request that may come in.
pub(super) struct Admitted {
    pub(super) trigger: Arc<Trigger>,
    pub(super) call: Arc<TriggerCall>,
    pub(super) prefer: Prefer,
    /// The body's room, until it is answered.
    _room: OwnedSemaphorePermit,
}

impl TriggerEndpoint {
    /// Returns the endpoint over `backend`. Must be called within a tokio runtime, in which the triggers
    /// are followed.
    #[must_use]
    pub fn new(backend: Arc<dyn TriggerBackend>, limits: TriggerLimits) -> Self {
        let (follower, triggers) = Follower::new(backend.reader(), backend.revisions());
        // It ends with the backend.
        drop(tokio::spawn(follower.follow()));
        let room = Room::new(limits.bodies_bytes);
        Self { backend, limits, triggers, room }
    }

    /// Answers a request of a client at `remote`. Dropping the future gives the request up: what runs for
    /// it alone is ended.
    pub async fn answer<B>(&self, request: Request<B>, remote: IpAddr) -> Response<Full<Bytes>>
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        // Whoever passed it on may have seen another end of it (RFC 9112, 6.1).
        let closes = parts.headers.contains_key(TRANSFER_ENCODING);
        let answer = self.respond(&parts, body, remote).await;
        let mut answer = answer.unwrap_or_else(Refusal::into_response);
        if closes {
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        let status = answer.status().as_u16();
        tracing::debug!(method = %parts.method, path = parts.uri.path(), status, "request answered");
        answer.map(Full::new)
    }

    async fn respond<B>(
        &self,
        parts: &Parts,
        body: B,
        remote: IpAddr,
    ) -> Result<Response<Bytes>, Refusal>
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        bounded(parts, self.limits.head_bytes)?;
        one_host(parts)?;
        if let Some(job) = location::parse(parts.uri.path()) {
            return self.of_job(parts, &job).await;
        }
        let request = self.admit(parts, body, remote).await?;
        let rules = &request.trigger.rules;
        let key = request.call.idempotency.as_ref().map(|known| known.key.as_str());
        match rules.recording(key) {
            Recording::Direct if !request.prefer.takes_long(rules.timeout) => {
                self.directly(request).await
            }
            Recording::Direct | Recording::Job => record::run(self, request).await,
        }
    }

    /// Lets a request in, or not.
    async fn admit<B>(&self, parts: &Parts, body: B, remote: IpAddr) -> Result<Admitted, Refusal>
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let received = self.backend.now();
        let (key, trigger, segments) = match find(&self.triggers.now(), parts) {
            Ok(found) => found,
            // What turns it away may just have changed.
            Err(_) => find(&*self.triggers.newest().await, parts)?,
        };
        let limit = trigger.rules.body_limit_bytes;
        let read = self.room.read(body, limit, self.limits.body_timeout).await?;
        let trigger = self.unlocked(&key, trigger, parts, &read.bytes).await?;
        take_token(&trigger, received)?;
        let mut parts = parts.clone();
        let fingerprint = idempotency::fingerprint(
            parts.method.as_str(),
            parts.uri.path(),
            parts.uri.query().unwrap_or_default(),
            &parts.headers,
            &read.bytes,
        );
        let body = event::to_binary_mode(&mut parts.headers, read.bytes).map_err(Refusal::Event)?;
        let header = trigger.idempotency.as_ref();
        let key = header.map(|header| idempotency::key(&parts.headers, header)).transpose();
        let key = key.map_err(|_| Refusal::BadKey)?.flatten();
        let idempotency = key.map(|key| IdempotencyKey { key, fingerprint });
        let call = call(&parts, Rest { segments, body, remote, received, idempotency });
        let prefer = Prefer::of(&parts.headers);
        Ok(Admitted { trigger, call: Arc::new(call), prefer, _room: read.room })
    }

    /// Returns the trigger where its lock opens for what was sent.
    async fn unlocked(
        &self,
        key: &ObjectKey,
        trigger: Arc<Trigger>,
        parts: &Parts,
        sent: &[u8],
    ) -> Result<Arc<Trigger>, Refusal> {
        if trigger.lock.opens(&parts.headers, sent) {
            return Ok(trigger);
        }
        let newest = self.triggers.newest().await.get(key).cloned().ok_or(Refusal::Nobody)?;
        if newest.lock.opens(&parts.headers, sent) {
            return Ok(newest);
        }
        Err(Refusal::Unauthorized { challenge: newest.lock.challenge() })
    }

    /// Runs a request without a Job.
    async fn directly(&self, request: Admitted) -> Result<Response<Bytes>, Refusal> {
        let Admitted { trigger, call, .. } = &request;
        let entering = trigger.under_way.direct.enter(&trigger.rules);
        let mut place = tokio::time::timeout(trigger.rules.timeout, entering)
            .await
            .unwrap_or(Err(Refusal::Deadline))?;
        let running = self.backend.call(Arc::clone(&trigger.object), Arc::clone(call));
        tokio::select! {
            ended = running => answer::told(&ended.map_err(Refusal::from)?),
            _ = &mut place.replaced => Err(Refusal::Replaced),
        }
    }
}

/// Refuses a head that is larger than `most` bytes: what comes in one piece the reader lets pass.
fn bounded(parts: &Parts, most: usize) -> Result<(), Refusal> {
    const BETWEEN_AND_AFTER: usize = ": \r\n".len();
    let fields = parts.headers.iter();
    let fields = fields.map(|(name, value)| name.as_str().len() + value.len() + BETWEEN_AND_AFTER);
    let target = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    if target + fields.sum::<usize>() > most {
        return Err(Refusal::LargeHead { limit: most });
    }
    Ok(())
}

/// Whose a request is, as it is known, and what its path has in the place of names.
type Asked = (ObjectKey, Arc<Trigger>, BTreeMap<String, String>);

/// Returns whose a request is, if it may come in as far as its head tells.
fn find(known: &Known, parts: &Parts) -> Result<Asked, Refusal> {
    let (key, segments) = match known.routes.find(parts.method.as_str(), parts.uri.path()) {
        Found::Trigger { trigger, segments } => (trigger, segments),
        Found::OtherMethod(methods) => return Err(Refusal::OtherMethod(methods)),
        Found::Nobody => return Err(Refusal::Nobody),
    };
    let trigger = known.get(&key).cloned().ok_or(Refusal::Nobody)?;
    if !trigger.lock.needs_body() && !trigger.lock.opens(&parts.headers, &[]) {
        return Err(Refusal::Unauthorized { challenge: trigger.lock.challenge() });
    }
    if trigger.rules.suspended {
        return Err(Refusal::Suspended);
    }
    Ok((key, trigger, segments))
}

fn take_token(trigger: &Trigger, now: jobling_core::Timestamp) -> Result<(), Refusal> {
    let Some(rate) = trigger.rules.rate else { return Ok(()) };
    let mut bucket = trigger.under_way.bucket.lock().unwrap_or_else(PoisonError::into_inner);
    let bucket = bucket.get_or_insert_with(|| Bucket::full(rate, now));
    bucket.take(rate, now).map_err(|retry_after| Refusal::TooMany { retry_after })
}

/// RFC 9112, 3.2: a request of HTTP/1.1 names its host once.
fn one_host(parts: &Parts) -> Result<(), Refusal> {
    let hosts = parts.headers.get_all(HOST).iter().count();
    let right = hosts == 1 || (hosts == 0 && parts.version < Version::HTTP_11);
    if right { Ok(()) } else { Err(Refusal::Host) }
}
