//! From a template's text to its parts.

use serde_json::Value;

use super::{Comparison, JsonPath, Node, Operand, Operator, Step, Test};

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParseError {
    /// A brace, bracket or quote is not closed.
    #[error("unclosed {what}")]
    Unclosed {
        /// What is not closed.
        what: &'static str,
    },
    /// `{end}` without `{range}`.
    #[error("not in range, nothing to end")]
    NothingToEnd,
    /// What is inside brackets is no index.
    #[error("invalid array index {given}")]
    Index {
        /// What was given.
        given: String,
    },
    /// A character that nothing begins with.
    #[error("unrecognized character in action: {given:?}")]
    Character {
        /// Which.
        given: char,
    },
    /// A filter that is no comparison.
    #[error("unrecognized filter {given}")]
    Filter {
        /// What was given.
        given: String,
    },
}

impl JsonPath {
    /// Returns the parsed `template`.
    pub(crate) fn parse(template: &str) -> Result<Self, ParseError> {
        let mut open: Vec<(Vec<Step>, Vec<Node>)> = Vec::new();
        let mut nodes = Vec::new();
        let mut rest = template;
        while !rest.is_empty() {
            let Some((text, action)) = rest.split_once('{') else {
                nodes.push(Node::Text(rest.to_owned()));
                break;
            };
            if !text.is_empty() {
                nodes.push(Node::Text(text.to_owned()));
            }
            let end = closing(action, '}').ok_or(ParseError::Unclosed { what: "action" })?;
            match action[..end].trim() {
                "end" => {
                    let (path, before) = open.pop().ok_or(ParseError::NothingToEnd)?;
                    let inside = std::mem::replace(&mut nodes, before);
                    nodes.push(Node::Range(path, inside));
                }
                range if range == "range" || range.starts_with("range ") => {
                    let path = Cursor::new(range["range".len()..].trim()).path()?;
                    open.push((path, std::mem::take(&mut nodes)));
                }
                plain => nodes.extend(action_nodes(plain)?),
            }
            rest = &action[end + 1..];
        }
        if open.is_empty() { Ok(Self(nodes)) } else { Err(ParseError::Unclosed { what: "range" }) }
    }
}

/// Returns where `close` is in `text`, outside of quotes.
fn closing(text: &str, close: char) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (_, '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, c) if c == close => return Some(at),
            _ => {}
        }
    }
    None
}

/// Returns the parts of an action: paths and quoted texts, one after another.
fn action_nodes(text: &str) -> Result<Vec<Node>, ParseError> {
    let mut nodes = Vec::new();
    let mut cursor = Cursor::new(text);
    while let Some(c) = cursor.peek_past_space() {
        if c == '"' || c == '\'' {
            nodes.push(Node::Text(cursor.quoted()?));
        } else {
            nodes.push(Node::Path(cursor.path()?));
        }
    }
    Ok(nodes)
}

struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    const fn new(rest: &'a str) -> Self {
        Self { rest }
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn peek_past_space(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.peek()
    }

    fn advance(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        taken
    }

    /// A text in quotes, with Go's escapes.
    fn quoted(&mut self) -> Result<String, ParseError> {
        let fault = ParseError::Unclosed { what: "quote" };
        let quote = self.peek().ok_or_else(|| fault.clone())?;
        self.advance(quote.len_utf8());
        let mut text = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            if c == quote {
                self.advance(at + c.len_utf8());
                return Ok(text);
            }
            if c != '\\' {
                text.push(c);
                continue;
            }
            match chars.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, 't')) => text.push('\t'),
                Some((_, 'r')) => text.push('\r'),
                Some((_, other)) => text.push(other),
                None => return Err(fault),
            }
        }
        Err(fault)
    }

    /// The steps up to a space, a quote or the end.
    fn path(&mut self) -> Result<Vec<Step>, ParseError> {
        let mut steps = Vec::new();
        while let Some(c) = self.peek() {
            match c {
                '$' | '@' => {
                    self.advance(1);
                }
                '.' if self.rest.starts_with("..") => {
                    self.advance(2);
                    steps.push(Step::Descend);
                    if self.peek().is_some_and(|c| c != '[') {
                        steps.extend(self.field());
                    }
                }
                '.' => {
                    self.advance(1);
                    steps.extend(self.field());
                }
                '[' => {
                    self.advance(1);
                    let end = bracket_end(self.rest)?;
                    let inside = self.advance(end);
                    self.advance(1);
                    steps.push(bracket(inside.trim())?);
                }
                c if steps.is_empty() && (c.is_alphanumeric() || c == '_' || c == '*') => {
                    steps.extend(self.field());
                }
                c if c.is_whitespace() || c == '"' || c == '\'' => break,
                given => return Err(ParseError::Character { given }),
            }
        }
        Ok(steps)
    }

    /// A field's name; `\` takes the next character as it is.
    fn field(&mut self) -> Option<Step> {
        let mut name = String::new();
        let mut chars = self.rest.char_indices();
        let mut end = self.rest.len();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => name.extend(chars.next().map(|(_, c)| c)),
                '.' | '[' | ']' | ' ' | '\t' | '\n' | '"' | '\'' | '@' | '$' | '=' | '!' | '<'
                | '>' | ')' => {
                    end = at;
                    break;
                }
                c => name.push(c),
            }
        }
        self.advance(end);
        match name.as_str() {
            "" => None,
            "*" => Some(Step::Wildcard),
            _ => Some(Step::Field(name)),
        }
    }
}

/// Returns where the bracket that is open closes, outside of quotes and of brackets inside.
fn bracket_end(text: &str) -> Result<usize, ParseError> {
    let mut depth = 0usize;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Ok(at),
            (None, ']') => depth -= 1,
            _ => {}
        }
    }
    Err(ParseError::Unclosed { what: "array" })
}

fn bracket(inside: &str) -> Result<Step, ParseError> {
    if inside == "*" {
        return Ok(Step::Wildcard);
    }
    if let Some(filter) = inside.strip_prefix("?(").and_then(|rest| rest.strip_suffix(')')) {
        return comparison(filter.trim()).map(Step::Filter);
    }
    let parts = split_outside_quotes(inside);
    if let [one] = parts.as_slice() {
        return one_of_bracket(one.trim());
    }
    let steps = parts.iter().map(|part| union_member(part.trim()));
    steps.collect::<Result<_, _>>().map(Step::Union)
}

/// `'a.b'` in a union is a path of its own, as client-go reads it.
fn union_member(part: &str) -> Result<Vec<Step>, ParseError> {
    match unquoted(part) {
        Some(path) => Cursor::new(path).path(),
        None => one_of_bracket(part).map(|step| vec![step]),
    }
}

fn one_of_bracket(part: &str) -> Result<Step, ParseError> {
    if let Some(path) = unquoted(part) {
        return Ok(Step::Union(vec![Cursor::new(path).path()?]));
    }
    let fault = || ParseError::Index { given: part.to_owned() };
    let number = |text: &str| match text.trim() {
        "" => Ok(None),
        text => text.parse::<i64>().map(Some).map_err(|_| fault()),
    };
    let ends: Vec<Option<i64>> = part.split(':').map(number).collect::<Result<_, _>>()?;
    match ends.as_slice() {
        [Some(index)] => Ok(Step::Index(*index)),
        [start, end] => Ok(Step::Slice { start: *start, end: *end, step: 1 }),
        [start, end, step] => {
            let step = step.unwrap_or(1);
            if step > 0 { Ok(Step::Slice { start: *start, end: *end, step }) } else { Err(fault()) }
        }
        _ => Err(fault()),
    }
}

fn unquoted(part: &str) -> Option<&str> {
    ['\'', '"'].into_iter().find_map(|quote| part.strip_prefix(quote)?.strip_suffix(quote))
}

fn split_outside_quotes(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(end) = closing(rest, ',') {
        parts.push(&rest[..end]);
        rest = &rest[end + 1..];
    }
    parts.push(rest);
    parts
}

fn comparison(text: &str) -> Result<Comparison, ParseError> {
    const OPERATORS: [(&str, Operator); 6] = [
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ];
    let first = ['=', '!', '<', '>'].into_iter().filter_map(|c| closing(text, c)).min();
    let Some(at) = first else {
        return Ok(Comparison { left: operand(text)?, test: Test::Exists });
    };
    let fault = || ParseError::Filter { given: text.to_owned() };
    let (sign, operator) =
        OPERATORS.into_iter().find(|(sign, _)| text[at..].starts_with(sign)).ok_or_else(fault)?;
    let right = operand(text[at + sign.len()..].trim())?;
    Ok(Comparison { left: operand(text[..at].trim())?, test: Test::Compare(operator, right) })
}

fn operand(text: &str) -> Result<Operand, ParseError> {
    if let Some(text) = unquoted(text) {
        return Ok(Operand::Literal(Value::from(text)));
    }
    if text.starts_with(['@', '$', '.']) {
        return Cursor::new(text).path().map(Operand::Path);
    }
    let literal = serde_json::from_str(text);
    literal.map(Operand::Literal).map_err(|_| ParseError::Filter { given: text.to_owned() })
}
