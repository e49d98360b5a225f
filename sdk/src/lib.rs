//! What the author of a task uses: reads what a pod is told, and tells how it ended.
#![doc = include_str!("../README.md")]
//!
//! # The items

#[cfg(all(feature = "host", target_arch = "wasm32"))]
mod bindings;
mod failure;
mod host;
#[cfg(feature = "log")]
mod logs;
mod progress;
mod queue;
mod request;
mod secret;
mod start;
mod task;
pub mod testing;
mod variable;
mod volume;

pub use failure::{Failure, Outcome};
#[cfg(feature = "log")]
pub use log;
pub use queue::{Item, Queue, QueueError, Worked};
pub use request::Request;
pub use secret::Secret;
pub use start::start;
pub use task::Task;
#[cfg(feature = "tracing")]
pub use tracing;
pub use variable::VariableError;
pub use volume::{Volume, VolumeError};

/// Makes `fn main(task: Task) -> …` a program: logs are set up, the [`Task`] is handed over, and what is
/// returned becomes the exit code and the termination message ([`Outcome`]).
///
/// In unit tests the function stays as it is written, and can be called with a task of
/// [`testing::Host`].
///
/// ```
/// # mod program {
/// use jobling_sdk::Task;
///
/// #[jobling_sdk::task]
/// fn main(task: Task) -> jobling_sdk::Result {
///     println!("Hello from {}", task.pod().unwrap_or_default());
///     Ok(())
/// }
/// # pub fn run() { assert_eq!(main(), std::process::ExitCode::SUCCESS); }
/// # }
/// # program::run();
/// ```
pub use jobling_sdk_macros::task;

/// What a task's functions return: `?` makes any error a [`Failure`].
///
/// ```
/// fn parse(text: &str) -> jobling_sdk::Result<u32> {
///     Ok(text.parse()?)
/// }
/// assert!(parse("x").is_err());
/// ```
pub type Result<T = (), E = Failure> = std::result::Result<T, E>;
