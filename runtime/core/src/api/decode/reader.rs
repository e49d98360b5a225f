//! A serde reader over a JSON value that goes on after a wrong type and notes every field that the
//! type does not have. It takes k8s-openapi's own field lists, so it needs no schema.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde_json::Value;

use super::{Fault, Problem, go};
use crate::api::field::Path;

/// Returns what `value` describes, with everything that is wrong added to `faults`.
pub(super) fn read<T: DeserializeOwned>(value: &Value, faults: &mut Vec<Fault>) -> Option<T> {
    let place = Place { path: Path::root(), go_path: String::new(), owner: "" };
    T::deserialize(Reader { value, place, faults }).ok()
}

/// Reading has stopped; why is among the faults.
#[derive(Debug)]
struct Stopped(String);

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Stopped {}

impl de::Error for Stopped {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Where a value is.
#[derive(Clone)]
struct Place {
    path: Path,
    /// The path as Go's decoder names it: without indexes.
    go_path: String,
    /// The struct that the field is of.
    owner: &'static str,
}

impl Place {
    fn child(&self, owner: &'static str, name: &str) -> Self {
        let go_path = if self.go_path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.go_path)
        };
        Self { path: self.path.child(name), go_path, owner }
    }

    fn index(&self, index: usize) -> Self {
        Self { path: self.path.index(index), go_path: self.go_path.clone(), owner: self.owner }
    }
}

struct Reader<'v, 'f> {
    value: &'v Value,
    place: Place,
    faults: &'f mut Vec<Fault>,
}

impl Reader<'_, '_> {
    /// Notes that the value is of a wrong type. A number is shown where its size is what is wrong.
    fn wrong_type(&mut self, expected: &'static str) {
        let numeric = matches!(expected, "int32" | "int64");
        let mut given = go::type_word(self.value).to_owned();
        if let (Value::Number(number), true) = (self.value, numeric) {
            given = format!("number {number}");
        }
        let go_field = match self.place.owner {
            "" => self.place.go_path.clone(),
            owner => format!("{owner}.{}", self.place.go_path),
        };
        let problem = Problem::WrongType { given, expected, go_field };
        self.faults.push(Fault { path: self.place.path.to_string(), problem });
    }

    /// Notes why the visitor did not take the value.
    fn noted<T>(
        path: &Path,
        faults: &mut Vec<Fault>,
        before: usize,
        result: Result<T, Stopped>,
    ) -> Result<T, Stopped> {
        if let Err(stopped) = &result
            && faults.len() == before
        {
            let problem = Problem::Unreadable(stopped.0.clone());
            faults.push(Fault { path: path.to_string(), problem });
        }
        result
    }
}

/// Returns what a visitor takes, for a person.
fn form(visitor: &dyn de::Expected) -> String {
    match visitor.to_string().as_str() {
        "a timestamp string" | "Time" | "MicroTime" => {
            "a time such as 2026-01-31T12:00:00Z".to_owned()
        }
        other => other.to_owned(),
    }
}

/// A method for whole numbers of one width: a wrong one is noted and read as zero.
macro_rules! integer {
    ($method:ident, $visit:ident, $type:ty, $name:literal) => {
        fn $method<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Stopped> {
            let number = self.value.as_i64().and_then(|n| <$type>::try_from(n).ok());
            if number.is_none() {
                self.wrong_type($name);
            }
            visitor.$visit(number.unwrap_or_default())
        }
    };
}

impl<'de> Deserializer<'de> for Reader<'_, '_> {
    type Error = Stopped;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stopped> {
        let (path, before) = (self.place.path.clone(), self.faults.len());
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => {
                let result = if let Some(n) = number.as_i64() {
                    visitor.visit_i64(n)
                } else if let Some(n) = number.as_u64() {
                    visitor.visit_u64(n)
                } else {
                    visitor.visit_f64(number.as_f64().unwrap_or_default())
                };
                Self::noted(&path, self.faults, before, result)
            }
            Value::String(text) => {
                let result = visitor.visit_str(text);
                Self::noted(&path, self.faults, before, result)
            }
            Value::Array(_) => self.deserialize_seq(visitor),
            Value::Object(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Stopped> {
        let value = self.value.as_bool();
        if value.is_none() {
            self.wrong_type("bool");
        }
        visitor.visit_bool(value.unwrap_or_default())
    }

    integer!(deserialize_i32, visit_i32, i32, "int32");
    integer!(deserialize_i64, visit_i64, i64, "int64");
    integer!(deserialize_u32, visit_u32, u32, "int32");
    integer!(deserialize_u64, visit_u64, u64, "int64");

    fn deserialize_str<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Stopped> {
        let Value::String(text) = self.value else {
            self.wrong_type("string");
            return visitor.visit_str("");
        };
        let (before, form) = (self.faults.len(), form(&visitor));
        let result = visitor.visit_str(text).map_err(|Stopped(why)| {
            Stopped(format!("{}; it must be {form}", why.trim_end_matches('.')))
        });
        Self::noted(&self.place.path, self.faults, before, result)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stopped> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stopped> {
        self.deserialize_str(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stopped> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stopped> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Stopped> {
        let Value::Array(items) = self.value else {
            self.wrong_type("[]");
            return visitor.visit_seq(Items { rest: [].iter(), next: 0, reader: self });
        };
        visitor.visit_seq(Items { rest: items.iter(), next: 0, reader: self })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stopped> {
        fields(self, None, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields_of_struct: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        fields(self, Some((name, fields_of_struct)), visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stopped> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i128 u8 u16 u128 f32 f64 char unit unit_struct tuple tuple_struct enum identifier
    }
}

/// A struct's Go name and JSON fields.
type Struct = (&'static str, &'static [&'static str]);

fn fields<'de, V: Visitor<'de>>(
    mut reader: Reader<'_, '_>,
    of: Option<Struct>,
    visitor: V,
) -> Result<V::Value, Stopped> {
    let empty = serde_json::Map::new();
    let map = if let Value::Object(map) = reader.value {
        map
    } else {
        reader.wrong_type("map");
        &empty
    };
    visitor.visit_map(Fields { entries: map.iter(), value: None, of, reader })
}

struct Items<'v, 'f> {
    rest: std::slice::Iter<'v, Value>,
    next: usize,
    reader: Reader<'v, 'f>,
}

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = Stopped;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Stopped> {
        let Some(value) = self.rest.next() else { return Ok(None) };
        let place = self.reader.place.index(self.next);
        self.next += 1;
        seed.deserialize(Reader { value, place, faults: &mut *self.reader.faults }).map(Some)
    }
}

struct Fields<'v, 'f> {
    entries: serde_json::map::Iter<'v>,
    value: Option<(&'v str, &'v Value)>,
    of: Option<Struct>,
    reader: Reader<'v, 'f>,
}

impl<'de> MapAccess<'de> for Fields<'_, '_> {
    type Error = Stopped;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Stopped> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        self.value = Some((key, value));
        if let Some((_, known)) = self.of
            && !known.contains(&key.as_str())
        {
            let problem = Problem::unknown(key, known);
            let path = self.reader.place.path.child(key).to_string();
            self.reader.faults.push(Fault { path, problem });
        }
        let key: StrDeserializer<'_, Stopped> = key.as_str().into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Stopped> {
        let (key, value) = self.value.take().ok_or_else(|| Stopped(String::new()))?;
        let owner = self.of.map_or(self.reader.place.owner, |(name, _)| name);
        let place = self.reader.place.child(owner, key);
        seed.deserialize(Reader { value, place, faults: &mut *self.reader.faults })
    }
}
