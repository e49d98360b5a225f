//! How a run ended, and how that is told from what wasmtime returned.

use wasmtime::{Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::limiter::Growth;

/// Longest text of a trap, in bytes; a backtrace of deep recursion is cut.
const MAX_MESSAGE_BYTES: usize = 4096;

/// How a run ended and what it used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// Why it ended.
    pub ending: Ending,
    /// Units of fuel that it used.
    pub fuel_used: u64,
    /// The most bytes that its memories and tables had together.
    pub peak_memory_bytes: u64,
}

/// Why a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// It returned (0) or exited with this code, 0 to 255; larger ones are cut to eight bits.
    Exited(u8),
    /// It trapped: the trap's name and the wasm backtrace.
    Trapped {
        /// Text for people, at most 4 KiB.
        message: String,
    },
    /// It asked for more memory than its limit and then trapped, or left with a code other than 0 before
    /// any later growth was granted. WASI has no signal for memory: a guest that carries on after a
    /// refusal is let be, and one that traps for another reason after a refusal is counted here.
    OutOfMemory,
    /// It used up its fuel.
    OutOfFuel,
    /// It printed more than its limit.
    OutputLimit,
    /// It wrote more than a quota with [`Overflow::End`](crate::Overflow::End) allows.
    StorageLimit {
        /// The quota's name.
        quota: String,
    },
    /// It was stopped from outside.
    Stopped,
    /// It could not be started: a directory is missing, a name did not resolve.
    StartFailed {
        /// What was missing and what to do.
        why: String,
    },
    /// The host failed within a call of this guest; nothing else was harmed.
    HostPanic {
        /// What the panic said.
        message: String,
    },
}

/// Why the host ends a guest from within one of its calls.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HostStop {
    /// See [`Ending::OutputLimit`].
    #[error("the output limit is reached")]
    Output,
    /// See [`Ending::StorageLimit`].
    #[error("the storage limit of {quota} is reached")]
    Storage { quota: String },
    /// The guest asked to exit with this code.
    #[error("exit with code {0}")]
    Exit(u8),
}

/// Returns why a guest's call failed with `error`.
pub(crate) fn ending_of(error: &wasmtime::Error, growth: Growth) -> Ending {
    if let Some(stop) = error.downcast_ref::<HostStop>() {
        return match stop {
            HostStop::Output => Ending::OutputLimit,
            HostStop::Storage { quota } => Ending::StorageLimit { quota: quota.clone() },
            HostStop::Exit(code) => exited(*code, growth),
        };
    }
    if let Some(I32Exit(code)) = error.downcast_ref::<I32Exit>() {
        return exited(low_byte(*code), growth);
    }
    match (error.downcast_ref::<Trap>(), growth) {
        (Some(Trap::OutOfFuel), _) => Ending::OutOfFuel,
        (_, Growth::NeverRefused) => Ending::Trapped { message: message_of(error) },
        (_, Growth::RefusedBefore | Growth::RefusedLast) => Ending::OutOfMemory,
    }
}

/// Returns the ending of a guest that left with `code`.
fn exited(code: u8, growth: Growth) -> Ending {
    match (code, growth) {
        (1.., Growth::RefusedLast) => Ending::OutOfMemory,
        (code, _) => Ending::Exited(code),
    }
}

/// Returns the part of an exit status that a parent sees, as POSIX `wait` has it.
pub(crate) fn low_byte(code: i32) -> u8 {
    code.to_le_bytes()[0]
}

/// Returns the trap's name and the backtrace, by function name where the module has names.
fn message_of(error: &wasmtime::Error) -> String {
    let cause = error.root_cause().to_string();
    match error.downcast_ref::<WasmBacktrace>() {
        Some(backtrace) => cut(format!("{cause}\n{backtrace}")),
        None => cut(cause),
    }
}

/// Returns `message` cut to [`MAX_MESSAGE_BYTES`] at a character.
fn cut(mut message: String) -> String {
    if message.len() > MAX_MESSAGE_BYTES {
        let end = message.floor_char_boundary(MAX_MESSAGE_BYTES);
        message.truncate(end);
    }
    message
}
