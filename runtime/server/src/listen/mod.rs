//! Where clients come in: the Unix socket and TCP with TLS, the connections from there, and their end.

mod bounded;
mod clients;
mod connection;
mod serve;
mod tls;
mod unix;

pub(crate) use bounded::Bounded;
pub(crate) use clients::{Bounds, serve_clients};
pub use serve::{Listener, serve};
pub use tls::TlsListener;
pub use unix::UnixSocket;

/// Why nobody can come in.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another process listens there.
    #[error("{path} is in use: another jobling serves from there")]
    InUse {
        /// The socket.
        path: std::path::PathBuf,
    },
    /// Something else than a socket is there.
    #[error("{path} exists and is no socket")]
    NoSocket {
        /// The path.
        path: std::path::PathBuf,
    },
    /// A socket that was passed has no path.
    #[error("the Unix socket that was passed has no path: clients could not be told where it is")]
    Nameless,
    /// A socket that was passed may be opened by anybody.
    #[error("{path} has mode {mode:o}, and whoever opens it is an admin; set SocketMode=0600")]
    OpenToAll {
        /// The socket.
        path: std::path::PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The address cannot be listened on.
    #[error("{address} cannot be listened on")]
    Bind {
        /// The path, or address and port.
        address: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}
