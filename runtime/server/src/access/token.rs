//! A bearer token. The host's own is made once and kept in a file that only the daemon's user can read, as
//! its kubeconfig is; it is compared in a time that tells nothing of it.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use subtle::ConstantTimeEq as _;

use super::{AccessError, file};

/// 256 bits cannot be guessed.
const TOKEN_BYTES: usize = 32;

/// What a client over TLS shows to be let in.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Returns the token in the file at `path`; where there is none, a new one, and writes it there.
    ///
    /// # Errors
    /// Where the file cannot be read or written, or holds no token.
    pub fn load_or_create(path: &Path) -> Result<Self, AccessError> {
        let Some(text) = file::read(path)? else {
            let token = Self::random()?;
            file::write(path, &format!("{}\n", token.0))?;
            return Ok(token);
        };
        let token = text.trim();
        let long_enough = URL_SAFE_NO_PAD.decode(token).is_ok_and(|raw| raw.len() >= TOKEN_BYTES);
        if !long_enough {
            return Err(AccessError::Content { path: path.to_owned(), expected: "a token" });
        }
        Ok(Self(token.to_owned()))
    }

    pub(super) fn random() -> Result<Self, AccessError> {
        let mut raw = [0; TOKEN_BYTES];
        let provider = rustls::crypto::ring::default_provider();
        provider.secure_random.fill(&mut raw).map_err(|_| AccessError::Random)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(raw)))
    }

    /// Returns the token's text, for a kubeconfig.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Returns whether an `Authorization` header shows this token.
    #[must_use]
    pub fn is_shown_by(&self, authorization: Option<&HeaderValue>) -> bool {
        Self::shown(authorization).is_some_and(|shown| bool::from(shown.ct_eq(self.0.as_bytes())))
    }

    /// Returns the token that an `Authorization` header shows, whatever it is good for.
    pub(super) fn shown(authorization: Option<&HeaderValue>) -> Option<&[u8]> {
        let (scheme, shown) = authorization?.as_bytes().split_first_chunk::<7>()?;
        scheme.eq_ignore_ascii_case(b"Bearer ").then_some(shown)
    }
}

/// Never the token itself: it must not get into a log.
impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_token_is_made_once_and_kept_from_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let made = Token::load_or_create(&path).unwrap();
        assert_eq!(Token::load_or_create(&path).unwrap(), made);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!format!("{made:?}").contains(made.reveal()));
        std::fs::write(&path, "short").unwrap();
        assert!(matches!(Token::load_or_create(&path), Err(AccessError::Content { .. })));
    }

    #[test]
    fn only_the_whole_token_lets_in() {
        let token = Token("abcdef".to_owned());
        for (header, right) in [
            (None, false),
            (Some("Bearer abcdef"), true),
            (Some("bearer abcdef"), true),
            (Some("Bearer abcde"), false),
            (Some("Bearer abcdefg"), false),
            (Some("Basic abcdef"), false),
            (Some("Bearer "), false),
            (Some(""), false),
        ] {
            let value = header.map(|text| HeaderValue::from_str(text).unwrap());
            assert_eq!(token.is_shown_by(value.as_ref()), right, "{header:?}");
        }
    }
}
