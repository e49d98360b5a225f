//! Which fields the messages have: the table in `messages.txt`, read once.

use std::collections::BTreeMap;
use std::sync::LazyLock;

const TABLE: &str = include_str!("messages.txt");

/// The messages by their names.
static MESSAGES: LazyLock<BTreeMap<&'static str, Message>> = LazyLock::new(parse);

/// The fields of a message by their numbers.
pub(super) type Message = BTreeMap<u32, Field>;

/// A field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    /// Its name in JSON.
    pub(super) name: &'static str,
    /// How often it is there.
    pub(super) shape: Shape,
    /// What a value of it is.
    pub(super) of: Type,
}

/// How the values of a field make up what JSON has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One value, which Go leaves out of JSON where it is zero.
    Plain,
    /// One value that a client may leave unset: zero is a value.
    Optional,
    /// A list.
    List,
    /// A map from text.
    Map,
    /// A message whose fields are written among those of the one around it.
    Inline,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    /// Text.
    Text,
    /// A whole number.
    Whole,
    /// A floating-point number.
    Double,
    /// True or false.
    Truth,
    /// Bytes, which JSON has in Base64.
    Bytes,
    /// A time in whole seconds.
    Time,
    /// A time in microseconds.
    MicroTime,
    /// An amount, as text.
    Quantity,
    /// A number or a text.
    IntOrString,
    /// JSON text within the message.
    Json,
    /// Another message.
    Message(&'static str),
}

/// Returns the message of that name: its name in the table, and its fields.
pub(super) fn message(name: &str) -> Option<(&'static str, &'static Message)> {
    MESSAGES.get_key_value(name).map(|(name, message)| (*name, message))
}

fn parse() -> BTreeMap<&'static str, Message> {
    let mut messages: BTreeMap<&'static str, Message> = BTreeMap::new();
    let mut current = None;
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        if line.starts_with(' ') {
            let fields: &mut Message = current.take().expect("a message's name comes first");
            fields.extend(line.split_whitespace().map(field));
            current = Some(fields);
        } else {
            current = Some(messages.entry(line).or_default());
        }
    }
    messages
}

fn field(text: &'static str) -> (u32, Field) {
    let (name, rest) = text.split_once('=').expect("NAME=NUMBER:TYPE");
    let (number, of) = rest.split_once(':').expect("NAME=NUMBER:TYPE");
    let (shape, of) = shape(of);
    (number.parse().expect("NUMBER is one"), Field { name, shape, of: kind(of) })
}

fn shape(of: &'static str) -> (Shape, &'static str) {
    let within = |open, close| of.strip_prefix(open).and_then(|of: &str| of.strip_suffix(close));
    if let Some(of) = within('[', ']') {
        (Shape::List, of)
    } else if let Some(of) = within('{', '}') {
        (Shape::Map, of)
    } else if let Some(of) = of.strip_suffix('?') {
        (Shape::Optional, of)
    } else if let Some(of) = of.strip_prefix("..") {
        (Shape::Inline, of)
    } else {
        (Shape::Plain, of)
    }
}

fn kind(of: &'static str) -> Type {
    match of {
        "string" => Type::Text,
        "int" => Type::Whole,
        "double" => Type::Double,
        "bool" => Type::Truth,
        "bytes" => Type::Bytes,
        "Time" => Type::Time,
        "MicroTime" => Type::MicroTime,
        "Quantity" => Type::Quantity,
        "IntOrString" => Type::IntOrString,
        "FieldsV1" | "RawExtension" => Type::Json,
        message => Type::Message(message),
    }
}

#[cfg(test)]
mod tests {
    use jobling_core::api::Kind;

    use super::*;

    #[test]
    fn every_kind_has_a_message_and_every_message_that_is_named() {
        // Kubernetes has no messages of other groups' kinds: their clients speak JSON.
        for kind in Kind::ALL.into_iter().filter(|kind| kind.group() != "jobling.dev") {
            assert!(message(kind.name()).is_some(), "{kind}");
        }
        for (name, fields) in MESSAGES.iter() {
            for field in fields.values() {
                if let Type::Message(of) = field.of {
                    assert!(message(of).is_some(), "{name}.{} is a {of}", field.name);
                }
            }
        }
    }

    /// The reader calls itself for each level: only the table bounds how deep.
    #[test]
    fn no_message_holds_itself() {
        for name in MESSAGES.keys() {
            assert!(depth(name, 0) < 16, "{name}");
        }
    }

    fn depth(name: &str, above: usize) -> usize {
        assert!(above < 32, "{name} holds itself");
        let fields = message(name).into_iter().flat_map(|(_, fields)| fields.values());
        let inner = fields
            .map(|field| if let Type::Message(of) = field.of { depth(of, above + 1) } else { 0 });
        1 + inner.max().unwrap_or(0)
    }
}
