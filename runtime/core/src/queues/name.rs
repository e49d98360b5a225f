//! The name of a queue, checked once.

use std::fmt;
use std::str::FromStr;

/// The longest name, in bytes: what AMQP leaves after the suffixes of the queues beside it.
const MAX_BYTES: usize = 200;

/// A queue's name: 1 to 200 letters, digits, `.`, `-`, `_`, `:` and `/`. Brokers take more; every one of
/// them takes these, and none reads a meaning into them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueName(String);

/// Why a text is no queue's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueueNameError {
    /// It is empty or too long.
    #[error("queue name has {bytes} bytes; it must have from 1 to {MAX_BYTES}")]
    Length {
        /// How many it has.
        bytes: usize,
    },
    /// It has a character that a name may not have.
    #[error(
        "queue name \"{}\" has {character:?}; it may have letters, digits and . - _ : /",
        name.escape_default()
    )]
    Character {
        /// The name.
        name: String,
        /// The first such character.
        character: char,
    },
}

impl QueueName {
    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for QueueName {
    type Err = QueueNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() || text.len() > MAX_BYTES {
            return Err(QueueNameError::Length { bytes: text.len() });
        }
        let allowed = |c: &char| c.is_ascii_alphanumeric() || ".-_:/".contains(*c);
        match text.chars().find(|character| !allowed(character)) {
            Some(character) => Err(QueueNameError::Character { name: text.to_owned(), character }),
            None => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_plain() {
        let long = "q".repeat(201);
        for (name, right) in [
            ("pictures", true),
            ("team-a/pictures.v2:low_priority", true),
            ("", false),
            (long.as_str(), false),
            ("two words", false),
            ("naïve", false),
            ("line\nbreak", false),
        ] {
            assert_eq!(name.parse::<QueueName>().is_ok(), right, "{name:?}");
        }
    }

    #[test]
    fn a_refusal_names_the_character_without_printing_it_raw() {
        let refusal = "a\u{1b}b".parse::<QueueName>().unwrap_err();
        assert_eq!(
            refusal.to_string(),
            r#"queue name "a\u{1b}b" has '\u{1b}'; it may have letters, digits and . - _ : /"#
        );
    }
}
