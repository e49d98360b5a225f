//! Stopping a run from outside.

use std::sync::Arc;

use tokio::sync::watch;

/// A handle that ends the runs it was given to, at once and whatever they wait for. Clones are the same
/// handle.
#[derive(Debug, Clone)]
pub struct Stopper {
    stopped: Arc<watch::Sender<bool>>,
}

impl Stopper {
    /// Returns a handle that has not been used yet.
    #[must_use]
    pub fn new() -> Self {
        Self { stopped: Arc::new(watch::Sender::new(false)) }
    }

    /// Ends every run that was or will be given this handle.
    pub fn stop(&self) {
        self.stopped.send_replace(true);
    }

    /// Returns whether [`stop`](Self::stop) was called.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        *self.stopped.borrow()
    }

    /// Waits until [`stop`](Self::stop) is called.
    pub async fn stopped(&self) {
        let mut stopped = self.stopped.subscribe();
        // The sender lives as long as this handle, so waiting cannot fail.
        let _seen = stopped.wait_for(|stopped| *stopped).await;
    }
}

impl Default for Stopper {
    fn default() -> Self {
        Self::new()
    }
}
