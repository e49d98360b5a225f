//! The stream of one watch, pulled by its client.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use jobling_core::api::{ApiError, Object, Reason};
use jobling_core::engine::Change;
use serde_json::{Map, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::Hold;
use super::filter::{Filter, Seen};
use super::opening::Opening;
use crate::answer::{self, Answer, status_json};
use crate::backend::Backend;
use crate::encode::{Encoder, Head};
use crate::limits::Limits;
use crate::read::reached;
use crate::route::{WatchQuery, WatchStart};

/// Changes looked at in one go.
const BATCH: usize = 256;
/// A chunk is sent once it is this large.
const CHUNK_BYTES: usize = 64 << 10;

/// Answers with the stream of what happens to the selected objects.
pub(crate) async fn watch(
    backend: Arc<dyn Backend>,
    encoder: Encoder,
    namespace: Option<String>,
    query: WatchQuery,
    limits: &Limits,
    hold: Hold,
) -> Result<Answer, ApiError> {
    let filter = Filter {
        kind: encoder.resource.kind,
        namespace,
        labels: query.labels,
        fields: query.fields,
    };
    let (opening, marks_end) = match query.start {
        WatchStart::After(revision) => (Opening::none(revision), false),
        WatchStart::Everything { not_before, bookmark } => {
            reached(backend.revisions(), not_before).await?;
            (Opening::begin(&*backend, &filter).await?, bookmark)
        }
    };
    let watcher = Watcher {
        revisions: backend.revisions(),
        backend,
        encoder,
        filter,
        hold,
        head: Head::Shown,
        position: opening.start(),
        told: opening.start(),
        opening,
        marks_end,
        bookmarks: query.bookmarks.then_some(limits.bookmark_interval),
        bookmark_at: None,
        ends_at: Instant::now() + query.timeout.unwrap_or(limits.watch_timeout),
        ended: false,
    };
    let chunks = stream::unfold(watcher, |mut watcher| async move {
        let chunk = watcher.next().await?;
        Some((io::Result::Ok(chunk), watcher))
    });
    Ok(answer::stream("application/json", chunks))
}

struct Watcher {
    backend: Arc<dyn Backend>,
    revisions: watch::Receiver<u64>,
    encoder: Encoder,
    filter: Filter,
    hold: Hold,
    /// Whether the next table tells its columns: the first one does.
    head: Head,
    /// The revision up to which the feed was read.
    position: u64,
    /// The revision up to which the client was told.
    told: u64,
    /// What there was at the start.
    opening: Opening,
    /// Whether the end of that is still to be told.
    marks_end: bool,
    /// How long after unseen changes the client is told how far it is, if it asked.
    bookmarks: Option<Duration>,
    bookmark_at: Option<Instant>,
    ends_at: Instant,
    ended: bool,
}

impl Watcher {
    /// Returns the next events as one chunk; `None` once the watch has ended.
    async fn next(&mut self) -> Option<Bytes> {
        while !self.ended && !self.hold.is_over() {
            if self.opening.has_read() {
                return Some(self.tell_pending());
            }
            match self.opening.read_on(&*self.backend, &self.filter).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => return Some(self.fail(&error)),
            }
            if self.marks_end && self.position >= self.opening.end() {
                self.marks_end = false;
                return Some(self.bookmark(self.position, "k8s.io/initial-events-end"));
            }
            // Marked as seen before the feed is read: what is committed in between wakes it again.
            self.revisions.borrow_and_update();
            match self.backend.reader().changes(self.position, BATCH) {
                Err(expired) => {
                    let error = ApiError::new(Reason::Expired, expired.to_string());
                    return Some(self.fail(&error));
                }
                Ok(changes) if changes.is_empty() => {
                    if let Some(chunk) = self.wait().await {
                        return Some(chunk);
                    }
                }
                Ok(changes) => {
                    if let Some(chunk) = self.tell(&changes) {
                        return Some(chunk);
                    }
                    tokio::task::yield_now().await;
                }
            }
        }
        None
    }

    /// Waits for a change, the next bookmark or the end.
    async fn wait(&mut self) -> Option<Bytes> {
        let bookmark_at = self.bookmark_at.unwrap_or(self.ends_at);
        tokio::select! {
            changed = self.revisions.changed() => {
                self.ended = changed.is_err();
                None
            }
            () = self.hold.over() => {
                self.ended = true;
                None
            }
            () = sleep_until(bookmark_at.min(self.ends_at)) => self.pass_time(),
        }
    }

    /// Ends the watch where its time is over, and tells the client how far it is where that is due.
    fn pass_time(&mut self) -> Option<Bytes> {
        self.ended = Instant::now() >= self.ends_at;
        self.bookmark_at = None;
        let behind = self.bookmarks.is_some() && self.position > self.told;
        behind.then(|| self.bookmark(self.position, ""))
    }

    fn tell_pending(&mut self) -> Bytes {
        let mut chunk = Vec::new();
        while chunk.len() < CHUNK_BYTES
            && let Some(object) = self.opening.pop()
        {
            self.write(&mut chunk, "ADDED", &object);
        }
        chunk.into()
    }

    /// Returns what is seen of `changes`, up to the size of a chunk; `None` where nothing is.
    fn tell(&mut self, changes: &[Arc<Change>]) -> Option<Bytes> {
        let mut chunk = Vec::new();
        for change in changes {
            self.position = change.revision;
            for seen in self.filter.see_all(change) {
                let (word, object) = match seen {
                    Seen::Added(object) => ("ADDED", object),
                    Seen::Modified(object) => ("MODIFIED", object),
                    Seen::Deleted(object) => ("DELETED", object),
                };
                if !self.opening.has_shown(&object.key(), change.revision) {
                    self.write(&mut chunk, word, &object);
                    self.told = self.position;
                }
            }
            if chunk.len() >= CHUNK_BYTES {
                break;
            }
        }
        if chunk.is_empty() {
            let interval = self.bookmarks?;
            self.bookmark_at.get_or_insert_with(|| Instant::now() + interval);
            return None;
        }
        self.bookmark_at = None;
        Some(chunk.into())
    }

    fn bookmark(&mut self, revision: u64, annotation: &str) -> Bytes {
        let mut annotations = Map::new();
        if !annotation.is_empty() {
            annotations.insert(annotation.to_owned(), json!("true"));
        }
        self.told = revision;
        let mut chunk = Vec::new();
        frame(&mut chunk, "BOOKMARK", &self.encoder.bookmark(revision, &annotations));
        chunk.into()
    }

    /// Ends the watch with the reason why it cannot go on.
    fn fail(&mut self, error: &ApiError) -> Bytes {
        self.ended = true;
        let mut chunk = Vec::new();
        frame(&mut chunk, "ERROR", &status_json(error));
        chunk.into()
    }

    fn write(&mut self, chunk: &mut Vec<u8>, kind: &str, object: &Object) {
        let now = self.backend.now();
        frame(chunk, kind, &self.encoder.event_object(object, now, self.head));
        self.head = Head::Hidden;
    }
}

/// Writes one event as a line.
fn frame(chunk: &mut Vec<u8>, kind: &str, object: &[u8]) {
    chunk.extend_from_slice(b"{\"type\":\"");
    chunk.extend_from_slice(kind.as_bytes());
    chunk.extend_from_slice(b"\",\"object\":");
    chunk.extend_from_slice(object);
    chunk.extend_from_slice(b"}\n");
}
