//! A component's stream into a file, charged as it is written.

use std::sync::Arc;

use bytes::Bytes;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{DynOutputStream, OutputStream, Pollable, StreamError, StreamResult};

use crate::exit::HostStop;
use crate::quota::{Charge, Full, Overflow, Quota};

/// The smallest write that a stream permits before it says that the quota is full.
const SMALL_WRITE_BYTES: usize = 4096;

/// Wraps a stream into a file below `quotas`.
pub(super) struct ChargedStream {
    inner: DynOutputStream,
    quotas: Vec<Arc<Quota>>,
    state: State,
}

/// Where a stream is between permitting a write and having written it.
enum State {
    /// Nothing is permitted.
    Idle,
    /// A write of this many bytes is permitted only after a directory was measured.
    Wanting(usize),
    /// A write of up to this many bytes is charged.
    Permitted(usize, Vec<Charge>),
    /// A charged write is under way; its charges are kept for as long.
    Writing(#[expect(dead_code, reason = "held until it is dropped")] Vec<Charge>),
    /// The next call learns that there is no space.
    Full(Full),
}

impl ChargedStream {
    pub(super) fn new(inner: DynOutputStream, quotas: Vec<Arc<Quota>>) -> Self {
        Self { inner, quotas, state: State::Idle }
    }

    /// Charges `bytes` without waiting; `None` where a directory must be measured first.
    fn try_charge(&self, bytes: usize) -> Option<Vec<Charge>> {
        self.quotas.iter().map(|quota| quota.try_charge_write(bytes as u64)).collect()
    }

    async fn charge(&mut self, bytes: usize) -> Result<Vec<Charge>, Full> {
        let mut charges = Vec::new();
        for quota in &self.quotas {
            charges.push(quota.charge_write(bytes as u64).await?);
        }
        Ok(charges)
    }

    /// Charges `wanted` bytes, or the little that may still fit.
    async fn charge_what_fits(&mut self, wanted: usize) -> State {
        if let Ok(charges) = self.charge(wanted).await {
            return State::Permitted(wanted, charges);
        }
        let small = wanted.min(SMALL_WRITE_BYTES);
        match self.charge(small).await {
            Ok(charges) => State::Permitted(small, charges),
            Err(full) => State::Full(full),
        }
    }
}

/// Returns how a guest learns that its quota is full.
fn refusal(full: Full) -> StreamError {
    match full.overflow {
        Overflow::Refuse => {
            let error = std::io::Error::from(rustix::io::Errno::NOSPC);
            StreamError::LastOperationFailed(error.into())
        }
        Overflow::End => StreamError::Trap(HostStop::Storage { quota: full.quota }.into()),
    }
}

#[async_trait]
impl Pollable for ChargedStream {
    async fn ready(&mut self) {
        self.inner.ready().await;
        if let State::Wanting(wanted) = self.state {
            self.state = self.charge_what_fits(wanted).await;
        }
    }
}

#[async_trait]
impl OutputStream for ChargedStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Permitted(permitted, charges) if bytes.len() <= permitted => {
                self.inner.write(bytes)?;
                self.state = State::Writing(charges);
                Ok(())
            }
            State::Idle
            | State::Wanting(_)
            | State::Permitted(..)
            | State::Writing(_)
            | State::Full(_) => Err(StreamError::trap("write of more than check-write permits")),
        }
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.inner.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        let ready = self.inner.check_write()?;
        if ready == 0 {
            return Ok(0);
        }
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Full(full) => Err(refusal(full)),
            State::Permitted(permitted, charges) => {
                self.state = State::Permitted(permitted, charges);
                Ok(permitted)
            }
            // What was written before is on the disk now.
            State::Idle | State::Wanting(_) | State::Writing(_) => {
                let charged = self.try_charge(ready);
                let permitted = if charged.is_some() { ready } else { 0 };
                self.state = charged
                    .map_or(State::Wanting(ready), |charges| State::Permitted(ready, charges));
                Ok(permitted)
            }
        }
    }

    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.inner.ready().await;
        let _charges = self.charge(bytes.len()).await.map_err(refusal)?;
        self.state = State::Idle;
        self.inner.blocking_write_and_flush(bytes).await
    }

    async fn cancel(&mut self) {
        self.inner.cancel().await;
    }
}
