//! The bounds on what clients may take of this host. Every one has a number.

use std::time::Duration;

/// What a client may take at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// A request's body, in bytes; 3 MiB as the API server's.
    pub body_bytes: usize,
    /// A module that is imported, in bytes.
    pub image_bytes: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// How long a module may take to arrive.
    pub image_timeout: Duration,
    /// How long the head of a request may take, and how long a connection may rest between two.
    pub header_timeout: Duration,
    /// How long a TLS handshake may take.
    pub handshake_timeout: Duration,
    /// How long an answer may take that is no stream.
    pub request_timeout: Duration,
    /// How long a client may leave what is written to it unread.
    pub write_timeout: Duration,
    /// Connections at once; further ones wait to be accepted.
    pub connections: usize,
    /// Requests at once on one connection (HTTP/2).
    pub streams: u32,
    /// Watches and followed logs at once.
    pub watches: usize,
    /// How long a watch lasts whose client does not say.
    pub watch_timeout: Duration,
    /// How long after changes that a watch does not see it is told how far it is, if it asks.
    pub bookmark_interval: Duration,
    /// How long requests may go on once the server is to end.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 3 << 20,
            image_bytes: 256 << 20,
            body_timeout: Duration::from_secs(30),
            image_timeout: Duration::from_mins(10),
            header_timeout: Duration::from_secs(30),
            handshake_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_mins(1),
            write_timeout: Duration::from_secs(30),
            connections: 1024,
            streams: 250,
            watches: 4096,
            watch_timeout: Duration::from_mins(30),
            bookmark_interval: Duration::from_mins(1),
            drain_timeout: Duration::from_secs(10),
        }
    }
}
