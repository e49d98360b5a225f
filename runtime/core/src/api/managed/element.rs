//! One step of a path into an object, and its text in `fieldsV1` and in messages.

use std::fmt;

use serde_json::Value;

/// One step of a path. The order is that of structured-merge-diff's `PathElement`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Element {
    /// A field of a map.
    Field(String),
    /// The item of a list that has these keys, as JSON text with its keys in order.
    Key(String),
    /// The item of a set that has this value, as JSON text.
    Value(String),
    /// The item of a list at this place; only other versions of a schema write it.
    Index(u64),
}

impl Element {
    /// Returns the step that a key of `fieldsV1` means.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "f" => Some(Self::Field(rest.to_owned())),
            "k" => canonical(rest).filter(Value::is_object).map(|key| Self::Key(key.to_string())),
            "v" => canonical(rest).map(|value| Self::Value(value.to_string())),
            "i" => rest.parse().ok().map(Self::Index),
            _ => None,
        }
    }

    /// Returns the key of `fieldsV1` that means this step.
    pub(super) fn to_text(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(json) => format!("k:{json}"),
            Self::Value(json) => format!("v:{json}"),
            Self::Index(index) => format!("i:{index}"),
        }
    }
}

/// Maps are ordered by their keys, so that the same key is the same text.
fn canonical(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// As the API server writes a step in its messages.
impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(json) => {
                let keys = canonical(json);
                let keys = keys.iter().filter_map(Value::as_object).flatten();
                let keys: Vec<String> =
                    keys.map(|(name, value)| format!("{name}={value}")).collect();
                write!(f, "[{}]", keys.join(","))
            }
            Self::Value(json) => write!(f, "[={json}]"),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// Returns a path as the API server writes it, such as `.spec.template.spec.containers[name="c"].image`.
pub(super) fn path_text(path: &[Element]) -> String {
    path.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_read_written_and_shown() {
        for (text, shown) in [
            ("f:spec", ".spec"),
            (r#"k:{"name":"c"}"#, r#"[name="c"]"#),
            (r#"k:{"containerPort":80,"protocol":"TCP"}"#, r#"[containerPort=80,protocol="TCP"]"#),
            (r#"v:"a/b""#, r#"[="a/b"]"#),
            ("i:3", "[3]"),
        ] {
            let element = Element::parse(text).unwrap();
            assert_eq!((element.to_text().as_str(), element.to_string().as_str()), (text, shown));
        }
        let disordered = Element::parse(r#"k:{"protocol":"TCP", "containerPort":80}"#).unwrap();
        assert_eq!(disordered.to_text(), r#"k:{"containerPort":80,"protocol":"TCP"}"#);
        for wrong in ["spec", "k:3", "k:{", "i:x", "x:y"] {
            assert_eq!(Element::parse(wrong), None, "{wrong}");
        }
    }
}
