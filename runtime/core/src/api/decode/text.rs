//! JSON text to a value, with the keys that are given twice.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{Fault, Problem};
use crate::api::field::{MOST_ERRORS, Path};

/// Why a text is no JSON.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TextError(#[from] serde_json::Error);

/// Returns the value in the JSON text `bytes`, and a fault for every key that is given twice; the last
/// one counts. Nesting is bounded (128 levels).
///
/// # Errors
/// Where the text is no JSON.
pub fn json(bytes: &[u8]) -> Result<(Value, Vec<Fault>), TextError> {
    let duplicates = RefCell::new(Vec::new());
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Seed { path: Path::root(), duplicates: &duplicates }.deserialize(&mut reader)?;
    reader.end()?;
    Ok((value, duplicates.into_inner()))
}

struct Seed<'a> {
    path: Path,
    duplicates: &'a RefCell<Vec<Fault>>,
}

impl Seed<'_> {
    fn note_duplicate(&self, path: &Path) {
        let mut duplicates = self.duplicates.borrow_mut();
        if duplicates.len() < MOST_ERRORS {
            let problem = Problem::Duplicate;
            duplicates.push(Fault { path: path.to_string(), problem });
        }
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        loop {
            let path = self.path.index(items.len());
            match access.next_element_seed(Seed { path, duplicates: self.duplicates })? {
                Some(item) => items.push(item),
                None => return Ok(Value::Array(items)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            let path = self.path.child(&key);
            if map.contains_key(&key) {
                self.note_duplicate(&path);
            }
            let value = access.next_value_seed(Seed { path, duplicates: self.duplicates })?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}
