//! The Kubernetes objects that jobling serves: their kinds, how text becomes one, what is filled in,
//! what is refused and how a patch changes one.

mod error;
mod kind;
mod object;

pub use error::{ApiError, Cause, Reason};
pub use kind::Kind;
pub use object::{Object, ObjectKey};
