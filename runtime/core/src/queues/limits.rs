//! The numbers of a queue, and the two decisions that hang on them: whether an item may come in, and what
//! becomes of one that failed.

use std::time::Duration;

/// How much a queue holds, dead letters included. More is refused, with the number in the refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLimits {
    /// Items.
    pub items: u64,
    /// Bytes of all items together.
    pub bytes: u64,
    /// Bytes of one item.
    pub item_bytes: u64,
}

impl Default for QueueLimits {
    /// A million items, 1 GiB, 1 MiB each.
    fn default() -> Self {
        Self { items: 1_000_000, bytes: 1 << 30, item_bytes: 1 << 20 }
    }
}

/// What a queue holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Contents {
    /// Items.
    pub items: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl QueueLimits {
    /// Returns whether a queue that holds `held` takes `more`.
    #[must_use]
    pub fn fit(&self, held: Contents, more: Contents) -> bool {
        held.items.saturating_add(more.items) <= self.items
            && held.bytes.saturating_add(more.bytes) <= self.bytes
    }
}

/// How items are delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueRules {
    /// How long a lease runs before the item is delivered to somebody else.
    pub visibility: Duration,
    /// Deliveries after which an item that failed again is buried; at least one.
    pub max_attempts: u32,
}

impl Default for QueueRules {
    /// Five minutes, five deliveries.
    fn default() -> Self {
        Self { visibility: Duration::from_mins(5), max_attempts: 5 }
    }
}

/// What becomes of an item that was delivered and not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is delivered again.
    Again,
    /// It is buried in the dead letters.
    Dead,
}

/// Returns what becomes of an item after so many deliveries, none of them acknowledged.
#[must_use]
pub fn fate(attempts: u32, rules: &QueueRules) -> Fate {
    if attempts >= rules.max_attempts.max(1) { Fate::Dead } else { Fate::Again }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_buried_after_its_last_attempt() {
        for (attempts, max_attempts, expected) in
            [(0, 3, Fate::Again), (2, 3, Fate::Again), (3, 3, Fate::Dead), (1, 0, Fate::Dead)]
        {
            let rules = QueueRules { max_attempts, ..QueueRules::default() };
            assert_eq!(fate(attempts, &rules), expected, "{attempts} of {max_attempts}");
        }
    }

    #[test]
    fn a_queue_takes_what_fits_by_number_and_by_bytes() {
        let limits = QueueLimits { items: 2, bytes: 10, item_bytes: 10 };
        for (held, more, fits) in
            [((0, 0), (2, 10), true), ((1, 1), (2, 2), false), ((1, 6), (1, 5), false)]
        {
            let contents = |(items, bytes)| Contents { items, bytes };
            assert_eq!(limits.fit(contents(held), contents(more)), fits, "{held:?} and {more:?}");
        }
    }
}
