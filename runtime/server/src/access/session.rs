//! A caller for as long as it may ask: what a revoked or expired token holds open ends with it.

use std::sync::Arc;

use jobling_core::Timestamp;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::Caller;
use super::grants::{Grant, Grants};

/// A caller, and what it is let in by.
#[derive(Debug, Clone)]
pub struct Session {
    caller: Caller,
    tie: Option<Tie>,
}

/// The token that a session hangs on.
#[derive(Debug, Clone)]
struct Tie {
    grant: Grant,
    grants: Arc<Grants>,
    changes: watch::Receiver<()>,
    ends_at: Option<Instant>,
}

impl Session {
    /// Returns the session of whoever owns the host; it does not end.
    #[must_use]
    pub fn owner() -> Self {
        Self { caller: Caller::owner(), tie: None }
    }

    /// Returns the session of a client that shows nothing.
    pub(crate) fn anonymous() -> Self {
        Self { caller: Caller::anonymous(), tie: None }
    }

    /// Returns the session of the holder of `grant`.
    pub(crate) fn holder(grant: Grant, grants: Arc<Grants>, now: Timestamp) -> Self {
        let caller = Caller::holder(grant.name.clone(), grant.role, grant.namespace.clone());
        let ends_at = grant.expires_at.map(|end| Instant::now() + end.since(now));
        let changes = grants.changes();
        Self { caller, tie: Some(Tie { grant, grants, changes, ends_at }) }
    }

    /// Returns who asks.
    pub(crate) const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Returns whether what it holds open is to end.
    pub(crate) fn is_over(&self) -> bool {
        self.tie.as_ref().is_some_and(|tie| {
            tie.ends_at.is_some_and(|end| end <= Instant::now())
                || !tie.grants.still_has(&tie.grant)
        })
    }

    /// Waits until what it holds open is to end.
    pub(crate) async fn over(&mut self) {
        let Some(tie) = &mut self.tie else { return std::future::pending().await };
        loop {
            // Marked as seen first: a change from here on wakes it.
            tie.changes.borrow_and_update();
            if !tie.grants.still_has(&tie.grant) {
                return;
            }
            let ended = async {
                match tie.ends_at {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // The sender is kept by the grants, which this holds.
                _ = tie.changes.changed() => {}
                () = ended => return,
            }
        }
    }
}
