//! That a pod is to be ended, and when its grace is over.

use std::time::Duration;

use jobling_core::pods::EndCause;
use tokio::sync::watch;
use tokio::time::Instant;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StopOrder {
    pub(crate) cause: EndCause,
    /// When the grace is over.
    pub(crate) at: Instant,
}

/// Whether a pod is to be ended.
#[derive(Debug)]
pub(crate) struct Stop(watch::Sender<Option<StopOrder>>);

impl Stop {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// Asks for the end. The first cause stands; a later call may shorten the grace, never lengthen it.
    pub(crate) fn ask(&self, cause: EndCause, grace: Duration) {
        let at = Instant::now().checked_add(grace).unwrap_or_else(far);
        self.0.send_if_modified(|order| match order {
            None => {
                *order = Some(StopOrder { cause, at });
                true
            }
            Some(order) if at < order.at => {
                order.at = at;
                true
            }
            Some(_) => false,
        });
    }

    /// Returns what was asked for.
    pub(crate) fn order(&self) -> Option<StopOrder> {
        *self.0.borrow()
    }

    /// Waits until the end is asked for.
    pub(crate) async fn asked(&self) {
        let mut orders = self.0.subscribe();
        // The sender is borrowed here: the channel cannot close meanwhile.
        drop(orders.wait_for(Option::is_some).await);
    }

    /// Waits until the grace is over.
    pub(crate) async fn over(&self) {
        self.asked().await;
        let mut orders = self.0.subscribe();
        while let Some(order) = self.order() {
            tokio::select! {
                () = tokio::time::sleep_until(order.at) => return,
                _ = orders.changed() => {}
            }
        }
    }
}

/// Thirty years: what a grace that no clock can count to comes to.
fn far() -> Instant {
    Instant::now() + Duration::from_hours(24 * 365 * 30)
}
