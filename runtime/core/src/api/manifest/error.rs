//! What is wrong in a manifest, where, and what to do about it.

use std::fmt;

use crate::api::decode::Problem as FieldProblem;
use crate::api::{Cause, Kind};

/// A place in a text, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// It is no YAML, nor JSON: why, and what to do.
    Syntax(String),
    /// A bound on the size of manifests is passed.
    Bound {
        /// What there is too much of, such as `bytes`.
        what: &'static str,
        /// How much there may be.
        limit: usize,
        /// What to do.
        remedy: &'static str,
    },
    /// The key was given before, in the same map.
    Duplicate {
        /// The line where it was first given.
        first_line: usize,
    },
    /// A field that the kind does not have, or a value of a wrong type.
    Field(FieldProblem),
    /// The document is no map.
    NotAnObject {
        /// What it is.
        given: &'static str,
    },
    /// The items of a List are no list.
    NotAList {
        /// What they are.
        given: &'static str,
    },
    /// `apiVersion` or `kind` is not there.
    Untyped {
        /// The `kind`, where that is there.
        kind: Option<String>,
    },
    /// No such kind is served.
    NotServed {
        /// The `apiVersion`.
        api_version: String,
        /// The `kind`.
        kind: String,
    },
    /// The object breaks a rule, in the API server's words.
    Refused(Cause),
    /// The object as a whole is refused, in the API server's words.
    RefusedWhole(String),
}

/// One error of a manifest. A caller that knows the file's name writes it before `line`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestError {
    /// The document, counted from 1; 0 for the file as a whole.
    pub document: usize,
    /// The object, as kubectl names it (`job/report`); empty where it has no name yet.
    pub object: String,
    /// Where.
    pub position: Position,
    /// The field's path, such as `spec.template.spec.containers[0].image`; empty for the whole document.
    pub field: String,
    /// What is wrong.
    pub problem: Problem,
}

impl std::error::Error for ManifestError {}

/// `line 14, column 7, document 2 (job/report): spec.backofLimit: unknown field; …`
impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.position.line, self.position.column)?;
        if self.document > 0 {
            write!(f, ", document {}", self.document)?;
        }
        if !self.object.is_empty() {
            write!(f, " ({})", self.object)?;
        }
        f.write_str(": ")?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        self.problem.fmt(f)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(why) | Self::RefusedWhole(why) => f.write_str(why),
            Self::Bound { what, limit, remedy } => {
                write!(f, "more than {limit} {what}; {remedy}")
            }
            Self::Duplicate { first_line } => {
                write!(f, "duplicate field, first given on line {first_line}; keep one of them")
            }
            Self::Field(problem) => problem.fmt(f),
            Self::NotAnObject { given } => write!(
                f,
                "the document is {given}; it must be a map with apiVersion, kind and metadata"
            ),
            Self::NotAList { given } => write!(f, "is {given}; it must be a list of objects"),
            Self::Untyped { kind: None } => {
                write!(f, "required; this host serves {}", served())
            }
            Self::Untyped { kind: Some(kind) } => match of_name(kind) {
                Some(known) => write!(f, "required; for a {known} it is {}", known.api_version()),
                None => write!(f, "required; this host serves {}", served()),
            },
            Self::NotServed { api_version, kind } => not_served(f, api_version, kind),
            Self::Refused(cause) => refused(f, cause),
        }
    }
}

fn not_served(f: &mut fmt::Formatter<'_>, api_version: &str, kind: &str) -> fmt::Result {
    if let Some(known) = of_name(kind) {
        return write!(f, "{known} is not served as {api_version}; use {}", known.api_version());
    }
    write!(f, "{kind} ({api_version}) is not served here")?;
    match nearest(kind) {
        Some(known) => write!(f, "; did you mean {known} ({})?", known.api_version()),
        None => write!(f, "; this host serves {}", served()),
    }
}

/// The server's words, and what to do where they leave that out.
fn refused(f: &mut fmt::Formatter<'_>, cause: &Cause) -> fmt::Result {
    f.write_str(&cause.message)?;
    match cause.message.as_str() {
        "Required value" => f.write_str("; add this field"),
        "Forbidden" => f.write_str("; remove this field"),
        _ if cause.reason == "FieldValueDuplicate" => f.write_str("; keep one of them"),
        _ => Ok(()),
    }
}

fn of_name(kind: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|known| known.name() == kind)
}

fn nearest(kind: &str) -> Option<Kind> {
    let likeness =
        |known: &Kind| strsim::jaro_winkler(&kind.to_lowercase(), &known.name().to_lowercase());
    let nearest = Kind::ALL.into_iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    nearest.filter(|known| likeness(known) > 0.85)
}

/// Returns what a manifest may hold: every kind but Pod, which is made by Jobs.
fn served() -> String {
    let in_group = |group: &str| {
        let kinds = Kind::ALL.into_iter().filter(|kind| kind.group() == group);
        let names = kinds.filter(|kind| *kind != Kind::Pod).map(Kind::name);
        names.collect::<Vec<_>>().join(", ")
    };
    format!("{} of batch/v1 and {} of v1", in_group("batch"), in_group(""))
}
