//! A set of completion indexes, kept and written as ranges: `1,3-5,7`.

use std::collections::BTreeMap;

/// Completion indexes, as disjoint ranges that do not touch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IndexSet {
    /// First and last index of each range.
    ranges: BTreeMap<u32, u32>,
    count: u32,
}

impl IndexSet {
    /// Adds `index`. Returns whether it was not there before.
    pub fn insert(&mut self, index: u32) -> bool {
        if self.contains(index) {
            return false;
        }
        self.count += 1;
        let mut first = index;
        let mut last = index;
        if let Some((&before, &end)) = self.ranges.range(..index).next_back()
            && end + 1 == index
        {
            first = before;
        }
        if let Some(next) = index.checked_add(1)
            && let Some(end) = self.ranges.remove(&next)
        {
            last = end;
        }
        self.ranges.insert(first, last);
        true
    }

    /// Returns whether `index` is in the set.
    #[must_use]
    pub fn contains(&self, index: u32) -> bool {
        self.ranges.range(..=index).next_back().is_some_and(|(_, &last)| last >= index)
    }

    /// Returns how many indexes are in the set.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.count
    }

    /// Returns whether no index is in the set.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns the set without the indexes from `end` on.
    #[must_use]
    pub fn below(&self, end: u32) -> Self {
        let kept = self.ranges.iter().filter(|&(&first, _)| first < end);
        kept.map(|(&first, &last)| (first, last.min(end - 1))).collect()
    }

    /// Returns how many indexes are in both sets.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> u32 {
        let shared = |(&first, &last): (&u32, &u32)| -> u32 {
            let start = other.ranges.range(..=first).next_back().map_or(first, |(&start, _)| start);
            other
                .ranges
                .range(start..=last)
                .filter(|&(_, &end)| end >= first)
                .map(|(&from, &to)| to.min(last) - from.max(first) + 1)
                .sum()
        };
        self.ranges.iter().map(shared).sum()
    }

    /// Returns the indexes below `end` that are not in the set, in order.
    pub fn missing_below(&self, end: u32) -> impl Iterator<Item = u32> + '_ {
        let starts = std::iter::once(0).chain(self.ranges.values().map(|&last| last + 1));
        let ends = self.ranges.keys().copied().chain(std::iter::once(end));
        starts.zip(ends).flat_map(move |(start, stop)| start..stop.min(end))
    }

    /// Returns the set that `text` writes, such as `1,3-5`; what cannot be read is passed over.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let range = |part: &str| -> Option<(u32, u32)> {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
            (first <= last).then_some((first, last))
        };
        text.split(',').filter_map(range).collect()
    }
}

/// Collects ranges (first, last), in order.
impl FromIterator<(u32, u32)> for IndexSet {
    fn from_iter<I: IntoIterator<Item = (u32, u32)>>(ranges: I) -> Self {
        let mut set = Self::default();
        let mut open: Option<(u32, u32)> = None;
        for (first, last) in ranges {
            open = match open {
                Some((start, end)) if first <= end.saturating_add(1) => {
                    Some((start, end.max(last)))
                }
                Some((start, end)) => {
                    set.push(start, end);
                    Some((first, last))
                }
                None => Some((first, last)),
            };
        }
        if let Some((start, end)) = open {
            set.push(start, end);
        }
        set
    }
}

impl IndexSet {
    fn push(&mut self, first: u32, last: u32) {
        self.ranges.insert(first, last);
        self.count += last - first + 1;
    }
}

/// As `status.completedIndexes` is written: two neighbours as `3,4`, three and more as `3-5`.
impl std::fmt::Display for IndexSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (position, (first, last)) in self.ranges.iter().enumerate() {
            let comma = if position > 0 { "," } else { "" };
            match last - first {
                0 => write!(f, "{comma}{first}")?,
                1 => write!(f, "{comma}{first},{last}")?,
                _ => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn neighbours_join_into_ranges() {
        for (indexes, text) in [
            (vec![], ""),
            (vec![1], "1"),
            (vec![3, 4], "3,4"),
            (vec![5, 3, 4, 1, 7], "1,3-5,7"),
            (vec![0, 2, 1], "0-2"),
        ] {
            let mut set = IndexSet::default();
            for index in &indexes {
                set.insert(*index);
            }
            assert_eq!(set.to_string(), text, "{indexes:?}");
            assert_eq!(IndexSet::parse(text), set, "{text}");
        }
    }

    proptest! {
        #[test]
        fn it_is_a_set(indexes: Vec<u8>, others: Vec<u8>, end in 1u32..300) {
            let model: BTreeSet<u32> = indexes.iter().map(|&i| u32::from(i)).collect();
            let other_model: BTreeSet<u32> = others.iter().map(|&i| u32::from(i)).collect();
            let mut set = IndexSet::default();
            for (position, index) in indexes.iter().enumerate() {
                let new = set.insert(u32::from(*index));
                prop_assert_eq!(new, !indexes[..position].contains(index));
            }
            let mut other = IndexSet::default();
            for index in &other_model {
                other.insert(*index);
            }
            prop_assert_eq!(set.len() as usize, model.len());
            prop_assert_eq!(IndexSet::parse(&set.to_string()), set.clone());
            let missing: Vec<u32> = set.missing_below(end).collect();
            let expected: Vec<u32> = (0..end).filter(|i| !model.contains(i)).collect();
            prop_assert_eq!(missing, expected);
            prop_assert_eq!(set.overlap(&other) as usize, model.intersection(&other_model).count());
            prop_assert_eq!(set.below(end).len() as usize, model.iter().filter(|&&i| i < end).count());
        }
    }
}
