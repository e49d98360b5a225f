//! Which objects a request is about: label selectors and field selectors.

mod field;
mod label;

pub use field::{FieldSelector, FieldSelectorError};
pub use label::{LabelSelector, LabelSelectorError, Operator, Requirement};
