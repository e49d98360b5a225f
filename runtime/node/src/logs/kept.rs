//! What a pod prints that may never need a place in the log: held in memory, up to a bound, until it is
//! known whether the pod is remembered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jobling_core::Timestamp;
use jobling_core::pods::PodId;

use super::record::{RunKey, Stream};
use super::store::Logs;

/// Bytes that are held of all containers of a pod together.
const HELD_BYTES: usize = 256 << 10;

/// What the runs of one pod print. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct KeptLog(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    pieces: Vec<Piece>,
    bytes: usize,
}

#[derive(Debug)]
struct Piece {
    key: RunKey,
    stream: Stream,
    at: Timestamp,
    payload: Vec<u8>,
}

impl KeptLog {
    /// Takes a piece, as [`Logs::append`] does; what is over the bound is lost.
    pub(crate) fn append(&self, key: RunKey, stream: Stream, at: Timestamp, payload: &[u8]) {
        let mut kept = self.kept();
        let payload = &payload[..payload.len().min(HELD_BYTES - kept.bytes)];
        if !payload.is_empty() {
            kept.bytes += payload.len();
            kept.pieces.push(Piece { key, stream, at, payload: payload.to_owned() });
        }
    }

    /// Gives all of it to `logs` as what `pod` has printed.
    pub fn give(&self, logs: &Logs, pod: PodId) {
        for piece in std::mem::take(&mut *self.kept()).pieces {
            let key = RunKey { pod, ..piece.key };
            logs.append(key, piece.stream, piece.at, &piece.payload);
        }
    }

    /// A panic while the lock was held leaves whole pieces.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
