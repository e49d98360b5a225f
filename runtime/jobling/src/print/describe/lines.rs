//! A description as it is written: lines of cells, indented by levels.

use jiff::Timestamp;
use serde_json::Value;

/// The lines of a description so far.
#[derive(Debug, Default)]
pub(super) struct Lines {
    text: String,
}

impl Lines {
    /// Adds a line, `level` levels in; its cells are separated by tabs.
    pub(super) fn add(&mut self, level: usize, line: &str) {
        self.text.push_str(&"  ".repeat(level));
        self.text.push_str(&printable(line));
        self.text.push('\n');
    }

    /// Adds `title:` and a value.
    pub(super) fn field(&mut self, level: usize, title: &str, value: &str) {
        self.add(level, &format!("{title}:\t{value}"));
    }

    /// Adds `title:` and a value, if there is one.
    pub(super) fn field_if(&mut self, level: usize, title: &str, value: &Value) {
        let text = text_of(value);
        if !text.is_empty() {
            self.field(level, title, &text);
        }
    }

    /// Adds a map below `title:`, an entry a line; `<none>` if it is empty.
    pub(super) fn map(&mut self, title: &str, separator: &str, map: &Value) {
        self.map_at(0, title, separator, map);
    }

    /// Adds a map as [`map`](Self::map) does, `level` levels in.
    pub(super) fn map_at(&mut self, level: usize, title: &str, separator: &str, map: &Value) {
        let Some(map) = map.as_object().filter(|map| !map.is_empty()) else {
            return self.field(level, title, "<none>");
        };
        for (at, (key, value)) in map.iter().enumerate() {
            let heading = if at == 0 { format!("{title}:") } else { String::new() };
            let value = text_of(value);
            if !value.contains('\n') {
                self.add(level, &format!("{heading}\t{key}{separator}{value}"));
                continue;
            }
            self.add(level, &format!("{heading}\t{key}:"));
            for line in value.lines() {
                self.add(level, &format!("\t  {line}"));
            }
        }
    }

    /// Returns the text.
    pub(super) fn into_text(self) -> String {
        self.text
    }
}

/// Returns a line without what could steer a terminal: an object's texts may be a guest's.
fn printable(line: &str) -> String {
    line.replace(|c: char| c.is_control() && c != '\t', "\u{fffd}")
}

/// Returns a value as text; nothing for null.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// Returns a time as kubectl describes it (RFC 1123 with the zone's number).
pub(super) fn time_of(value: &Value) -> String {
    match value.as_str().and_then(|time| time.parse::<Timestamp>().ok()) {
        Some(time) => {
            let zoned = time.to_zoned(jiff::tz::TimeZone::UTC);
            zoned.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
        }
        None => text_of(value),
    }
}

/// Returns `a=1,b=2`; `<none>` if there is nothing.
pub(super) fn pairs(map: &Value) -> String {
    match map.as_object().filter(|map| !map.is_empty()) {
        Some(map) => {
            let pairs: Vec<String> =
                map.iter().map(|(k, v)| format!("{k}={}", text_of(v))).collect();
            pairs.join(",")
        }
        None => "<none>".to_owned(),
    }
}

/// Returns `Kind/name` of the object's controller.
pub(super) fn controller_of(object: &Value) -> Option<String> {
    let owners = object["metadata"]["ownerReferences"].as_array()?;
    let owner = owners.iter().find(|owner| owner["controller"] == true)?;
    Some(format!("{}/{}", text_of(&owner["kind"]), text_of(&owner["name"])))
}

/// Returns a list's elements; none for anything else.
pub(super) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
