//! YAML events to one document's tree: keys, anchors and merge keys, each value counted before it is kept.

use std::collections::BTreeMap;

use granit_parser::{Event, ScalarStyle, Span, Tag};

use super::syntax::{Fault, too_deep};
use super::tree::{Entry, Inner, Node};
use super::{Position, Problem, bounds, scalar};
use crate::api::field::Path;

fn position(span: Span) -> Position {
    Position { line: span.start.line(), column: span.start.col() + 1 }
}

/// What an event led to.
pub(super) enum Step {
    /// The document goes on.
    More,
    /// Its value is whole.
    Root(Node),
    /// It is over.
    DocumentEnd,
}

/// A list or map that is not read to its end.
struct Open {
    at: Position,
    anchor: usize,
    size: usize,
    inner: OpenInner,
}

enum OpenInner {
    List(Vec<Node>),
    Map { entries: BTreeMap<String, Entry>, key: Option<Key>, merged: Vec<Node> },
}

struct Key {
    at: Position,
    /// None for `<<`, whose value's entries belong to the map itself.
    name: Option<String>,
}

/// One document while it is read.
#[derive(Default)]
pub(super) struct Builder {
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    faults: Vec<Fault>,
    values: usize,
    budget: usize,
}

impl Builder {
    /// Starts a document that may have `budget` values.
    pub(super) fn new(budget: usize) -> Self {
        Self { budget, ..Self::default() }
    }

    /// Returns how many values were counted.
    pub(super) const fn values(&self) -> usize {
        self.values
    }

    /// Returns what is wrong without ending the document: keys that were given twice.
    pub(super) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    /// Takes the next event of the document.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the parser's enum is open, by its features too"
    )]
    pub(super) fn take(&mut self, event: Event<'_>, span: Span) -> Result<Step, Fault> {
        let at = position(span);
        match event {
            Event::DocumentEnd => Ok(Step::DocumentEnd),
            Event::SequenceStart(_, anchor, _) => {
                self.start(at, anchor, OpenInner::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, _) => {
                let entries = BTreeMap::new();
                self.start(at, anchor, OpenInner::Map { entries, key: None, merged: Vec::new() })
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(at, &text, style, anchor, tag.as_deref())
            }
            Event::Alias(anchor) => self.alias(at, anchor),
            // Where streams and documents start, and what only comes with options that are not set.
            _ => Ok(Step::More),
        }
    }

    /// Counts `size` values more.
    fn spend(&mut self, at: Position, size: usize) -> Result<(), Fault> {
        self.values = self.values.saturating_add(size);
        if self.values <= self.budget {
            return Ok(());
        }
        let remedy = "split the file, and write fewer aliases of large values";
        let what = "values, aliases written out";
        Err(Fault::new(at, Problem::Bound { what, limit: bounds::VALUES, remedy }))
    }

    fn start(&mut self, at: Position, anchor: usize, inner: OpenInner) -> Result<Step, Fault> {
        if self.open.len() >= bounds::DEPTH {
            return Err(Fault::new(at, too_deep()));
        }
        if self.wants_key() {
            return Err(key_is_no_text(at));
        }
        self.spend(at, 1)?;
        self.open.push(Open { at, anchor, size: 1, inner });
        Ok(Step::More)
    }

    fn end(&mut self) -> Result<Step, Fault> {
        let Some(Open { at, anchor, size, inner }) = self.open.pop() else { return Ok(Step::More) };
        let inner = match inner {
            OpenInner::List(items) => Inner::List(items),
            OpenInner::Map { mut entries, merged, .. } => {
                merge(&mut entries, merged)?;
                Inner::Map(entries)
            }
        };
        self.place(Node { at, size, inner }, anchor)
    }

    fn scalar(
        &mut self,
        at: Position,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
    ) -> Result<Step, Fault> {
        if self.wants_key() && text == "<<" && style == ScalarStyle::Plain {
            self.set_key(Key { at, name: None });
            return Ok(Step::More);
        }
        let value = scalar::resolve(text, style, tag).map_err(|why| Fault::syntax(at, why))?;
        self.spend(at, 1)?;
        self.place(Node { at, size: 1, inner: Inner::Scalar(value) }, anchor)
    }

    fn alias(&mut self, at: Position, anchor: usize) -> Result<Step, Fault> {
        let Some(size) = self.anchors.get(&anchor).map(|node| node.size) else {
            let why = "the alias stands within the value that it names; write the value out";
            return Err(Fault::syntax(at, why));
        };
        // Before the copy is made: this is what an alias bomb would have.
        self.spend(at, size)?;
        let node = self.anchors[&anchor].clone();
        self.place(node, 0)
    }

    /// Returns the path of the key `name` in the map that is being read.
    fn path_of(&self, name: &str) -> String {
        let mut path = Path::root();
        for open in &self.open {
            path = match &open.inner {
                OpenInner::List(items) => path.index(items.len()),
                OpenInner::Map { key: Some(Key { name: Some(name), .. }), .. } => path.child(name),
                OpenInner::Map { .. } => path,
            };
        }
        path.child(name).to_string()
    }

    fn wants_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { inner: OpenInner::Map { key: None, .. }, .. }))
    }

    fn set_key(&mut self, new: Key) {
        if let Some(Open { inner: OpenInner::Map { key, .. }, .. }) = self.open.last_mut() {
            *key = Some(new);
        }
    }

    /// Puts a value, now whole, where it belongs.
    fn place(&mut self, node: Node, anchor: usize) -> Result<Step, Fault> {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else { return Ok(Step::Root(node)) };
        open.size += node.size;
        match &mut open.inner {
            OpenInner::List(items) => items.push(node),
            OpenInner::Map { key: slot @ None, .. } => {
                let at = node.at;
                let name = key_name(&node).ok_or_else(|| key_is_no_text(at))?;
                *slot = Some(Key { at, name: Some(name) });
            }
            OpenInner::Map { entries, key, merged } => match key.take() {
                Some(Key { at, name: Some(name) }) => {
                    let first = entries.insert(name.clone(), Entry { at, node });
                    if let Some(first) = first.filter(|_| self.faults.len() < bounds::ERRORS) {
                        let problem = Problem::Duplicate { first_line: first.at.line };
                        self.faults.push(Fault { at, field: self.path_of(&name), problem });
                    }
                }
                Some(Key { name: None, .. }) | None => merged.push(node),
            },
        }
        Ok(Step::More)
    }
}

/// Adds the entries of what `<<` names; the map's own stay, and those of the first one named.
fn merge(entries: &mut BTreeMap<String, Entry>, merged: Vec<Node>) -> Result<(), Fault> {
    for node in merged {
        match node.inner {
            Inner::Map(more) => {
                for (key, entry) in more {
                    entries.entry(key).or_insert(entry);
                }
            }
            Inner::List(items) if items.iter().all(|item| matches!(item.inner, Inner::Map(_))) => {
                merge(entries, items)?;
            }
            Inner::List(_) | Inner::Scalar(_) => {
                let why = "<< takes a map or a list of maps, such as *base; name one, or quote it";
                return Err(Fault::syntax(node.at, why));
            }
        }
    }
    Ok(())
}

/// Returns a key as JSON has it: numbers and booleans are written out.
fn key_name(node: &Node) -> Option<String> {
    match &node.inner {
        Inner::Scalar(serde_json::Value::String(text)) => Some(text.clone()),
        Inner::Scalar(value) if !value.is_null() => Some(value.to_string()),
        Inner::Scalar(_) | Inner::List(_) | Inner::Map(_) => None,
    }
}

fn key_is_no_text(at: Position) -> Fault {
    Fault::syntax(at, "a key must be text; quote what begins with a brace or bracket")
}
