//! The Kubernetes objects that jobling serves: their kinds, how text becomes one, what is filled in,
//! what is refused and how a patch changes one.

mod admit;
pub mod decode;
pub mod default;
mod error;
mod field;
mod http_trigger;
mod kind;
pub mod managed;
pub mod manifest;
mod object;
pub mod patch;
pub mod quantity;
pub mod select;
pub mod validate;

pub use admit::{Admitted, Identity, admit_create, admit_status_update, admit_update, key_of};
pub use decode::FieldValidation;
pub use error::{ApiError, Cause, Reason};
pub use http_trigger::{
    BearerAuth, HMACAuth, HTTPTrigger, HTTPTriggerSpec, HTTPTriggerStatus, Idempotency, NoAuth,
    RateLimit, TriggerAuth,
};
pub use kind::Kind;
pub use object::{Object, ObjectKey};
