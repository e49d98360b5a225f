//! What a guest prints: handed on as it comes, counted, and never kept in memory beyond a bound.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::exit::HostStop;

/// Most bytes that are taken of a guest in one call.
const CHUNK_BYTES: usize = 64 << 10;

/// Takes what a guest prints, in pieces of at most 64 KiB. The guest waits meanwhile, and what shares its
/// thread: it must be quick.
pub type OutputSink = dyn Fn(&[u8]) + Send + Sync;

/// Where a guest's stdout or stderr goes.
#[derive(Clone, Default)]
pub enum Output {
    /// Nowhere; it counts against the limit all the same.
    #[default]
    Discard,
    /// There.
    Sink(Arc<OutputSink>),
}

impl Output {
    /// Returns an output that `sink` takes.
    pub fn to(sink: impl Fn(&[u8]) + Send + Sync + 'static) -> Self {
        Self::Sink(Arc::new(sink))
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discard => "Discard",
            Self::Sink(_) => "Sink",
        })
    }
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
        Box::new(CountedStream(self.clone()))
    }
}

struct CountedStream(CountedOutput);

#[async_trait]
impl Pollable for CountedStream {
    // There is always room. A guest that prints much uses little fuel for it, so it gives way here.
    async fn ready(&mut self) {
        tokio::task::coop::consume_budget().await;
    }
}

#[async_trait]
impl OutputStream for CountedStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let CountedOutput { output, budget } = &self.0;
        let allowed = budget.take(bytes.len());
        if let (Output::Sink(sink), 1..) = (output, allowed) {
            sink(&bytes[..allowed]);
        }
        if allowed < bytes.len() {
            return Err(StreamError::Trap(HostStop::Output.into()));
        }
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
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
