//! Cuts a run's records into the lines that were asked for; touches no file.

use std::collections::VecDeque;

use bytes::Bytes;
use jobling_core::Timestamp;

use super::query::{LogQuery, Stamps};

/// Takes records in order and gives lines.
#[derive(Debug)]
pub(crate) struct Lines {
    query: LogQuery,
    /// The last lines, until the end of what is there was reached.
    tail: Option<(usize, VecDeque<Line>)>,
    /// Whether the last line was given without its end, so that the next record goes on with it.
    open: bool,
    left: usize,
    out: Vec<u8>,
}

#[derive(Debug)]
struct Line {
    at: Timestamp,
    bytes: Vec<u8>,
}

impl Lines {
    pub(crate) fn new(query: LogQuery) -> Self {
        Self {
            query,
            tail: query.tail_lines.map(|lines| (lines, VecDeque::new())),
            open: false,
            left: query.limit_bytes.unwrap_or(usize::MAX),
            out: Vec::new(),
        }
    }

    /// Takes the next record.
    pub(crate) fn take(&mut self, at: Timestamp, payload: &[u8]) {
        if self.query.since.is_some_and(|since| at < since) {
            return;
        }
        if self.tail.is_none() && self.query.stamps == Stamps::Without {
            return self.give(payload);
        }
        for piece in payload.split_inclusive(|&byte| byte == b'\n') {
            self.take_piece(at, piece);
        }
    }

    /// Takes note that all that was there before has been taken: what follows is new.
    pub(crate) fn reached_end(&mut self) {
        for line in self.tail.take().into_iter().flat_map(|(_, lines)| lines) {
            self.put(line.at, &line.bytes);
        }
    }

    /// Returns what is ready to be given.
    pub(crate) fn ready(&mut self) -> Option<Bytes> {
        (!self.out.is_empty()).then(|| Bytes::from(std::mem::take(&mut self.out)))
    }

    /// Returns whether there is something to be given.
    pub(crate) fn has_ready(&self) -> bool {
        !self.out.is_empty()
    }

    /// Returns whether as much was given as was asked for.
    pub(crate) fn is_full(&self) -> bool {
        self.left == 0
    }

    fn take_piece(&mut self, at: Timestamp, piece: &[u8]) {
        let Some((most, lines)) = &mut self.tail else { return self.put(at, piece) };
        match lines.back_mut().filter(|line| !line.bytes.ends_with(b"\n")) {
            Some(line) => line.bytes.extend_from_slice(piece),
            None => lines.push_back(Line { at, bytes: piece.to_vec() }),
        }
        while lines.len() > *most {
            lines.pop_front();
        }
    }

    fn put(&mut self, at: Timestamp, piece: &[u8]) {
        if self.query.stamps == Stamps::With && !self.open {
            let stamp = jiff::Timestamp::from_microsecond(at.unix_micros());
            self.give(format!("{} ", stamp.unwrap_or(jiff::Timestamp::MAX)).as_bytes());
        }
        self.open = !piece.ends_with(b"\n");
        self.give(piece);
    }

    fn give(&mut self, bytes: &[u8]) {
        let bytes = &bytes[..bytes.len().min(self.left)];
        self.left -= bytes.len();
        self.out.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDS: [(i64, &str); 4] = [(1, "one\n"), (2, "two\nthree\n"), (3, "fo"), (4, "ur\n")];

    #[test]
    fn lines_are_cut_as_asked() {
        let all = LogQuery::default();
        let stamps = Stamps::With;
        for (query, expected) in [
            (all, "one\ntwo\nthree\nfour\n"),
            (LogQuery { tail_lines: Some(2), ..all }, "three\nfour\n"),
            (LogQuery { tail_lines: Some(0), ..all }, ""),
            (
                LogQuery { since: Some(Timestamp::from_unix_seconds(2)), ..all },
                "two\nthree\nfour\n",
            ),
            (LogQuery { limit_bytes: Some(6), ..all }, "one\ntw"),
            (LogQuery { tail_lines: Some(2), limit_bytes: Some(3), ..all }, "thr"),
            (LogQuery { tail_lines: Some(1), stamps, ..all }, "1970-01-01T00:00:03Z four\n"),
            (
                LogQuery { stamps, limit_bytes: Some(50), ..all },
                "1970-01-01T00:00:01Z one\n1970-01-01T00:00:02Z two\n",
            ),
        ] {
            let mut lines = Lines::new(query);
            for (seconds, text) in RECORDS {
                lines.take(Timestamp::from_unix_seconds(seconds), text.as_bytes());
            }
            lines.reached_end();
            let given = lines.ready().unwrap_or_default();
            assert_eq!(String::from_utf8_lossy(&given), expected, "{query:?}");
        }
    }
}
