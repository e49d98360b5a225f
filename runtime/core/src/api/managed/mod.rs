//! Who set which field of an object: `metadata.managedFields`, kept through every change, and server-side
//! apply, which it is for. The rules are those of sigs.k8s.io/structured-merge-diff and of apimachinery's
//! `managedfields`; the shapes of the served kinds are in `shape`.

mod apply;
mod changes;
mod conflict;
mod element;
mod fields;
mod managers;
mod merge;
mod read;
mod remove;
mod shape;
mod update;

pub use apply::{Applied, OnConflict, apply};
pub use managers::Manager;
pub use update::{claim_changes, claim_new};
