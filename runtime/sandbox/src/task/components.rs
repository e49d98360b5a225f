//! `jobling:task` for components.

#[allow(clippy::all, clippy::pedantic, reason = "generated from sdk/wit, which documents it")]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit",
        world: "imports",
        imports: { default: async | trappable },
        with: {
            "jobling:task/work-queue.queue": crate::task::calls::OpenQueue,
            "jobling:task/secrets.secret": crate::task::calls::HeldSecret,
        },
    });
}

use wasmtime::component::{HasData, Linker, Resource};
use wasmtime::{Result, StoreContextMut};

use self::bindings::jobling::task::failures::{Failure, Reason};
use self::bindings::jobling::task::{failures, progress, secrets, work_queue};
use super::LIMITS;
use super::calls::{Calls, HeldSecret, OpenQueue, calls};
use super::host::{TaskFailure, TaskReason};
use crate::guest::Guest;

struct HasCalls;

impl HasData for HasCalls {
    type Data<'a> = Calls<'a>;
}

/// Adds the interface.
pub(crate) fn add_to_linker(linker: &mut Linker<Guest>) -> Result<()> {
    failures::add_to_linker::<Guest, HasCalls>(linker, calls)?;
    progress::add_to_linker::<Guest, HasCalls>(linker, calls)?;
    limits(linker)?;
    work_queue::add_to_linker::<Guest, HasCalls>(linker, calls)?;
    secrets::add_to_linker::<Guest, HasCalls>(linker, calls)
}

/// What is left is the store's to say, which the generated functions do not reach.
fn limits(linker: &mut Linker<Guest>) -> Result<()> {
    let mut limits = linker.instance(LIMITS)?;
    limits.func_wrap("remaining-fuel", |store: StoreContextMut<'_, Guest>, (): ()| {
        Ok((store.get_fuel()?,))
    })
}

fn told(failure: TaskFailure) -> Failure {
    let reason = match failure.reason {
        TaskReason::NotFound => Reason::NotFound,
        TaskReason::Invalid => Reason::Invalid,
        TaskReason::Full => Reason::Full,
        TaskReason::Lost => Reason::Lost,
        TaskReason::Unreachable => Reason::Unreachable,
    };
    Failure { reason, message: failure.message }
}

type Answer<T> = Result<std::result::Result<T, Failure>>;

impl failures::Host for Calls<'_> {}

impl progress::Host for Calls<'_> {
    async fn report(&mut self, done: u64, total: u64, text: String) -> Result<()> {
        Calls::report(self, done, total, &text);
        Ok(())
    }
}

impl work_queue::Host for Calls<'_> {}

impl work_queue::HostQueue for Calls<'_> {
    async fn open(&mut self, name: String) -> Answer<Resource<OpenQueue>> {
        Ok(self.open_queue(&name)?.map_err(told))
    }

    async fn push(&mut self, queue: Resource<OpenQueue>, body: Vec<u8>) -> Answer<()> {
        Ok(Calls::push(self, &queue, body).await?.map_err(told))
    }

    async fn reserve(
        &mut self,
        queue: Resource<OpenQueue>,
        wait_millis: u32,
    ) -> Answer<Option<work_queue::Item>> {
        let reserved = Calls::reserve(self, &queue, wait_millis).await?.map_err(told);
        Ok(reserved.map(|item| {
            item.map(|item| work_queue::Item {
                receipt: item.receipt,
                attempt: item.attempt,
                body: item.body,
            })
        }))
    }

    async fn ack(&mut self, queue: Resource<OpenQueue>, receipt: u64) -> Answer<()> {
        Ok(Calls::ack(self, &queue, receipt).await?.map_err(told))
    }

    async fn nack(
        &mut self,
        queue: Resource<OpenQueue>,
        receipt: u64,
        delay_millis: u32,
    ) -> Answer<()> {
        Ok(Calls::nack(self, &queue, receipt, delay_millis).await?.map_err(told))
    }

    async fn extend(&mut self, queue: Resource<OpenQueue>, receipt: u64) -> Answer<()> {
        Ok(Calls::extend(self, &queue, receipt).await?.map_err(told))
    }

    async fn drop(&mut self, queue: Resource<OpenQueue>) -> Result<()> {
        self.close_queue(queue)
    }
}

impl secrets::Host for Calls<'_> {}

impl secrets::HostSecret for Calls<'_> {
    async fn open(&mut self, name: String) -> Answer<Resource<HeldSecret>> {
        Ok(self.open_secret(&name)?.map_err(told))
    }

    async fn reveal(&mut self, secret: Resource<HeldSecret>) -> Result<Vec<u8>> {
        Calls::reveal(self, &secret)
    }

    async fn drop(&mut self, secret: Resource<HeldSecret>) -> Result<()> {
        self.close_secret(secret)
    }
}
