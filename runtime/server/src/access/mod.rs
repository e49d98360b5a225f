//! Who may ask: the certificate that the host shows, the token that clients show, and the kubeconfig that
//! tells them both.

mod authority;
mod certificate;
mod file;
mod kubeconfig;
mod token;

pub use authority::Authority;
pub use certificate::tls_config;
pub use kubeconfig::{Address, kubeconfig};
pub use token::Token;

/// Why access could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// A file could not be read or written.
    #[error("{path} could not be {what}")]
    File {
        /// Which.
        path: std::path::PathBuf,
        /// `read` or `written`.
        what: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file holds something else than it should.
    #[error("{path} does not hold {expected}; remove it to have a new one made")]
    Content {
        /// Which.
        path: std::path::PathBuf,
        /// What it should hold.
        expected: &'static str,
    },
    /// No certificate could be made.
    #[error("no certificate could be made")]
    Certificate(#[from] rcgen::Error),
    /// TLS refuses the certificate or its key.
    #[error("TLS could not be set up")]
    Tls(#[from] rustls::Error),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random,
}
