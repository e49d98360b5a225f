//! The only reader of the clock.

use jiff::Timestamp;

/// Returns the present moment.
#[expect(clippy::disallowed_methods, reason = "this file is the reader of the clock")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// Returns the present moment as the engine counts it.
pub(crate) fn moment() -> jobling_core::Timestamp {
    jobling_core::Timestamp::from_unix_micros(now().as_microsecond())
}
