//! The only reader of the clock.

use jiff::Timestamp;

/// Returns the present moment.
#[expect(clippy::disallowed_methods, reason = "this file is the reader of the clock")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
