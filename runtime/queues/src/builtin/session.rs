//! One run's hold on a built-in queue.

use std::time::Duration;

use jobling_core::queues::{
    Answer, Buried, Fate, Holder, Item, Lease, LeaseState, Operation, QueueName, QueueRules, fate,
};
use tokio::time::Instant;

use super::keeper::Builtin;
use crate::held::Held;
use crate::{Delivery, QueueError, Receipt, Reply, Session};

/// A built-in queue, opened for one run.
#[derive(Debug)]
pub struct BuiltinSession {
    queues: Builtin,
    queue: QueueName,
    holder: Holder,
    rules: QueueRules,
    held: Held<Lease>,
}

impl BuiltinSession {
    pub(super) fn new(
        queues: Builtin,
        queue: QueueName,
        holder: Holder,
        rules: QueueRules,
    ) -> Self {
        Self { queues, queue, holder, rules, held: Held::default() }
    }

    async fn push_item(&self, body: Vec<u8>) -> Result<(), QueueError> {
        let limits = self.queues.limits();
        let bytes = body.len() as u64;
        if bytes > limits.item_bytes {
            return Err(QueueError::TooLarge { bytes, most: limits.item_bytes });
        }
        let queue = self.queue.clone();
        let push = Operation::Push { queue: queue.clone(), bodies: vec![body], limits };
        if let Answer::Full(held) = self.queues.ask(push).await? {
            return Err(QueueError::Full { queue, held, limits });
        }
        Ok(())
    }

    async fn next(&mut self, wait: Duration) -> Result<Option<Delivery>, QueueError> {
        self.held.check_room()?;
        let end = Instant::now() + wait;
        let mut arrivals = self.queues.arrivals();
        loop {
            arrivals.borrow_and_update();
            let answer = self.reserve_now().await?;
            if let Answer::Delivered(item) = answer {
                match self.deliver(item).await? {
                    Some(delivery) => return Ok(Some(delivery)),
                    None => continue,
                }
            }
            let Answer::Empty { next: ready } = answer else { return Err(QueueError::Closed) };
            let until = ready.map_or(end, |at| {
                end.min(Instant::now() + at.since(self.queues.now()).max(Duration::from_millis(1)))
            });
            tokio::select! {
                changed = arrivals.changed() => changed.map_err(|_closed| QueueError::Closed)?,
                () = tokio::time::sleep_until(until) => if until == end { return Ok(None) },
            }
        }
    }

    async fn reserve_now(&self) -> Result<Answer, QueueError> {
        let until = self.queues.now().plus(self.rules.visibility);
        let (queue, holder) = (self.queue.clone(), self.holder.clone());
        self.queues.ask(Operation::Reserve { queue, holder, until }).await
    }

    /// Hands an item over, unless all its attempts ended without a word: then it is buried.
    async fn deliver(&mut self, item: Item) -> Result<Option<Delivery>, QueueError> {
        let Item { lease, body } = item;
        let before = lease.attempt.saturating_sub(1);
        if fate(before, &self.rules) == Fate::Dead {
            let why = format!("delivered {before} times and never acknowledged");
            self.bury(lease, why).await?;
            return Ok(None);
        }
        let receipt = self.held.add(lease);
        Ok(Some(Delivery { receipt, attempt: lease.attempt, body }))
    }

    async fn bury(&self, lease: Lease, why: String) -> Result<Answer, QueueError> {
        let buried = Buried { at: self.queues.now(), why };
        self.queues.ask(Operation::Bury { lease, buried }).await
    }

    async fn give_back(&mut self, receipt: Receipt, delay: Duration) -> Result<(), QueueError> {
        let lease = *self.held.get(receipt)?;
        let answer = match fate(lease.attempt, &self.rules) {
            Fate::Dead => self.bury(lease, format!("failed {} times", lease.attempt)).await?,
            Fate::Again => {
                let not_before = match delay {
                    Duration::ZERO => jobling_core::Timestamp::default(),
                    delay => self.queues.now().plus(delay),
                };
                self.queues.ask(Operation::Return { lease, not_before }).await?
            }
        };
        self.settled(receipt, &answer)
    }

    /// Lets go of a delivery that was settled, or lost.
    fn settled(&mut self, receipt: Receipt, answer: &Answer) -> Result<(), QueueError> {
        self.held.remove(receipt);
        still_held(receipt, answer)
    }
}

fn still_held(receipt: Receipt, answer: &Answer) -> Result<(), QueueError> {
    if *answer == Answer::Lease(LeaseState::Lost) {
        return Err(QueueError::Lost(receipt));
    }
    Ok(())
}

impl Session for BuiltinSession {
    fn push(&mut self, body: Vec<u8>) -> Reply<'_, ()> {
        Box::pin(self.push_item(body))
    }

    fn reserve(&mut self, wait: Duration) -> Reply<'_, Option<Delivery>> {
        Box::pin(self.next(wait))
    }

    fn ack(&mut self, receipt: Receipt) -> Reply<'_, ()> {
        Box::pin(async move {
            let lease = *self.held.get(receipt)?;
            let answer = self.queues.ask(Operation::Acknowledge(lease)).await?;
            self.settled(receipt, &answer)
        })
    }

    fn nack(&mut self, receipt: Receipt, delay: Duration) -> Reply<'_, ()> {
        Box::pin(self.give_back(receipt, delay))
    }

    fn extend(&mut self, receipt: Receipt) -> Reply<'_, ()> {
        Box::pin(async move {
            let lease = *self.held.get(receipt)?;
            let until = self.queues.now().plus(self.rules.visibility);
            let answer = self.queues.ask(Operation::Extend { lease, until }).await?;
            still_held(receipt, &answer)
        })
    }
}

impl Drop for BuiltinSession {
    fn drop(&mut self) {
        // Even one that holds nothing: a reservation may be under way whose reply was dropped.
        self.queues.tell(Operation::Release(Some(self.holder.clone())));
    }
}
