//! The way of a task from the start of the process to its exit code.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::{Outcome, Task};

/// Runs `main` with this process's [`Task`] and returns what the process is to exit with. This is what
/// [`task`](crate::task) makes of a function; call it where a `main` of one's own is wanted.
///
/// A failure's message goes to stderr and is left as the container's termination message.
///
/// ```
/// use std::process::ExitCode;
///
/// use jobling_sdk::{Failure, Task, start};
///
/// assert_eq!(start(|_: Task| ()), ExitCode::SUCCESS);
/// assert_eq!(start(|_: Task| Err::<(), _>(Failure::retry("busy"))), ExitCode::from(75));
/// ```
pub fn start<O: Outcome>(main: impl FnOnce(Task) -> O) -> ExitCode {
    let task = Task::of_process();
    #[cfg(feature = "log")]
    crate::logs::set_up(&task);
    let Some(failure) = main(task.clone()).failure() else { return ExitCode::SUCCESS };
    let message = failure.to_string();
    // Without a stderr the exit code still says it.
    drop(io::stderr().write_all(format!("error: {message}\n").as_bytes()));
    task.conclude(&message);
    ExitCode::from(failure.exit_code())
}
