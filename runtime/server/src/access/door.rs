//! Who is let in, and as whom: the host's own token, the tokens that were given out, and the address that
//! a new holder's kubeconfig names.

use std::path::Path;
use std::sync::Arc;

use http::HeaderValue;
use jobling_core::Timestamp;
use jobling_core::api::{ApiError, Reason};

use super::grants::Grants;
use super::{AccessError, Address, Session, Token, kubeconfig};

/// Who is let in.
#[derive(Debug)]
pub struct Access {
    own: Token,
    grants: Arc<Grants>,
    endpoint: Option<Endpoint>,
}

/// Where holders of tokens come in.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// An `https://` URL.
    pub url: String,
    /// The authority to trust there, as PEM.
    pub authority_pem: String,
}

impl Access {
    /// Opens what is kept in `directory`: the host's own token (`token`), made where there is none, and
    /// those that were given out (`tokens.json`).
    ///
    /// # Errors
    /// Where a file cannot be read or written, or holds something else.
    pub fn open(directory: &Path) -> Result<Self, AccessError> {
        super::file::directory(directory)?;
        let own = Token::load_or_create(&directory.join("token"))?;
        let grants = Arc::new(Grants::open(&directory.join("tokens.json"))?);
        Ok(Self { own, grants, endpoint: None })
    }

    /// Has kubeconfigs of new tokens name `endpoint`.
    #[must_use]
    pub fn with_endpoint(self, endpoint: Endpoint) -> Self {
        Self { endpoint: Some(endpoint), ..self }
    }

    /// Returns the host's own kubeconfig for `endpoint`.
    #[must_use]
    pub fn own_kubeconfig(&self, endpoint: &Endpoint) -> String {
        kubeconfig(&endpoint.address(self.own.clone()), None)
    }

    /// Returns the kubeconfig of a new token; `None` where nobody can come in with one.
    pub(crate) fn kubeconfig(&self, token: &Token, namespace: Option<&str>) -> Option<String> {
        let endpoint = self.endpoint.as_ref()?;
        Some(kubeconfig(&endpoint.address(token.clone()), namespace))
    }

    /// Returns the tokens that were given out.
    pub(crate) const fn grants(&self) -> &Arc<Grants> {
        &self.grants
    }

    /// Lets in whoever shows a token that is good.
    ///
    /// # Errors
    /// `Unauthorized`, which does not say why.
    pub(crate) fn admit(
        &self,
        authorization: Option<&HeaderValue>,
        now: Timestamp,
    ) -> Result<Session, ApiError> {
        let unauthorized = || ApiError::new(Reason::Unauthorized, "Unauthorized");
        if self.own.is_shown_by(authorization) {
            return Ok(Session::owner());
        }
        let shown = Token::shown(authorization).ok_or_else(unauthorized)?;
        let grant = self.grants.find(shown, now).ok_or_else(unauthorized)?;
        Ok(Session::holder(grant, Arc::clone(&self.grants), now))
    }
}

impl Endpoint {
    fn address(&self, token: Token) -> Address {
        let Self { url, authority_pem } = self.clone();
        Address::Tls { url, authority_pem, token }
    }
}
