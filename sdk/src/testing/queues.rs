//! Work queues in memory, for unit tests: nothing waits, and an item that failed three times is dead.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::QueueError;
use crate::queue::{Delivery, WorkQueue};

const MAX_ATTEMPTS: u32 = 3;

/// What a queue holds.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    /// Each with how often it was delivered.
    waiting: VecDeque<(Vec<u8>, u32)>,
    pub(super) done: Vec<Vec<u8>>,
    pub(super) dead: Vec<Vec<u8>>,
}

impl Shelf {
    pub(super) fn push(&mut self, items: impl IntoIterator<Item = Vec<u8>>) {
        self.waiting.extend(items.into_iter().map(|body| (body, 0)));
    }

    pub(super) fn waiting(&self) -> Vec<Vec<u8>> {
        self.waiting.iter().map(|(body, _)| body.clone()).collect()
    }

    fn give_back(&mut self, body: Vec<u8>, attempts: u32) {
        if attempts >= MAX_ATTEMPTS {
            self.dead.push(body);
        } else {
            self.waiting.push_back((body, attempts));
        }
    }
}

/// A queue that a task has open.
pub(super) struct FakeQueue {
    queues: Arc<Mutex<BTreeMap<String, Shelf>>>,
    name: String,
    held: BTreeMap<u64, (Vec<u8>, u32)>,
    next: u64,
}

impl FakeQueue {
    pub(super) fn open(queues: Arc<Mutex<BTreeMap<String, Shelf>>>, name: &str) -> Self {
        Self { queues, name: name.to_owned(), held: BTreeMap::new(), next: 1 }
    }

    fn shelf<R>(&self, act: impl FnOnce(&mut Shelf) -> R) -> R {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        act(queues.entry(self.name.clone()).or_default())
    }

    fn settle(&mut self, receipt: u64) -> Result<(Vec<u8>, u32), QueueError> {
        let message = || format!("item {receipt} is not held by this task");
        self.held.remove(&receipt).ok_or_else(|| QueueError::NotFound { message: message() })
    }
}

impl WorkQueue for FakeQueue {
    fn push(&mut self, body: &[u8]) -> Result<(), QueueError> {
        self.shelf(|shelf| shelf.push([body.to_vec()]));
        Ok(())
    }

    fn reserve(&mut self, _wait: Duration) -> Result<Option<Delivery>, QueueError> {
        let Some((body, attempts)) = self.shelf(|shelf| shelf.waiting.pop_front()) else {
            return Ok(None);
        };
        let (receipt, attempt) = (self.next, attempts + 1);
        self.next += 1;
        self.held.insert(receipt, (body.clone(), attempt));
        Ok(Some(Delivery { receipt, attempt, body }))
    }

    fn ack(&mut self, receipt: u64) -> Result<(), QueueError> {
        let (body, _) = self.settle(receipt)?;
        self.shelf(|shelf| shelf.done.push(body));
        Ok(())
    }

    fn nack(&mut self, receipt: u64, _delay: Duration) -> Result<(), QueueError> {
        let (body, attempts) = self.settle(receipt)?;
        self.shelf(|shelf| shelf.give_back(body, attempts));
        Ok(())
    }

    fn extend(&mut self, receipt: u64) -> Result<(), QueueError> {
        let message = || format!("item {receipt} is not held by this task");
        let held = self.held.contains_key(&receipt);
        if held { Ok(()) } else { Err(QueueError::NotFound { message: message() }) }
    }
}

impl Drop for FakeQueue {
    fn drop(&mut self) {
        for (body, attempts) in std::mem::take(&mut self.held).into_values() {
            self.shelf(|shelf| shelf.give_back(body, attempts));
        }
    }
}
