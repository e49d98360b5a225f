//! The numbers by which a Job and its pods are known inside: a pod's is its Job's and its ordinal in one,
//! so that a Job's pods are one range of the table and need no index.

use serde::{Deserialize, Serialize};

/// Bits of a [`PodId`] that count a Job's pods.
const ORDINAL_BITS: u32 = 24;

/// A Job's number, given once and never again, from 1.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct JobId(pub u64);

/// A pod's number: its Job's and, below it, which of the Job's pods it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PodId(u64);

impl JobId {
    /// Returns the range of the numbers of this Job's pods.
    #[must_use]
    pub const fn pods(self) -> std::ops::RangeInclusive<PodId> {
        PodId::new(self, 0)..=PodId::new(self, PodId::MAX_ORDINAL)
    }
}

impl PodId {
    /// The most pods that one Job can ever have.
    pub const MAX_ORDINAL: u32 = (1 << ORDINAL_BITS) - 1;

    /// Returns the number of the `ordinal`th pod of `job`.
    #[must_use]
    pub const fn new(job: JobId, ordinal: u32) -> Self {
        Self(job.0 << ORDINAL_BITS | (ordinal & Self::MAX_ORDINAL) as u64)
    }

    /// Returns the pod of a stored number.
    #[must_use]
    pub const fn from_raw(raw: u64) -> Self {
        Self(raw)
    }

    /// Returns the number to store.
    #[must_use]
    pub const fn raw(self) -> u64 {
        self.0
    }

    /// Returns whose pod it is.
    #[must_use]
    pub const fn job(self) -> JobId {
        JobId(self.0 >> ORDINAL_BITS)
    }

    /// Returns which of its Job's pods it is, from 0.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "masked to 24 bits")]
    pub const fn ordinal(self) -> u32 {
        (self.0 as u32) & Self::MAX_ORDINAL
    }
}

impl std::fmt::Display for PodId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.job().0, self.ordinal())
    }
}
