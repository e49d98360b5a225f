//! What a stream holds for as long as it lasts: its place, and what would end it from outside.

use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::access::Session;

/// What a watch or a followed log holds.
#[derive(Debug)]
pub(crate) struct Hold {
    /// Its place among those that may be open at once, given back with it.
    _place: OwnedSemaphorePermit,
    /// Set once the server is to end.
    stopping: watch::Receiver<bool>,
    /// Whose it is.
    session: Session,
}

impl Hold {
    pub(crate) const fn new(
        place: OwnedSemaphorePermit,
        stopping: watch::Receiver<bool>,
        session: Session,
    ) -> Self {
        Self { _place: place, stopping, session }
    }

    /// Returns whether the stream is to end, whatever it still has to tell.
    pub(crate) fn is_over(&self) -> bool {
        *self.stopping.borrow() || self.session.is_over()
    }

    /// Waits until the stream is to end: with the server, or with what its caller was let in by.
    pub(crate) async fn over(&mut self) {
        tokio::select! {
            // An error means that the server is gone: the end, too.
            _ = self.stopping.wait_for(|stopping| *stopping) => {}
            () = self.session.over() => {}
        }
    }
}
