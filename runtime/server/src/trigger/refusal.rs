//! Why a client does not get what a pod printed: each reason with its status, and what the client should
//! do, as RFC 9457 has it. What goes wrong inside a pod is told by its reason alone: what it wrote is in
//! its log, for whoever may read that.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use jobling_core::api::ApiError;
use serde_json::json;

use super::event::EventError;

/// Why a client does not get what a pod printed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("no trigger takes this path")]
    Nobody,
    #[error("the trigger of this path does not take this method")]
    OtherMethod(BTreeSet<String>),
    #[error("the request does not show that it may come in")]
    Unauthorized { challenge: &'static str },
    #[error("the request must have one Host header")]
    Host,
    #[error("the head is larger than the {limit} bytes that are taken")]
    LargeHead { limit: usize },
    #[error("the body is larger than the {limit} bytes that are taken")]
    TooLarge { limit: u64 },
    #[error("the body took longer than {seconds} s to arrive")]
    Late { seconds: u64 },
    #[error("the body did not arrive: {why}")]
    Broken { why: String },
    #[error(transparent)]
    Event(EventError),
    #[error("the idempotency key must be one visible text of at most 255 characters")]
    BadKey,
    #[error("the idempotency key was used for another request")]
    Mismatch,
    #[error("the request with this idempotency key is under way")]
    InProgress { location: String },
    #[error("the trigger takes no more requests at this moment")]
    TooMany { retry_after: Duration },
    #[error("as many requests are under way as may be")]
    Busy { retry_after: Duration },
    #[error("the trigger is suspended")]
    Suspended,
    #[error("the pod failed: {reason}")]
    Failed { reason: String, exit_code: Option<i32> },
    #[error("the pod's answer is none: {why}")]
    BadAnswer { why: String },
    #[error("the time for the request is over")]
    Deadline,
    #[error("the request was cancelled")]
    Cancelled,
    #[error("a newer request took the place of this one")]
    Replaced,
    #[error("the request has ended")]
    Ended,
    #[error("{0}")]
    Engine(ApiError),
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Nobody => StatusCode::NOT_FOUND,
            Self::OtherMethod(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unauthorized { .. } => StatusCode::UNAUTHORIZED,
            Self::LargeHead { .. } => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Late { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::Event(EventError::Format(_)) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Host | Self::Broken { .. } | Self::Event(_) | Self::BadKey => {
                StatusCode::BAD_REQUEST
            }
            Self::Mismatch => StatusCode::UNPROCESSABLE_ENTITY,
            Self::InProgress { .. } | Self::Ended => StatusCode::CONFLICT,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy { .. } | Self::Suspended | Self::Replaced => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed { .. } | Self::BadAnswer { .. } => StatusCode::BAD_GATEWAY,
            Self::Deadline => StatusCode::GATEWAY_TIMEOUT,
            Self::Cancelled => StatusCode::GONE,
            Self::Engine(error) => StatusCode::from_u16(error.reason.code())
                .ok()
                .filter(StatusCode::is_server_error)
                .unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooMany { retry_after } | Self::Busy { retry_after } => Some(*retry_after),
            Self::InProgress { .. } => Some(Duration::from_secs(1)),
            Self::Engine(error) => {
                error.retry_after_seconds.map(|seconds| Duration::from_secs(seconds.into()))
            }
            Self::Nobody
            | Self::OtherMethod(_)
            | Self::Unauthorized { .. }
            | Self::Host
            | Self::LargeHead { .. }
            | Self::TooLarge { .. }
            | Self::Late { .. }
            | Self::Broken { .. }
            | Self::Event(_)
            | Self::BadKey
            | Self::Mismatch
            | Self::Suspended
            | Self::Failed { .. }
            | Self::BadAnswer { .. }
            | Self::Deadline
            | Self::Cancelled
            | Self::Replaced
            | Self::Ended => None,
        }
    }

    /// Returns what the client is told.
    pub(super) fn into_response(self) -> Response<Bytes> {
        let status = self.status();
        let mut told = json!({
            "title": status.canonical_reason().unwrap_or_default(),
            "status": status.as_u16(),
            "detail": self.to_string(),
        });
        if let Self::Failed { reason, exit_code } = &self {
            told["reason"] = json!(reason);
            told["exitCode"] = json!(exit_code);
        }
        let mut response = Response::new(Bytes::from(format!("{told}\n")));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(after) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(after)));
        }
        let (name, value) = if let Self::OtherMethod(methods) = self {
            (ALLOW, methods.into_iter().collect::<Vec<_>>().join(", "))
        } else if let Self::Unauthorized { challenge } = self {
            (WWW_AUTHENTICATE, challenge.to_owned())
        } else if let Self::InProgress { location } = self {
            (LOCATION, location)
        } else {
            return response;
        };
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
        response
    }
}

/// A client that comes again after so many seconds has waited for `time` at least.
fn whole_seconds(time: Duration) -> u64 {
    let more = u64::from(time.subsec_nanos() > 0);
    (time.as_secs() + more).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jobling_core::api::Reason;

    #[test]
    fn each_reason_has_its_status_and_what_a_client_needs() {
        let methods = BTreeSet::from(["POST".to_owned(), "GET".to_owned()]);
        let after = Duration::from_millis(1500);
        let full = ApiError::new(Reason::InsufficientStorage, "the disk is full");
        let busy = ApiError {
            retry_after_seconds: Some(3),
            ..ApiError::new(Reason::TooManyRequests, "too many")
        };
        for (refusal, status, header, value) in [
            (Refusal::Nobody, 404, "", ""),
            (Refusal::OtherMethod(methods), 405, "allow", "GET, POST"),
            (Refusal::Unauthorized { challenge: "Bearer" }, 401, "www-authenticate", "Bearer"),
            (Refusal::LargeHead { limit: 1 }, 431, "", ""),
            (Refusal::TooLarge { limit: 1 }, 413, "", ""),
            (Refusal::Event(EventError::Format("x".into())), 415, "", ""),
            (Refusal::Event(EventError::Data), 400, "", ""),
            (Refusal::Mismatch, 422, "", ""),
            (Refusal::InProgress { location: "/a".into() }, 409, "location", "/a"),
            (Refusal::TooMany { retry_after: after }, 429, "retry-after", "2"),
            (Refusal::Busy { retry_after: Duration::ZERO }, 503, "retry-after", "1"),
            (Refusal::Deadline, 504, "", ""),
            (Refusal::Engine(full), 507, "", ""),
            (Refusal::Engine(busy), 503, "retry-after", "3"),
        ] {
            let response = refusal.clone().into_response();
            assert_eq!(response.status().as_u16(), status, "{refusal:?}");
            let told = response.headers().get(header).map(HeaderValue::as_bytes);
            assert_eq!(told.unwrap_or_default(), value.as_bytes(), "{refusal:?}");
        }
    }

    #[test]
    fn a_failed_pod_is_told_by_its_reason() {
        let refusal = Refusal::Failed { reason: "OOMKilled".to_owned(), exit_code: Some(137) };
        let told: serde_json::Value =
            serde_json::from_slice(refusal.into_response().body()).unwrap();
        let expected = json!({
            "title": "Bad Gateway",
            "status": 502,
            "detail": "the pod failed: OOMKilled",
            "reason": "OOMKilled",
            "exitCode": 137,
        });
        assert_eq!(told, expected);
    }
}
