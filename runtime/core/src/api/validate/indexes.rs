//! Index lists such as `1,3-5,7`, as pkg/apis/batch/validation reads them.

/// Why a text is no list of indexes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum IndexesError {
    #[error(
        "the fragment \"{0}\" violates the requirement that an index interval can have at most two \
         parts separated by '-'"
    )]
    TooManyParts(String),
    #[error("cannot convert string to integer for index: \"{0}\"")]
    NoNumber(String),
    #[error("too large index: \"{0}\"")]
    TooLarge(String),
    #[error("non-increasing order, previous: {previous}, current: {current}")]
    Order { previous: i64, current: i64 },
}

/// Returns how many indexes below `completions` the list names.
pub(super) fn count(text: &str, completions: i32) -> Result<i64, IndexesError> {
    Ok(intervals(text, completions)?.iter().map(|(first, last)| last - first + 1).sum())
}

/// Returns the first index that both lists name; lists that cannot be read name none.
pub(super) fn overlap(one: &str, other: &str, completions: i32) -> Option<i64> {
    let one = intervals(one, completions).unwrap_or_default();
    let other = intervals(other, completions).unwrap_or_default();
    let pairs = one.iter().flat_map(|a| other.iter().map(move |b| (a, b)));
    pairs.filter(|(a, b)| a.0 <= b.1 && b.0 <= a.1).map(|(a, b)| a.0.max(b.0)).min()
}

fn intervals(text: &str, completions: i32) -> Result<Vec<(i64, i64)>, IndexesError> {
    let mut read: Vec<(i64, i64)> = Vec::new();
    for part in text.split(',').filter(|_| !text.is_empty()) {
        let (first, last) = interval(part, completions)?;
        if let Some((_, previous)) = read.last().copied()
            && previous >= first
        {
            return Err(IndexesError::Order { previous, current: first });
        }
        read.push((first, last));
    }
    Ok(read)
}

fn interval(part: &str, completions: i32) -> Result<(i64, i64), IndexesError> {
    let bounds: Vec<&str> = part.split('-').collect();
    match bounds.as_slice() {
        [first] => index(first, completions).map(|first| (first, first)),
        [first, last] => {
            let (first, last) = (index(first, completions)?, index(last, completions)?);
            if first >= last {
                return Err(IndexesError::Order { previous: first, current: last });
            }
            Ok((first, last))
        }
        _ => Err(IndexesError::TooManyParts(part.to_owned())),
    }
}

fn index(text: &str, completions: i32) -> Result<i64, IndexesError> {
    let number: i64 = text.parse().map_err(|_| IndexesError::NoNumber(text.to_owned()))?;
    if number >= i64::from(completions) {
        return Err(IndexesError::TooLarge(text.to_owned()));
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_indexes_of_two_lists_overlap_at_the_first_that_both_name() {
        for (one, other, first) in [
            ("0-3", "3", Some(3)),
            ("0,2,4", "1,3", None),
            ("1-8", "0,5-6", Some(5)),
            ("", "1", None),
        ] {
            assert_eq!(overlap(one, other, 10), first, "{one} and {other}");
        }
    }
}
