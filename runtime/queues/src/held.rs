//! What a session holds, by receipt.

use std::collections::BTreeMap;

use crate::session::MAX_HELD;
use crate::{QueueError, Receipt};

/// What a session holds; `T` is what the queue calls a delivery.
#[derive(Debug)]
pub(crate) struct Held<T> {
    next: u64,
    by_receipt: BTreeMap<Receipt, T>,
}

impl<T> Default for Held<T> {
    fn default() -> Self {
        Self { next: 1, by_receipt: BTreeMap::new() }
    }
}

impl<T> Held<T> {
    /// Refuses where one more would be too many.
    pub(crate) fn check_room(&self) -> Result<(), QueueError> {
        let held = self.by_receipt.len();
        if held < MAX_HELD { Ok(()) } else { Err(QueueError::TooManyHeld { held }) }
    }

    /// Returns how many there are.
    pub(crate) fn len(&self) -> usize {
        self.by_receipt.len()
    }

    /// Notes a delivery; returns its receipt.
    pub(crate) fn add(&mut self, delivery: T) -> Receipt {
        let receipt = Receipt(self.next);
        self.next += 1;
        self.by_receipt.insert(receipt, delivery);
        receipt
    }

    /// Returns a delivery that is held.
    pub(crate) fn get(&self, receipt: Receipt) -> Result<&T, QueueError> {
        self.by_receipt.get(&receipt).ok_or(QueueError::Unknown(receipt))
    }

    /// Lets go of a delivery.
    pub(crate) fn remove(&mut self, receipt: Receipt) {
        self.by_receipt.remove(&receipt);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_good_until_its_delivery_is_let_go() {
        let mut held = Held::default();
        let receipt = held.add("a");
        assert_eq!(held.get(receipt), Ok(&"a"));
        held.remove(receipt);
        assert_eq!(held.get(receipt), Err(QueueError::Unknown(receipt)));
        assert_ne!(held.add("b"), receipt);
    }

    #[test]
    fn no_more_is_held_than_may_be_lost_at_once() {
        let mut held = Held::default();
        while held.check_room().is_ok() {
            held.add(());
        }
        assert_eq!(held.check_room(), Err(QueueError::TooManyHeld { held: MAX_HELD }));
    }
}
