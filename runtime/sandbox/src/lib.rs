//! What runs: the only wasmtime. Knows nothing of Kubernetes.
//!
//! [`Sandbox::prepare`] turns a file into something that can be started at once; [`Sandbox::run`] starts
//! it within [`Limits`] and says how it ended. Every run has a store of its own that is dropped after it.
//! The guest is hostile: whatever it does ends that run alone, with an [`Ending`] that says why. Beyond WASI
//! it may call `jobling:task` (sdk/wit), which ends at the [`TaskHost`] that its run was given.
//!
//! Compiling is done by a child process; the program that [`Compiler::Child`] names must call
//! [`compile_child_main`] before anything else.

mod cache;
mod check;
mod child;
mod engine;
mod exit;
mod guest;
mod handler;
mod limiter;
mod measure;
mod memory;
mod meter;
mod network;
mod output;
mod prepare;
mod prepared;
mod preview1;
mod preview2;
mod quota;
mod run;
mod settings;
mod spec;
mod stop;
mod task;
mod throttle;

pub use check::check_imports;
pub use child::compile_child_main;
pub use exit::{Ending, Exit};
pub use handler::HttpRequest;
pub use memory::give_back_memory;
pub use meter::Meter;
pub use network::{OutboundError, OutboundRule};
pub use output::{Output, OutputSink};
pub use prepare::PrepareError;
pub use prepared::Prepared;
pub use quota::{Overflow, Quota, Usage};
pub use run::Sandbox;
pub use settings::{CompileLimits, Compiler, SandboxError, Settings};
pub use spec::{Access, Limits, Mount, RunSpec};
pub use stop::Stopper;
pub use task::{
    MAX_BODY_BYTES, MAX_PROGRESS_TEXT_BYTES, Progress, TaskAnswer, TaskFailure, TaskHost, TaskItem,
    TaskQueue, TaskReason,
};
