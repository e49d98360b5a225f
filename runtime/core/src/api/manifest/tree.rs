//! A document with the place of everything in it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Position;

/// A value, and where it starts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// Where it starts.
    pub(super) at: Position,
    /// How many values it has in it, itself included.
    pub(super) size: usize,
    /// The value.
    pub(super) inner: Inner,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Inner {
    /// Text, a number, true, false or null.
    Scalar(Value),
    /// A list.
    List(Vec<Node>),
    /// A map.
    Map(BTreeMap<String, Entry>),
}

/// A map's value, and where its key starts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// Where the key starts.
    pub(super) at: Position,
    /// The value.
    pub(super) node: Node,
}

impl Node {
    /// Returns the value alone.
    pub(super) fn to_value(&self) -> Value {
        match &self.inner {
            Inner::Scalar(value) => value.clone(),
            Inner::List(items) => Value::Array(items.iter().map(Self::to_value).collect()),
            Inner::Map(entries) => {
                let fields =
                    entries.iter().map(|(key, entry)| (key.clone(), entry.node.to_value()));
                Value::Object(fields.collect())
            }
        }
    }

    /// Returns the entry under `key`, if this is a map that has one.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.inner {
            Inner::Map(entries) => entries.get(key),
            Inner::Scalar(_) | Inner::List(_) => None,
        }
    }

    /// Returns the text under `key`; none where it is empty.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match &self.entry(key)?.node.inner {
            Inner::Scalar(Value::String(text)) => {
                Some(text.as_str()).filter(|text| !text.is_empty())
            }
            Inner::Scalar(_) | Inner::List(_) | Inner::Map(_) => None,
        }
    }

    /// Takes the items of the list under `key` out; none where there is no list.
    pub(super) fn take_list(&mut self, key: &str) -> Vec<Self> {
        let Inner::Map(entries) = &mut self.inner else { return Vec::new() };
        match entries.remove(key).map(|entry| entry.node.inner) {
            Some(Inner::List(items)) => items,
            Some(Inner::Scalar(_) | Inner::Map(_)) | None => Vec::new(),
        }
    }

    /// Returns what the value is, in words.
    pub(super) fn kind_word(&self) -> &'static str {
        match &self.inner {
            Inner::List(_) => "a list",
            Inner::Map(_) => "a map",
            Inner::Scalar(Value::String(_)) => "text",
            Inner::Scalar(Value::Number(_)) => "a number",
            Inner::Scalar(_) => "true, false or null",
        }
    }

    /// Returns where the field of that path is: its key, or its list's item; of what is not there, the
    /// nearest that is around it.
    pub(super) fn position_of(&self, path: &str) -> Position {
        let mut at = self.at;
        let (mut node, mut rest) = (self, path);
        while !rest.is_empty() {
            let Some(step) = node.step(rest) else { break };
            (at, node, rest) = step;
        }
        at
    }

    /// Goes one segment along `path`: where that is, what is there, and what is left of the path.
    fn step<'a>(&self, path: &'a str) -> Option<(Position, &Self, &'a str)> {
        match &self.inner {
            Inner::Scalar(_) => None,
            Inner::List(items) => {
                let (index, rest) = path.strip_prefix('[')?.split_once(']')?;
                let item = items.get(index.parse::<usize>().ok()?)?;
                Some((item.at, item, rest))
            }
            Inner::Map(entries) => {
                let (entry, rest) = match path.strip_prefix('[') {
                    Some(inner) => {
                        let (key, rest) = inner.split_once(']')?;
                        (entries.get(key)?, rest)
                    }
                    None => named(entries, path.strip_prefix('.').unwrap_or(path))?,
                };
                Some((entry.at, &entry.node, rest))
            }
        }
    }
}

/// Returns the entry that `path` starts with, and the rest: the longest one, because a label's key has
/// dots in it.
fn named<'n, 'p>(
    entries: &'n BTreeMap<String, Entry>,
    path: &'p str,
) -> Option<(&'n Entry, &'p str)> {
    let ends = path.match_indices(['.', '[']).map(|(end, _)| end).chain([path.len()]);
    let mut found = None;
    for end in ends {
        if let Some(entry) = entries.get(&path[..end]) {
            found = Some((entry, &path[end..]));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::syntax;

    #[test]
    fn a_path_leads_to_its_line_or_to_the_nearest_one_around_it() {
        let text = "metadata:\n  labels:\n    a.b/c: x\n    a: y\nspec:\n  list:\n  - one: 1\n    two: 2\n  - 3\n";
        let parsed = syntax::documents(text);
        let root = &parsed.documents[0].1;
        for (path, line, column) in [
            ("", 1, 1),
            ("metadata.labels", 2, 3),
            ("metadata.labels.a.b/c", 3, 5),
            ("metadata.labels[a.b/c]", 3, 5),
            ("metadata.labels.a", 4, 5),
            ("spec.list[0]", 7, 5),
            ("spec.list[0].two", 8, 5),
            ("spec.list[0].three.four", 7, 5),
            ("spec.list[1]", 9, 5),
            ("spec.list[2]", 6, 3),
            ("spec.list[x", 6, 3),
            ("status", 1, 1),
        ] {
            let found = root.position_of(path);
            assert_eq!((found.line, found.column), (line, column), "{path}");
        }
    }
}
