//! The bounds on what clients of the trigger endpoint may take of this host. Every one has a number; what
//! a trigger says of its own requests is in its spec.

use std::time::Duration;

/// What clients may take at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggerLimits {
    /// The head of a request, in bytes.
    pub head_bytes: usize,
    /// Headers of a request.
    pub headers: usize,
    /// How long a head may take to arrive, and how long a connection may rest between two requests.
    pub header_timeout: Duration,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// Bodies of all requests under way together, in bytes.
    pub bodies_bytes: usize,
    /// How long a client may leave what is written to it unread.
    pub write_timeout: Duration,
    /// Connections at once; further ones wait to be accepted.
    pub connections: usize,
    /// How long requests may go on once the server is to end.
    pub drain_timeout: Duration,
}

impl Default for TriggerLimits {
    fn default() -> Self {
        Self {
            head_bytes: 32 << 10,
            headers: 100,
            header_timeout: Duration::from_secs(15),
            body_timeout: Duration::from_secs(30),
            bodies_bytes: 128 << 20,
            write_timeout: Duration::from_secs(30),
            connections: 1024,
            drain_timeout: Duration::from_secs(10),
        }
    }
}
