//! Where a task's knowledge comes from: the process itself, and a fake in tests. The only reader of the
//! process's environment.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use std::{env, fs};

use crate::queue::WorkQueue;
use crate::{QueueError, progress};

/// Where a container's message is, unless `TERMINATION_MESSAGE_PATH` says otherwise: Kubernetes' default
/// of terminationMessagePath.
const MESSAGE_FILE: &str = "/dev/termination-log";

/// What is around a task.
pub(crate) trait Host: Send + Sync {
    /// Returns the arguments, without the program's name.
    fn arguments(&self) -> Vec<OsString>;
    /// Returns the value of a variable.
    fn variable(&self, name: &str) -> Option<OsString>;
    /// Returns where the directory that the pod knows by `mount_path` is.
    fn directory(&self, mount_path: &str) -> PathBuf;
    /// Reads the standard input to its end.
    fn read_input(&self) -> io::Result<Vec<u8>>;
    /// Returns for how long the task has run.
    fn elapsed(&self) -> Duration;
    /// Returns how many units of fuel are left, if that is known.
    fn remaining_fuel(&self) -> Option<u64>;
    /// Tells how far the task is.
    fn report_progress(&self, done: u64, total: u64, text: &str);
    /// Leaves the message that is told with the container's end.
    fn leave_message(&self, message: &str);
    /// Opens a work queue.
    fn open_queue(&self, name: &str) -> Result<Box<dyn WorkQueue>, QueueError>;
    /// Returns the secret of that name that is no variable.
    fn secret(&self, name: &str) -> Option<Vec<u8>>;
}

/// The process that this is.
pub(crate) struct Process {
    started: Instant,
}

impl Process {
    /// Returns the process, from whose start on time is counted now.
    pub(crate) fn started_now() -> Self {
        Self { started: Instant::now() }
    }
}

impl Host for Process {
    fn arguments(&self) -> Vec<OsString> {
        env::args_os().skip(1).collect()
    }

    #[expect(clippy::disallowed_methods, reason = "a task's environment is what it is told")]
    fn variable(&self, name: &str) -> Option<OsString> {
        env::var_os(name)
    }

    fn directory(&self, mount_path: &str) -> PathBuf {
        PathBuf::from(mount_path)
    }

    fn read_input(&self) -> io::Result<Vec<u8>> {
        let mut input = Vec::new();
        io::stdin().lock().read_to_end(&mut input)?;
        Ok(input)
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    #[cfg(all(feature = "host", target_arch = "wasm32"))]
    fn remaining_fuel(&self) -> Option<u64> {
        Some(crate::bindings::remaining_fuel())
    }

    #[cfg(not(all(feature = "host", target_arch = "wasm32")))]
    fn remaining_fuel(&self) -> Option<u64> {
        None
    }

    #[cfg(all(feature = "host", target_arch = "wasm32"))]
    fn report_progress(&self, done: u64, total: u64, text: &str) {
        crate::bindings::report(done, total, text);
    }

    #[cfg(not(all(feature = "host", target_arch = "wasm32")))]
    fn report_progress(&self, done: u64, total: u64, text: &str) {
        let line = progress::line(done, total, text);
        // That nobody can be told is no reason to fail.
        drop(io::stderr().write_all(format!("progress {line}").as_bytes()));
    }

    fn leave_message(&self, message: &str) {
        let file = self.variable("TERMINATION_MESSAGE_PATH");
        let file = file.map_or_else(|| PathBuf::from(MESSAGE_FILE), PathBuf::from);
        // Outside a pod there is no such file, and none is to be made.
        if file.is_file() {
            drop(fs::write(file, message));
        }
    }

    #[cfg(all(feature = "host", target_arch = "wasm32"))]
    fn open_queue(&self, name: &str) -> Result<Box<dyn WorkQueue>, QueueError> {
        crate::bindings::open_queue(name)
    }

    #[cfg(not(all(feature = "host", target_arch = "wasm32")))]
    fn open_queue(&self, _name: &str) -> Result<Box<dyn WorkQueue>, QueueError> {
        Err(QueueError::NoHost)
    }

    #[cfg(all(feature = "host", target_arch = "wasm32"))]
    fn secret(&self, name: &str) -> Option<Vec<u8>> {
        crate::bindings::secret(name)
    }

    #[cfg(not(all(feature = "host", target_arch = "wasm32")))]
    fn secret(&self, _name: &str) -> Option<Vec<u8>> {
        None
    }
}
