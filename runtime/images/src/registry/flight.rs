//! A pull under way, which all that want the same image share: it goes on for as long as one of them waits.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::{BoxFuture, FutureExt, Shared, WeakShared};
use tokio::sync::watch;

use super::failure::PullError;
use super::progress::Progress;
use super::puller::Pulled;
use super::settings::Transport;
use crate::{Digest, Reference};

/// What a pull came to, for each that waited.
type Outcome = Result<Pulled, Arc<PullError>>;
type Pull = BoxFuture<'static, Outcome>;

/// What makes two pulls the same: what is shown counts, or an image would be given to whom its registry
/// would refuse it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) reference: Reference,
    pub(super) transport: Transport,
    pub(super) credentials: Digest,
}

/// A pull under way; await it for its end. Dropping the last one of a pull ends it.
#[derive(Debug)]
pub struct Flight {
    end: Shared<Pull>,
    progress: watch::Receiver<Progress>,
}

impl Flight {
    /// Returns how far the pull is, now and later.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }
}

impl Future for Flight {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<Outcome> {
        self.end.poll_unpin(cx)
    }
}

/// A pull that ends when nobody waits for it any more, and how far it is.
type UnderWay = (WeakShared<Pull>, watch::Receiver<Progress>);

/// The pulls under way.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<HashMap<Key, UnderWay>>);

impl Flights {
    /// Returns the pull of `key` that is under way, or what `begin` makes.
    pub(super) fn join(
        &self,
        key: Key,
        begin: impl FnOnce() -> (Pull, watch::Receiver<Progress>),
    ) -> Flight {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let under_way = |pull: &WeakShared<Pull>| pull.upgrade().filter(|end| end.peek().is_none());
        if let Some((pull, progress)) = flights.get(&key)
            && let Some(end) = under_way(pull)
        {
            return Flight { end, progress: progress.clone() };
        }
        flights.retain(|_, (pull, _)| under_way(pull).is_some());
        let (pull, progress) = begin();
        let end = pull.shared();
        if let Some(weak) = end.downgrade() {
            flights.insert(key, (weak, progress.clone()));
        }
        Flight { end, progress }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_pull_is_shared_while_it_is_under_way_and_only_by_those_with_the_same_key() {
        let flights = Flights::default();
        let begun = Arc::new(AtomicU32::new(0));
        let join = |credentials: &[u8]| {
            let begun = Arc::clone(&begun);
            flights.join(key(credentials), move || {
                begun.fetch_add(1, Ordering::Relaxed);
                let pull = async {
                    tokio::task::yield_now().await;
                    Err(Arc::new(PullError::NoRegistry { image: "x".into() }))
                };
                (pull.boxed(), watch::channel(Progress::default()).1)
            })
        };
        let (first, second, other) = (join(b"a"), join(b"a"), join(b"b"));
        assert_eq!(begun.load(Ordering::Relaxed), 2);
        assert!(first.await.is_err() && second.await.is_err() && other.await.is_err());
        drop(join(b"a"));
        drop(join(b"a"));
        assert_eq!(begun.load(Ordering::Relaxed), 4, "one that is over or given up is not joined");
    }

    fn key(credentials: &[u8]) -> Key {
        Key {
            reference: "a.io/tool:1".parse().unwrap(),
            transport: Transport::Secure,
            credentials: Digest::of(credentials),
        }
    }
}
