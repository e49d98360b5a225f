//! What the API server fills in where a manifest says nothing: pkg/apis/batch/v1/defaults.go and
//! pkg/apis/core/v1/defaults.go. Filling in twice changes nothing.

mod container;
mod http_trigger;
mod object;
mod pod;

pub use object::default;
