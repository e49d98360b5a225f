//! Where to look for a request that was taken: `/.jobs/NAMESPACE/JOB`. GET tells what has become of it,
//! DELETE ends it. Whoever may send the trigger's requests may do both; a signature is over the path.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use jobling_core::api::{ApiError, Kind, Object, ObjectKey, Reason};
use jobling_core::control::trigger::LOCATIONS;
use jobling_core::trigger::CallRecord;
use serde_json::json;

use super::answer;
use super::endpoint::TriggerEndpoint;
use super::prefer::Prefer;
use super::record::{answered, cancel, record};
use super::refusal::Refusal;
use crate::answer::{blocking, unreadable};

/// A client asks again after so many seconds.
const RETRY_AFTER_SECONDS: u64 = 1;

/// A request's Job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JobName {
    namespace: String,
    name: String,
}

/// Returns the location of a request's Job.
pub(super) fn of(namespace: &str, name: &str) -> String {
    format!("/{LOCATIONS}/{namespace}/{name}")
}

/// Returns which Job a path is about.
pub(super) fn parse(path: &str) -> Option<JobName> {
    let rest = path.strip_prefix('/')?.strip_prefix(LOCATIONS)?;
    let (namespace, name) = rest.strip_prefix('/')?.split_once('/')?;
    Some(JobName { namespace: namespace.to_owned(), name: name.to_owned() })
}

impl TriggerEndpoint {
    /// Answers a request about a Job.
    pub(super) async fn of_job(
        &self,
        parts: &Parts,
        job: &JobName,
    ) -> Result<Response<Bytes>, Refusal> {
        let record = record(self, &job.namespace, &job.name).await?.ok_or(Refusal::Nobody)?;
        self.may_ask(parts, &record).await?;
        match parts.method {
            Method::GET | Method::HEAD => self.state(parts, record).await,
            Method::DELETE if record.answer.is_some() => Err(Refusal::Ended),
            Method::DELETE => self.end(job).await,
            _ => {
                let methods = ["DELETE", "GET", "HEAD"].map(str::to_owned);
                Err(Refusal::OtherMethod(BTreeSet::from(methods)))
            }
        }
    }

    async fn may_ask(&self, parts: &Parts, record: &CallRecord) -> Result<(), Refusal> {
        let trigger = self.triggers.newest().await.of_uid(&record.trigger_uid).cloned();
        let trigger = trigger.ok_or(Refusal::Nobody)?;
        if trigger.lock.opens(&parts.headers, parts.uri.path().as_bytes()) {
            return Ok(());
        }
        Err(Refusal::Unauthorized { challenge: trigger.lock.challenge() })
    }

    /// Tells what has become of a request: its answer once there is one, which a client may wait for.
    async fn state(&self, parts: &Parts, record: CallRecord) -> Result<Response<Bytes>, Refusal> {
        if let Some(answer) = &record.answer {
            return answer::told(answer);
        }
        if let Some(wait) = Prefer::of(&parts.headers).wait {
            let answered = answered(self, &record.namespace, &record.job);
            let wait = wait.min(self.limits.body_timeout);
            if let Ok(answer) = tokio::time::timeout(wait, answered).await {
                return answer::told(&*answer?);
            }
        }
        let state = self.word(&record).await?;
        let told = json!({"namespace": record.namespace, "job": record.job, "state": state});
        let mut response = Response::new(Bytes::from(format!("{told}\n")));
        *response.status_mut() = StatusCode::ACCEPTED;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        Ok(response)
    }

    async fn word(&self, record: &CallRecord) -> Result<&'static str, Refusal> {
        let reader = self.backend.reader();
        let key = ObjectKey::new(Kind::Job, record.namespace.clone(), record.job.clone());
        let found = blocking(move || reader.get(&key).map_err(|error| unreadable(&error))).await;
        let waits = |object: Object| {
            let Object::Job(job) = object else { return false };
            job.spec.and_then(|spec| spec.suspend) == Some(true)
        };
        Ok(if found.map_err(Refusal::Engine)?.is_some_and(waits) { "Queued" } else { "Running" })
    }

    async fn end(&self, job: &JobName) -> Result<Response<Bytes>, Refusal> {
        let ended = self.backend.submit(cancel(&job.namespace, &job.name, None)).await;
        match ended {
            Ok(_) => {
                let mut response = Response::new(Bytes::new());
                *response.status_mut() = StatusCode::NO_CONTENT;
                Ok(response)
            }
            Err(ApiError { reason: Reason::NotFound, .. }) => Err(Refusal::Ended),
            Err(error) => Err(Refusal::Engine(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_leads_back_to_its_job() {
        let job = parse(&of("default", "thumbnail-x"));
        let expected = JobName { namespace: "default".into(), name: "thumbnail-x".into() };
        assert_eq!(job, Some(expected));
        for path in ["/", "/.jobs", "/.jobs/default", "/jobs/default/x"] {
            assert_eq!(parse(path), None, "{path}");
        }
    }
}
