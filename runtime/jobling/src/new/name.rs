//! What a task may be called: its name is a Kubernetes object's, a crate's and a folder's at once.

use std::fmt;

/// Letters that a CronJob's name has at most: its Jobs' names have eleven more.
const MAX_BYTES: usize = 52;

/// A task's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TaskName(String);

/// Why a text is no task's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{given}\" cannot be a task's name; it must be small letters, digits and hyphens, begin with a \
     letter, end with a letter or digit, and have at most {MAX_BYTES}"
)]
pub(crate) struct NameError {
    given: String,
}

impl TaskName {
    /// Takes `given` where it is a name that Kubernetes and cargo accept.
    pub(crate) fn parse(given: &str) -> Result<Self, NameError> {
        let of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let begins = given.starts_with(|c: char| c.is_ascii_lowercase());
        let is_name = begins && given.chars().all(of_name) && !given.ends_with('-');
        match is_name && given.len() <= MAX_BYTES {
            true => Ok(Self(given.to_owned())),
            false => Err(NameError { given: given.to_owned() }),
        }
    }
}

impl fmt::Display for TaskName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_suits_kubernetes_and_cargo() {
        let (longest, too_long) = ("a".repeat(52), "a".repeat(53));
        for (given, is_name) in [
            ("hello", true),
            ("nightly-report-2", true),
            (longest.as_str(), true),
            (too_long.as_str(), false),
            ("", false),
            ("2nd", false),
            ("-a", false),
            ("a-", false),
            ("Hello", false),
            ("a_b", false),
            ("a.b", false),
        ] {
            assert_eq!(TaskName::parse(given).is_ok(), is_name, "{given}");
        }
    }
}
