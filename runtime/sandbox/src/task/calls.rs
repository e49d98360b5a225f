//! What each call of `jobling:task` does, however it came in, within its bounds.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::Result;
use wasmtime::component::{Resource, ResourceTable};

use super::host::{
    MAX_BODY_BYTES, MAX_PROGRESS_TEXT_BYTES, Progress, TaskFailure, TaskHost, TaskItem, TaskQueue,
    TaskReason,
};
use crate::guest::Guest;

/// Queues that one run may have open: each may be a connection.
const MAX_QUEUES: usize = 16;
/// The longest name of a queue or a secret that is looked at.
pub(super) const MAX_NAME_BYTES: usize = 256;

/// What a call comes to: the outer error ends the guest, the inner one is told to it.
pub(super) type Called<T> = Result<Result<T, TaskFailure>>;

/// What a store keeps of this interface.
#[derive(Debug, Default)]
pub(crate) struct TaskState {
    host: Option<Arc<dyn TaskHost>>,
    open_queues: usize,
}

impl TaskState {
    pub(crate) fn new(host: Option<Arc<dyn TaskHost>>) -> Self {
        Self { host, open_queues: 0 }
    }
}

/// A queue that the guest has a handle of.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct OpenQueue(Box<dyn TaskQueue>);

/// A secret that the guest has a handle of.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct HeldSecret(Arc<[u8]>);

/// One guest's calls. A handle that is not this guest's, or of another kind, ends the guest.
pub(crate) struct Calls<'a> {
    table: &'a mut ResourceTable,
    state: &'a mut TaskState,
}

pub(super) fn calls(guest: &mut Guest) -> Calls<'_> {
    let view = wasmtime_wasi::WasiView::ctx(&mut guest.wasi);
    Calls { table: view.table, state: &mut guest.task }
}

impl Calls<'_> {
    pub(super) fn report(&mut self, done: u64, total: u64, text: &str) {
        if let Some(host) = &self.state.host {
            let text = text[..text.floor_char_boundary(MAX_PROGRESS_TEXT_BYTES)].to_owned();
            host.report(Progress { done, total, text });
        }
    }

    pub(super) fn open_queue(&mut self, name: &str) -> Called<Resource<OpenQueue>> {
        if self.state.open_queues >= MAX_QUEUES {
            let message = format!("{MAX_QUEUES} queues are open at once; close one first");
            return refused(TaskReason::Full, message);
        }
        let Some(host) = self.host_for(name) else {
            return refused(TaskReason::NotFound, "this run was given no work queues");
        };
        let queue = match host.open_queue(name) {
            Ok(queue) => queue,
            Err(failure) => return Ok(Err(failure)),
        };
        let handle = self.table.push(OpenQueue(queue))?;
        self.state.open_queues += 1;
        Ok(Ok(handle))
    }

    pub(super) async fn push(&mut self, queue: &Resource<OpenQueue>, body: Vec<u8>) -> Called<()> {
        let queue = self.table.get_mut(queue)?;
        if body.len() > MAX_BODY_BYTES {
            return refused(TaskReason::Invalid, too_long(body.len()));
        }
        Ok(queue.0.push(body).await)
    }

    pub(super) async fn reserve(
        &mut self,
        queue: &Resource<OpenQueue>,
        wait_millis: u32,
    ) -> Called<Option<TaskItem>> {
        let queue = self.table.get_mut(queue)?;
        Ok(queue.0.reserve(Duration::from_millis(wait_millis.into())).await)
    }

    pub(super) async fn ack(&mut self, queue: &Resource<OpenQueue>, receipt: u64) -> Called<()> {
        Ok(self.table.get_mut(queue)?.0.ack(receipt).await)
    }

    pub(super) async fn nack(
        &mut self,
        queue: &Resource<OpenQueue>,
        receipt: u64,
        delay_millis: u32,
    ) -> Called<()> {
        let delay = Duration::from_millis(delay_millis.into());
        Ok(self.table.get_mut(queue)?.0.nack(receipt, delay).await)
    }

    pub(super) async fn extend(&mut self, queue: &Resource<OpenQueue>, receipt: u64) -> Called<()> {
        Ok(self.table.get_mut(queue)?.0.extend(receipt).await)
    }

    pub(super) fn close_queue(&mut self, queue: Resource<OpenQueue>) -> Result<()> {
        self.table.delete(queue)?;
        self.state.open_queues -= 1;
        Ok(())
    }

    pub(super) fn open_secret(&mut self, name: &str) -> Called<Resource<HeldSecret>> {
        let secret = self.host_for(name).and_then(|host| host.secret(name));
        match secret {
            Some(secret) => Ok(Ok(self.table.push(HeldSecret(secret))?)),
            None => refused(TaskReason::NotFound, "this run has no secret of that name"),
        }
    }

    pub(super) fn reveal(&mut self, secret: &Resource<HeldSecret>) -> Result<Vec<u8>> {
        Ok(self.table.get(secret)?.0.to_vec())
    }

    pub(super) fn close_secret(&mut self, secret: Resource<HeldSecret>) -> Result<()> {
        self.table.delete(secret)?;
        Ok(())
    }

    /// Returns the host, unless `name` is longer than any name.
    fn host_for(&self, name: &str) -> Option<Arc<dyn TaskHost>> {
        self.state.host.clone().filter(|_| name.len() <= MAX_NAME_BYTES)
    }
}

pub(super) fn too_long(bytes: usize) -> String {
    format!("the item has {bytes} bytes; it may have {MAX_BODY_BYTES}")
}

#[expect(clippy::unnecessary_wraps, reason = "it is what every call returns")]
fn refused<T>(reason: TaskReason, message: impl Into<String>) -> Called<T> {
    Ok(Err(TaskFailure::new(reason, message)))
}
