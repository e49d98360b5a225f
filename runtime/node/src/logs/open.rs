//! The newest segment of the log: what is printed goes into memory first, and reaches its file in pieces.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use jobling_core::pods::PodId;

use super::record::Record;
use super::segment::{self, Contents};

/// The newest segment: all of it in memory, the start of it in its file.
#[derive(Debug, Default)]
pub(super) struct Open {
    pub(super) number: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) flushed: usize,
    /// Made with the first flush, so that an idle daemon makes none.
    pub(super) file: Option<File>,
    pub(super) contents: Contents,
    /// Where the first record of a pod is that began to print since the log was opened.
    pub(super) starts: HashMap<PodId, usize>,
}

impl Open {
    /// Writes what is only in memory to its file.
    pub(super) fn flush(&mut self, dir: &Path) {
        if self.flushed == self.bytes.len() {
            return;
        }
        if let Err(error) = self.write(dir) {
            // What is in memory can still be read; the next flush tries again from the same place.
            tracing::error!(%error, "logs cannot be written");
        }
    }

    fn write(&mut self, dir: &Path) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let path = segment::path(dir, self.number);
                none.insert(OpenOptions::new().create(true).append(true).open(path)?)
            }
        };
        // A failed write may have left a part; cut back to what is known to be whole.
        let result = file.write_all(&self.bytes[self.flushed..]);
        if result.is_err() {
            file.set_len(u64::try_from(self.flushed).expect("a length fits 64 bits"))?;
        } else {
            self.flushed = self.bytes.len();
        }
        result
    }
}

/// Returns the records of `pod` among `bytes`, one after another.
pub(super) fn records_of(pod: PodId, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some((record, length)) = Record::decode_unchecked(rest) {
        if record.key.pod == pod {
            out.extend_from_slice(&rest[..length]);
        }
        rest = &rest[length..];
    }
    out
}

/// Returns the records at the start of `bytes` that together are no longer than `most`.
pub(super) fn whole_records(bytes: &[u8], most: usize) -> &[u8] {
    let mut at = 0;
    while let Some((_, length)) = Record::decode_unchecked(&bytes[at..]) {
        if at + length > most {
            break;
        }
        at += length;
    }
    &bytes[..at]
}
