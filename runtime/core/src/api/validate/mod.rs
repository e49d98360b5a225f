//! What the API server refuses: pkg/apis/batch/validation, the parts of pkg/apis/core/validation that
//! pods need, and what cannot mean anything on this host. All errors at once, in the server's words.

mod claim;
mod config;
mod container;
mod cron_job;
mod dns;
mod env;
mod event;
mod http_trigger;
mod indexes;
mod job;
mod job_status;
mod job_update;
mod meta;
mod names;
mod object;
mod pod;
mod pod_warnings;
mod policies;
mod probe;
mod projected;
mod resources;
mod scheduling;
mod security;
mod topology;
mod volume;
mod volume_kinds;
mod warnings;

pub(crate) use job::{CONTROLLER_UID, JOB_NAME, LEGACY_CONTROLLER_UID, LEGACY_JOB_NAME};
pub(crate) use job_status::validate_status_update;
pub(crate) use names::{is_label_value, is_qualified_name};
pub use object::{is_name, validate_create, validate_update};
pub(crate) use warnings::{spec_warnings, warnings};
