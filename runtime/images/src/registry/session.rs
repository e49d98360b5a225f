//! A conversation with one registry about one repository: who asks is told once, redirects are followed as
//! far as they may be, and every body has a most.

use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body::Body as _;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use serde::Deserialize;

use super::auth::{Asker, Challenge};
use super::client::{Body, Client, may_go};
use super::credentials::Credentials;
use super::failure::{RegistryError, harmless};
use super::settings::{ANSWER, ERROR_BYTES, REDIRECTS, STALL, Transport};

/// Where Docker's registry answers.
const DOCKER_HUB: (&str, &str) = ("docker.io", "registry-1.docker.io");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("jobling/", env!("CARGO_PKG_VERSION")));

/// What is to be done in the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Pull,
    Push,
}

/// A conversation with one registry about one repository.
pub(super) struct Session<'a> {
    client: &'a Client,
    registry: &'a str,
    repository: &'a str,
    access: Access,
    origin: Uri,
    credentials: Option<Credentials>,
    authorization: Mutex<Option<HeaderValue>>,
}

/// A request. Its body is made anew where it has to be sent again.
pub(super) struct Ask<'b> {
    pub(super) method: Method,
    /// What is asked for, as errors name it.
    pub(super) what: &'static str,
    pub(super) uri: Uri,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Option<&'b (dyn Fn() -> Body + Send + Sync)>,
    /// How long the answer's head may take: sending a body counts.
    pub(super) answer_within: Duration,
}

impl Ask<'_> {
    pub(super) fn new(method: Method, what: &'static str, uri: Uri) -> Self {
        Self { method, what, uri, headers: Vec::new(), body: None, answer_within: ANSWER }
    }

    pub(super) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl<'a> Session<'a> {
    pub(super) async fn open(
        client: &'a Client,
        (registry, repository): (&'a str, &'a str),
        transport: Transport,
        access: Access,
        credentials: Option<Credentials>,
    ) -> Result<Self, RegistryError> {
        let host = if registry == DOCKER_HUB.0 { DOCKER_HUB.1 } else { registry };
        let scheme = client.scheme(host, transport).await?;
        let origin =
            format!("{scheme}://{host}/").parse().map_err(|_| RegistryError::Malformed {
                registry: registry.to_owned(),
                what: "address",
                why: "it cannot be called".to_owned(),
            })?;
        let authorization = Mutex::default();
        Ok(Self { client, registry, repository, access, origin, credentials, authorization })
    }

    /// Returns the address of `path` in the repository.
    pub(super) fn uri(&self, path: &str) -> Result<Uri, RegistryError> {
        let text = format!("{}v2/{}/{path}", self.origin, self.repository);
        text.parse().map_err(|_| self.malformed("address", format!("{path} cannot be asked for")))
    }

    /// Returns the address that an answer's `Location` names.
    pub(super) fn location(&self, from: &Uri, headers: &HeaderMap) -> Result<Uri, RegistryError> {
        let given = headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let fault = || self.malformed("location", format!("{:?}", harmless(given)));
        let uri: Uri = given.parse().map_err(|_| fault())?;
        let uri = match (uri.scheme(), uri.authority()) {
            (Some(_), Some(_)) => uri,
            _ if given.starts_with('/') && !given.starts_with("//") => {
                let mut parts = from.clone().into_parts();
                parts.path_and_query = uri.into_parts().path_and_query;
                Uri::from_parts(parts).map_err(|_| fault())?
            }
            _ => return Err(fault()),
        };
        if may_go(self.client, from, &uri) {
            return Ok(uri);
        }
        let why = "which is not over TLS";
        Err(RegistryError::Redirected {
            registry: self.registry.to_owned(),
            to: harmless(given),
            why,
        })
    }

    /// Asks, and returns a successful answer.
    pub(super) async fn ask(&self, ask: &Ask<'_>) -> Result<Response<Incoming>, RegistryError> {
        let response = self.send(ask).await?;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(self.refusal(ask, response).await)
        }
    }

    /// Asks, and returns whatever the answer is. The credentials are shown to the registry alone, not to
    /// where it sends on to.
    pub(super) async fn send(&self, ask: &Ask<'_>) -> Result<Response<Incoming>, RegistryError> {
        let mut uri = ask.uri.clone();
        let mut answered = false;
        for _ in 0..=REDIRECTS + 1 {
            let response = self.send_once(ask, &uri).await?;
            let status = response.status();
            if status == StatusCode::UNAUTHORIZED && !answered && self.is_own(&uri) {
                answered = true;
                if !self.authorize(response.headers()).await? {
                    return Ok(response);
                }
            } else if status.is_redirection() && matches!(ask.method, Method::GET | Method::HEAD) {
                uri = self.location(&uri, response.headers())?;
            } else {
                return Ok(response);
            }
        }
        let why = "after as many places as are followed";
        Err(RegistryError::Redirected {
            registry: self.registry.to_owned(),
            to: harmless(&uri.to_string()),
            why,
        })
    }

    async fn send_once(
        &self,
        ask: &Ask<'_>,
        uri: &Uri,
    ) -> Result<Response<Incoming>, RegistryError> {
        let mut request = Request::builder().method(&ask.method).uri(uri).header(USER_AGENT, AGENT);
        for (name, value) in &ask.headers {
            request = request.header(name, value);
        }
        if self.is_own(uri)
            && let Some(authorization) = self.authorization()
        {
            request = request.header(AUTHORIZATION, authorization);
        }
        let body = ask.body.map_or_else(|| Empty::new().boxed_unsync(), |make| make());
        let request =
            request.body(body).map_err(|error| self.malformed("request", error.to_string()))?;
        self.client.send(self.registry, request, ask.answer_within).await
    }

    fn is_own(&self, uri: &Uri) -> bool {
        uri.scheme() == self.origin.scheme() && uri.authority() == self.origin.authority()
    }

    /// Answers a challenge; returns whether there was one that could be.
    async fn authorize(&self, headers: &HeaderMap) -> Result<bool, RegistryError> {
        let Some(challenge) = Challenge::of(headers) else { return Ok(false) };
        let actions = match self.access {
            Access::Pull => "pull",
            Access::Push => "pull,push",
        };
        let scope = format!("repository:{}:{actions}", self.repository);
        let asker = Asker {
            client: self.client,
            registry: self.registry,
            origin: &self.origin,
            scope: &scope,
            credentials: self.credentials.as_ref(),
        };
        let answer = asker.answer(&challenge).await?;
        let can = answer.is_some();
        *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = answer;
        Ok(can)
    }

    fn authorization(&self) -> Option<HeaderValue> {
        self.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns what an answer means that is no success.
    pub(super) async fn refusal(
        &self,
        ask: &Ask<'_>,
        response: Response<Incoming>,
    ) -> RegistryError {
        let status = response.status();
        let body = collect(response.into_body(), "error", ERROR_BYTES).await;
        let told = body.map(|body| told(&body)).unwrap_or_default();
        let registry = self.registry.to_owned();
        let repository = self.repository.to_owned();
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let used = match self.credentials {
                    Some(_) => "with the credentials that it was given",
                    None => {
                        "without credentials; an imagePullSecret or docker's config.json may have some"
                    }
                };
                RegistryError::Denied { registry, repository, used, told }
            }
            StatusCode::NOT_FOUND => {
                RegistryError::Missing { registry, repository, what: ask.what.to_owned(), told }
            }
            status => RegistryError::Status { registry, what: ask.what, status, told },
        }
    }

    pub(super) fn malformed(&self, what: &'static str, why: String) -> RegistryError {
        RegistryError::Malformed { registry: self.registry.to_owned(), what, why }
    }
}

/// Returns what of a body there is, as a registry's error has it: `errors[].code` and `message`.
fn told(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Errors {
        errors: Vec<One>,
    }
    #[derive(Deserialize)]
    #[serde(default)]
    #[derive(Default)]
    struct One {
        code: String,
        message: String,
    }
    let Ok(errors) = serde_json::from_slice::<Errors>(body) else { return String::new() };
    let one = errors.errors.into_iter().next().unwrap_or_default();
    let text = match (one.code.as_str(), one.message.as_str()) {
        (code, "") => code.to_owned(),
        ("", message) => message.to_owned(),
        (code, message) => format!("{code}: {message}"),
    };
    harmless(&text)
}

/// Reads a body to its end.
pub(super) async fn collect(
    mut body: Incoming,
    what: &'static str,
    most: u64,
) -> Result<Bytes, RegistryError> {
    if body.size_hint().lower() > most {
        return Err(RegistryError::TooLarge { what, most });
    }
    let mut collected = Vec::new();
    while let Some(piece) = piece(&mut body).await {
        let got = u64::try_from(collected.len()).unwrap_or(u64::MAX);
        let piece = piece.map_err(|source| RegistryError::Cut {
            what,
            got,
            size: most,
            source: Some(source),
        })?;
        collected.extend_from_slice(&piece);
        if u64::try_from(collected.len()).unwrap_or(u64::MAX) > most {
            return Err(RegistryError::TooLarge { what, most });
        }
    }
    Ok(collected.into())
}

/// Returns the next piece of a body, unless it takes too long; `None` at its end.
pub(super) async fn piece(
    body: &mut Incoming,
) -> Option<Result<Bytes, Box<dyn Error + Send + Sync>>> {
    loop {
        let frame = match tokio::time::timeout(STALL, body.frame()).await {
            Ok(frame) => frame?,
            Err(_) => return Some(Err(format!("nothing came for {} s", STALL.as_secs()).into())),
        };
        match frame.map(hyper::body::Frame::into_data) {
            Ok(Ok(data)) => return Some(Ok(data)),
            // Trailers say nothing that is needed.
            Ok(Err(_)) => {}
            Err(error) => return Some(Err(Box::new(error))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registrys_error_is_told_in_its_words() {
        for (body, expected) in [
            (
                r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{}}]}"#,
                "MANIFEST_UNKNOWN: manifest unknown",
            ),
            (r#"{"errors":[{"message":"no"}]}"#, "no"),
            (r#"{"errors":[]}"#, ""),
            ("<html>", ""),
        ] {
            assert_eq!(told(body.as_bytes()), expected);
        }
    }
}
