//! Messages to the JSON that the same object has.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::ProtobufError;
use super::messages::{self, Field, Message, Shape, Type};
use super::wire::{Fields, Raw};

/// What every body of the API starts with (apimachinery's `protobuf.Serializer`).
const PREFIX: &[u8] = b"k8s\0";

/// Returns the object in a body, as JSON.
///
/// # Errors
/// Where the body is none, or of a kind that is not in the table.
pub(crate) fn decode(body: &[u8]) -> Result<Value, ProtobufError> {
    let body = body.strip_prefix(PREFIX).ok_or(ProtobufError::Prefix)?;
    let (mut api_version, mut kind, mut content) = (String::new(), String::new(), &[][..]);
    let mut fields = Fields::of(body);
    while let Some(field) = fields.next()? {
        match field {
            (1, Raw::Bytes(type_meta)) => (api_version, kind) = names(type_meta)?,
            (2, Raw::Bytes(raw)) => content = raw,
            _ => {}
        }
    }
    let Some((name, message)) = message_of(&api_version, &kind) else {
        return Err(ProtobufError::Kind { api_version, kind });
    };
    let mut object = Map::new();
    object.insert("apiVersion".to_owned(), Value::String(api_version));
    object.insert("kind".to_owned(), Value::String(kind));
    read(name, message, content, &mut object)?;
    Ok(Value::Object(object))
}

fn names(type_meta: &[u8]) -> Result<(String, String), ProtobufError> {
    let (mut api_version, mut kind) = (String::new(), String::new());
    let mut fields = Fields::of(type_meta);
    while let Some(field) = fields.next()? {
        match field {
            (1, Raw::Bytes(bytes)) => api_version = text(bytes)?,
            (2, Raw::Bytes(bytes)) => kind = text(bytes)?,
            _ => {}
        }
    }
    Ok((api_version, kind))
}

/// The Event of `v1` and that of `events.k8s.io/v1` are two messages of one name.
fn message_of(api_version: &str, kind: &str) -> Option<(&'static str, &'static Message)> {
    let name = match (api_version, kind) {
        ("events.k8s.io/v1", "Event") => "events.Event",
        (_, kind) => kind,
    };
    messages::message(name)
}

/// Reads the fields in `bytes` into `object`; a number that the table does not have is from a newer
/// client and passed over.
fn read(
    name: &'static str,
    message: &'static Message,
    bytes: &[u8],
    object: &mut Map<String, Value>,
) -> Result<(), ProtobufError> {
    let mut fields = Fields::of(bytes);
    while let Some((number, raw)) = fields.next()? {
        if let Some(field) = message.get(&number) {
            put(field, raw, object).map_err(|error| error.at(name, field.name))?;
        }
    }
    Ok(())
}

/// Why a value cannot be read: with or without the place still to be told.
enum Fault {
    WrongType,
    Told(ProtobufError),
}

impl Fault {
    fn at(self, message: &'static str, field: &'static str) -> ProtobufError {
        match self {
            Self::WrongType => ProtobufError::Type { message, field },
            Self::Told(error) => error,
        }
    }
}

impl From<ProtobufError> for Fault {
    fn from(error: ProtobufError) -> Self {
        Self::Told(error)
    }
}

fn put(field: &Field, raw: Raw<'_>, object: &mut Map<String, Value>) -> Result<(), Fault> {
    match (field.shape, raw, field.of) {
        (Shape::Inline, Raw::Bytes(bytes), Type::Message(name)) => {
            let (name, message) = messages::message(name).ok_or(Fault::WrongType)?;
            read(name, message, bytes, object)?;
        }
        (Shape::List, Raw::Bytes(packed), Type::Whole) => {
            let mut packed = Fields::of(packed);
            while let Some(number) = packed.next_packed()? {
                push(object, field.name, Value::from(number.cast_signed()));
            }
        }
        (Shape::List, raw, of) => push(object, field.name, value(of, raw)?),
        (Shape::Map, Raw::Bytes(entry), of) => {
            let (key, value) = map_entry(of, entry)?;
            if let Value::Object(map) = object.entry(field.name).or_insert_with(|| json!({})) {
                map.insert(key, value);
            }
        }
        (Shape::Plain | Shape::Optional, raw, of) => {
            let value = value(of, raw)?;
            if field.shape == Shape::Optional || !is_zero(&value) {
                object.insert(field.name.to_owned(), value);
            }
        }
        (Shape::Map | Shape::Inline, _, _) => return Err(Fault::WrongType),
    }
    Ok(())
}

fn push(object: &mut Map<String, Value>, name: &str, value: Value) {
    if let Value::Array(items) = object.entry(name).or_insert_with(|| json!([])) {
        items.push(value);
    }
}

fn map_entry(of: Type, entry: &[u8]) -> Result<(String, Value), Fault> {
    let (mut key, mut found) = (String::new(), None);
    let mut fields = Fields::of(entry);
    while let Some(field) = fields.next()? {
        match field {
            (1, Raw::Bytes(bytes)) => key = text(bytes)?,
            (2, raw) => found = Some(value(of, raw)?),
            _ => {}
        }
    }
    let found = match found {
        Some(found) => found,
        None => value(of, Raw::Bytes(&[]))?,
    };
    Ok((key, found))
}

/// Go leaves these out of JSON, where the field is no pointer.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(set) => !set,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(_) | Value::Object(_) => false,
    }
}

fn value(of: Type, raw: Raw<'_>) -> Result<Value, Fault> {
    let bytes = match (of, raw) {
        (Type::Whole, Raw::Varint(number)) => return Ok(Value::from(number.cast_signed())),
        (Type::Truth, Raw::Varint(number)) => return Ok(Value::Bool(number != 0)),
        (Type::Double, Raw::Fixed(bits)) => return Ok(Value::from(f64::from_bits(bits))),
        (Type::Whole | Type::Truth | Type::Double, Raw::Bytes(_))
        | (_, Raw::Varint(_) | Raw::Fixed(_)) => return Err(Fault::WrongType),
        (_, Raw::Bytes(bytes)) => bytes,
    };
    Ok(match of {
        Type::Text => Value::String(text(bytes)?),
        Type::Bytes => Value::String(STANDARD.encode(bytes)),
        Type::Time => time(bytes, 0)?,
        Type::MicroTime => time(bytes, 6)?,
        Type::Quantity => last(bytes, 1)?.map_or(Ok(json!("0")), |raw| value(Type::Text, raw))?,
        Type::IntOrString => int_or_string(bytes)?,
        Type::Json => match last(bytes, 1)? {
            Some(Raw::Bytes(json)) => {
                serde_json::from_slice(json).map_err(|_| ProtobufError::Json)?
            }
            _ => Value::Null,
        },
        Type::Message(name) => {
            let (name, message) = messages::message(name).ok_or(Fault::WrongType)?;
            let mut object = Map::new();
            read(name, message, bytes, &mut object)?;
            Value::Object(object)
        }
        Type::Whole | Type::Truth | Type::Double => return Err(Fault::WrongType),
    })
}

fn text(bytes: &[u8]) -> Result<String, ProtobufError> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| ProtobufError::Text)
}

/// Returns the last value of the field `wanted`.
fn last(bytes: &[u8], wanted: u32) -> Result<Option<Raw<'_>>, ProtobufError> {
    let (mut fields, mut found) = (Fields::of(bytes), None);
    while let Some((number, raw)) = fields.next()? {
        if number == wanted {
            found = Some(raw);
        }
    }
    Ok(found)
}

/// A time without fields is none: Go's zero time.
fn time(bytes: &[u8], digits: u8) -> Result<Value, Fault> {
    let part = |number| match last(bytes, number)? {
        None => Ok(None),
        Some(Raw::Varint(part)) => Ok(Some(part.cast_signed())),
        Some(Raw::Fixed(_) | Raw::Bytes(_)) => Err(Fault::WrongType),
    };
    let Some(seconds) = part(1)? else { return Ok(Value::Null) };
    let nanoseconds = i32::try_from(part(2)?.unwrap_or(0)).map_err(|_| ProtobufError::Time)?;
    let nanoseconds = if digits == 0 { 0 } else { nanoseconds };
    let moment = jiff::Timestamp::new(seconds, nanoseconds).map_err(|_| ProtobufError::Time)?;
    Ok(Value::String(format!("{moment:.*}", usize::from(digits))))
}

fn int_or_string(bytes: &[u8]) -> Result<Value, Fault> {
    match (last(bytes, 1)?, last(bytes, 2)?, last(bytes, 3)?) {
        (Some(Raw::Varint(1)), _, Some(Raw::Bytes(string))) => Ok(Value::String(text(string)?)),
        (_, Some(Raw::Varint(number)), _) => Ok(Value::from(number.cast_signed())),
        _ => Ok(Value::from(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field of bytes.
    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).unwrap();
        assert!(length < 0x80, "one byte of length");
        [&[number << 3 | 2, length], content].concat()
    }

    fn whole(number: u8, value: u8) -> Vec<u8> {
        vec![number << 3, value]
    }

    fn body(api_version: &str, kind: &str, content: &[u8]) -> Vec<u8> {
        let names = [field(1, api_version.as_bytes()), field(2, kind.as_bytes())].concat();
        [PREFIX, &field(1, &names), &field(2, content)].concat()
    }

    #[test]
    fn what_a_pointer_holds_is_kept_and_other_zeros_are_not() {
        let spec = [whole(7, 0), whole(2, 3), field(4, &[])].concat();
        let metadata = [field(1, b"a"), field(2, b""), whole(7, 0), field(8, &[])].concat();
        let job = [field(1, &metadata), field(2, &spec)].concat();
        assert_eq!(
            decode(&body("batch/v1", "Job", &job)).unwrap(),
            json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a"},
                "spec": {"backoffLimit": 0, "completions": 3, "selector": {}}})
        );
    }

    #[test]
    fn maps_bytes_and_times_are_what_json_has() {
        let label = field(11, &[field(1, b"k"), field(2, b"v")].concat());
        let bare = field(11, &field(1, b"bare"));
        let time = field(8, &[8, 0x80, 0xa3, 0x05]);
        let metadata = [field(1, b"s"), label, bare, time].concat();
        let data = field(2, &[field(1, b"key"), field(2, &[0, 1, 2])].concat());
        let secret = [field(1, &metadata), data].concat();
        assert_eq!(
            decode(&body("v1", "Secret", &secret)).unwrap(),
            json!({"apiVersion": "v1", "kind": "Secret", "data": {"key": "AAEC"}, "metadata": {
                "name": "s", "labels": {"k": "v", "bare": ""},
                "creationTimestamp": "1970-01-02T00:00:00Z"}})
        );
    }

    #[test]
    fn a_body_that_is_none_is_refused_with_why() {
        let wrong_type = body("batch/v1", "Job", &whole(1, 1));
        for (what, bytes, expected) in [
            ("no prefix", b"{}".to_vec(), ProtobufError::Prefix),
            ("cut", PREFIX.iter().chain(b"\x12\x05").copied().collect(), ProtobufError::Cut),
            (
                "a number for a message",
                wrong_type,
                ProtobufError::Type { message: "Job", field: "metadata" },
            ),
            (
                "another kind",
                body("apps/v1", "Deployment", &[]),
                ProtobufError::Kind { api_version: "apps/v1".into(), kind: "Deployment".into() },
            ),
            (
                "no UTF-8",
                body("v1", "\u{0}", &[]),
                ProtobufError::Kind { api_version: "v1".into(), kind: "\0".into() },
            ),
        ] {
            assert_eq!(decode(&bytes), Err(expected), "{what}");
        }
    }
}
