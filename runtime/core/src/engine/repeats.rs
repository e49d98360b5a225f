//! Repeats of events: what only makes a count grow is not worth a write of its own. All of them are told
//! together, once a second at most.

use std::collections::BTreeMap;
use std::time::Duration;

use super::state::Name;
use super::tell::Telling;
use super::turn::Turn;
use crate::Timestamp;

/// So long apart repeats are told.
const APART: Duration = Duration::from_secs(1);

/// Events whose newest count is still to be told. Those of a daemon that is killed are lost.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    waiting: BTreeMap<Name, Telling>,
    told_at: Option<Timestamp>,
}

impl Repeats {
    /// Has the event of that name wait with its newest count.
    pub(super) fn add(&mut self, name: Name, telling: Telling) {
        self.waiting.insert(name, telling);
    }

    /// Forgets those of a namespace that goes.
    pub(super) fn forget(&mut self, namespace: &str) {
        self.waiting.retain(|(within, _), _| within != namespace);
    }

    /// Returns when they are due, if any wait.
    pub(super) fn due(&self) -> Option<Timestamp> {
        let due = self.told_at.map_or_else(Timestamp::default, |at| at.plus(APART));
        (!self.waiting.is_empty()).then_some(due)
    }

    /// Returns those that are to be told now. A clock that was put back makes none wait longer.
    fn take(&mut self, now: Timestamp) -> BTreeMap<Name, Telling> {
        let just_told = self.told_at.is_some_and(|at| at <= now && now < at.plus(APART));
        if just_told || self.waiting.is_empty() {
            return BTreeMap::new();
        }
        self.told_at = Some(now);
        std::mem::take(&mut self.waiting)
    }
}

impl Turn<'_> {
    /// Tells of the repeats that are due; of all of them where the host stops.
    pub(super) fn tell_repeats(&mut self, stops: bool) {
        if stops {
            self.state.repeats.told_at = None;
        }
        let repeats = self.state.repeats.take(self.now);
        self.stage.events.extend(repeats);
    }
}
