//! Who may ask, and for what: the certificate that the host shows, the tokens that clients show, the roles
//! that come with them, and the kubeconfig that tells a client all of it.

mod asked;
mod authority;
mod certificate;
mod door;
mod file;
mod grants;
mod kubeconfig;
mod role;
mod rules;
mod session;
mod token;

pub(crate) use asked::{Asked, OnResource};
pub use authority::Authority;
pub use certificate::tls_config;
pub use door::{Access, Endpoint};
pub(crate) use grants::{Grant, Wanted};
pub use kubeconfig::{Address, kubeconfig};
pub use role::Role;
pub(crate) use role::{Caller, Standing};
pub(crate) use rules::{Decision, decide, rules};
pub use session::Session;
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
