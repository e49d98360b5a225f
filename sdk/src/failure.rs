//! How a task fails: with which exit code, and in which words.

use std::any::Any;
use std::error::Error;
use std::fmt;

use crate::{QueueError, VariableError};

/// Why a task failed, and whether it is worth another try.
///
/// | made by | exit code | meant for |
/// |---|---|---|
/// | `?` on any error, [`Failure::new`] | 1 | what nobody thought of; the Job's `backoffLimit` counts it |
/// | [`Failure::retry`] | 75 | what may pass: a lock, a full queue (sysexits' `EX_TEMPFAIL`) |
/// | [`Failure::fatal`] | 65 | what no retry can mend: bad input (`EX_DATAERR`) |
/// | `?` on a [`VariableError`] | 78 | a manifest that is wrong (`EX_CONFIG`) |
/// | `?` on a [`QueueError`] that may pass | 75 | a broker that is away, a full queue |
///
/// A Job tells them apart by its `podFailurePolicy`:
///
/// ```yaml
/// podFailurePolicy:
///   rules:
///     - action: FailJob
///       onExitCodes: {operator: In, values: [65, 78]}
///     - action: Ignore
///       onExitCodes: {operator: In, values: [75]}
/// ```
///
/// ```
/// use jobling_sdk::Failure;
///
/// assert_eq!(Failure::retry("the table is locked").exit_code(), Failure::RETRY);
/// assert_eq!(Failure::fatal("row 7 has no key").exit_code(), Failure::FATAL);
/// let by_chance = Failure::from(std::fmt::Error);
/// assert_eq!(by_chance.exit_code(), Failure::UNEXPECTED);
/// ```
// Not an `Error` itself: the conversion from every error would then be one from itself too.
pub struct Failure {
    exit_code: u8,
    message: String,
}

impl Failure {
    /// The exit code of a failure that nobody gave a meaning.
    ///
    /// ```
    /// assert_eq!(jobling_sdk::Failure::UNEXPECTED, 1);
    /// ```
    pub const UNEXPECTED: u8 = 1;
    /// The exit code of what no retry can mend: sysexits' `EX_DATAERR`.
    ///
    /// ```
    /// assert_eq!(jobling_sdk::Failure::FATAL, 65);
    /// ```
    pub const FATAL: u8 = 65;
    /// The exit code of what may pass: sysexits' `EX_TEMPFAIL`.
    ///
    /// ```
    /// assert_eq!(jobling_sdk::Failure::RETRY, 75);
    /// ```
    pub const RETRY: u8 = 75;
    /// The exit code of a variable that is missing or wrong: sysexits' `EX_CONFIG`.
    ///
    /// ```
    /// assert_eq!(jobling_sdk::Failure::CONFIGURATION, 78);
    /// ```
    pub const CONFIGURATION: u8 = 78;

    /// Returns a failure without a meaning beyond its words.
    ///
    /// ```
    /// assert_eq!(jobling_sdk::Failure::new("no").to_string(), "no");
    /// ```
    pub fn new(message: impl fmt::Display) -> Self {
        Self { exit_code: Self::UNEXPECTED, message: message.to_string() }
    }

    /// Returns a failure that may pass, so that another try is worth it.
    ///
    /// ```
    /// assert_eq!(jobling_sdk::Failure::retry("busy").exit_code(), 75);
    /// ```
    pub fn retry(message: impl fmt::Display) -> Self {
        Self { exit_code: Self::RETRY, message: message.to_string() }
    }

    /// Returns a failure that no retry can mend.
    ///
    /// ```
    /// assert_eq!(jobling_sdk::Failure::fatal("no such customer").exit_code(), 65);
    /// ```
    pub fn fatal(message: impl fmt::Display) -> Self {
        Self { exit_code: Self::FATAL, message: message.to_string() }
    }

    /// Returns this failure with an exit code of the author's own; 0, which would be a success, is 1.
    ///
    /// ```
    /// use jobling_sdk::Failure;
    ///
    /// assert_eq!(Failure::new("no input today").with_exit_code(3).exit_code(), 3);
    /// assert_eq!(Failure::new("no").with_exit_code(0).exit_code(), 1);
    /// ```
    #[must_use]
    pub fn with_exit_code(self, exit_code: u8) -> Self {
        Self { exit_code: exit_code.max(Self::UNEXPECTED), ..self }
    }

    /// Returns what the program exits with.
    ///
    /// ```
    /// assert_eq!(jobling_sdk::Failure::new("no").exit_code(), 1);
    /// ```
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        self.exit_code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (exit code {})", self.message, self.exit_code)
    }
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let exit_code = exit_code_of(&error);
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        Self { exit_code, message }
    }
}

fn exit_code_of(error: &dyn Any) -> u8 {
    if error.is::<VariableError>() {
        return Failure::CONFIGURATION;
    }
    match error.downcast_ref::<QueueError>() {
        Some(error) if error.may_pass() => Failure::RETRY,
        Some(_) | None => Failure::UNEXPECTED,
    }
}

/// What a task's `main` may return.
///
/// ```
/// use jobling_sdk::{Failure, Outcome};
///
/// assert!(().failure().is_none());
/// assert!(Ok::<(), Failure>(()).failure().is_none());
/// assert_eq!(Err::<(), _>(std::fmt::Error).failure().unwrap().exit_code(), 1);
/// ```
pub trait Outcome {
    /// Returns why the task failed, if it did.
    ///
    /// ```
    /// use jobling_sdk::{Failure, Outcome};
    ///
    /// let outcome: jobling_sdk::Result = Err(Failure::fatal("no key"));
    /// assert_eq!(outcome.failure().unwrap().to_string(), "no key");
    /// ```
    fn failure(self) -> Option<Failure>;
}

impl Outcome for () {
    fn failure(self) -> Option<Failure> {
        None
    }
}

impl<E: Into<Failure>> Outcome for Result<(), E> {
    fn failure(self) -> Option<Failure> {
        self.err().map(Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Host;

    #[test]
    fn a_wrong_manifest_is_told_apart_from_chance() {
        let error = Host::new().task().var::<u32>("SIZE").unwrap_err();
        assert_eq!(Failure::from(error).exit_code(), Failure::CONFIGURATION);
        assert_eq!(Failure::from(fmt::Error).exit_code(), Failure::UNEXPECTED);
    }

    #[test]
    fn the_causes_are_in_the_message() {
        #[derive(Debug)]
        struct Outer(fmt::Error);
        impl fmt::Display for Outer {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the report cannot be written")
            }
        }
        impl Error for Outer {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&self.0)
            }
        }
        let said = Failure::from(Outer(fmt::Error)).to_string();
        assert_eq!(said, format!("the report cannot be written: {}", fmt::Error));
    }
}
