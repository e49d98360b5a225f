//! The log of the whole host: appends, removes, keeps its bounds, and gives readers what is theirs.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::fs::{self, OpenOptions};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use jobling_core::Timestamp;
use jobling_core::pods::PodId;
use tokio::sync::Notify;

use super::open::{Open, records_of, whole_records};
use super::record::{HEADER_BYTES, Record, RunKey, Slot, Stream};
use super::segment::{self, Contents, Removal, Segment};
use crate::settings::LogBounds;

/// How long a line may stay in memory alone.
pub(crate) const FLUSH_AFTER: Duration = Duration::from_millis(50);
/// So much is written at once, when it comes faster than that.
const FLUSH_BYTES: usize = 64 << 10;

/// So much of the newest segment is given at one time to who reads all of it.
const TAIL_BYTES: usize = 256 << 10;

/// So many followers are kept without a look at whether they have gone.
const FOLLOWERS: usize = 64;

/// The log of the whole host. Clones are the same log.
#[derive(Debug, Clone)]
pub struct Logs(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    dir: PathBuf,
    bounds: LogBounds,
    state: Mutex<State>,
    /// Told when something waits to be flushed.
    dirty: Notify,
    opened_at: Cursor,
    /// Told that there is more, where somebody waits for that.
    more: Notify,
}

#[derive(Debug)]
struct State {
    full: VecDeque<Segment>,
    open: Open,
    /// Runs that may still print.
    running: HashSet<RunKey>,
    followers: HashMap<PodId, Weak<Notify>>,
    /// Whether a reader of all of it waits for more.
    awaited: bool,
    /// How many followers there may be before those are looked for that have gone: with each new one it
    /// would take as long as all of them together.
    sweep_at: usize,
}

/// A place in the log, such as where a reader is; later places are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Cursor {
    segment: u64,
    offset: usize,
}

/// What a reader finds next.
#[derive(Debug)]
pub(crate) enum Found {
    /// A full segment to be read from its file, from an offset on.
    File(PathBuf, usize),
    /// Bytes of the newest segment.
    Memory(Vec<u8>),
    /// Nothing more for now.
    End,
}

impl Logs {
    /// Opens the log in `dir`, which is made if it is not there; a torn tail is dropped.
    ///
    /// # Errors
    /// Where the directory cannot be made or read.
    pub fn open(dir: PathBuf, bounds: LogBounds, now: Timestamp) -> io::Result<Self> {
        fs::create_dir_all(&dir)?;
        let mut state = recover(&dir)?;
        state.keep_bounds(&dir, &bounds, now);
        let opened_at = state.end();
        let (state, dirty, more) = (Mutex::new(state), Notify::new(), Notify::new());
        Ok(Self(Arc::new(Shared { dir, bounds, state, dirty, opened_at, more })))
    }

    /// Returns where it ended when it was opened.
    pub(crate) fn opened_at(&self) -> Cursor {
        self.0.opened_at
    }

    /// Returns where it ends now.
    pub(crate) fn end(&self) -> Cursor {
        self.state().end()
    }

    /// Waits until there is something behind `cursor`.
    pub(crate) async fn past(&self, cursor: Cursor) {
        loop {
            // Listens before it looks, so that nothing that comes in between is missed.
            let mut more = std::pin::pin!(self.0.more.notified());
            more.as_mut().enable();
            if self.is_past(cursor) {
                return;
            }
            more.await;
        }
    }

    /// Returns whether there is something behind `cursor`; if not, the next record is told of.
    fn is_past(&self, cursor: Cursor) -> bool {
        let mut state = self.state();
        let there = state.end() > cursor;
        state.awaited |= !there;
        there
    }

    /// Returns what a single run's output is cut to, in bytes.
    pub(crate) fn run_bytes(&self) -> u64 {
        self.0.bounds.run_bytes
    }

    /// Takes note that `key` may print from now on.
    pub(crate) fn begin(&self, key: RunKey) {
        self.state().running.insert(key);
    }

    /// Takes note that `key` prints no more; its followers are let go.
    pub(crate) fn finish(&self, key: RunKey) {
        let mut state = self.state();
        state.running.remove(&key);
        state.wake(key.pod);
    }

    /// Returns whether `key` may still print.
    pub(crate) fn is_running(&self, key: RunKey) -> bool {
        self.state().running.contains(&key)
    }

    /// Appends `payload`, which is no longer than a record may be.
    pub(crate) fn append(&self, key: RunKey, stream: Stream, at: Timestamp, payload: &[u8]) {
        let mut state = self.state();
        self.append_locked(&mut state, &Record { key, stream, at, payload });
        state.wake(key.pod);
    }

    /// Removes what `pod` printed. The place on disk is free once the rest of its segments is.
    pub fn remove(&self, pod: PodId, now: Timestamp) {
        let mut state = self.state();
        if state.holds(pod) {
            let key = RunKey { pod, slot: Slot::Init(0), run: 0 };
            let record = Record { key, stream: Stream::Removed, at: now, payload: &[] };
            // First, as it may be what fills the newest segment and makes it one of the full ones.
            self.append_locked(&mut state, &record);
            state.remove(pod, &self.0.dir);
        }
    }

    /// Writes what is only in memory to its file.
    pub fn flush(&self) {
        let mut state = self.state();
        state.open.flush(&self.0.dir);
    }

    /// Flushes some time after each first line; waits for as long as nothing is printed.
    pub(crate) async fn keep_flushing(self) {
        loop {
            self.0.dirty.notified().await;
            tokio::time::sleep(FLUSH_AFTER).await;
            self.flush();
        }
    }

    /// Returns what `pod` may have printed from `cursor` on, and moves the cursor behind it.
    pub(crate) fn find(&self, pod: PodId, cursor: &mut Cursor) -> Found {
        let state = self.state();
        let held = state
            .full
            .iter()
            .find(|segment| segment.number >= cursor.segment && segment.holds(pod));
        if let Some(segment) = held {
            let from = if cursor.segment == segment.number { cursor.offset } else { 0 };
            *cursor = Cursor { segment: segment.number + 1, offset: 0 };
            return Found::File(segment::path(&self.0.dir, segment.number), from);
        }
        let open = &state.open;
        let from = if cursor.segment == open.number { cursor.offset } else { 0 };
        *cursor = Cursor { segment: open.number, offset: open.bytes.len() };
        let from = from.max(open.starts.get(&pod).copied().unwrap_or(0));
        let known = open.contents.pods.contains(&pod) && !open.contents.removed.contains(&pod);
        if known && from < open.bytes.len() {
            Found::Memory(records_of(pod, &open.bytes[from..]))
        } else {
            Found::End
        }
    }

    /// Returns what was printed from `cursor` on by whichever pod, and moves the cursor behind it.
    pub(crate) fn next(&self, cursor: &mut Cursor) -> Found {
        let state = self.state();
        if let Some(segment) = state.full.iter().find(|full| full.number >= cursor.segment) {
            let from = if cursor.segment == segment.number { cursor.offset } else { 0 };
            *cursor = Cursor { segment: segment.number + 1, offset: 0 };
            return Found::File(segment::path(&self.0.dir, segment.number), from);
        }
        let open = &state.open;
        let from = if cursor.segment == open.number { cursor.offset } else { 0 };
        let records = whole_records(&open.bytes[from..], TAIL_BYTES);
        *cursor = Cursor { segment: open.number, offset: from + records.len() };
        if records.is_empty() { Found::End } else { Found::Memory(records.to_vec()) }
    }

    /// Returns what tells a follower of `pod` that there is more.
    pub(crate) fn follow(&self, pod: PodId) -> Arc<Notify> {
        let mut state = self.state();
        if let Some(notify) = state.followers.get(&pod).and_then(Weak::upgrade) {
            return notify;
        }
        if state.followers.len() >= state.sweep_at {
            state.followers.retain(|_, notify| notify.strong_count() > 0);
            state.sweep_at = 2 * state.followers.len() + FOLLOWERS;
        }
        let notify = Arc::new(Notify::new());
        state.followers.insert(pod, Arc::downgrade(&notify));
        notify
    }

    fn append_locked(&self, state: &mut State, record: &Record<'_>) {
        let bounds = &self.0.bounds;
        let open = &state.open;
        let room = open.bytes.is_empty()
            || open.bytes.len() + HEADER_BYTES + record.payload.len() <= bounds.segment_bytes;
        if !room {
            state.seal(&self.0.dir);
            state.keep_bounds(&self.0.dir, bounds, record.at);
        }
        let open = &mut state.open;
        let clean = open.flushed == open.bytes.len();
        if !open.contents.pods.contains(&record.key.pod) {
            open.starts.insert(record.key.pod, open.bytes.len());
        }
        record.encode(&mut open.bytes);
        open.contents.note(record);
        if open.bytes.len() - open.flushed >= FLUSH_BYTES {
            open.flush(&self.0.dir);
        } else if clean {
            self.0.dirty.notify_one();
        }
        if std::mem::take(&mut state.awaited) {
            self.0.more.notify_waiters();
        }
    }

    /// A panic while the lock was held leaves whole records: the state is good.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.open.flush(&self.dir);
    }
}

impl State {
    fn end(&self) -> Cursor {
        Cursor { segment: self.open.number, offset: self.open.bytes.len() }
    }

    fn wake(&mut self, pod: PodId) {
        if self.followers.is_empty() {
            return;
        }
        match self.followers.get(&pod).map(Weak::upgrade) {
            Some(Some(notify)) => notify.notify_waiters(),
            Some(None) => {
                self.followers.remove(&pod);
            }
            None => {}
        }
    }

    /// Ends the newest segment and begins the next.
    fn seal(&mut self, dir: &std::path::Path) {
        self.open.flush(dir);
        let next = Open { number: self.open.number + 1, ..Open::default() };
        let old = std::mem::replace(&mut self.open, next);
        if let Err(error) = old.contents.save(dir, old.number) {
            tracing::debug!(%error, "list of a log segment not written; it is made at the next start");
        }
        let removed = old.contents.removed.clone();
        let bytes = u64::try_from(old.flushed).expect("a length fits 64 bits");
        let mut segment = Segment::new(old.number, bytes, old.contents);
        for pod in removed {
            segment.remove(pod);
        }
        if segment.is_empty() {
            segment.delete(dir);
        } else {
            self.full.push_back(segment);
        }
    }

    /// Returns whether anything of `pod` is there.
    fn holds(&self, pod: PodId) -> bool {
        self.open.contents.pods.contains(&pod) || self.full.iter().any(|full| full.holds(pod))
    }

    fn remove(&mut self, pod: PodId, dir: &std::path::Path) {
        self.full.retain_mut(|segment| match segment.remove(pod) {
            Removal::NotHere | Removal::Marked => true,
            Removal::Empty => {
                segment.delete(dir);
                false
            }
        });
    }

    /// Lets the oldest segments go while there is too much, or they are too old.
    fn keep_bounds(&mut self, dir: &std::path::Path, bounds: &LogBounds, now: Timestamp) {
        let mut total: u64 = self.full.iter().map(|segment| segment.bytes).sum();
        let room = bounds.total_bytes.saturating_sub(bounds.segment_bytes as u64);
        while let Some(oldest) = self.full.front() {
            if total <= room && now.since(oldest.newest) <= bounds.age {
                break;
            }
            total -= oldest.bytes;
            oldest.delete(dir);
            self.full.pop_front();
        }
    }
}

fn recover(dir: &std::path::Path) -> io::Result<State> {
    let mut state = State {
        full: VecDeque::new(),
        open: Open { number: 1, ..Open::default() },
        running: HashSet::new(),
        followers: HashMap::new(),
        awaited: false,
        sweep_at: FOLLOWERS,
    };
    let numbers = segment::numbers(dir)?;
    for &number in &numbers {
        let path = segment::path(dir, number);
        let newest = numbers.last() == Some(&number);
        let removed = match Contents::load(dir, number) {
            Some(contents) => {
                let removed = contents.removed.clone();
                let bytes = fs::metadata(&path)?.len();
                state.full.push_back(Segment::new(number, bytes, contents));
                state.open.number = number + 1;
                removed
            }
            None if newest => reopen(&mut state, path, number)?,
            None => {
                let (contents, length) = Contents::scan(&fs::read(&path)?);
                let removed = contents.removed.clone();
                contents.save(dir, number)?;
                let bytes = u64::try_from(length).expect("a length fits 64 bits");
                state.full.push_back(Segment::new(number, bytes, contents));
                state.open.number = number + 1;
                removed
            }
        };
        for pod in removed {
            state.remove(pod, dir);
        }
    }
    Ok(state)
}

/// Goes on with the segment that was the newest when the daemon ended, without its torn tail.
fn reopen(state: &mut State, path: PathBuf, number: u64) -> io::Result<BTreeSet<PodId>> {
    let mut bytes = fs::read(&path)?;
    let (contents, length) = Contents::scan(&bytes);
    bytes.truncate(length);
    let file = OpenOptions::new().append(true).open(path)?;
    file.set_len(u64::try_from(length).expect("a length fits 64 bits"))?;
    let removed = contents.removed.clone();
    state.open =
        Open { number, bytes, flushed: length, file: Some(file), contents, ..Open::default() };
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::{Follow, LogQuery};
    use jobling_core::pods::JobId;

    const SMALL: LogBounds = LogBounds {
        run_bytes: 1 << 20,
        total_bytes: 2_000,
        segment_bytes: 500,
        age: Duration::from_mins(1),
    };

    #[tokio::test]
    async fn what_was_flushed_survives_and_a_torn_tail_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let roomy = LogBounds { total_bytes: 1 << 20, ..SMALL };
        let logs = open(&dir, roomy);
        for line in 0..40 {
            print(&logs, 0, line, &format!("line {line}\n"));
            print(&logs, 1, line, "other\n");
        }
        logs.flush();
        let newest = *segment::numbers(dir.path()).unwrap().last().unwrap();
        drop(logs);
        let path = segment::path(dir.path(), newest);
        let length = fs::metadata(&path).unwrap().len();
        OpenOptions::new().write(true).open(&path).unwrap().set_len(length - 3).unwrap();

        let logs = open(&dir, roomy);
        let expected: String = (0..40)
            .flat_map(|line| ["line ".to_owned(), line.to_string(), "\n".to_owned()])
            .collect();
        assert_eq!(printed(&logs, 0).await, expected);
        assert_eq!(printed(&logs, 1).await, "other\n".repeat(39), "the last one was torn");
        print(&logs, 1, 41, "again\n");
        assert!(printed(&logs, 1).await.ends_with("other\nagain\n"));
    }

    #[tokio::test]
    async fn removed_pods_leave_no_line_and_at_last_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let roomy = LogBounds { total_bytes: 1 << 20, ..SMALL };
        let logs = open(&dir, roomy);
        for line in 0..40 {
            print(&logs, u32::from(line % 2 == 0), line, "some text that fills a segment\n");
        }
        logs.remove(id(0), Timestamp::default());
        assert_eq!(printed(&logs, 0).await, "");
        assert_eq!(printed(&logs, 1).await.lines().count(), 20);
        drop(logs);
        let logs = open(&dir, roomy);
        assert_eq!(printed(&logs, 0).await, "", "still removed after a restart");
        logs.remove(id(1), Timestamp::default());
        drop(logs);
        assert!(segment::numbers(dir.path()).unwrap().len() <= 1, "the newest alone is left");
    }

    #[tokio::test]
    async fn a_pod_is_read_from_where_it_began_and_whole_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let roomy = LogBounds { segment_bytes: 1 << 16, total_bytes: 1 << 20, ..SMALL };
        let logs = open(&dir, roomy);
        print(&logs, 0, 0, "first\n");
        print(&logs, 1, 0, "other\n");
        let start = |pod| logs.state().open.starts[&id(pod)];
        assert!(start(0) < start(1));
        print(&logs, 0, 1, "second\n");
        assert_eq!(printed(&logs, 0).await, "first\nsecond\n");
        assert_eq!(printed(&logs, 1).await, "other\n");
        drop(logs);
        let logs = open(&dir, roomy);
        print(&logs, 0, 2, "third\n");
        assert_eq!(printed(&logs, 0).await, "first\nsecond\nthird\n");
    }

    #[test]
    fn followers_that_have_gone_are_forgotten_and_those_that_stay_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let logs = open(&dir, SMALL);
        let stays = logs.follow(id(0));
        for pod in 1..1_000 {
            drop(logs.follow(id(pod)));
        }
        assert!(logs.state().followers.len() <= FOLLOWERS + 2);
        assert!(Arc::ptr_eq(&stays, &logs.follow(id(0))));
    }

    #[tokio::test]
    async fn the_oldest_segments_go_first() {
        let dir = tempfile::tempdir().unwrap();
        let logs = open(&dir, SMALL);
        for line in 0..200 {
            print(&logs, 0, line / 100, &format!("line {line}\n"));
        }
        let kept = printed(&logs, 0).await;
        assert!(kept.ends_with("line 199\n"));
        assert!(!kept.starts_with("line 0\n"));
        logs.flush();
        let bytes: u64 = segment::numbers(dir.path())
            .unwrap()
            .into_iter()
            .map(|number| fs::metadata(segment::path(dir.path(), number)).unwrap().len())
            .sum();
        assert!(bytes <= SMALL.total_bytes, "{bytes} bytes on disk");
        drop(logs);
        let later = Timestamp::from_unix_seconds(1_000);
        let logs = Logs::open(dir.path().to_owned(), SMALL, later).unwrap();
        assert!(printed(&logs, 0).await.lines().count() < 20, "what is too old went at the start");
    }

    #[tokio::test]
    async fn a_follower_gets_each_line_once_until_the_run_has_ended() {
        let dir = tempfile::tempdir().unwrap();
        let logs = open(&dir, LogBounds { total_bytes: 1 << 20, ..SMALL });
        logs.begin(key(0));
        print(&logs, 0, 0, "before\n");
        let query = LogQuery { follow: Follow::UntilEnd, ..LogQuery::default() };
        let mut stream = logs.read(key(0), query);
        assert_eq!(stream.next().await.unwrap(), "before\n");
        let reader = tokio::spawn(async move {
            let mut all = String::new();
            while let Some(piece) = stream.next().await {
                all.push_str(std::str::from_utf8(&piece).unwrap());
            }
            all
        });
        let mut expected = String::new();
        for line in 0..60 {
            tokio::task::yield_now().await;
            print(&logs, 0, line, &format!("line {line}\n"));
            print(&logs, 1, line, "other\n");
            expected.push_str(&format!("line {line}\n"));
        }
        logs.finish(key(0));
        assert_eq!(reader.await.unwrap(), expected);
    }

    fn open(dir: &tempfile::TempDir, bounds: LogBounds) -> Logs {
        Logs::open(dir.path().to_owned(), bounds, Timestamp::default()).unwrap()
    }

    fn id(ordinal: u32) -> PodId {
        PodId::new(JobId(1), ordinal)
    }

    fn key(ordinal: u32) -> RunKey {
        RunKey { pod: id(ordinal), slot: Slot::Main(0), run: 0 }
    }

    fn print(logs: &Logs, ordinal: u32, second: i64, text: &str) {
        let at = Timestamp::from_unix_seconds(second);
        logs.append(key(ordinal), Stream::Stdout, at, text.as_bytes());
    }

    async fn printed(logs: &Logs, ordinal: u32) -> String {
        let mut stream = logs.read(key(ordinal), LogQuery::default());
        let mut all = Vec::new();
        while let Some(piece) = stream.next().await {
            all.extend_from_slice(&piece);
        }
        String::from_utf8(all).unwrap()
    }
}
