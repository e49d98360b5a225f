//! What bounds the bytes and files below a directory that guests write to.
//!
//! Every write is charged before it happens, for all the blocks that it could touch, and nothing is given
//! back when a guest overwrites, truncates or removes: the sum is never below what is on the disk. When it
//! reaches the limit the directories are measured, and what was charged too much comes off. Measuring
//! takes at most a tenth of one core: a guest that overwrites in place just below its limit waits for it.
//!
//! How far over the limit the disk can get: not by file contents, which are charged in advance; by the
//! file system's own records of them (extents, inodes, directory blocks beyond what a file is charged),
//! and by what others than guests of this process write there.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::measure::measure;

/// The unit that a write is charged in: blocks of the usual file systems.
const BLOCK_BYTES: u64 = 4096;
/// Measuring pauses for this many times the time that it took.
const PAUSE_FACTOR: u32 = 10;
/// The longest pause between two measurements.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// What happens to a guest that would go over a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// Its call fails: no space left on device (ENOSPC).
    Refuse,
    /// It is ended, with [`Ending::StorageLimit`](crate::Ending::StorageLimit).
    End,
}

/// Bytes and files below some directories, and how many there may be.
#[derive(Debug)]
pub struct Quota {
    name: String,
    directories: Vec<PathBuf>,
    limit: Usage,
    overflow: Overflow,
    ledger: Mutex<Ledger>,
    measuring: tokio::sync::Mutex<Pause>,
}

/// Bytes and files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Bytes on the disk, in whole blocks, directories' own included.
    pub bytes: u64,
    /// Files, directories and links.
    pub files: u64,
}

impl Usage {
    fn plus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            files: self.files.saturating_add(other.files),
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_sub(other.bytes),
            files: self.files.saturating_sub(other.files),
        }
    }

    fn is_within(self, limit: Self) -> bool {
        self.bytes <= limit.bytes && self.files <= limit.files
    }
}

#[derive(Debug, Default)]
struct Ledger {
    /// At least what is on the disk; `None` until it was measured.
    used: Option<Usage>,
    /// Everything that was ever charged.
    charged: Usage,
    /// Charged, and perhaps not on the disk yet.
    in_flight: Usage,
}

/// When the next measurement may start.
#[derive(Debug)]
struct Pause {
    until: Option<Instant>,
}

/// That a quota is full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Full {
    pub(crate) quota: String,
    pub(crate) overflow: Overflow,
}

/// A write that is under way; drop it once the write is done.
#[derive(Debug)]
pub(crate) struct Charge {
    quota: Arc<Quota>,
    amount: Usage,
}

impl Drop for Charge {
    fn drop(&mut self) {
        let mut ledger = self.quota.ledger();
        ledger.in_flight = ledger.in_flight.minus(self.amount);
    }
}

impl Quota {
    /// Returns a quota over everything below `directories`, called `name` where it is reported.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        directories: Vec<PathBuf>,
        limit: Usage,
        overflow: Overflow,
    ) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            directories,
            limit,
            overflow,
            ledger: Mutex::default(),
            measuring: tokio::sync::Mutex::new(Pause { until: None }),
        })
    }

    /// Measures what is below the directories now.
    pub async fn usage(&self) -> std::io::Result<Usage> {
        let directories = self.directories.clone();
        let measured = tokio::task::spawn_blocking(move || measure(&directories)).await;
        measured.unwrap_or_else(|panic| Err(std::io::Error::other(panic)))
    }

    /// Charges a write of `bytes` to one file.
    pub(crate) async fn charge_write(self: &Arc<Self>, bytes: u64) -> Result<Charge, Full> {
        self.charge(Usage { bytes: blocks(bytes), files: 0 }).await
    }

    /// Charges a new file, directory or link.
    pub(crate) async fn charge_entry(self: &Arc<Self>) -> Result<Charge, Full> {
        self.charge(Usage { bytes: BLOCK_BYTES, files: 1 }).await
    }

    /// Charges a write of `bytes` if that needs no measuring.
    pub(crate) fn try_charge_write(self: &Arc<Self>, bytes: u64) -> Option<Charge> {
        self.try_charge(Usage { bytes: blocks(bytes), files: 0 })
    }

    /// Returns that this quota is full.
    pub(crate) fn full(&self) -> Full {
        Full { quota: self.name.clone(), overflow: self.overflow }
    }

    async fn charge(self: &Arc<Self>, amount: Usage) -> Result<Charge, Full> {
        if let Some(charge) = self.try_charge(amount) {
            return Ok(charge);
        }
        let mut pause = self.measuring.lock().await;
        // Another guest may have measured meanwhile.
        if let Some(charge) = self.try_charge(amount) {
            return Ok(charge);
        }
        if let Some(until) = pause.until {
            tokio::time::sleep_until(until).await;
        }
        let started = Instant::now();
        self.settle().await;
        let took = started.elapsed();
        pause.until = Some(Instant::now() + (took * PAUSE_FACTOR).min(MAX_PAUSE));
        self.try_charge(amount).ok_or_else(|| self.full())
    }

    fn try_charge(self: &Arc<Self>, amount: Usage) -> Option<Charge> {
        let mut ledger = self.ledger();
        let used = ledger.used?.plus(amount);
        if !used.is_within(self.limit) {
            return None;
        }
        ledger.used = Some(used);
        ledger.charged = ledger.charged.plus(amount);
        ledger.in_flight = ledger.in_flight.plus(amount);
        Some(Charge { quota: Arc::clone(self), amount })
    }

    /// Replaces the sum of charges by what is on the disk; what was charged since the measurement began,
    /// or was under way then, may not be in it and stays.
    async fn settle(&self) {
        let (charged_before, in_flight) = {
            let ledger = self.ledger();
            (ledger.charged, ledger.in_flight)
        };
        match self.usage().await {
            Ok(measured) => {
                let mut ledger = self.ledger();
                let since = ledger.charged.minus(charged_before);
                ledger.used = Some(measured.plus(since).plus(in_flight));
            }
            Err(error) => tracing::warn!(quota = %self.name, %error, "directory not measured"),
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the bytes of all blocks that a write of `bytes` can touch, wherever it starts.
fn blocks(bytes: u64) -> u64 {
    bytes.div_ceil(BLOCK_BYTES).saturating_add(1).saturating_mul(BLOCK_BYTES)
}
