//! What a registry asks for with `401`, and what it is answered: `Basic`, or a token of its token service
//! (distribution's `docs/spec/auth/token.md` and `oauth.md`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Full};
use serde::Deserialize;

use super::client::{Body, Client, may_go};
use super::credentials::Credentials;
use super::failure::RegistryError;
use super::session::collect;
use super::settings::{ANSWER, TOKEN_BYTES};

/// What a registry wants to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    Basic,
    /// A token of the service at `realm`.
    Bearer {
        realm: String,
        service: Option<String>,
    },
}

impl Challenge {
    /// Returns what the answer's headers ask for; of several `Bearer`.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(WWW_AUTHENTICATE).iter();
        let challenges = values.filter_map(|value| Self::parse(value.to_str().ok()?));
        challenges.reduce(|first, next| if next == Self::Basic { first } else { next })
    }

    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let parameters = parameters(rest);
        let of = |name: &str| {
            let found = parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.clone())
        };
        Some(Self::Bearer { realm: of("realm")?, service: of("service") })
    }
}

/// Returns the `key="value"` pairs of a challenge; a value may have commas, and quotes after a backslash.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim_start_matches([' ', ',']);
    while let Some((key, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let (value, after) = if let Some(quoted) = after.strip_prefix('"') {
            unquoted(quoted)
        } else {
            let end = after.find(',').unwrap_or(after.len());
            (after[..end].trim().to_owned(), &after[end..])
        };
        found.push((key.trim().to_owned(), value));
        rest = after.trim_start_matches([' ', ',']);
    }
    found
}

fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.extend(letters.next().map(|(_, letter)| letter)),
            letter => value.push(letter),
        }
    }
    (value, "")
}

/// Whose token is wanted, and for what.
pub(super) struct Asker<'a> {
    pub(super) client: &'a Client,
    pub(super) registry: &'a str,
    /// Where the challenge came from.
    pub(super) origin: &'a Uri,
    /// Such as `repository:team/tool:pull`.
    pub(super) scope: &'a str,
    pub(super) credentials: Option<&'a Credentials>,
}

impl Asker<'_> {
    /// Returns the `Authorization` that answers `challenge`; `None` where there is nothing to answer with.
    pub(super) async fn answer(
        &self,
        challenge: &Challenge,
    ) -> Result<Option<HeaderValue>, RegistryError> {
        match (challenge, self.credentials) {
            (_, Some(Credentials::Bearer(token))) => Ok(secret(&format!("Bearer {token}"))),
            (Challenge::Basic, Some(Credentials::Basic { username, password })) => {
                Ok(basic(username, password))
            }
            (Challenge::Basic, Some(Credentials::Identity(_)) | None) => Ok(None),
            (Challenge::Bearer { realm, service }, credentials) => {
                let token = self.token(realm, service.as_deref(), credentials).await?;
                Ok(token.and_then(|token| secret(&format!("Bearer {token}"))))
            }
        }
    }

    /// Returns a token; `None` where its service does not take the credentials.
    async fn token(
        &self,
        realm: &str,
        service: Option<&str>,
        credentials: Option<&Credentials>,
    ) -> Result<Option<String>, RegistryError> {
        let request = self.token_request(self.realm(realm)?, service, credentials);
        let request = request.map_err(|error| self.malformed(error.to_string()))?;
        let response = self.client.send(self.registry, request, ANSWER).await?;
        let status = response.status();
        let body = collect(response.into_body(), "token", TOKEN_BYTES).await?;
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Ok(None),
            status if status.is_success() => {
                let none = || self.malformed("its token service gave none".to_owned());
                token_of(&body).ok_or_else(none).map(Some)
            }
            status => Err(self.malformed(format!("its token service answered {status}"))),
        }
    }

    fn token_request(
        &self,
        uri: Uri,
        service: Option<&str>,
        credentials: Option<&Credentials>,
    ) -> http::Result<Request<Body>> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        if let Some(service) = service {
            form.append_pair("service", service);
        }
        form.append_pair("scope", self.scope);
        if let Some(Credentials::Identity(token)) = credentials {
            form.append_pair("grant_type", "refresh_token");
            form.append_pair("client_id", "jobling");
            form.append_pair("refresh_token", token);
            let body = Full::new(Bytes::from(form.finish())).boxed_unsync();
            let form = "application/x-www-form-urlencoded";
            return Request::post(uri).header(CONTENT_TYPE, form).body(body);
        }
        let separator = if uri.query().is_some() { '&' } else { '?' };
        let mut request = Request::get(format!("{uri}{separator}{}", form.finish()));
        if let Some(Credentials::Basic { username, password }) = credentials
            && let Some(header) = basic(username, password)
        {
            request = request.header(AUTHORIZATION, header);
        }
        request.body(Empty::new().boxed_unsync())
    }

    /// The credentials go where the registry says, and that must be as safe as the registry is.
    fn realm(&self, realm: &str) -> Result<Uri, RegistryError> {
        let uri: Uri =
            realm.parse().map_err(|_| self.malformed("its realm is no address".to_owned()))?;
        if may_go(self.client, self.origin, &uri) {
            return Ok(uri);
        }
        Err(RegistryError::Redirected {
            registry: self.registry.to_owned(),
            to: super::failure::harmless(realm),
            why: "where credentials would go without TLS",
        })
    }

    fn malformed(&self, why: String) -> RegistryError {
        RegistryError::Malformed { registry: self.registry.to_owned(), what: "token", why }
    }
}

fn token_of(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Answer {
        token: Option<String>,
        access_token: Option<String>,
    }
    let answer: Answer = serde_json::from_slice(body).ok()?;
    answer.token.or(answer.access_token).filter(|token| !token.is_empty())
}

fn basic(username: &str, password: &str) -> Option<HeaderValue> {
    secret(&format!("Basic {}", STANDARD.encode(format!("{username}:{password}"))))
}

/// Returns a header that no log shows; `None` for what no header can hold.
fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_read_as_registries_write_them() {
        let bearer = |realm: &str, service: Option<&str>| {
            let service = service.map(str::to_owned);
            Some(Challenge::Bearer { realm: realm.to_owned(), service })
        };
        for (text, expected) in [
            ("Basic realm=\"basic-realm\"", Some(Challenge::Basic)),
            ("basic", Some(Challenge::Basic)),
            (
                "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:a:pull\"",
                bearer("https://auth.docker.io/token", Some("registry.docker.io")),
            ),
            (
                "bearer service=\"a, \\\"b\\\"\", Realm = \"https://x/t\"",
                bearer("https://x/t", Some("a, \"b\"")),
            ),
            ("Bearer realm=https://x/t, error=invalid", bearer("https://x/t", None)),
            ("Bearer service=\"x\"", None),
            ("Bearer realm=\"unclosed", bearer("unclosed", None)),
            ("Negotiate", None),
            ("", None),
        ] {
            assert_eq!(Challenge::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn a_token_has_either_name() {
        for (body, expected) in [
            (r#"{"token": "a", "expires_in": 300}"#, Some("a")),
            (r#"{"access_token": "b"}"#, Some("b")),
            (r#"{"token": ""}"#, None),
            ("{}", None),
            ("nonsense", None),
        ] {
            assert_eq!(token_of(body.as_bytes()).as_deref(), expected, "{body}");
        }
    }
}
