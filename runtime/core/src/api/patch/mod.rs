//! How a patch changes an object: RFC 6902, RFC 7386 and Kubernetes' strategic merge.

mod apply;
mod diff;
mod json;
mod schema;
mod strategic;

pub use apply::apply;
pub use diff::three_way;
pub use schema::{List, Shape};
pub(in crate::api) use schema::{Place, child};
