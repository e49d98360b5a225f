//! The one loop: everything that waits is applied, planned upon and committed at once; then the effects
//! are let out. What the outside must do for it are the ports [`Store`], [`Reader`] and [`Runner`].

mod apply;
mod calls;
mod change;
mod create;
mod cron_job;
mod cron_jobs;
mod delete;
mod delete_job;
mod delete_owner;
mod drain;
#[expect(clippy::module_inception, reason = "the engine of the engine's room")]
mod engine;
mod http_trigger;
mod http_triggers;
mod old_events;
mod old_pods;
mod owned_jobs;
mod owners;
mod place;
mod pod_events;
mod ports;
mod reconcile;
mod records;
mod recover;
mod repeats;
mod report;
mod request;
mod seal;
mod settings;
mod stage;
mod state;
mod status;
mod tell;
mod trigger_failure;
mod trigger_request;
mod turn;
mod update;

pub use change::{Change, Snapshot, Verb as ChangeVerb};
pub use engine::{Engine, Step, Ticket};
pub use pod_events::{WithPodEvents, event_changes};
pub use ports::{
    Batch, EndCause, Expired, ListScope, Listing, OldAnswer, PodReport, PodStart, Reader,
    ReportedEvent, Runner, Store, StoreError, Write,
};
pub use records::{CronJobRecord, JobRecord, Recovered, TriggerRecord};
pub use request::{
    Configuration, DeleteOptions, DryRun, FieldValidation, OnConflict, Patch, PatchKind,
    Preconditions, Propagation, Reply, Request, Subresource, Verb, WriteOptions,
};
pub use settings::Settings;
