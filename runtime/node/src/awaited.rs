//! Who waits for which ConfigMap, Secret or claim: a change wakes those alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use jobling_core::api::ObjectKey;
use tokio::sync::Notify;

/// What pods wait for.
#[derive(Debug, Default)]
pub(crate) struct Awaited(Mutex<HashMap<ObjectKey, Weak<Notify>>>);

impl Awaited {
    /// Returns what is told when the object of that key changes. Whoever waits listens first and looks
    /// then, so that no change is missed in between.
    pub(crate) fn listen(&self, key: &ObjectKey) -> Arc<Notify> {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(notify) = keys.get(key).and_then(Weak::upgrade) {
            return notify;
        }
        keys.retain(|_, notify| notify.strong_count() > 0);
        let notify = Arc::new(Notify::new());
        keys.insert(key.clone(), Arc::downgrade(&notify));
        notify
    }

    /// Wakes all that wait for the object of that key.
    pub(crate) fn changed(&self, key: &ObjectKey) {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(notify) = keys.get(key).and_then(Weak::upgrade) {
            notify.notify_waiters();
        }
    }
}
