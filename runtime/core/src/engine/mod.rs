//! The one loop: everything that waits is applied, planned upon and committed at once; then the effects
//! are let out. What the outside must do for it are the ports [`Store`], [`Reader`] and [`Runner`].

mod change;
mod ports;
mod request;

pub use change::{Change, Snapshot, Verb as ChangeVerb};
pub use ports::{
    Batch, EndCause, Expired, JobRecord, ListScope, Listing, PodReport, PodStart, Reader,
    Recovered, ReportedEvent, Runner, Store, StoreError, Write,
};
pub use request::{
    DeleteOptions, DryRun, FieldValidation, Patch, PatchKind, Preconditions, Propagation, Reply,
    Request, Verb, WriteOptions,
};
