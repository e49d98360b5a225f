//! The interface `jobling:task` (sdk/wit): what a guest may ask of whoever started it, beyond WASI.
//!
//! [`TaskHost`] is the other side, given with a run. Components come in by `components`, core modules by
//! `modules`, which speaks the canonical ABI; both end at `calls`, where every bound is kept.

mod calls;
mod components;
mod host;
mod modules;

pub(crate) use calls::TaskState;
pub(crate) use components::add_to_linker as add_to_components;
pub use host::{
    MAX_BODY_BYTES, MAX_PROGRESS_TEXT_BYTES, Progress, TaskAnswer, TaskFailure, TaskHost, TaskItem,
    TaskQueue, TaskReason,
};
pub(crate) use modules::add_to_linker as add_to_modules;

/// Where what is left of a run's limits is asked for.
const LIMITS: &str = "jobling:task/limits@0.1.0";
/// What an import of the work queues begins with; the version follows.
pub(crate) const WORK_QUEUE: &str = "jobling:task/work-queue@";
