//! Requests that are recorded: the engine decides in one commit, and the client waits for the Job's end
//! or is told where to look.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use http::{Response, StatusCode};
use jobling_core::api::{ApiError, Kind};
use jobling_core::control::trigger::Response as Mode;
use jobling_core::engine::{DeleteOptions, Preconditions, Request, Verb, WriteOptions};
use jobling_core::trigger::{CallRecord, TriggerAnswer, TriggerReply, TriggerRequest, TriggerVerb};
use serde_json::json;

use super::answer;
use super::backend::{CallRefused, TriggerBackend};
use super::endpoint::{Admitted, TriggerEndpoint};
use super::location;
use super::refusal::Refusal;
use crate::answer::{blocking, unreadable};

/// After the time for a request, so long for its Job's end to be committed.
const MARGIN: Duration = Duration::from_secs(2);
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// A request's Job, which is ended where nobody waits for it any more.
struct Job {
    backend: Arc<dyn TriggerBackend>,
    namespace: String,
    name: String,
    uid: String,
    /// Whether somebody may come for it.
    is_wanted: bool,
}

impl Job {
    fn location(&self) -> String {
        location::of(&self.namespace, &self.name)
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if !self.is_wanted {
            // It is handed over at once; that nobody waits for the answer is no loss.
            drop(self.backend.submit(cancel(&self.namespace, &self.name, Some(&self.uid))));
        }
    }
}

/// Returns the change that ends a request's Job.
pub(super) fn cancel(namespace: &str, name: &str, uid: Option<&str>) -> Request {
    let preconditions = Preconditions { uid: uid.map(str::to_owned), ..Preconditions::default() };
    Request {
        kind: Kind::Job,
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        verb: Verb::Delete(DeleteOptions {
            preconditions,
            // Nobody waits for what it would still do.
            grace_period_seconds: Some(0),
            ..DeleteOptions::default()
        }),
        options: WriteOptions::default(),
    }
}

/// Returns what is remembered of the request whose Job has this name.
pub(super) async fn record(
    endpoint: &TriggerEndpoint,
    namespace: &str,
    job: &str,
) -> Result<Option<CallRecord>, Refusal> {
    let (reader, namespace, job) =
        (endpoint.backend.reader(), namespace.to_owned(), job.to_owned());
    let read = move || reader.call(&namespace, &job).map_err(|error| unreadable(&error));
    blocking(read).await.map_err(Refusal::Engine)
}

/// Waits for the end of a request's Job.
pub(super) async fn answered(
    endpoint: &TriggerEndpoint,
    namespace: &str,
    job: &str,
) -> Result<Arc<TriggerAnswer>, Refusal> {
    let waiter = endpoint.triggers.waiting.enter(namespace, job);
    loop {
        let mut ended = std::pin::pin!(waiter.ended());
        let record = record(endpoint, namespace, job).await?.ok_or(Refusal::Cancelled)?;
        match record.answer {
            Some(answer) => return Ok(answer),
            None => ended.as_mut().await,
        }
    }
}

/// Has a request recorded and run.
pub(super) async fn run(
    endpoint: &TriggerEndpoint,
    request: Admitted,
) -> Result<Response<Bytes>, Refusal> {
    let namespace = request.trigger.namespace().to_owned();
    match submit(&endpoint.backend, &request).await? {
        Reply::Accepted(job) => attend(endpoint, request, job).await,
        Reply::Other(TriggerReply::Replayed { answer, .. }) => {
            let mut response = answer::told(&answer).unwrap_or_else(Refusal::into_response);
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
            Ok(response)
        }
        Reply::Other(TriggerReply::InProgress { job }) => {
            Err(Refusal::InProgress { location: location::of(&namespace, &job) })
        }
        Reply::Other(TriggerReply::Mismatch) => Err(Refusal::Mismatch),
        Reply::Other(
            TriggerReply::Busy { retry_after } | TriggerReply::QueueFull { retry_after },
        ) => Err(Refusal::Busy { retry_after }),
        Reply::Other(TriggerReply::Suspended) => Err(Refusal::Suspended),
        Reply::Other(
            TriggerReply::Gone
            | TriggerReply::Accepted { .. }
            | TriggerReply::Recorded { .. }
            | TriggerReply::Counted,
        ) => Err(Refusal::Nobody),
    }
}

/// What the engine decided.
enum Reply {
    Accepted(Job),
    Other(TriggerReply),
}

/// Has the engine decide. The client may leave before it has: then the Job is ended that comes of it.
async fn submit(backend: &Arc<dyn TriggerBackend>, request: &Admitted) -> Result<Reply, Refusal> {
    let trigger = &request.trigger;
    let (namespace, is_wanted) = (trigger.namespace().to_owned(), is_wanted(request));
    let asked = TriggerRequest {
        namespace: namespace.clone(),
        name: trigger.name().to_owned(),
        uid: trigger.uid().to_owned(),
        verb: TriggerVerb::Run(Arc::clone(&request.call)),
    };
    let (backend, decided) = (Arc::clone(backend), backend.trigger(asked));
    let decided = tokio::spawn(async move {
        let reply = decided.await?;
        Ok::<_, ApiError>(if let TriggerReply::Accepted { job: name, uid } = reply {
            Reply::Accepted(Job { backend, namespace, name, uid, is_wanted })
        } else {
            Reply::Other(reply)
        })
    });
    match decided.await {
        Ok(decided) => decided.map_err(Refusal::Engine),
        Err(_) => Err(Refusal::Broken { why: "the server failed".to_owned() }),
    }
}

/// Returns whether the Job is to go on when the client has left: where it can come back for the answer.
fn is_wanted(request: &Admitted) -> bool {
    request.call.idempotency.is_some() || is_async(request)
}

fn is_async(request: &Admitted) -> bool {
    request.trigger.rules.response == Mode::Async || request.prefer.respond_async
}

/// Waits for the end of `job` for as long as the client does.
async fn attend(
    endpoint: &TriggerEndpoint,
    request: Admitted,
    mut job: Job,
) -> Result<Response<Bytes>, Refusal> {
    if is_async(&request) {
        return Ok(accepted(&job, request.prefer.respond_async.then_some("respond-async")));
    }
    let most = request.trigger.rules.timeout;
    let patience = request.prefer.wait.filter(|wait| *wait < most);
    let answered = answered(endpoint, &job.namespace, &job.name);
    let answered = tokio::time::timeout(patience.unwrap_or(most + MARGIN), answered).await;
    match answered {
        Ok(answer) => {
            job.is_wanted = true;
            match answer::told(&*answer?) {
                // Somebody else ended it, or a newer request did.
                Err(Refusal::Cancelled) => Err(Refusal::Replaced),
                told => told,
            }
        }
        Err(_) if patience.is_some() => {
            job.is_wanted = true;
            Ok(accepted(&job, Some("wait")))
        }
        Err(_) => Err(Refusal::Deadline),
    }
}

/// Returns the answer that says where to look later.
fn accepted(job: &Job, applied: Option<&'static str>) -> Response<Bytes> {
    let location = job.location();
    let told = json!({"namespace": job.namespace, "job": job.name, "location": location});
    let mut response = Response::new(Bytes::from(format!("{told}\n")));
    *response.status_mut() = StatusCode::ACCEPTED;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(location) = HeaderValue::try_from(location) {
        headers.insert(LOCATION, location);
    }
    if let Some(applied) = applied {
        headers.insert(PREFERENCE_APPLIED, HeaderValue::from_static(applied));
    }
    response
}

impl From<CallRefused> for Refusal {
    fn from(refused: CallRefused) -> Self {
        match refused {
            CallRefused::NoRoom { retry_after } => Self::Busy { retry_after },
            CallRefused::Failed(error) => Self::Engine(error),
        }
    }
}
