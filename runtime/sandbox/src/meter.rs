//! What a run uses, to be read from outside while it goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The meter of one run. Clones are the same one. What it shows is a fraction of a second old: it is
/// written whenever the guest gives way.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Readings>);

#[derive(Debug, Default)]
struct Readings {
    cpu_nanos: AtomicU64,
    memory_bytes: AtomicU64,
}

impl Meter {
    /// Returns how long the guest has run on a core. Time within a file operation runs on another thread
    /// and is not counted.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        Duration::from_nanos(self.0.cpu_nanos.load(Ordering::Relaxed))
    }

    /// Returns the bytes that its memories and tables have together. They never shrink, so that it is the
    /// most they had, too.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        self.0.memory_bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn ran(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.0.cpu_nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    pub(crate) fn has(&self, memory_bytes: u64) {
        self.0.memory_bytes.store(memory_bytes, Ordering::Relaxed);
    }
}
