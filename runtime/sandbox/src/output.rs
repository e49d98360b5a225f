//! What a guest prints: handed on as it comes, counted, and never kept in memory beyond a bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use tokio::sync::mpsc;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::exit::HostStop;

/// Most bytes that are taken of a guest in one call.
const CHUNK_BYTES: usize = 64 << 10;

/// Where a guest's stdout or stderr goes.
#[derive(Debug, Clone, Default)]
pub enum Output {
    /// Nowhere; it counts against the limit all the same.
    #[default]
    Discard,
    /// To this channel, in pieces of at most 64 KiB. While it is full the guest waits, so that its bound
    /// is the guest's, too. Once nobody receives, the rest is discarded.
    Channel(mpsc::Sender<Bytes>),
}

/// The bytes that a run may still print, on all of its streams together.
#[derive(Debug)]
pub(crate) struct OutputBudget(AtomicU64);

impl OutputBudget {
    pub(crate) fn new(bytes: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(bytes)))
    }

    /// Takes up to `wanted` bytes; returns how many there were.
    fn take(&self, wanted: usize) -> usize {
        let before = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                Some(left.saturating_sub(wanted as u64))
            })
            .unwrap_or(0);
        usize::try_from(before).map_or(wanted, |before| before.min(wanted))
    }
}

/// One of a guest's output streams, from which it may make several handles.
#[derive(Debug, Clone)]
pub(crate) struct CountedOutput {
    output: Output,
    budget: Arc<OutputBudget>,
}

impl CountedOutput {
    pub(crate) fn new(output: Output, budget: Arc<OutputBudget>) -> Self {
        Self { output, budget }
    }
}

impl IsTerminal for CountedOutput {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for CountedOutput {
    // Only wasi 0.3 asks for this one, and that is off.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(CountedStream { to: self.clone(), place: Place::Unasked })
    }
}

/// A place in the channel for the next piece.
enum Place {
    Unasked,
    Held(mpsc::OwnedPermit<Bytes>),
    NobodyReceives,
}

struct CountedStream {
    to: CountedOutput,
    place: Place,
}

impl CountedStream {
    fn send(&mut self, bytes: Bytes) -> StreamResult<()> {
        match std::mem::replace(&mut self.place, Place::Unasked) {
            Place::Held(permit) => {
                permit.send(bytes);
                Ok(())
            }
            Place::NobodyReceives => {
                self.place = Place::NobodyReceives;
                Ok(())
            }
            Place::Unasked => match &self.to.output {
                Output::Discard => Ok(()),
                Output::Channel(_) => Err(StreamError::trap("write before check-write")),
            },
        }
    }
}

#[async_trait]
impl Pollable for CountedStream {
    async fn ready(&mut self) {
        let Output::Channel(sender) = &self.to.output else { return };
        if matches!(self.place, Place::Unasked) {
            self.place = match sender.clone().reserve_owned().await {
                Ok(permit) => Place::Held(permit),
                Err(_closed) => Place::NobodyReceives,
            };
        }
    }
}

#[async_trait]
impl OutputStream for CountedStream {
    fn write(&mut self, mut bytes: Bytes) -> StreamResult<()> {
        let allowed = self.to.budget.take(bytes.len());
        let over = bytes.len() > allowed;
        bytes.truncate(allowed);
        if !bytes.is_empty() {
            self.send(bytes)?;
        }
        if over { Err(StreamError::Trap(HostStop::Output.into())) } else { Ok(()) }
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        if let (Place::Unasked, Output::Channel(sender)) = (&self.place, &self.to.output) {
            self.place = match sender.clone().try_reserve_owned() {
                Ok(permit) => Place::Held(permit),
                Err(mpsc::error::TrySendError::Full(_)) => return Ok(0),
                Err(mpsc::error::TrySendError::Closed(_)) => Place::NobodyReceives,
            };
        }
        Ok(CHUNK_BYTES)
    }

    // The provided one ends with waiting for a place for bytes that are not there.
    async fn blocking_write_and_flush(&mut self, mut bytes: Bytes) -> StreamResult<()> {
        while !bytes.is_empty() {
            self.ready().await;
            let piece = bytes.split_to(bytes.len().min(CHUNK_BYTES));
            self.write(piece)?;
        }
        Ok(())
    }
}
