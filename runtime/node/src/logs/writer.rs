//! What one run of a container prints, on its way into the log: whole lines, up to the run's bound.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jobling_core::Timestamp;

use super::kept::KeptLog;
use super::record::{MAX_PAYLOAD, RunKey, Stream};
use super::store::Logs;
use crate::ports::Clock;

/// A line without its end is held back up to this size, as container runtimes do.
const LINE_BYTES: usize = 16 << 10;
/// What is held of a run in memory.
const KEPT_BYTES: u64 = 64 << 10;
/// What of stderr may become the termination message (`FallbackToLogsOnError`).
const TAIL_BYTES: usize = 2 << 10;
/// The same, in lines.
const TAIL_LINES: usize = 80;

/// What one run of a container prints. Clones are the same run.
#[derive(Clone)]
pub(crate) struct RunLog(Arc<Inner>);

struct Inner {
    place: Place,
    clock: Arc<dyn Clock>,
    key: RunKey,
    state: Mutex<State>,
}

/// Where it goes.
enum Place {
    Log(Logs),
    Memory(KeptLog),
}

#[derive(Default)]
struct State {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    tail: VecDeque<u8>,
    kept: u64,
    cut: bool,
}

impl RunLog {
    /// Returns the log of a run that begins now.
    pub(crate) fn begin(logs: &Logs, clock: &Arc<dyn Clock>, key: RunKey) -> Self {
        logs.begin(key);
        Self::new(Place::Log(logs.clone()), clock, key)
    }

    /// Returns the log of a run that is held in memory.
    pub(crate) fn keep(kept: &KeptLog, clock: &Arc<dyn Clock>, key: RunKey) -> Self {
        Self::new(Place::Memory(kept.clone()), clock, key)
    }

    fn new(place: Place, clock: &Arc<dyn Clock>, key: RunKey) -> Self {
        let (clock, state) = (Arc::clone(clock), Mutex::default());
        Self(Arc::new(Inner { place, clock, key, state }))
    }

    /// Takes what the guest wrote.
    pub(crate) fn write(&self, stream: Stream, bytes: &[u8]) {
        let mut state = self.state();
        if stream == Stream::Stderr {
            state.tail.extend(bytes);
            let over = state.tail.len().saturating_sub(TAIL_BYTES);
            state.tail.drain(..over);
        }
        let mut held = std::mem::take(state.held(stream));
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let (lines, rest) = bytes.split_at(whole);
        if held.is_empty() {
            self.0.put(&mut state, stream, lines);
        } else if !lines.is_empty() {
            held.extend_from_slice(lines);
            self.0.put(&mut state, stream, &std::mem::take(&mut held));
        }
        held.extend_from_slice(rest);
        if held.len() >= LINE_BYTES {
            self.0.put(&mut state, stream, &std::mem::take(&mut held));
        }
        *state.held(stream) = held;
    }

    /// Returns the last of what was written to stderr.
    pub(crate) fn tail(&self) -> String {
        let state = self.state();
        let bytes: Vec<u8> = state.tail.iter().copied().collect();
        last_lines(&String::from_utf8_lossy(&bytes), TAIL_LINES).to_owned()
    }

    /// Gives the last lines without an end to the log and lets followers go: before the end is reported.
    pub(crate) fn finish(&self) {
        self.0.finish();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn held(&mut self, stream: Stream) -> &mut Vec<u8> {
        match stream {
            Stream::Stderr => &mut self.stderr,
            Stream::Stdout | Stream::Removed => &mut self.stdout,
        }
    }
}

impl Inner {
    fn put(&self, state: &mut State, stream: Stream, bytes: &[u8]) {
        if bytes.is_empty() || state.cut {
            return;
        }
        let at = self.clock.now();
        let most = self.place.run_bytes();
        let left = usize::try_from(most - state.kept).unwrap_or(usize::MAX);
        let kept = &bytes[..bytes.len().min(left)];
        for piece in kept.chunks(MAX_PAYLOAD) {
            self.place.append(self.key, stream, at, piece);
        }
        state.kept += u64::try_from(kept.len()).expect("a length fits 64 bits");
        if kept.len() < bytes.len() {
            state.cut = true;
            let note = format!("\n[jobling: output over {most} bytes is not kept]\n");
            self.place.append(self.key, stream, at, note.as_bytes());
        }
    }

    fn finish(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in [Stream::Stdout, Stream::Stderr] {
            let held = std::mem::take(state.held(stream));
            self.put(&mut state, stream, &held);
        }
        if let Place::Log(logs) = &self.place {
            logs.finish(self.key);
        }
    }
}

impl Place {
    fn append(&self, key: RunKey, stream: Stream, at: Timestamp, piece: &[u8]) {
        match self {
            Self::Log(logs) => logs.append(key, stream, at, piece),
            Self::Memory(kept) => kept.append(key, stream, at, piece),
        }
    }

    fn run_bytes(&self) -> u64 {
        match self {
            Self::Log(logs) => logs.run_bytes(),
            Self::Memory(_) => KEPT_BYTES,
        }
    }
}

/// A run that is dropped on the way (its pod was ended) still leaves what it printed.
impl Drop for Inner {
    fn drop(&mut self) {
        self.finish();
    }
}

fn last_lines(text: &str, most: usize) -> &str {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let cut = body.rmatch_indices('\n').nth(most - 1).map_or(0, |(at, _)| at + 1);
    &text[cut..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::{LogQuery, Slot};
    use crate::settings::LogBounds;
    use crate::testing::PlayedClock;
    use jobling_core::Timestamp;
    use jobling_core::pods::{JobId, PodId};

    #[tokio::test]
    async fn lines_stay_whole_and_the_bound_is_noted() {
        let writes = |log: &RunLog| {
            log.write(Stream::Stdout, b"par");
            log.write(Stream::Stderr, b"oops\n");
            log.write(Stream::Stdout, b"tial\nlast");
        };
        for (run_bytes, expected) in [
            (1_000, "oops\npartial\nlast".to_owned()),
            (8, "oops\npar\n[jobling: output over 8 bytes is not kept]\n".to_owned()),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let bounds = LogBounds { run_bytes, ..LogBounds::default() };
            let logs = Logs::open(dir.path().into(), bounds, Timestamp::default()).unwrap();
            let clock: Arc<dyn Clock> = Arc::new(PlayedClock::default());
            let key = RunKey { pod: PodId::new(JobId(1), 0), slot: Slot::Main(0), run: 0 };
            let log = RunLog::begin(&logs, &clock, key);
            writes(&log);
            assert_eq!(log.tail(), "oops\n");
            drop(log);
            let mut stream = logs.read(key, LogQuery::default());
            let printed = stream.next().await.unwrap();
            assert_eq!(String::from_utf8_lossy(&printed), expected, "{run_bytes} bytes");
        }
    }

    #[test]
    fn the_tail_has_so_many_lines() {
        for (text, most, tail) in [("a\nb\nc\n", 2, "b\nc\n"), ("a\nb", 1, "b"), ("a\n", 5, "a\n")]
        {
            assert_eq!(last_lines(text, most), tail, "{text:?}");
        }
    }
}
