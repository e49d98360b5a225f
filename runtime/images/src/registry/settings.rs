//! What the operator says of registries, and the bounds that hold for all of them.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The most bytes of a manifest or an index; the distribution specification's own.
pub(super) const MANIFEST_BYTES: u64 = 4 << 20;
/// The most bytes of an image's configuration.
pub(super) const CONFIG_BYTES: u64 = 1 << 20;
/// The most bytes of a token service's answer.
pub(super) const TOKEN_BYTES: u64 = 256 << 10;
/// The most bytes of an error that are read.
pub(super) const ERROR_BYTES: u64 = 16 << 10;
/// The most layers of an image.
pub(super) const LAYERS: usize = 128;
/// How often a request is sent elsewhere.
pub(super) const REDIRECTS: u32 = 5;
/// How long a connection may take to be made.
pub(super) const CONNECT: Duration = Duration::from_secs(10);
/// How long the head of an answer may take.
pub(super) const ANSWER: Duration = Duration::from_secs(30);
/// How long nothing may come of a body that is not over.
pub(super) const STALL: Duration = Duration::from_secs(30);
/// How long a whole pull or push may take.
pub(super) const TRANSFER: Duration = Duration::from_mins(30);
/// Pulls at once; further ones wait.
pub(super) const PULLS: usize = 3;
/// How often a blob's download is taken up again before the pull fails.
pub(super) const ATTEMPTS: u32 = 5;
/// The pause before the first of them; it doubles.
pub(super) const RETRY: Duration = Duration::from_millis(100);

/// How a registry is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Transport {
    /// Over TLS; a registry on this host or a named insecure one without.
    #[default]
    Secure,
    /// In plain HTTP, because whoever asks says so.
    PlainHttp,
}

/// What the operator says of registries.
#[derive(Debug, Clone, Default)]
pub struct RegistrySettings {
    /// Registries (`HOST` or `HOST:PORT`) that are spoken to in plain HTTP.
    pub insecure: Vec<String>,
    /// Certificates in PEM that are trusted besides the system's.
    pub extra_ca: Option<PathBuf>,
    /// Where names without a registry are pulled from; `None`: nowhere.
    pub default_registry: Option<String>,
}

impl RegistrySettings {
    /// Returns whether the operator named `registry` insecure.
    pub(super) fn is_insecure(&self, registry: &str) -> bool {
        self.insecure.iter().any(|named| named == registry || named == host_of(registry))
    }
}

/// Returns the host of `HOST:PORT`, without the brackets of an IPv6 address.
pub(super) fn host_of(authority: &str) -> &str {
    if let Some((address, _)) = authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address;
    }
    authority.rsplit_once(':').map_or(authority, |(host, _)| host)
}

/// Returns whether `registry` is this host: nobody in between reads or changes what is said.
pub(super) fn is_loopback(registry: &str) -> bool {
    let host = host_of(registry);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_host_and_for_those_that_are_named() {
        let insecure = vec!["registry.lan:5000".to_owned(), "nas".to_owned()];
        let settings = RegistrySettings { insecure, ..RegistrySettings::default() };
        for (registry, loopback, insecure) in [
            ("localhost:5000", true, false),
            ("127.0.0.1:5000", true, false),
            ("[::1]:5000", true, false),
            ("127.0.0.1.example.com", false, false),
            ("localhost.example.com", false, false),
            ("registry.lan:5000", false, true),
            ("registry.lan:5001", false, false),
            ("registry.lan", false, false),
            ("nas:8080", false, true),
            ("nas", false, true),
            ("ghcr.io", false, false),
        ] {
            let found = (is_loopback(registry), settings.is_insecure(registry));
            assert_eq!(found, (loopback, insecure), "{registry}");
        }
    }
}
