//! Answers: a status, headers and a body, the same way everywhere.

use std::io;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use jobling_core::api::{ApiError, Reason};
use jobling_core::engine::StoreError;
use serde_json::Value;

/// The body of an answer.
pub type AnswerBody = UnsyncBoxBody<Bytes, io::Error>;

/// An answer.
pub type Answer = Response<AnswerBody>;

const WARNING: HeaderName = HeaderName::from_static("warning");

/// Returns an answer of JSON text.
pub(crate) fn json(status: StatusCode, body: Vec<u8>) -> Answer {
    typed(status, "application/json", body.into())
}

/// Returns an answer of a JSON value.
pub(crate) fn value(status: StatusCode, value: &Value) -> Answer {
    json(status, value.to_string().into_bytes())
}

/// Returns an answer of a media type of its own.
pub(crate) fn typed(status: StatusCode, media: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body).map_err(|never| match never {}).boxed_unsync());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    answer
}

/// Returns an answer that goes on for as long as `chunks` does.
pub(crate) fn stream(
    media: &'static str,
    chunks: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
) -> Answer {
    let frames = chunks.map(|chunk| chunk.map(Frame::data));
    let mut answer = Response::new(StreamBody::new(frames).boxed_unsync());
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    answer
}

/// Returns the answer to what cannot be done.
pub(crate) fn refusal(error: &ApiError) -> Answer {
    let code = StatusCode::from_u16(error.reason.code());
    let mut answer = json(code.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), status_json(error));
    if let Some(seconds) = error.retry_after_seconds {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

/// Returns the `metav1.Status` of an error as JSON text.
pub(crate) fn status_json(error: &ApiError) -> Vec<u8> {
    serde_json::to_vec(&error.to_status()).unwrap_or_default()
}

/// Adds a `Warning` header for each sentence, as RFC 7234 has them.
pub(crate) fn warn(mut answer: Answer, warnings: &[String]) -> Answer {
    for warning in warnings {
        let mut text = String::with_capacity(warning.len());
        for c in warning.chars() {
            match c {
                '"' | '\\' => text.extend(['\\', c]),
                c if c.is_control() => text.push(' '),
                c => text.push(c),
            }
        }
        if let Ok(header) = HeaderValue::from_bytes(format!("299 - \"{text}\"").as_bytes()) {
            answer.headers_mut().append(WARNING, header);
        }
    }
    answer
}

/// Returns what a client is told of a store that cannot be read.
pub(crate) fn unreadable(error: &StoreError) -> ApiError {
    tracing::error!(%error, "a read of the store failed");
    match error {
        StoreError::Full => ApiError::new(Reason::InsufficientStorage, error.to_string()),
        StoreError::Failed(_) | StoreError::Corrupt { .. } => {
            ApiError::new(Reason::InternalError, error.to_string())
        }
    }
}

/// Runs what may block on a thread for that.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => {
            tracing::error!(%error, "a read ended in a panic");
            Err(ApiError::new(Reason::InternalError, "the server failed while reading"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_one_header_whatever_it_says() {
        let given = ["plain".to_owned(), "a \"quote\"\nand a line".to_owned()];
        let answer = warn(value(StatusCode::OK, &Value::Null), &given);
        let headers: Vec<_> = answer.headers().get_all(WARNING).iter().collect();
        assert_eq!(headers, ["299 - \"plain\"", "299 - \"a \\\"quote\\\" and a line\""]);
    }
}
