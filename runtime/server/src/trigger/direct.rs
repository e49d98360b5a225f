//! Requests that run without a Job: admitted by the same rules as those that are recorded, counted here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jobling_core::control::trigger::{Admission, Load, RETRY_AFTER, Rules, admit};
use tokio::sync::oneshot;

use super::refusal::Refusal;

/// The requests of one trigger that are under way without a Job.
#[derive(Debug, Default)]
pub(super) struct Direct(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    next: u64,
    /// Those that run; each can be told to end.
    running: BTreeMap<u64, oneshot::Sender<()>>,
    /// Those that wait for their turn; each can be told that it has come.
    waiting: BTreeMap<u64, oneshot::Sender<oneshot::Receiver<()>>>,
    /// How many may run at once, as the newest request had it.
    most_at_once: usize,
}

/// A request's place among those that run or wait. The next one's turn comes when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    direct: Arc<Direct>,
    number: u64,
    /// Told when a newer request takes its place.
    pub(super) replaced: oneshot::Receiver<()>,
}

impl Direct {
    /// Takes a place for a request, waiting for it where the rules have it wait.
    ///
    /// # Errors
    /// Where the rules turn it away.
    pub(super) async fn enter(self: &Arc<Self>, rules: &Rules) -> Result<Place, Refusal> {
        let (number, turn) = {
            let mut state = self.state();
            state.most_at_once = usize::try_from(rules.most_at_once).unwrap_or(usize::MAX);
            let number = state.next;
            match admit(rules, state.load()) {
                Admission::Run => return Ok(self.place(&mut state)),
                Admission::Replace(count) => {
                    state.end_oldest(count);
                    return Ok(self.place(&mut state));
                }
                Admission::Queue => {}
                Admission::Busy | Admission::QueueFull => {
                    return Err(Refusal::Busy { retry_after: RETRY_AFTER });
                }
                Admission::Suspended => return Err(Refusal::Suspended),
            }
            let (told, turn) = oneshot::channel();
            state.next += 1;
            state.waiting.insert(number, told);
            (number, turn)
        };
        // From here on it is left in order, whatever has become of its turn when the client goes.
        let direct = Arc::clone(self);
        let mut place = Place { direct, number, replaced: oneshot::channel().1 };
        place.replaced = turn.await.map_err(|_| Refusal::Replaced)?;
        Ok(place)
    }

    fn place(self: &Arc<Self>, state: &mut State) -> Place {
        let number = state.next;
        state.next += 1;
        let replaced = state.run(number);
        Place { direct: Arc::clone(self), number, replaced }
    }

    /// A panic while the lock was held leaves maps that are whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn load(&self) -> Load {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Load { active: count(self.running.len()), queued: count(self.waiting.len()) }
    }

    fn run(&mut self, number: u64) -> oneshot::Receiver<()> {
        let (end, replaced) = oneshot::channel();
        self.running.insert(number, end);
        replaced
    }

    fn end_oldest(&mut self, count: u32) {
        for _ in 0..count {
            let Some((_, end)) = self.running.pop_first() else { return };
            // Where it has just ended nobody hears it.
            end.send(()).ok();
        }
    }

    /// Lets in those whose turn it is. One that has left meanwhile passes its turn on.
    fn let_in(&mut self) {
        while self.running.len() < self.most_at_once {
            let Some((number, turn)) = self.waiting.pop_first() else { return };
            let replaced = self.run(number);
            if turn.send(replaced).is_err() {
                self.running.remove(&number);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.direct.state();
        state.running.remove(&self.number);
        state.waiting.remove(&self.number);
        state.let_in();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn rules(spec: Value) -> Rules {
        Rules::of(&serde_json::from_value(spec).unwrap())
    }

    #[tokio::test]
    async fn as_many_run_as_may_and_the_next_is_turned_away() {
        let (direct, rules) = (Arc::<Direct>::default(), rules(json!({"maxConcurrency": 2})));
        let first = direct.enter(&rules).await.unwrap();
        let _second = direct.enter(&rules).await.unwrap();
        let refused = direct.enter(&rules).await.map(drop);
        assert_eq!(refused, Err(Refusal::Busy { retry_after: RETRY_AFTER }));
        drop(first);
        assert!(direct.enter(&rules).await.is_ok(), "a place is free again");
    }

    #[tokio::test]
    async fn a_newer_request_takes_the_place_of_the_oldest() {
        let (direct, rules) =
            (Arc::<Direct>::default(), rules(json!({"concurrencyPolicy": "Replace"})));
        let mut oldest = direct.enter(&rules).await.unwrap();
        let mut newest = direct.enter(&rules).await.unwrap();
        assert_eq!((&mut oldest.replaced).await, Ok(()));
        assert!(newest.replaced.try_recv().is_err(), "the newest goes on");
    }

    #[tokio::test]
    async fn those_that_wait_are_let_in_in_order_and_who_left_is_passed_over() {
        let spec = json!({"concurrencyPolicy": "Queue", "queueDepth": 3});
        let (direct, rules) = (Arc::<Direct>::default(), rules(spec));
        let running = direct.enter(&rules).await.unwrap();
        let mut second = Box::pin(direct.enter(&rules));
        let mut third = Box::pin(direct.enter(&rules));
        let mut fourth = Box::pin(direct.enter(&rules));
        for waiting in [&mut second, &mut third, &mut fourth] {
            assert!(futures::poll!(waiting).is_pending());
        }
        let refused = direct.enter(&rules).await.map(drop);
        assert_eq!(refused, Err(Refusal::Busy { retry_after: RETRY_AFTER }));
        drop(second);
        drop(running);
        let third = third.await.unwrap();
        assert!(futures::poll!(&mut fourth).is_pending());
        drop(third);
        assert!(fourth.await.is_ok());
    }
}
