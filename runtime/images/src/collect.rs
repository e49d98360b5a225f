//! Which images go when there is no room, or when somebody asks: the least recently used first, never one
//! that is in use, and by itself none that was imported here, for nobody could bring it back.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use crate::record::Record;
use crate::store::{State, since_epoch};
use crate::{Image, ImageError, ImageStore, ImportError, Reference};

/// How old the written time of an image's last use may become: a run a second must not be a write a second.
const USE_IS_WRITTEN_EVERY: Duration = Duration::from_hours(1);

/// What of the images that are not in use may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Prune {
    /// Those that can be pulled again.
    #[default]
    Pulled,
    /// Those that were imported here, too.
    All,
}

impl ImageStore {
    /// Notes that an image is run now.
    pub fn note_use(&self, reference: &Reference, now: SystemTime) {
        let mut state = self.locked();
        let Some(record) = state.names.get_mut(reference) else { return };
        record.used_at_seconds = since_epoch(now);
        if record.used_at_seconds.abs_diff(record.written_at_seconds)
            < USE_IS_WRITTEN_EVERY.as_secs()
        {
            return;
        }
        record.written_at_seconds = record.used_at_seconds;
        let record = record.clone();
        if let Err(error) = self.write_name(&record) {
            tracing::debug!(image = %reference, %error, "an image's last use is not written");
        }
    }

    /// Removes what is not in use, the least recently used first, until no more than `keep_bytes` are left.
    /// Returns what went.
    ///
    /// # Errors
    /// Where a file cannot be removed.
    pub fn prune(&self, what: Prune, keep_bytes: u64) -> Result<Vec<Image>, ImageError> {
        self.prune_in(&mut self.locked(), what, keep_bytes)
    }

    /// Makes room for so many more bytes.
    ///
    /// # Errors
    /// Where there is none, whatever may go.
    pub(crate) fn make_room(&self, size: u64) -> Result<(), ImportError> {
        self.make_room_in(&mut self.locked(), size)
    }

    pub(crate) fn make_room_in(&self, state: &mut State, size: u64) -> Result<(), ImportError> {
        let most = self.limits().total_bytes;
        let fits = |state: &State| state.total_bytes().saturating_add(size) <= most;
        if !fits(state) {
            let gone = self.prune_in(state, Prune::Pulled, most.saturating_sub(size));
            if let Err(error) = gone {
                tracing::warn!(%error, "images not removed to make room");
            }
        }
        if fits(state) { Ok(()) } else { Err(ImportError::StoreFull { size, most }) }
    }

    fn prune_in(
        &self,
        state: &mut State,
        what: Prune,
        keep_bytes: u64,
    ) -> Result<Vec<Image>, ImageError> {
        let mut gone = Vec::new();
        for record in candidates(state, what) {
            if state.total_bytes() <= keep_bytes {
                break;
            }
            self.remove_from(&mut state.names, &record.reference)?;
            tracing::info!(image = %record.reference, digest = %record.digest, "image removed to make room");
            gone.push(self.image(&record, &mut state.leases));
        }
        Ok(gone)
    }
}

/// Returns what may go, the least recently used first. Bytes that also have a name that stays go with no
/// name: that would make no room.
fn candidates(state: &State, what: Prune) -> Vec<Record> {
    let may_go = |record: &Record| match what {
        Prune::Pulled => record.origin.is_some(),
        Prune::All => true,
    };
    let records = state.names.values();
    let kept: BTreeSet<_> =
        records.clone().filter(|record| !may_go(record)).map(|record| &record.digest).collect();
    let mut found: Vec<Record> = records
        .filter(|record| {
            may_go(record) && !kept.contains(&record.digest) && !state.leases.has(&record.digest)
        })
        .cloned()
        .collect();
    found.sort_by_key(|record| (record.used_at(), record.reference.clone()));
    found
}
