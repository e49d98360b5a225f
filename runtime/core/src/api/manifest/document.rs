//! One object of a manifest, and where its fields are.

use serde_json::Value;

use super::tree::Node;
use super::{ManifestError, Position, Problem};
use crate::api::{ApiError, Cause, Kind};

/// An object of a manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The document it is in, counted from 1.
    pub number: usize,
    /// The kind.
    pub kind: Kind,
    /// The namespace that it names, if it does.
    pub namespace: Option<String>,
    /// The name; empty where `metadata.generateName` is to make one.
    pub name: String,
    /// The object, as it was written.
    pub value: Value,
    /// What was dropped of it, where the caller allowed that.
    pub warnings: Vec<ManifestError>,
    pub(super) root: Node,
}

impl Document {
    /// Returns where the object begins.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.root.at
    }

    /// Returns where the field of that path is (`spec.template.spec.containers[0].image`); of one that is
    /// not there, the nearest field around it.
    #[must_use]
    pub fn position_of(&self, field: &str) -> Position {
        self.root.position_of(field)
    }

    /// Returns the object as kubectl names it: `job/report`.
    #[must_use]
    pub fn object(&self) -> String {
        if self.name.is_empty() {
            self.kind.singular().to_owned()
        } else {
            format!("{}/{}", self.kind.singular(), self.name)
        }
    }

    /// Returns what the API said about this object, each error at its place: every wrong field once, or
    /// the refusal as a whole.
    #[must_use]
    pub fn errors(&self, error: &ApiError) -> Vec<ManifestError> {
        if error.causes.is_empty() {
            return vec![self.error("", Problem::RefusedWhole(error.message.clone()))];
        }
        let mut seen: Vec<&Cause> = Vec::new();
        for cause in &error.causes {
            if !seen.contains(&cause) {
                seen.push(cause);
            }
        }
        let at = |cause: &Cause| self.error(&cause.field, Problem::Refused(cause.clone()));
        seen.into_iter().map(at).collect()
    }

    pub(super) fn error(&self, field: &str, problem: Problem) -> ManifestError {
        ManifestError {
            document: self.number,
            object: self.object(),
            position: self.position_of(field),
            field: field.to_owned(),
            problem,
        }
    }
}
