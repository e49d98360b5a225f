//! What of a run's output is asked for, as `kubectl logs` puts it.

use jobling_core::Timestamp;

/// What of a run's output is asked for. The default is all of it, as it was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogQuery {
    /// Only so many of the last lines.
    pub tail_lines: Option<usize>,
    /// Only what was printed then or later.
    pub since: Option<Timestamp>,
    /// At most so many bytes.
    pub limit_bytes: Option<usize>,
    /// Whether each line is preceded by when it was printed.
    pub stamps: Stamps,
    /// Whether what is printed later is given too.
    pub follow: Follow,
}

/// Whether each line is preceded by when it was printed, RFC 3339 with the fraction of the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stamps {
    /// As printed.
    #[default]
    Without,
    /// With the time.
    With,
}

/// Whether what is printed later is given too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Follow {
    /// What is there now.
    #[default]
    No,
    /// Until the run has ended.
    UntilEnd,
}
