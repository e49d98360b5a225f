//! What runs: the only wasmtime. Knows nothing of Kubernetes.
//!
//! [`Sandbox::prepare`] turns a file into something that can be started at once; [`Sandbox::run`] starts
//! it within [`Limits`] and says how it ended. Every run has a store of its own that is dropped after it.
//! The guest is hostile: whatever it does ends that run alone, with an [`Ending`] that says why.
//!
//! Compiling is done by a child process; the program that [`Compiler::Child`] names must call
//! [`compile_child_main`] before anything else.

mod cache;
mod child;
mod engine;
mod exit;
mod guest;
mod handler;
mod limiter;
mod measure;
mod network;
mod output;
mod prepare;
mod preview1;
mod preview2;
mod quota;
mod run;
mod settings;
mod spec;
mod stop;
mod throttle;

pub use child::compile_child_main;
pub use exit::{Ending, Exit};
pub use handler::HttpRequest;
pub use network::{OutboundError, OutboundRule};
pub use output::Output;
pub use prepare::{PrepareError, Prepared};
pub use quota::{Overflow, Quota, Usage};
pub use run::Sandbox;
pub use settings::{CompileLimits, Compiler, SandboxError, Settings};
pub use spec::{Access, Limits, Mount, RunSpec};
pub use stop::Stopper;
