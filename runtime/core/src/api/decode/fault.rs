//! One thing that is wrong with a JSON value before its rules are looked at.

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The kind has no such field.
    Unknown {
        /// The field of that place whose name is nearest.
        nearest: Option<&'static str>,
    },
    /// The key is there twice.
    Duplicate,
    /// The value is of another type than the field's.
    WrongType {
        /// What it is, in Go's words, such as `string` or `number 1.5`.
        given: String,
        /// What the field takes, in Go's words, such as `int32`.
        expected: &'static str,
        /// The field in Go's words, such as `JobSpec.spec.parallelism`.
        go_field: String,
    },
    /// The value is of the right type and no value of the field, such as a time or a quantity.
    Unreadable(String),
}

/// Something wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The path, such as `spec.template.spec.containers[0].image`.
    pub path: String,
    /// What is wrong.
    pub problem: Problem,
}

impl Problem {
    /// Returns the problem of the field `given`, where only `known` ones are.
    pub(super) fn unknown(given: &str, known: &[&'static str]) -> Self {
        Self::Unknown { nearest: nearest(given, known) }
    }
}

/// Returns the known field that is most like `given`, if one is like it at all.
fn nearest(given: &str, known: &[&'static str]) -> Option<&'static str> {
    let likeness = |name: &str| strsim::jaro_winkler(&given.to_lowercase(), &name.to_lowercase());
    known
        .iter()
        .map(|name| (likeness(name), *name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

impl Fault {
    /// Returns whether nothing can be made of the object; unknown and duplicate fields can be dropped.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        matches!(self.problem, Problem::WrongType { .. } | Problem::Unreadable(_))
    }

    /// Returns the sentence of the Kubernetes API server.
    #[must_use]
    pub fn as_go(&self) -> String {
        match &self.problem {
            Problem::Unknown { .. } => format!("unknown field \"{}\"", self.path),
            Problem::Duplicate => format!("duplicate field \"{}\"", self.path),
            Problem::WrongType { given, expected, go_field } => format!(
                "json: cannot unmarshal {given} into Go struct field {go_field} of type {expected}"
            ),
            Problem::Unreadable(why) => format!("{}: {why}", self.path),
        }
    }

    /// Returns what a person may have meant.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match &self.problem {
            Problem::Unknown { nearest: Some(name) } => {
                Some(format!("\"{}\": did you mean \"{name}\"?", self.path))
            }
            Problem::Unknown { nearest: None }
            | Problem::Duplicate
            | Problem::WrongType { .. }
            | Problem::Unreadable(_) => None,
        }
    }
}

/// What is wrong, for a person who sees the path beside it.
impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown { nearest: Some(name) } => {
                write!(f, "unknown field; did you mean \"{name}\"?")
            }
            Self::Unknown { nearest: None } => f.write_str("unknown field"),
            Self::Duplicate => f.write_str("duplicate field; every key may be given once"),
            Self::WrongType { given, expected, .. } => {
                write!(f, "is {}; it must be {}", plain_value(given), plain_type(expected))
            }
            Self::Unreadable(why) => f.write_str(why),
        }
    }
}

/// Returns what Go calls a value in words.
fn plain_value(go: &str) -> String {
    match go {
        "array" => "a list".to_owned(),
        "object" => "a map".to_owned(),
        "bool" => "true or false".to_owned(),
        number if number.starts_with("number ") => format!("the {number}"),
        other => format!("a {other}"),
    }
}

/// Returns a Go type in words.
fn plain_type(go: &str) -> &str {
    match go {
        "string" => "a string (quote it)",
        "int32" => "a whole number from -2147483648 to 2147483647",
        "int64" => "a whole number",
        "bool" => "true or false",
        "[]" => "a list",
        "map" => "a map",
        other => other,
    }
}
