//! YAML text to documents, bounded while it is read: nesting, values with every alias written out,
//! documents. An error ends its document; the next one is read all the same.

use granit_parser::{ErrorKind, Parser, ScanError, StrInput};

use super::build::{Builder, Step};
use super::tree::Node;
use super::{Position, Problem, bounds};

/// What was read of a text.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// The documents that could be read and have something in them, with their numbers.
    pub(super) documents: Vec<(usize, Node)>,
    /// What is wrong, with the number of its document.
    pub(super) faults: Vec<(usize, Fault)>,
}

/// Something wrong, and where.
#[derive(Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) at: Position,
    /// The key, where the fault is about one.
    pub(super) field: String,
    pub(super) problem: Problem,
}

impl Fault {
    pub(super) fn new(at: Position, problem: Problem) -> Self {
        Self { at, field: String::new(), problem }
    }

    pub(super) fn syntax(at: Position, why: impl Into<String>) -> Self {
        Self::new(at, Problem::Syntax(why.into()))
    }
}

/// Reads every document of `text`, whose length the caller has checked.
pub(super) fn documents(text: &str) -> Parsed {
    let options = granit_parser::options! {
        flow_nesting_limit: bounds::DEPTH,
        block_nesting_limit: bounds::DEPTH,
        emit_comments: false,
    };
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut parsed = Parsed::default();
    let (mut number, mut values) = (1, 0);
    loop {
        let mut builder = Builder::new(bounds::VALUES - values);
        let end = document(&mut parser, text, &mut builder);
        if number > bounds::DOCUMENTS && !matches!(end, End::Stream | End::Document(None)) {
            parsed.faults.push((0, too_many()));
            return parsed;
        }
        values += builder.values();
        let found = builder.into_faults().into_iter().map(|fault| (number, fault));
        parsed.faults.extend(found.take(bounds::ERRORS.saturating_sub(parsed.faults.len())));
        match end {
            End::Stream => return parsed,
            End::Document(Some(node)) => {
                parsed.documents.push((number, node));
                number += 1;
            }
            // Nothing but comments between two markers, which is no document to kubectl either.
            End::Document(None) => {}
            End::Fault(fault) => {
                parsed.faults.push((number, fault));
                let more = values < bounds::VALUES && parser.proceed_next_document() == Ok(true);
                if !more || parsed.faults.len() >= bounds::ERRORS {
                    return parsed;
                }
                number += 1;
            }
        }
    }
}

/// How the reading of one document ended.
enum End {
    /// With its value; none where it is empty.
    Document(Option<Node>),
    /// With an error that leaves nothing of it.
    Fault(Fault),
    /// There was none left.
    Stream,
}

fn document<'t>(
    parser: &mut Parser<'t, StrInput<'t>>,
    text: &'t str,
    builder: &mut Builder,
) -> End {
    let mut root = None;
    for next in parser.by_ref() {
        let (event, span) = match next {
            Ok(next) => next,
            Err(error) => return End::Fault(scan_fault(text, &error)),
        };
        match builder.take(event, span) {
            Ok(Step::More) => {}
            Ok(Step::Root(node)) => root = Some(node),
            Ok(Step::DocumentEnd) => {
                return End::Document(root.filter(|node| !node.to_value().is_null()));
            }
            Err(fault) => return End::Fault(fault),
        }
    }
    End::Stream
}

fn too_many() -> Fault {
    let (limit, remedy) = (bounds::DOCUMENTS, "split the file");
    let problem = Problem::Bound { what: "documents", limit, remedy };
    Fault::new(Position { line: 1, column: 1 }, problem)
}

pub(super) fn too_deep() -> Problem {
    let (what, limit) = ("lists and maps within each other", bounds::DEPTH);
    Problem::Bound { what, limit, remedy: "no kind has fields that deep" }
}

/// Says what is wrong with the text, and what to do about it.
#[allow(clippy::wildcard_enum_match_arm, reason = "the parser's enum is open")]
fn scan_fault(text: &str, error: &ScanError) -> Fault {
    let marker = error.marker();
    let at = Position { line: marker.line(), column: marker.col() + 1 };
    match error.kind() {
        ErrorKind::RecursionLimitExceeded => Fault::new(at, too_deep()),
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart => {
            let why = "a tab where YAML takes only spaces; replace it by spaces";
            Fault::syntax(indenting_tab(text, at), why)
        }
        ErrorKind::UnknownAnchor => {
            let why = "the alias (*name) names no anchor (&name) above it in this document; add the \
                       anchor, or quote the text if it is none";
            Fault::syntax(at, why)
        }
        ErrorKind::MappingValueNotAllowed => {
            let why =
                "\": \" is not expected here; align the key with its neighbours, or quote the text";
            Fault::syntax(at, why)
        }
        ErrorKind::UnexpectedCharacter { character } => {
            let why = format!("unexpected character {character:?}; quote the text that it is in");
            Fault::syntax(at, why)
        }
        _ => {
            let why = error.info();
            let advice = "check quotes, brackets and indentation from here on";
            Fault::syntax(at, format!("{why}; {advice}"))
        }
    }
}

/// Returns where the tab is: the parser sometimes names the text before it.
fn indenting_tab(text: &str, at: Position) -> Position {
    let lines = text.lines().enumerate().skip(at.line.saturating_sub(1));
    for (index, line) in lines {
        let indentation = line.len() - line.trim_start().len();
        if let Some(tab) = line[..indentation].find('\t') {
            return Position { line: index + 1, column: tab + 1 };
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::documents;

    #[test]
    fn anchors_and_merge_keys_are_written_out() {
        let text = "\
one: &one {a: 1, b: &b '2'}
two: &two {b: 3, c: 4}
merged: {<<: [*one, *two], a: 5, '<<': quoted, d: *b}
nested: {<<: *one, b: {<<: *two}}
5: five
";
        let parsed = documents(text);
        assert_eq!(parsed.faults, []);
        let expected = json!({
            "one": {"a": 1, "b": "2"},
            "two": {"b": 3, "c": 4},
            "merged": {"a": 5, "b": "2", "c": 4, "<<": "quoted", "d": "2"},
            "nested": {"a": 1, "b": {"b": 3, "c": 4}},
            "5": "five",
        });
        assert_eq!(parsed.documents[0].1.to_value(), expected);
    }

    #[test]
    fn a_document_after_a_broken_one_is_read() {
        let parsed = documents("a: [\n---\nb: 1\n---\nc: \"\n---\nd: 2\n");
        let read: Vec<_> = parsed.documents.iter().map(|(n, node)| (*n, node.to_value())).collect();
        assert_eq!(read, [(2, json!({"b": 1})), (4, json!({"d": 2}))]);
        let wrong: Vec<_> = parsed.faults.iter().map(|(n, fault)| (*n, fault.at.line)).collect();
        assert_eq!(wrong, [(1, 1), (3, 5)]);
    }
}
