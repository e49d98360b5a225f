//! The certificate that the host shows: signed by its own authority, kept in memory only, renewed by the
//! handshake that finds it old.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jobling_core::Timestamp;
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::authority::{base, later, set_life};
use super::{AccessError, Authority};

const LIFE_SECONDS: i64 = 365 * 86_400;
const RENEW_AFTER_SECONDS: i64 = 240 * 86_400;

/// Returns the TLS of a host that is reached by `names` (host names and addresses); `clock` tells when
/// the certificate is to be renewed.
///
/// # Errors
/// Where a name is none, or no certificate can be made.
pub fn tls_config(
    authority: Authority,
    names: Vec<String>,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
) -> Result<Arc<ServerConfig>, AccessError> {
    let first = issue(&authority, &names, clock())?;
    let certificates = Certificates { authority, names, clock, newest: Mutex::new(first) };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(certificates));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

struct Certificates {
    authority: Authority,
    names: Vec<String>,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    newest: Mutex<Issued>,
}

struct Issued {
    key: Arc<CertifiedKey>,
    renew_at: Timestamp,
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").field("names", &self.names).finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let now = (self.clock)();
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if now >= newest.renew_at {
            match issue(&self.authority, &self.names, now) {
                Ok(issued) => *newest = issued,
                Err(error) => tracing::error!(%error, "the certificate could not be renewed"),
            }
        }
        Some(Arc::clone(&newest.key))
    }
}

fn issue(authority: &Authority, names: &[String], now: Timestamp) -> Result<Issued, AccessError> {
    let now = base(now);
    let mut params = CertificateParams::new(names.to_vec())?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "jobling");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    set_life(&mut params, now, later(now, LIFE_SECONDS));
    let pair = KeyPair::generate()?;
    let certificate = params.signed_by(&pair, authority.issuer())?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pair.serialize_der()));
    let key = rustls::crypto::ring::sign::any_supported_type(&key)?;
    let key = CertifiedKey::new(vec![certificate.der().clone()], key);
    Ok(Issued { key: Arc::new(key), renew_at: later(now, RENEW_AFTER_SECONDS) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_428_000);

    #[test]
    fn a_certificate_is_renewed_well_before_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::load_or_create(folder.path(), NOW).unwrap();
        let issued = issue(&authority, &["localhost".into(), "127.0.0.1".into()], NOW).unwrap();
        let end = later(NOW, LIFE_SECONDS);
        assert!(issued.renew_at > NOW && issued.renew_at < end);
        assert_eq!(issued.key.cert.len(), 1);
    }

    #[test]
    fn what_is_no_host_name_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::load_or_create(folder.path(), NOW).unwrap();
        assert!(issue(&authority, &["größe".into()], NOW).is_err());
    }
}
