//! A full segment: a file that no longer changes, and beside it the list of pods that are in it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jobling_core::Timestamp;
use jobling_core::pods::PodId;

use super::record::{Record, Stream};

/// Whose list of pods it is, and in which form.
const MAGIC: &[u8; 8] = b"joblogs1";

/// What is known of a segment without reading it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Contents {
    /// Pods that printed into it.
    pub(crate) pods: BTreeSet<PodId>,
    /// Pods that were removed while it was the newest.
    pub(crate) removed: BTreeSet<PodId>,
    /// The newest record's time.
    pub(crate) newest: Timestamp,
}

/// A full segment.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) number: u64,
    pub(crate) bytes: u64,
    pub(crate) newest: Timestamp,
    /// Sorted: a million pods are to cost no more than eight bytes each.
    pods: Vec<PodId>,
    /// One bit a pod of `pods`: removed.
    gone: Vec<u64>,
    live: usize,
}

/// What becomes of a segment when a pod is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Removal {
    /// The pod is not in it.
    NotHere,
    /// Other pods still are.
    Marked,
    /// It was the last one: the segment can go.
    Empty,
}

/// Returns the file of segment `number`.
pub(crate) fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:016x}.log"))
}

fn index_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:016x}.pods"))
}

/// Returns the numbers of the segments in `dir`, oldest first.
pub(crate) fn numbers(dir: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(".log"));
        numbers.extend(number.and_then(|hex| u64::from_str_radix(hex, 16).ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

impl Contents {
    /// Takes note of `record`.
    pub(crate) fn note(&mut self, record: &Record<'_>) {
        self.newest = self.newest.max(record.at);
        match record.stream {
            Stream::Stdout | Stream::Stderr => {
                self.pods.insert(record.key.pod);
            }
            Stream::Removed => {
                self.removed.insert(record.key.pod);
            }
        }
    }

    /// Reads all records of `bytes`; returns how long the undamaged start is.
    pub(crate) fn scan(bytes: &[u8]) -> (Self, usize) {
        let mut contents = Self::default();
        let mut at = 0;
        while let Some((record, length)) = Record::decode(&bytes[at..]) {
            contents.note(&record);
            at += length;
        }
        (contents, at)
    }

    /// Writes the list beside segment `number`.
    pub(crate) fn save(&self, dir: &Path, number: u64) -> io::Result<()> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&self.newest.unix_micros().to_le_bytes());
        bytes.extend_from_slice(&count(self.pods.len()).to_le_bytes());
        for pod in self.pods.iter().chain(&self.removed) {
            bytes.extend_from_slice(&pod.raw().to_le_bytes());
        }
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        fs::File::create(index_path(dir, number))?.write_all(&bytes)
    }

    /// Reads the list beside segment `number`; `None` where there is none, or it is damaged.
    pub(crate) fn load(dir: &Path, number: u64) -> Option<Self> {
        let bytes = fs::read(index_path(dir, number)).ok()?;
        let (body, checksum) = bytes
            .split_last_chunk::<4>()
            .map(|(body, checksum)| (body, u32::from_le_bytes(*checksum)))?;
        if crc32fast::hash(body) != checksum || !body.starts_with(MAGIC) {
            return None;
        }
        let mut words = body[MAGIC.len()..]
            .chunks_exact(8)
            .map(|word| u64::from_le_bytes(word.try_into().expect("chunks of eight")));
        let newest = Timestamp::from_unix_micros(words.next()?.cast_signed());
        let pods = usize::try_from(words.next()?).ok()?;
        let mut ids = words.map(PodId::from_raw);
        Some(Self { pods: ids.by_ref().take(pods).collect(), removed: ids.collect(), newest })
    }
}

impl Segment {
    /// Returns the full segment `number` of `bytes` bytes.
    pub(crate) fn new(number: u64, bytes: u64, contents: Contents) -> Self {
        let pods: Vec<PodId> = contents.pods.into_iter().collect();
        let gone = vec![0; pods.len().div_ceil(64)];
        Self { number, bytes, newest: contents.newest, live: pods.len(), pods, gone }
    }

    /// Returns whether `pod` printed into it and was not removed.
    pub(crate) fn holds(&self, pod: PodId) -> bool {
        self.place_of(pod).is_some_and(|at| self.gone[at / 64] >> (at % 64) & 1 == 0)
    }

    /// Most segments have pods of another time: a look at the first and the last tells.
    fn place_of(&self, pod: PodId) -> Option<usize> {
        let between = *self.pods.first()? <= pod && pod <= *self.pods.last()?;
        if between { self.pods.binary_search(&pod).ok() } else { None }
    }

    /// Returns whether nothing in it is wanted.
    pub(crate) fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// Marks `pod` as removed.
    pub(crate) fn remove(&mut self, pod: PodId) -> Removal {
        let Some(at) = self.place_of(pod) else { return Removal::NotHere };
        if self.gone[at / 64] >> (at % 64) & 1 == 1 {
            return Removal::NotHere;
        }
        self.gone[at / 64] |= 1 << (at % 64);
        self.live -= 1;
        if self.is_empty() { Removal::Empty } else { Removal::Marked }
    }

    /// Deletes its files.
    pub(crate) fn delete(&self, dir: &Path) {
        for path in [path(dir, self.number), index_path(dir, self.number)] {
            if let Err(error) = fs::remove_file(&path) {
                tracing::debug!(?path, %error, "log segment not deleted");
            }
        }
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).expect("a length fits 64 bits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use jobling_core::pods::JobId;

    fn pod(ordinal: u32) -> PodId {
        PodId::new(JobId(1), ordinal)
    }

    fn contents(pods: u32) -> Contents {
        let newest = Timestamp::from_unix_seconds(5);
        Contents { pods: (0..pods).map(pod).collect(), removed: BTreeSet::from([pod(900)]), newest }
    }

    #[test]
    fn the_list_of_pods_reads_back_and_a_damaged_one_does_not() {
        let dir = tempfile::tempdir().unwrap();
        contents(100).save(dir.path(), 3).unwrap();
        assert_eq!(Contents::load(dir.path(), 3), Some(contents(100)));
        let path = index_path(dir.path(), 3);
        let mut bytes = fs::read(&path).unwrap();
        bytes[30] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert_eq!(Contents::load(dir.path(), 3), None);
    }

    #[test]
    fn a_segment_is_empty_once_its_last_pod_is_removed() {
        let mut segment = Segment::new(1, 10, contents(70));
        for ordinal in 0..69 {
            assert_eq!(segment.remove(pod(ordinal)), Removal::Marked, "pod {ordinal}");
            assert!(!segment.holds(pod(ordinal)), "pod {ordinal}");
        }
        assert_eq!(segment.remove(pod(0)), Removal::NotHere, "twice");
        assert_eq!(segment.remove(pod(500)), Removal::NotHere, "never there");
        assert!(segment.holds(pod(69)));
        assert_eq!(segment.remove(pod(69)), Removal::Empty);
    }
}
