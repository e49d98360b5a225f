//! The HTTP client of all registries: whose certificates are trusted, and who may be spoken to without any.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::failure::RegistryError;
use super::settings::{ANSWER, CONNECT, RegistrySettings, Transport, host_of, is_loopback};

/// The body of a request.
pub(super) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// How long a connection rests before it is closed.
const IDLE: Duration = Duration::from_secs(5);

/// Speaks to registries.
#[derive(Clone)]
pub struct Client {
    http: HyperClient<HttpsConnector<HttpConnector>, Body>,
    settings: Arc<RegistrySettings>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Why no client can be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The file of further certificates cannot be used.
    #[error("the certificates in {} cannot be used: {why}", path.display())]
    ExtraCa {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The TLS library refuses its own settings.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
}

impl Client {
    /// Returns a client that trusts the system's certificates and those that `settings` name.
    ///
    /// # Errors
    /// Where those cannot be read.
    pub fn new(settings: RegistrySettings) -> Result<Self, ClientError> {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_connect_timeout(Some(CONNECT));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls(&settings)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let http = HyperClient::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Ok(Self { http, settings: Arc::new(settings) })
    }

    /// Returns what the operator says.
    pub(super) fn settings(&self) -> &RegistrySettings {
        &self.settings
    }

    /// Sends a request and returns the answer's head, its body still on the way.
    pub(super) async fn send(
        &self,
        registry: &str,
        request: Request<Body>,
        answer_within: Duration,
    ) -> Result<Response<Incoming>, RegistryError> {
        match tokio::time::timeout(answer_within, self.http.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(RegistryError::Unreachable {
                registry: registry.to_owned(),
                source: Box::new(error),
            }),
            Err(_) => Err(RegistryError::TimedOut {
                registry: registry.to_owned(),
                seconds: answer_within.as_secs(),
            }),
        }
    }

    /// Returns whether `host` may be spoken to without TLS at all.
    pub(super) fn may_be_plain(&self, authority: &str) -> bool {
        is_loopback(authority) || self.settings.is_insecure(authority)
    }

    /// Returns `http` or `https` for `registry`. One on this host is asked whether it speaks TLS; a
    /// certificate that is not trusted is never answered by going without.
    pub(super) async fn scheme(
        &self,
        registry: &str,
        transport: Transport,
    ) -> Result<&'static str, RegistryError> {
        if transport == Transport::PlainHttp || self.settings.is_insecure(registry) {
            return Ok("http");
        }
        if !is_loopback(registry) {
            return Ok("https");
        }
        let probe = format!("https://{registry}/v2/")
            .parse::<Uri>()
            .ok()
            .and_then(|uri| Request::get(uri).body(Empty::new().boxed_unsync()).ok());
        let Some(probe) = probe else { return Ok("http") };
        match self.send(registry, probe, ANSWER).await {
            Ok(_) => Ok("https"),
            Err(error) if is_untrusted(&error) => Err(error),
            Err(_) => Ok("http"),
        }
    }
}

fn tls(settings: &RegistrySettings) -> Result<ClientConfig, ClientError> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        tracing::debug!(%error, "a certificate of the system's is passed over");
    }
    roots.add_parsable_certificates(native.certs);
    if let Some(path) = &settings.extra_ca {
        let refused = |why: String| ClientError::ExtraCa { path: path.clone(), why };
        let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect)
            .map_err(|error| refused(error.to_string()))?;
        if certificates.is_empty() {
            return Err(refused("there is none in PEM".to_owned()));
        }
        for certificate in certificates {
            roots.add(certificate).map_err(|error| refused(error.to_string()))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(ClientError::Tls)?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// Returns whether TLS was spoken and the certificate is not trusted. An `io::Error` does not show the
/// error that it wraps as its source.
fn is_untrusted(error: &(dyn Error + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return matches!(error, rustls::Error::InvalidCertificate(_));
    }
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    match wrapped {
        Some(error) => is_untrusted(error),
        None => error.source().is_some_and(is_untrusted),
    }
}

/// Returns whether a request may go from `from` to `to`: over TLS always, without it only where both may
/// do without.
pub(super) fn may_go(client: &Client, from: &Uri, to: &Uri) -> bool {
    let plain = |uri: &Uri| uri.scheme_str() == Some("http");
    let authority = |uri: &Uri| uri.authority().map(|a| a.as_str().to_owned()).unwrap_or_default();
    match to.scheme_str() {
        Some("https") => true,
        Some("http") => {
            let same = host_of(&authority(from)) == host_of(&authority(to));
            plain(from) && (same || client.may_be_plain(&authority(to)))
        }
        Some(_) | None => false,
    }
}
