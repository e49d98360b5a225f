//! What a container printed that answers a request: kept from the first byte on, up to a bound.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jobling_core::trigger::{CallOutput, MOST_OUTPUT_BYTES};

/// What one container printed. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Capture(Arc<Mutex<Captured>>);

#[derive(Debug, Default)]
struct Captured {
    bytes: Vec<u8>,
    truncated: bool,
}

impl Capture {
    /// Forgets what the run before printed.
    pub(crate) fn restart(&self) {
        *self.captured() = Captured::default();
    }

    /// Takes what was printed.
    pub(crate) fn write(&self, bytes: &[u8]) {
        let mut captured = self.captured();
        let left = MOST_OUTPUT_BYTES - captured.bytes.len();
        let kept = &bytes[..bytes.len().min(left)];
        captured.truncated |= kept.len() < bytes.len();
        captured.bytes.extend_from_slice(kept);
    }

    /// Returns all that was printed, and keeps nothing of it.
    pub(crate) fn take(&self) -> CallOutput {
        let captured = std::mem::take(&mut *self.captured());
        CallOutput { bytes: captured.bytes.into(), truncated: captured.truncated }
    }

    /// A panic while the lock was held leaves bytes that are whole.
    fn captured(&self) -> MutexGuard<'_, Captured> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_the_bound_is_lost_and_told() {
        let capture = Capture::default();
        for (sizes, kept, truncated) in [
            (vec![], 0, false),
            (vec![1, 2], 3, false),
            (vec![MOST_OUTPUT_BYTES - 1, 1], MOST_OUTPUT_BYTES, false),
            (vec![MOST_OUTPUT_BYTES - 1, 2], MOST_OUTPUT_BYTES, true),
            (vec![MOST_OUTPUT_BYTES, 1, 1], MOST_OUTPUT_BYTES, true),
        ] {
            for &size in &sizes {
                capture.write(&vec![7; size]);
            }
            let output = capture.take();
            assert_eq!((output.bytes.len(), output.truncated), (kept, truncated), "{sizes:?}");
        }
        capture.write(b"the run before");
        capture.restart();
        capture.write(b"x");
        assert_eq!(*capture.take().bytes, *b"x");
    }
}
