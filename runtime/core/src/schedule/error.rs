//! What is wrong with a cron expression, and where.

use std::ops::Range;

/// A field of a cron expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The first.
    Minute,
    /// The second.
    Hour,
    /// The third.
    DayOfMonth,
    /// The fourth.
    Month,
    /// The fifth.
    DayOfWeek,
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Field {
    /// The fields in the order in which they are written.
    pub const ALL: [Self; 5] =
        [Self::Minute, Self::Hour, Self::DayOfMonth, Self::Month, Self::DayOfWeek];

    /// Returns the least and the greatest value.
    #[must_use]
    pub const fn bounds(self) -> (u32, u32) {
        match self {
            Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::DayOfMonth => (1, 31),
            Self::Month => (1, 12),
            Self::DayOfWeek => (0, 6),
        }
    }

    /// Returns the value that `name` stands for, in any case: letter by letter, as Go has it.
    #[must_use]
    pub fn value_of(self, name: &str) -> Option<u32> {
        let name: String = name.chars().filter_map(|letter| letter.to_lowercase().next()).collect();
        let (first, _) = self.bounds();
        (first..).zip(self.names()).find(|(_, known)| **known == name).map(|(value, _)| value)
    }

    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Minute | Self::Hour | Self::DayOfMonth => &[],
            Self::Month => &MONTHS,
            Self::DayOfWeek => &DAYS,
        }
    }

    const fn allowed(self) -> &'static str {
        match self {
            Self::Minute => "0 to 59",
            Self::Hour => "0 to 23",
            Self::DayOfMonth => "1 to 31",
            Self::Month => "1 to 12 and JAN to DEC",
            Self::DayOfWeek => "0 to 6 and SUN to SAT, Sunday being 0",
        }
    }
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "day of month",
            Self::Month => "month",
            Self::DayOfWeek => "day of week",
        })
    }
}

/// What is wrong with a part of a field. The sentences are robfig/cron's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Neither a number nor one of the field's names.
    #[error("failed to parse int from {0}")]
    NoNumber(String),
    /// A number below zero, and how it was written.
    #[error("negative number ({0}) not allowed: {1}")]
    Negative(i64, String),
    /// More than one hyphen.
    #[error("too many hyphens")]
    Hyphens,
    /// More than one slash.
    #[error("too many slashes")]
    Slashes,
    /// Below what the field takes.
    #[error("beginning of range ({0}) below minimum ({1})")]
    Below(u64, u64),
    /// Above what the field takes.
    #[error("end of range ({0}) above maximum ({1})")]
    Above(u64, u64),
    /// A range that runs backwards.
    #[error("beginning of range ({0}) beyond end of range ({1})")]
    Backwards(u64, u64),
    /// A step of nothing.
    #[error("step of range should be a positive number")]
    NoStep,
}

/// Why a text is no schedule. Each begins with what the reference says of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// There is nothing.
    #[error("empty spec string; a schedule is five fields, such as \"30 2 * * 1-5\", or @daily")]
    Empty,
    /// Not five fields.
    #[error(
        "expected exactly 5 fields, found {}: [{}]; the five are minute, hour, day of month, month \
         and day of week",
        found.len(),
        found.join(" ")
    )]
    Fields {
        /// The fields that there are.
        found: Vec<String>,
    },
    /// A part of a field is wrong.
    #[error(
        "{fault}: {part}; this is the {field} at column {}, which takes {}",
        place.start + 1,
        field.allowed()
    )]
    Part {
        /// The field.
        field: Field,
        /// Which bytes of the expression are wrong.
        place: Range<usize>,
        /// The part itself, as it was written.
        part: String,
        /// What is wrong with it.
        fault: Fault,
    },
    /// An `@` word that is not known.
    #[error(
        "unrecognized descriptor: {0}; known are @yearly, @annually, @monthly, @weekly, @daily, \
         @midnight, @hourly and @every DURATION, in lower case"
    )]
    Descriptor(String),
    /// `@every` without a duration.
    #[error("failed to parse duration {0}; a duration is numbers with units, such as 1h30m or 90s")]
    Duration(String),
    /// `TZ=` with nothing behind the zone.
    #[error("invalid schedule format: nothing follows the zone in {0}")]
    ZoneAlone(String),
    /// `TZ=` with a zone that is not known.
    #[error("provided bad location {0}: unknown time zone {0}")]
    Zone(String),
}
