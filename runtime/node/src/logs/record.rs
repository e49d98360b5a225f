//! One record of the log, as bytes: who printed what, where and when.

use jobling_core::Timestamp;
use jobling_core::pods::PodId;

/// Length, checksum, pod, time, run, slot, stream.
pub(crate) const HEADER_BYTES: usize = 4 + 4 + 8 + 8 + 4 + 2 + 1;
/// No record is longer: a line that is goes into several.
pub(crate) const MAX_PAYLOAD: usize = 64 << 10;

/// Which container of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// The template's initContainers, from 0.
    Init(u8),
    /// The template's containers, from 0.
    Main(u8),
}

/// One run of one container of one pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunKey {
    /// The pod.
    pub pod: PodId,
    /// Its container.
    pub slot: Slot,
    /// How often the container was started before this run: its `restartCount` then.
    pub run: u32,
}

/// Where a guest wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// Nothing was written: the pod was removed here.
    Removed,
}

/// A record in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    pub(crate) key: RunKey,
    pub(crate) stream: Stream,
    pub(crate) at: Timestamp,
    pub(crate) payload: &'a [u8],
}

impl Slot {
    const fn to_raw(self) -> u16 {
        match self {
            Self::Init(at) => at as u16,
            Self::Main(at) => 256 + at as u16,
        }
    }

    fn from_raw(raw: u16) -> Option<Self> {
        match raw.to_be_bytes() {
            [0, at] => Some(Self::Init(at)),
            [1, at] => Some(Self::Main(at)),
            _ => None,
        }
    }
}

impl Stream {
    const fn to_raw(self) -> u8 {
        match self {
            Self::Stdout => 1,
            Self::Stderr => 2,
            Self::Removed => 3,
        }
    }

    const fn from_raw(raw: u8) -> Option<Self> {
        match raw {
            1 => Some(Self::Stdout),
            2 => Some(Self::Stderr),
            3 => Some(Self::Removed),
            _ => None,
        }
    }
}

impl<'a> Record<'a> {
    /// Appends the record to `out`.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        let length = u32::try_from(self.payload.len()).expect("at most MAX_PAYLOAD");
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&self.key.pod.raw().to_le_bytes());
        out.extend_from_slice(&self.at.unix_micros().to_le_bytes());
        out.extend_from_slice(&self.key.run.to_le_bytes());
        out.extend_from_slice(&self.key.slot.to_raw().to_le_bytes());
        out.push(self.stream.to_raw());
        out.extend_from_slice(self.payload);
        let checksum = crc32fast::hash(&out[start + 8..]);
        out[start + 4..start + 8].copy_from_slice(&checksum.to_le_bytes());
    }

    /// Returns the record at the start of `bytes` and how long it is; `None` where it is cut or damaged.
    pub(crate) fn decode(bytes: &'a [u8]) -> Option<(Self, usize)> {
        let (record, end) = Self::decode_unchecked(bytes)?;
        let checksum = u32::from_le_bytes(bytes[4..8].try_into().ok()?);
        (crc32fast::hash(&bytes[8..end]) == checksum).then_some((record, end))
    }

    /// As [`Record::decode`], of bytes that were checked before or never left memory.
    pub(crate) fn decode_unchecked(bytes: &'a [u8]) -> Option<(Self, usize)> {
        let header = bytes.get(..HEADER_BYTES)?;
        let length = usize::try_from(u32::from_le_bytes(header[..4].try_into().ok()?)).ok()?;
        if length > MAX_PAYLOAD {
            return None;
        }
        let payload = bytes.get(HEADER_BYTES..HEADER_BYTES + length)?;
        let key = RunKey {
            pod: PodId::from_raw(u64::from_le_bytes(header[8..16].try_into().ok()?)),
            slot: Slot::from_raw(u16::from_le_bytes(header[28..30].try_into().ok()?))?,
            run: u32::from_le_bytes(header[24..28].try_into().ok()?),
        };
        let at = Timestamp::from_unix_micros(i64::from_le_bytes(header[16..24].try_into().ok()?));
        let record = Self { key, stream: Stream::from_raw(header[30])?, at, payload };
        Some((record, HEADER_BYTES + length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jobling_core::pods::JobId;

    #[test]
    fn a_record_reads_back_and_a_cut_or_damaged_one_does_not() {
        let record = Record {
            key: RunKey { pod: PodId::new(JobId(9), 3), slot: Slot::Main(2), run: 4 },
            stream: Stream::Stderr,
            at: Timestamp::from_unix_micros(1_234_567),
            payload: b"a line\n",
        };
        let mut bytes = Vec::new();
        record.encode(&mut bytes);
        assert_eq!(Record::decode(&bytes), Some((record, bytes.len())));
        for cut in 0..bytes.len() {
            assert_eq!(Record::decode(&bytes[..cut]), None, "cut at {cut}");
        }
        for damaged in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[damaged] ^= 0x40;
            assert_eq!(Record::decode(&bytes), None, "damaged at {damaged}");
        }
    }
}
