//! Where a field is, and the list of everything that is wrong: the wording of apimachinery's
//! `util/validation/field`.

use std::fmt;

use serde::Serialize;

use super::Cause;

/// The path of a field, such as `spec.template.spec.containers[0].image`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Path(String);

impl Path {
    /// The object itself.
    pub(crate) const fn root() -> Self {
        Self(String::new())
    }

    /// The field `name` of the object.
    pub(crate) fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// The field `name` of this field.
    pub(crate) fn child(&self, name: &str) -> Self {
        if self.0.is_empty() { Self::new(name) } else { Self(format!("{}.{name}", self.0)) }
    }

    /// The element at `index` of this list.
    pub(crate) fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    /// The value under `key` of this map.
    pub(crate) fn key(&self, key: &str) -> Self {
        Self(format!("{}[{key}]", self.0))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How many errors of one object are told: a body of three megabytes has room for far more, and an
/// answer should not be longer than what was asked.
pub(crate) const MOST_ERRORS: usize = 1000;

/// Everything that is wrong with an object, in the order in which it was found, up to [`MOST_ERRORS`].
#[derive(Debug, Default)]
pub(crate) struct Errors(Vec<Cause>);

impl Errors {
    /// Returns the causes.
    pub(crate) fn into_causes(self) -> Vec<Cause> {
        self.0
    }

    /// Returns how many errors there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    fn push(&mut self, reason: &'static str, path: &Path, message: String) {
        if self.0.len() < MOST_ERRORS {
            self.0.push(Cause { reason, field: path.to_string(), message });
        }
    }

    /// The value is not one that the field takes.
    pub(crate) fn invalid(&mut self, path: &Path, value: impl Serialize, detail: &str) {
        let message = format!("Invalid value: {}: {detail}", shown(value));
        self.push("FieldValueInvalid", path, message);
    }

    /// The field is wrong in a way that its value alone does not show.
    pub(crate) fn invalid_here(&mut self, path: &Path, detail: &str) {
        self.push("FieldValueInvalid", path, format!("Invalid value: {detail}"));
    }

    /// The field must be set.
    pub(crate) fn required(&mut self, path: &Path, detail: &str) {
        self.push("FieldValueRequired", path, with_detail("Required value", detail));
    }

    /// The value is none of those known.
    pub(crate) fn not_supported(&mut self, path: &Path, value: impl Serialize, known: &[&str]) {
        let known: Vec<String> = known.iter().map(|value| format!("\"{value}\"")).collect();
        let detail = format!("supported values: {}", known.join(", "));
        let message = format!("Unsupported value: {}: {detail}", shown(value));
        self.push("FieldValueNotSupported", path, message);
    }

    /// The value is there already.
    pub(crate) fn duplicate(&mut self, path: &Path, value: impl Serialize) {
        self.push("FieldValueDuplicate", path, format!("Duplicate value: {}", shown(value)));
    }

    /// The value names something that is not there.
    pub(crate) fn not_found(&mut self, path: &Path, value: impl Serialize) {
        self.push("FieldValueNotFound", path, format!("Not found: {}", shown(value)));
    }

    /// The field must not be set, or not now.
    pub(crate) fn forbidden(&mut self, path: &Path, detail: &str) {
        self.push("FieldValueForbidden", path, with_detail("Forbidden", detail));
    }

    /// The list has more than `most` items.
    pub(crate) fn too_many(&mut self, path: &Path, actual: usize, most: usize) {
        let message = format!("Too many: {actual}: must have at most {most} items");
        self.push("FieldValueTooMany", path, message);
    }

    /// The text has more than `most` bytes.
    pub(crate) fn too_long(&mut self, path: &Path, most: usize) {
        let message = format!("Too long: may not be more than {most} bytes");
        self.push("FieldValueTooLong", path, message);
    }
}

fn with_detail(what: &str, detail: &str) -> String {
    if detail.is_empty() { what.to_owned() } else { format!("{what}: {detail}") }
}

/// Returns the value as Go shows it in an error: JSON.
fn shown(value: impl Serialize) -> String {
    serde_json::to_string(&value).unwrap_or_default()
}
