//! How a command ends, and the number that it leaves to the shell.

use std::io;

use crate::client::{ClientError, ConnectError};
use crate::jsonpath::EvaluateError;
use crate::manifest::ManifestFailure;
use crate::print::FormatError;

/// The number that a command leaves to the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Success,
    /// It failed, or a Job did.
    Failure,
    /// The command line or a manifest is wrong; nothing was run.
    Usage,
    /// A time limit is over.
    Timeout,
    /// A person ended it, as a shell counts SIGINT.
    Interrupted,
}

impl Exit {
    /// Returns the number.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Timeout => 124,
            Self::Interrupted => 130,
        }
    }
}

/// Why a command could not do what it was told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The words of the command do not go together.
    #[error("error: {0}")]
    Usage(String),
    /// No server is to be had.
    #[error("error: {}", chain(.0))]
    Connect(#[from] ConnectError),
    /// A request came to nothing.
    #[error("{}", client_text(.0))]
    Client(#[from] ClientError),
    /// `-o` cannot be understood.
    #[error("error: {0}")]
    Format(#[from] FormatError),
    /// A template does not fit what came.
    #[error("error: error executing jsonpath: {0}")]
    Evaluate(#[from] EvaluateError),
    /// The manifests are wrong; nothing was sent.
    #[error("error: {0}")]
    Manifest(#[from] ManifestFailure),
    /// What `run` was given is wrong; nothing was run.
    #[error("error: {0}")]
    BadInput(String),
    /// The server refused an object; in full.
    #[error("{0}")]
    Refused(String),
    /// A stream or file failed.
    #[error("error: {0}")]
    Io(#[from] io::Error),
}

impl Failure {
    /// Returns that the host, or one of its doors, cannot be opened, with all of why.
    pub(crate) fn cannot_start(error: &dyn std::error::Error) -> Self {
        let mut text = format!("error: {error}");
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(&format!(": {cause}"));
            source = cause.source();
        }
        Self::Refused(text)
    }

    /// Returns how the command ends.
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::BadInput(_) => Exit::Usage,
            Self::Usage(_)
            | Self::Connect(_)
            | Self::Client(_)
            | Self::Format(_)
            | Self::Evaluate(_)
            | Self::Manifest(_)
            | Self::Refused(_)
            | Self::Io(_) => Exit::Failure,
        }
    }

    /// Returns whether other objects of the same command may fare better.
    pub(crate) const fn is_about_one_object(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    /// Returns whether the reader of the output has gone, which is no failure to speak of.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// The server's refusals begin as kubectl's do; what went wrong here begins with "error: ".
fn client_text(error: &ClientError) -> String {
    if let ClientError::Status(status) = error {
        return status.to_string();
    }
    format!("error: {error}")
}

/// Returns an error with its causes, each after a colon.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
