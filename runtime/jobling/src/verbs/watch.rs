//! A watch as a stream of events, each a line of JSON.

use futures::AsyncBufReadExt;
use serde_json::Value;

use crate::client::{Accept, ClientError, Query, Rest, StatusError};

/// What a watch tells.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    /// What happened.
    pub(super) kind: EventKind,
    /// The object, or the rows, as it is now; as it last was if it is gone.
    pub(super) object: Value,
}

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventKind {
    /// It is there, or new.
    Added,
    /// It changed.
    Modified,
    /// It is gone.
    Deleted,
}

/// An open watch.
pub(super) struct Watch {
    rest: Rest,
    lines: Box<dyn futures::AsyncBufRead + Send + Unpin>,
}

impl Watch {
    /// Opens a watch of the collection at `path`.
    pub(super) async fn open(
        rest: &Rest,
        path: &str,
        query: Query,
        accept: Accept,
    ) -> Result<Self, ClientError> {
        let lines = rest.open(path, &query.with("watch", "true"), accept).await?;
        Ok(Self { rest: rest.clone(), lines: Box::new(lines) })
    }

    /// Returns the next event; `None` once the server has ended the watch.
    ///
    /// # Errors
    /// What the server sent instead of an event, such as `Expired`.
    pub(super) async fn next(&mut self) -> Result<Option<Event>, ClientError> {
        let mut line = Vec::new();
        loop {
            line.clear();
            let broken =
                |source| ClientError::BrokenOff { target: self.rest.target().clone(), source };
            if self.lines.read_until(b'\n', &mut line).await.map_err(broken)? == 0 {
                return Ok(None);
            }
            let Ok(mut event) = serde_json::from_slice::<Value>(&line) else { continue };
            let object = event["object"].take();
            let kind = match event["type"].as_str() {
                Some("ADDED") => EventKind::Added,
                Some("MODIFIED") => EventKind::Modified,
                Some("DELETED") => EventKind::Deleted,
                Some("ERROR") => {
                    return Err(ClientError::Status(Box::new(StatusError::of_value(&object))));
                }
                // A bookmark says how far the watch is, and nothing of an object.
                _ => continue,
            };
            return Ok(Some(Event { kind, object }));
        }
    }
}
