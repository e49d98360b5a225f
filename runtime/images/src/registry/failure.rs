//! Why a pull failed, in words that name the registry, what it did and what to do. What a registry says of
//! itself is shown without what could steer a terminal.

use std::error::Error;
use std::io;

use http::StatusCode;

use super::credentials::CredentialsError;
use super::layer::LayerError;
use super::manifest::ManifestError;
use crate::{Digest, ImportError, ReferenceError};

/// How much of what a registry says is passed on.
const TOLD_LETTERS: usize = 300;

/// Why a registry did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// No connection, or it broke.
    #[error("the registry {registry} cannot be reached")]
    Unreachable {
        /// The registry.
        registry: String,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// It took too long.
    #[error("the registry {registry} has not answered for {seconds} s")]
    TimedOut {
        /// The registry.
        registry: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// It wants other credentials, or some at all.
    #[error("the registry {registry} denies access to {repository} ({used}){}", told_after(told))]
    Denied {
        /// The registry.
        registry: String,
        /// The repository.
        repository: String,
        /// What it was shown.
        used: &'static str,
        /// What it says.
        told: String,
    },
    /// It has no such thing.
    #[error("the registry {registry} has no {what} in {repository}{}", told_after(told))]
    Missing {
        /// The registry.
        registry: String,
        /// The repository.
        repository: String,
        /// What was asked for.
        what: String,
        /// What it says.
        told: String,
    },
    /// It refuses, or fails.
    #[error(
        "the registry {registry} answered {status} when asked for the {what}{}",
        told_after(told)
    )]
    Status {
        /// The registry.
        registry: String,
        /// What was asked for.
        what: &'static str,
        /// The status.
        status: StatusCode,
        /// What it says.
        told: String,
    },
    /// It sends to where this program does not go.
    #[error("the registry {registry} sends on to {to}, {why}")]
    Redirected {
        /// The registry.
        registry: String,
        /// Where to.
        to: String,
        /// Why that is not followed.
        why: &'static str,
    },
    /// More than there may be.
    #[error(
        "the {what} from the registry does not end after {most} bytes, the most that it may have"
    )]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// The most.
        most: u64,
    },
    /// Fewer bytes than were promised, however often it was asked for the rest.
    #[error("the {what} from the registry ended after {got} of {size} bytes")]
    Cut {
        /// Of what.
        what: &'static str,
        /// How many came.
        got: u64,
        /// How many were promised.
        size: u64,
        /// What broke it off, where something did.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// Other bytes than were asked for.
    #[error("the {what} from the registry has the digest {found}, and not {asked}")]
    Digest {
        /// Of what.
        what: &'static str,
        /// What was asked for.
        asked: Digest,
        /// What came.
        found: Digest,
    },
    /// An answer that the protocol does not have.
    #[error("the registry {registry} answered with what is no {what}: {why}")]
    Malformed {
        /// The registry.
        registry: String,
        /// What was expected.
        what: &'static str,
        /// What is wrong.
        why: String,
    },
}

/// Why an image could not be pulled. Nothing of it has a name then.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// The name is none.
    #[error(transparent)]
    Name(#[from] ReferenceError),
    /// The name leads to no registry.
    #[error("the name {image} has no registry to pull from")]
    NoRegistry {
        /// The name.
        image: String,
    },
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// What it should be shown cannot be used.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// What it describes is no image that can be run here.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A layer cannot be read, or must not be.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// The store does not take it.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The disk failed.
    #[error("the image cannot be kept")]
    File(#[from] io::Error),
    /// All of it took too long.
    #[error(
        "the pull was given up after {minutes} minutes; what came so far is kept for the next one"
    )]
    TimedOut {
        /// How long that was.
        minutes: u64,
    },
    /// The thread that unpacked it failed.
    #[error("the image cannot be unpacked: {why}")]
    Unpacking {
        /// What it said.
        why: String,
    },
}

impl PullError {
    /// Returns whether other credentials may help.
    pub(super) const fn is_denied(&self) -> bool {
        matches!(self, Self::Registry(RegistryError::Denied { .. }))
    }
}

fn told_after(told: &str) -> String {
    if told.is_empty() { String::new() } else { format!(": {told}") }
}

/// Returns what a registry says as one short line without control characters.
pub(super) fn harmless(text: &str) -> String {
    let harmless = |letter: char| {
        let steers = letter.is_control()
            || matches!(letter, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if steers { ' ' } else { letter }
    };
    text.chars().map(harmless).take(TOLD_LETTERS).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_registry_says_cannot_steer_a_terminal_or_fill_it() {
        assert_eq!(harmless("\x1b[2Jgone\r\n\u{202e}txt.exe"), "[2Jgone   txt.exe");
        assert_eq!(harmless(&"x".repeat(9_999)).len(), TOLD_LETTERS);
    }
}
