//! Pulls and pushes over the API. The answer is a JSON object a line, written as things happen: how far it
//! is, and at the end what it came to or a `Status`.

use std::io;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use jobling_core::api::{ApiError, Reason};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{self, Answer};
use crate::backend::Image;
use crate::images::object;
use crate::watch::Hold;
use crate::write::Body;

/// A pull or push under way; it ends with what it came to.
pub type Transfer = BoxStream<'static, Result<TransferStep, ApiError>>;

/// What a pull or push is asked for with.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TransferOrder {
    /// Text in the form of docker's `config.json`, with what the registry may be shown.
    pub docker_config: Option<String>,
    /// Whether the registry is spoken to without TLS.
    pub plain_http: bool,
    /// The name that a push gives the image in its registry.
    pub remote: Option<String>,
    /// The shape that a push gives it.
    pub format: PushFormat,
}

impl std::fmt::Debug for TransferOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TransferOrder").field("remote", &self.remote).finish_non_exhaustive()
    }
}

/// The shape of an image in its registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PushFormat {
    /// The CNCF's WASM artifact.
    #[default]
    Artifact,
    /// A container image.
    Runwasi,
}

/// What happens in a pull or push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferStep {
    /// It is so far.
    Progress {
        /// `waiting`, `asking`, `transferring` or `storing`.
        stage: &'static str,
        /// Bytes of the present blob that are there.
        done_bytes: u64,
        /// Bytes that it has.
        total_bytes: u64,
    },
    /// The image is here.
    Pulled {
        /// The image.
        image: Image,
        /// Whether it was here before.
        unchanged: bool,
    },
    /// The image is in the registry.
    Pushed {
        /// Its name there.
        name: String,
        /// Its manifest's digest.
        digest: String,
    },
}

/// Reads what a pull or push is asked for with; nothing is as good as `{}`.
pub(crate) fn order(body: &Body) -> Result<TransferOrder, ApiError> {
    if body.bytes.is_empty() {
        return Ok(TransferOrder::default());
    }
    // serde_json's text would quote what may be a secret.
    serde_json::from_slice(&body.bytes).map_err(|error| {
        let message = format!(
            "the body is no order for a transfer, at line {} column {}: it may have dockerConfig, plainHttp, \
             remote, and format (artifact or runwasi)",
            error.line(),
            error.column()
        );
        ApiError::new(Reason::BadRequest, message)
    })
}

/// Answers with what happens.
pub(crate) fn follow(transfer: Transfer, mut hold: Hold) -> Answer {
    // The place is given back when the stream is dropped, and the future with it.
    let over = Box::pin(async move { hold.over().await });
    let lines = transfer.take_until(over).map(|step| Ok::<_, io::Error>(line(step)));
    answer::stream("application/json", lines)
}

fn line(step: Result<TransferStep, ApiError>) -> Bytes {
    let value = match step {
        Ok(TransferStep::Progress { stage, done_bytes, total_bytes }) => {
            json!({"progress": {"stage": stage, "doneBytes": done_bytes, "totalBytes": total_bytes}})
        }
        Ok(TransferStep::Pulled { image, unchanged }) => {
            json!({"image": object(&image), "unchanged": unchanged})
        }
        Ok(TransferStep::Pushed { name, digest }) => {
            json!({"pushed": {"name": name, "digest": digest}})
        }
        Err(error) => {
            json!({"error": serde_json::to_value(error.to_status()).unwrap_or(Value::Null)})
        }
    };
    Bytes::from(format!("{value}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_strictly_and_an_error_quotes_nothing_of_it() {
        let read = |text: &str| {
            order(&Body { content_type: None, bytes: Bytes::copy_from_slice(text.as_bytes()) })
        };
        assert_eq!(read(""), Ok(TransferOrder::default()));
        let given = read(r#"{"plainHttp": true, "format": "runwasi", "remote": "r/x"}"#).unwrap();
        assert!(given.plain_http && given.format == PushFormat::Runwasi);
        for text in [r#"{"dockerConfig": {"auths": "s3cret"}}"#, r#"{"s3cret": 1}"#, "s3cret"] {
            let error = read(text).unwrap_err().message;
            assert!(
                error.contains("no order for a transfer") && !error.contains("s3cret"),
                "{error}"
            );
        }
    }

    #[test]
    fn each_step_is_a_line() {
        for (step, expected) in [
            (
                Ok(TransferStep::Progress { stage: "asking", done_bytes: 1, total_bytes: 2 }),
                r#"{"progress":{"doneBytes":1,"stage":"asking","totalBytes":2}}"#,
            ),
            (
                Ok(TransferStep::Pushed { name: "a".into(), digest: "d".into() }),
                r#"{"pushed":{"digest":"d","name":"a"}}"#,
            ),
            (Err(ApiError::new(Reason::BadRequest, "no")), r#""message":"no""#),
        ] {
            let line = String::from_utf8(line(step).to_vec()).unwrap();
            assert!(line.contains(expected) && line.ends_with("}\n"), "{line}");
        }
    }
}
