//! Whether a request may come in: by a bearer token or by a signature over its body. Both are compared in
//! a time that tells nothing of what was expected.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};
use ring::hmac;
use subtle::ConstantTimeEq as _;

/// Hexadecimal digits of a SHA-256.
const HEX_DIGITS: usize = 64;

/// What a request must show.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Lock {
    /// Nothing.
    Open,
    /// `Authorization: Bearer TOKEN`.
    Token(Vec<u8>),
    /// The HMAC-SHA-256 of what is sent, hexadecimal or base64, in a header and after a prefix.
    Signature { key: Vec<u8>, header: HeaderName, prefix: String },
    /// The secret is not there: nobody comes in.
    Shut,
}

impl Lock {
    /// Returns whether a request with these `headers`, which sends `signed`, may come in. An empty secret
    /// lets nobody in.
    pub(super) fn opens(&self, headers: &HeaderMap, signed: &[u8]) -> bool {
        match self {
            Self::Open => true,
            Self::Token(token) => !token.is_empty() && shows_token(headers, token),
            Self::Signature { key, header, prefix } => {
                !key.is_empty()
                    && signature(headers, header, prefix).is_some_and(|given| {
                        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
                        hmac::verify(&key, signed, &given).is_ok()
                    })
            }
            Self::Shut => false,
        }
    }

    /// Returns whether it takes the body to tell.
    pub(super) fn needs_body(&self) -> bool {
        matches!(self, Self::Signature { .. })
    }

    /// Returns what a client is told that did not open it (RFC 9110, 11.6.1).
    pub(super) fn challenge(&self) -> &'static str {
        match self {
            Self::Open | Self::Token(_) | Self::Shut => "Bearer",
            Self::Signature { .. } => "Signature",
        }
    }
}

/// Never the secret: it must not get into a log.
impl std::fmt::Debug for Lock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Open => "Open",
            Self::Token(_) => "Token(..)",
            Self::Signature { .. } => "Signature(..)",
            Self::Shut => "Shut",
        })
    }
}

fn shows_token(headers: &HeaderMap, token: &[u8]) -> bool {
    let shown = only(headers, &AUTHORIZATION).and_then(|value| value.split_first_chunk::<7>());
    shown.is_some_and(|(scheme, shown)| {
        scheme.eq_ignore_ascii_case(b"Bearer ") && bool::from(shown.ct_eq(token))
    })
}

/// Returns the signature that the request carries.
fn signature(headers: &HeaderMap, header: &HeaderName, prefix: &str) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(only(headers, header)?).ok()?;
    let text = text.strip_prefix(prefix)?;
    if text.len() == HEX_DIGITS { unhex(text) } else { STANDARD.decode(text).ok() }
}

/// Returns the value of a header that may be there once: of two, nobody can say which one holds.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h [u8]> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then(|| value.as_bytes())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16)?).ok();
    let pairs = text.as_bytes().chunks_exact(2);
    pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let line = |(name, value): &(&str, &str)| {
            (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())
        };
        lines.iter().map(line).collect()
    }

    #[test]
    fn only_the_whole_token_lets_in() {
        for (lines, token, right) in [
            (vec![("authorization", "Bearer abc")], "abc", true),
            (vec![("authorization", "bearer abc")], "abc", true),
            (vec![("authorization", "Bearer ab")], "abc", false),
            (vec![("authorization", "Bearer abcd")], "abc", false),
            (vec![("authorization", "Basic abc")], "abc", false),
            (vec![("authorization", "Bearer abc"), ("authorization", "Bearer abc")], "abc", false),
            (vec![("authorization", "Bearer ")], "", false),
            (vec![], "abc", false),
        ] {
            let lock = Lock::Token(token.as_bytes().to_vec());
            assert_eq!(lock.opens(&headers(&lines), b""), right, "{lines:?}");
        }
    }

    /// The example of GitHub's "Validating webhook deliveries".
    #[test]
    fn only_the_signature_of_this_body_lets_in() {
        let hex = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let base64 = "dXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsEPhc=";
        let header = HeaderName::from_static("x-hub-signature-256");
        for (prefix, value, body, right) in [
            ("sha256=", format!("sha256={hex}"), "Hello, World!", true),
            ("sha256=", format!("sha256={}", hex.to_uppercase()), "Hello, World!", true),
            ("", base64.to_owned(), "Hello, World!", true),
            ("", hex.to_owned(), "Hello, World", false),
            ("", format!("sha256={hex}"), "Hello, World!", false),
            ("sha256=", hex.to_owned(), "Hello, World!", false),
            ("", hex.replace('7', "8"), "Hello, World!", false),
            ("", hex[..62].to_owned(), "Hello, World!", false),
            ("", hex.replace('7', "g"), "Hello, World!", false),
            ("", String::new(), "Hello, World!", false),
        ] {
            let key = b"It's a Secret to Everybody".to_vec();
            let lock = Lock::Signature { key, header: header.clone(), prefix: prefix.to_owned() };
            let headers = headers(&[(header.as_str(), &value)]);
            assert_eq!(lock.opens(&headers, body.as_bytes()), right, "{prefix:?} {value:?}");
        }
    }

    #[test]
    fn without_a_secret_nobody_comes_in() {
        let header = HeaderName::from_static("x-signature");
        let made = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b""), b"x");
        let headers = headers(&[("x-signature", &STANDARD.encode(made))]);
        let lock = Lock::Signature { key: Vec::new(), header, prefix: String::new() };
        assert!(!lock.opens(&headers, b"x"));
        assert!(!Lock::Shut.opens(&headers, b"x"));
        assert!(Lock::Open.opens(&headers, b"x"));
    }
}
