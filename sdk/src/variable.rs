//! What is wrong with a variable that a task reads.

use std::error::Error;
use std::fmt;

/// Why a variable, or an argument, is not what the task asked for. The text names it, and says what was
/// found; of a secret, only how long that is.
///
/// ```
/// use jobling_sdk::testing::Host;
///
/// let task = Host::new().var("SIZE", "big").task();
/// let error = task.var::<u32>("SIZE").unwrap_err();
/// assert_eq!(error.to_string(), r#"SIZE is "big": invalid digit found in string"#);
/// let error = task.var::<u32>("COUNT").unwrap_err();
/// assert_eq!(error.to_string(), "COUNT is not set; give it a value in the container's env");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum VariableError {
    /// It is not set.
    Missing {
        /// Its name.
        name: String,
    },
    /// There is no such argument.
    NoArgument {
        /// Its place, from 1.
        place: usize,
        /// How many there are.
        count: usize,
    },
    /// It is not text.
    NotText {
        /// Its name.
        name: String,
    },
    /// The file that it names cannot be read.
    NoFile {
        /// Its name.
        name: String,
        /// The file.
        file: String,
        /// Why.
        why: String,
    },
    /// It does not read as what was asked for.
    Wrong {
        /// Its name.
        name: String,
        /// What was found.
        found: String,
        /// Why that is wrong.
        why: String,
    },
    /// It is a secret and does not read as what was asked for.
    WrongSecret {
        /// Its name.
        name: String,
        /// How long what was found is.
        length_bytes: usize,
    },
}

impl fmt::Display for VariableError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { name } => {
                write!(formatter, "{name} is not set; give it a value in the container's env")
            }
            Self::NoArgument { place, count } => {
                write!(formatter, "argument {place} is missing; the container's args are {count}")
            }
            Self::NotText { name } => write!(formatter, "{name} is not UTF-8"),
            Self::NoFile { name, file, why } => {
                write!(formatter, "{name} names {file}, which cannot be read: {why}")
            }
            Self::Wrong { name, found, why } => write!(formatter, "{name} is {found:?}: {why}"),
            Self::WrongSecret { name, length_bytes } => write!(
                formatter,
                "{name} is a secret of {length_bytes} bytes that does not read as what is needed"
            ),
        }
    }
}

impl Error for VariableError {}
