//! A trigger's path: segments that are text, and segments in braces that take any text.

use std::collections::BTreeMap;

/// The longest path, in bytes.
const MOST_BYTES: usize = 1_024;
/// The most segments.
const MOST_SEGMENTS: usize = 32;

/// The first segment of every `Location`, which is no trigger's.
pub const LOCATIONS: &str = ".jobs";

/// Why a text is no path of a trigger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It does not begin with a slash.
    #[error("must begin with '/'")]
    NoSlash,
    /// It is too long.
    #[error("must be no more than {MOST_BYTES} bytes and {MOST_SEGMENTS} segments")]
    TooLong,
    /// A segment is empty, as after a slash at the end.
    #[error("must have no empty segment and no '/' at its end")]
    EmptySegment,
    /// A segment holds what a path cannot hold as it is.
    #[error("segment {0:?} may have letters, digits and any of -._~!$&'()*+,;=:@")]
    Text(String),
    /// A segment is `.` or `..`, which clients resolve.
    #[error("must have no segment '.' or '..'")]
    Dots,
    /// The path is the endpoint's own.
    #[error(
        "must not begin with '/{LOCATIONS}', where the endpoint tells what became of a request"
    )]
    Reserved,
    /// What is between braces is no name.
    #[error(
        "the name in {0:?} must begin with a letter or '_' and have letters, digits and '_' alone, and \
         the braces must be the whole segment"
    )]
    Name(String),
    /// Two segments have one name.
    #[error("the name {0:?} is used twice")]
    Twice(String),
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    /// Just this text. Text is before a name, so that the order of patterns is that of precedence.
    Text(String),
    /// Any text, known by this name.
    Named(String),
}

/// A trigger's path, such as `/users/{name}/report`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    segments: Vec<Segment>,
}

impl Pattern {
    /// Returns the pattern that `text` describes.
    ///
    /// # Errors
    /// Where the text is none.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let rest = text.strip_prefix('/').ok_or(PatternError::NoSlash)?;
        if rest.is_empty() {
            return Ok(Self { segments: Vec::new() });
        }
        if text.len() > MOST_BYTES || rest.split('/').count() > MOST_SEGMENTS {
            return Err(PatternError::TooLong);
        }
        let segments: Vec<Segment> = rest.split('/').map(segment).collect::<Result<_, _>>()?;
        if segments.first() == Some(&Segment::Text(LOCATIONS.to_owned())) {
            return Err(PatternError::Reserved);
        }
        let mut names = std::collections::BTreeSet::new();
        for segment in &segments {
            if let Segment::Named(name) = segment
                && !names.insert(name)
            {
                return Err(PatternError::Twice(name.clone()));
            }
        }
        Ok(Self { segments })
    }

    /// Returns what the path of a request, still with its escapes, has in the place of each name; `None`
    /// where the path is another.
    ///
    /// A segment that is no text once its escapes are undone, or that would then read as several or as
    /// none (`/`, `.`, `..`, a control character), is no name's value: what takes it for a part of a
    /// file's path must not be led astray.
    #[must_use]
    pub fn matches(&self, path: &str) -> Option<BTreeMap<String, String>> {
        let rest = path.strip_prefix('/')?;
        let parts = if rest.is_empty() { Vec::new() } else { rest.split('/').collect() };
        if parts.len() != self.segments.len() {
            return None;
        }
        let mut values = BTreeMap::new();
        for (segment, part) in self.segments.iter().zip(parts) {
            let part = decoded(part).filter(|part| is_one_segment(part))?;
            match segment {
                Segment::Text(text) if *text == part => {}
                Segment::Text(_) => return None,
                Segment::Named(name) => {
                    values.insert(name.clone(), part);
                }
            }
        }
        Some(values)
    }

    /// Returns whether both take the very same paths.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let shape = |pattern: &Self| -> Vec<Option<String>> {
            let text = |segment: &Segment| match segment {
                Segment::Text(text) => Some(text.clone()),
                Segment::Named(_) => None,
            };
            pattern.segments.iter().map(text).collect()
        };
        shape(self) == shape(other)
    }

    /// Returns the key of precedence: of two patterns that take one path, the one with the lower key has
    /// text where the other has a name, at the first segment where they differ.
    pub(super) fn precedence(&self) -> Vec<bool> {
        self.segments.iter().map(|segment| matches!(segment, Segment::Named(_))).collect()
    }
}

fn segment(text: &str) -> Result<Segment, PatternError> {
    // RFC 3986: unreserved, sub-delims, ':' and '@', without escapes.
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&b);
    if text.contains(['{', '}']) {
        let name = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let name = name.filter(|name| is_name(name));
        return name
            .map(|name| Segment::Named(name.to_owned()))
            .ok_or_else(|| PatternError::Name(text.to_owned()));
    }
    match text {
        "" => Err(PatternError::EmptySegment),
        "." | ".." => Err(PatternError::Dots),
        text if text.bytes().all(is_plain) => Ok(Segment::Text(text.to_owned())),
        text => Err(PatternError::Text(text.to_owned())),
    }
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && text.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

/// Returns `text` with its escapes undone; `None` where one is broken or the bytes are no text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            let value = digit()? * 16 + digit()?;
            bytes.push(u8::try_from(value).expect("two digits are a byte"));
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

fn is_one_segment(text: &str) -> bool {
    !matches!(text, "" | "." | "..") && !text.contains('/') && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_is_read_or_refused_with_the_rule() {
        for (text, refused) in [
            ("/", None),
            ("/thumbnail", None),
            ("/users/{name}/report.pdf", None),
            ("thumbnail", Some(PatternError::NoSlash)),
            ("", Some(PatternError::NoSlash)),
            ("/a/", Some(PatternError::EmptySegment)),
            ("/a//b", Some(PatternError::EmptySegment)),
            ("/a/../b", Some(PatternError::Dots)),
            ("/.jobs/a", Some(PatternError::Reserved)),
            ("/a/.jobs", None),
            ("/a b", Some(PatternError::Text("a b".into()))),
            ("/%41", Some(PatternError::Text("%41".into()))),
            ("/{}", Some(PatternError::Name("{}".into()))),
            ("/{1}", Some(PatternError::Name("{1}".into()))),
            ("/a{b}", Some(PatternError::Name("a{b}".into()))),
            ("/{a}/{a}", Some(PatternError::Twice("a".into()))),
        ] {
            assert_eq!(Pattern::parse(text).err(), refused, "{text}");
        }
        let long = format!("/{}", "a".repeat(1_024));
        assert_eq!(Pattern::parse(&long), Err(PatternError::TooLong));
        assert_eq!(Pattern::parse(&"/a".repeat(33)), Err(PatternError::TooLong));
    }

    #[test]
    fn a_request_is_taken_with_its_names() {
        for (pattern, path, values) in [
            ("/", "/", Some(vec![])),
            ("/", "/a", None),
            ("/a", "/a", Some(vec![])),
            ("/a", "/%61", Some(vec![])),
            ("/a", "/a/", None),
            ("/a", "/A", None),
            ("/u/{n}", "/u/J%C3%BCrgen", Some(vec![("n", "Jürgen")])),
            ("/u/{n}", "/u/a+b", Some(vec![("n", "a+b")])),
            ("/u/{n}/{m}", "/u/1/2", Some(vec![("m", "2"), ("n", "1")])),
            ("/u/{n}", "/u/", None),
            ("/u/{n}", "/u/%2e%2e", None),
            ("/u/{n}", "/u/a%2Fb", None),
            ("/u/{n}", "/u/a%00", None),
            ("/u/{n}", "/u/%FF", None),
            ("/u/{n}", "/u/%4", None),
            ("/u/{n}", "/u/%+1", None),
        ] {
            let found = Pattern::parse(pattern).unwrap().matches(path);
            let values = values.map(|pairs| {
                pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
            });
            assert_eq!(found, values, "{path} as {pattern}");
        }
    }

    proptest! {
        #[test]
        fn a_value_is_never_more_than_one_segment(path in "/u/[ -~]{0,12}") {
            if let Some(values) = Pattern::parse("/u/{n}").unwrap().matches(&path) {
                prop_assert!(!values["n"].contains('/') && values["n"] != "..");
            }
        }
    }
}
