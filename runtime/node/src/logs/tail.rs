//! A reader of all that is printed on this host, in the order in which it was.

use bytes::Bytes;

use super::record::{Record, RunKey, Stream};
use super::store::{Cursor, Found, Logs};

/// A reader of all that is printed on this host, from the moment on at which its log was opened.
#[derive(Debug)]
pub struct LogTail {
    logs: Logs,
    cursor: Cursor,
}

/// A piece of what one run printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    /// Which run.
    pub key: RunKey,
    /// What it printed: whole lines, unless a line is long or its run has ended without one.
    pub bytes: Bytes,
}

impl Logs {
    /// Returns a reader of all that is printed since this log was opened.
    #[must_use]
    pub fn tail(&self) -> LogTail {
        LogTail { logs: self.clone(), cursor: self.opened_at() }
    }
}

impl LogTail {
    /// Returns where the log ends now.
    #[must_use]
    pub fn end(&self) -> Cursor {
        self.logs.end()
    }

    /// Returns up to where it has been read.
    #[must_use]
    pub const fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// Waits until there is more; nothing is lost where the caller stops waiting.
    pub async fn more(&self) {
        self.logs.past(self.cursor).await;
    }

    /// Returns what comes next, some hundred kilobytes at most, or one full segment; nothing at the end.
    pub async fn take(&mut self) -> Vec<Printed> {
        match self.logs.next(&mut self.cursor) {
            Found::File(path, from) => {
                // A segment that has gone meanwhile was over the bounds: its lines are no longer kept.
                let bytes = tokio::task::spawn_blocking(move || std::fs::read(path)).await;
                let bytes = Bytes::from(bytes.ok().and_then(Result::ok).unwrap_or_default());
                printed(&bytes.slice(from.min(bytes.len())..))
            }
            Found::Memory(bytes) => printed(&Bytes::from(bytes)),
            Found::End => Vec::new(),
        }
    }
}

/// Returns the pieces of `records`, which they share.
fn printed(records: &Bytes) -> Vec<Printed> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some((record, length)) = Record::decode_unchecked(&records[at..]) {
        if record.stream != Stream::Removed {
            pieces.push(Printed { key: record.key, bytes: records.slice_ref(record.payload) });
        }
        at += length;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jobling_core::Timestamp;
    use jobling_core::pods::{JobId, PodId};

    use super::*;
    use crate::logs::Slot;
    use crate::settings::LogBounds;

    const BOUNDS: LogBounds = LogBounds {
        run_bytes: 1 << 20,
        total_bytes: 1 << 20,
        segment_bytes: 500,
        age: Duration::from_mins(1),
    };

    #[tokio::test]
    async fn all_pods_are_read_in_order_from_the_opening_on_and_over_full_segments() {
        let dir = tempfile::tempdir().unwrap();
        let logs = open(&dir);
        print(&logs, 0, "before\n");
        drop(logs);
        let logs = open(&dir);
        let mut tail = logs.tail();
        assert_eq!(tail.take().await, []);
        let mut expected = String::new();
        let mut read = String::new();
        for line in 0..100 {
            let text = format!("line {line}\n");
            print(&logs, line % 3, &text);
            expected.push_str(&format!("{} {text}", line % 3));
            // Now and then only, so that some of it is in full segments by then.
            if line % 17 == 0 {
                read.push_str(&rest(&mut tail).await);
            }
        }
        logs.remove(id(1), Timestamp::default());
        read.push_str(&rest(&mut tail).await);
        assert_eq!(read, expected);
        assert_eq!(tail.cursor(), tail.end());
    }

    #[tokio::test]
    async fn who_waits_for_more_is_told_of_the_next_line() {
        let dir = tempfile::tempdir().unwrap();
        let logs = open(&dir);
        let mut tail = logs.tail();
        let waits = tokio::spawn(async move {
            tail.more().await;
            rest(&mut tail).await
        });
        tokio::task::yield_now().await;
        print(&logs, 7, "at last\n");
        assert_eq!(waits.await.unwrap(), "7 at last\n");
    }

    async fn rest(tail: &mut LogTail) -> String {
        let mut text = String::new();
        while tail.cursor() < tail.end() {
            for piece in tail.take().await {
                let line = String::from_utf8_lossy(&piece.bytes).into_owned();
                text.push_str(&format!("{} {line}", piece.key.pod.ordinal()));
            }
        }
        text
    }

    fn open(dir: &tempfile::TempDir) -> Logs {
        Logs::open(dir.path().to_owned(), BOUNDS, Timestamp::default()).unwrap()
    }

    fn id(ordinal: u32) -> PodId {
        PodId::new(JobId(1), ordinal)
    }

    fn print(logs: &Logs, ordinal: u32, text: &str) {
        let key = RunKey { pod: id(ordinal), slot: Slot::Main(0), run: 0 };
        logs.append(key, Stream::Stdout, Timestamp::default(), text.as_bytes());
    }
}
