//! One reader of one run's output.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Notify;

use super::lines::Lines;
use super::query::{Follow, LogQuery};
use super::record::{Record, RunKey, Stream};
use super::store::{Cursor, Found, Logs};

/// One reader of one run's output: what is there, then, if it follows, what comes until the run has ended.
#[derive(Debug)]
pub struct LogStream {
    logs: Logs,
    key: RunKey,
    cursor: Cursor,
    lines: Lines,
    more: Option<Arc<Notify>>,
    over: bool,
}

impl Logs {
    /// Returns a reader of what `key` printed and prints.
    #[must_use]
    pub fn read(&self, key: RunKey, query: LogQuery) -> LogStream {
        let more = (query.follow == Follow::UntilEnd).then(|| self.follow(key.pod));
        LogStream {
            logs: self.clone(),
            key,
            cursor: Cursor::default(),
            lines: Lines::new(query),
            more,
            over: false,
        }
    }
}

impl LogStream {
    /// Returns the next piece; `None` at the end.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(piece) = self.lines.ready() {
                return Some(piece);
            }
            if self.over || self.lines.is_full() {
                return None;
            }
            self.advance().await;
        }
    }

    async fn advance(&mut self) {
        let more = self.more.clone();
        let mut told = std::pin::pin!(async {
            match &more {
                Some(notify) => notify.notified().await,
                None => std::future::pending().await,
            }
        });
        // Listening starts before looking: nothing that comes in between is missed.
        let listening = futures::poll!(told.as_mut()).is_pending();
        let running = self.logs.is_running(self.key);
        match self.logs.find(self.key.pod, &mut self.cursor) {
            Found::File(path, from) => {
                // A segment that has gone meanwhile was over the bounds: its lines are no longer kept.
                let bytes = tokio::task::spawn_blocking(move || std::fs::read(path)).await;
                let bytes = bytes.ok().and_then(Result::ok).unwrap_or_default();
                self.take(bytes.get(from..).unwrap_or_default());
            }
            Found::Memory(bytes) => self.take(&bytes),
            Found::End => {
                self.lines.reached_end();
                if self.more.is_none() || !running {
                    self.over = true;
                } else if listening && !self.lines.has_ready() {
                    told.await;
                }
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((record, length)) = Record::decode_unchecked(rest) {
            if record.key == self.key && record.stream != Stream::Removed {
                self.lines.take(record.at, record.payload);
            }
            rest = &rest[length..];
        }
    }
}
