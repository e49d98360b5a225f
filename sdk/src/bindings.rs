//! The host's interface `jobling:task` as this program calls it: generated from wit/task.wit, and put into
//! the crate's own terms.

#[allow(
    unsafe_code,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    reason = "generated; how many of these it needs depends on the generator"
)]
mod generated {
    wit_bindgen::generate!({ path: "wit", world: "imports" });
}

use std::time::Duration;

use generated::jobling::task::failures::{Failure, Reason};
use generated::jobling::task::{limits, progress, secrets, work_queue};

use crate::QueueError;
use crate::queue::{Delivery, WorkQueue};

/// Tells the host how far this task is.
pub(crate) fn report(done: u64, total: u64, text: &str) {
    progress::report(done, total, text);
}

/// Returns how many units of fuel are left.
pub(crate) fn remaining_fuel() -> u64 {
    limits::remaining_fuel()
}

/// Returns a secret that the host has.
pub(crate) fn secret(name: &str) -> Option<Vec<u8>> {
    Some(secrets::Secret::open(name).ok()?.reveal())
}

/// Opens a queue at the host.
pub(crate) fn open_queue(name: &str) -> Result<Box<dyn WorkQueue>, QueueError> {
    match work_queue::Queue::open(name) {
        Ok(queue) => Ok(Box::new(queue)),
        Err(failure) => Err(error(failure)),
    }
}

impl WorkQueue for work_queue::Queue {
    fn push(&mut self, body: &[u8]) -> Result<(), QueueError> {
        Self::push(self, body).map_err(error)
    }

    fn reserve(&mut self, wait: Duration) -> Result<Option<Delivery>, QueueError> {
        let item = Self::reserve(self, millis(wait)).map_err(error)?;
        Ok(item.map(|item| Delivery {
            receipt: item.receipt,
            attempt: item.attempt,
            body: item.body,
        }))
    }

    fn ack(&mut self, receipt: u64) -> Result<(), QueueError> {
        Self::ack(self, receipt).map_err(error)
    }

    fn nack(&mut self, receipt: u64, delay: Duration) -> Result<(), QueueError> {
        Self::nack(self, receipt, millis(delay)).map_err(error)
    }

    fn extend(&mut self, receipt: u64) -> Result<(), QueueError> {
        Self::extend(self, receipt).map_err(error)
    }
}

fn millis(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}

fn error(failure: Failure) -> QueueError {
    let message = failure.message;
    match failure.reason {
        Reason::NotFound => QueueError::NotFound { message },
        Reason::Invalid => QueueError::Invalid { message },
        Reason::Full => QueueError::Full { message },
        Reason::Lost => QueueError::Lost { message },
        Reason::Unreachable => QueueError::Unreachable { message },
    }
}
