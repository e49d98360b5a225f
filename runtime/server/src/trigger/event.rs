//! CloudEvents 1.0 over HTTP: an event in structured mode becomes the one in binary mode that says the
//! same, so that a guest has one way to read both. What is no event is left as it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Map, Value};

/// The media types of structured mode begin so.
const STRUCTURED: &str = "application/cloudevents";
/// The format of structured mode that is read.
const STRUCTURED_JSON: &str = "application/cloudevents+json";
/// What an attribute's header begins with.
const PREFIX: &str = "ce-";
const VERSION: &str = "1.0";
const REQUIRED: [&str; 4] = ["specversion", "id", "source", "type"];
/// What is escaped in a header (HTTP protocol binding, 3.1.3.2).
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

/// Why an event cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum EventError {
    /// Batches, and formats other than JSON.
    #[error(
        "content type {0} is not taken; send one event, in binary mode or as {STRUCTURED_JSON}"
    )]
    Format(String),
    /// The body of structured mode is no JSON object.
    #[error("the event is no JSON object: {0}")]
    Json(String),
    /// A required attribute is not there, or empty.
    #[error("the event has no {0}")]
    Missing(&'static str),
    /// Another version of CloudEvents.
    #[error("the event's specversion is {0}; it must be {VERSION}")]
    Version(String),
    /// An attribute's name or value can be in no header.
    #[error("the event's attribute {0} is none: names are a to z and 0 to 9, values plain")]
    Attribute(String),
    /// The data is there twice, or is no base64.
    #[error("the event's data must be data or data_base64, and that in base64")]
    Data,
}

/// Returns the body of the request in binary mode, and makes `headers` those of it.
///
/// # Errors
/// Where the request says that it is an event and is none.
pub(super) fn to_binary_mode(headers: &mut HeaderMap, body: Bytes) -> Result<Bytes, EventError> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = content_type.and_then(|text| text.split(';').next()).unwrap_or_default();
    let media = media.trim().to_ascii_lowercase();
    let body = if media == STRUCTURED_JSON {
        from_structured(headers, &body)?
    } else if media.starts_with(STRUCTURED) {
        return Err(EventError::Format(media));
    } else if headers.contains_key("ce-specversion") {
        body
    } else {
        return Ok(body);
    };
    check(headers)?;
    Ok(body)
}

fn from_structured(headers: &mut HeaderMap, body: &[u8]) -> Result<Bytes, EventError> {
    let event: Map<String, Value> =
        serde_json::from_slice(body).map_err(|error| EventError::Json(error.to_string()))?;
    // An event's attributes are those of its body alone.
    let stale: Vec<_> = headers.keys().filter(|name| is_attribute(name)).cloned().collect();
    for name in stale {
        headers.remove(name);
    }
    headers.remove(CONTENT_TYPE);
    let data = data(&event)?;
    for (name, value) in event {
        match name.as_str() {
            "data" | "data_base64" => {}
            "datacontenttype" => drop(headers.insert(CONTENT_TYPE, header_value(&name, &value)?)),
            _ => drop(headers.insert(header_name(&name)?, header_value(&name, &value)?)),
        }
    }
    if !data.is_empty() {
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    }
    Ok(data)
}

/// Returns the event's data: JSON as it is, but for text of another type.
fn data(event: &Map<String, Value>) -> Result<Bytes, EventError> {
    let media = event.get("datacontenttype").and_then(Value::as_str).unwrap_or("application/json");
    let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = media.ends_with("/json") || media.ends_with("+json");
    match (event.get("data"), event.get("data_base64")) {
        (None, None) => Ok(Bytes::new()),
        (Some(Value::String(text)), None) if !is_json => Ok(Bytes::from(text.clone())),
        (Some(value), None) => Ok(Bytes::from(value.to_string())),
        (None, Some(Value::String(text))) => {
            STANDARD.decode(text).map(Bytes::from).map_err(|_| EventError::Data)
        }
        (_, Some(_)) => Err(EventError::Data),
    }
}

fn check(headers: &HeaderMap) -> Result<(), EventError> {
    for name in REQUIRED {
        let value = headers.get(format!("{PREFIX}{name}"));
        if value.is_none_or(HeaderValue::is_empty) {
            return Err(EventError::Missing(name));
        }
    }
    match headers.get("ce-specversion").map(HeaderValue::as_bytes) {
        Some(version) if version != VERSION.as_bytes() => {
            Err(EventError::Version(String::from_utf8_lossy(version).into_owned()))
        }
        Some(_) | None => Ok(()),
    }
}

fn is_attribute(name: &HeaderName) -> bool {
    name.as_str().starts_with(PREFIX)
}

fn header_name(attribute: &str) -> Result<HeaderName, EventError> {
    let plain = attribute.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let name = plain.then(|| HeaderName::try_from(format!("{PREFIX}{attribute}")).ok()).flatten();
    name.filter(|_| !attribute.is_empty())
        .ok_or_else(|| EventError::Attribute(attribute.to_owned()))
}

fn header_value(attribute: &str, value: &Value) -> Result<HeaderValue, EventError> {
    let refused = || EventError::Attribute(attribute.to_owned());
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return Err(refused()),
    };
    // A media type is written as it is: blanks and quotes belong to it.
    let escaped = match attribute {
        "datacontenttype" => text,
        _ => utf8_percent_encode(&text, ESCAPED).to_string(),
    };
    HeaderValue::try_from(escaped).map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Returns the request in binary mode as lines, sorted, and its body.
    fn binary(lines: &[(&str, &str)], body: &str) -> Result<(Vec<String>, String), EventError> {
        let line = |(name, value): &(&str, &str)| {
            (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())
        };
        let mut headers = lines.iter().map(line).collect();
        let body = to_binary_mode(&mut headers, Bytes::from(body.to_owned()))?;
        let mut lines: Vec<_> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        lines.sort();
        Ok((lines, String::from_utf8(body.to_vec()).unwrap()))
    }

    fn structured(event: &Value) -> Result<(Vec<String>, String), EventError> {
        let headers = [("content-type", "application/cloudevents+json; charset=utf-8"), ("x", "y")];
        binary(&headers, &event.to_string())
    }

    #[test]
    fn a_structured_event_becomes_the_binary_one_that_says_the_same() {
        let event = |more: Value| {
            let mut event = json!({"specversion": "1.0", "id": "7", "source": "/s", "type": "t"});
            event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            event
        };
        for (more, data, lines) in [
            (json!({}), "", vec![]),
            (json!({"data": {"a": 1}}), r#"{"a":1}"#, vec!["content-type: application/json"]),
            (json!({"data": "a"}), r#""a""#, vec!["content-type: application/json"]),
            (
                json!({"data": "a", "datacontenttype": "text/plain; charset=utf-8"}),
                "a",
                vec!["content-type: text/plain; charset=utf-8"],
            ),
            (
                json!({"data_base64": "aGk=", "datacontenttype": "x/y"}),
                "hi",
                vec!["content-type: x/y"],
            ),
            (
                json!({"subject": "ä \"%\"", "n": 5}),
                "",
                vec!["ce-n: 5", "ce-subject: %C3%A4%20%22%25%22"],
            ),
        ] {
            let given = event(more);
            let mut expected =
                vec!["ce-id: 7", "ce-source: /s", "ce-specversion: 1.0", "ce-type: t", "x: y"];
            expected.extend(lines);
            expected.sort_unstable();
            let (lines, body) = structured(&given).unwrap();
            assert_eq!(
                (lines, body.as_str()),
                (expected.iter().map(ToString::to_string).collect(), data),
                "{given}"
            );
        }
    }

    #[test]
    fn an_event_that_is_none_is_refused() {
        let good = json!({"specversion": "1.0", "id": "7", "source": "/s", "type": "t"});
        let with = |name: &str, value: Value| {
            let mut event = good.clone();
            event[name] = value;
            event
        };
        for (event, error) in [
            (with("id", json!("")), EventError::Missing("id")),
            (with("specversion", json!("0.3")), EventError::Version("0.3".to_owned())),
            (with("Type", json!("x")), EventError::Attribute("Type".to_owned())),
            (with("extension", json!({})), EventError::Attribute("extension".to_owned())),
            (with("data_base64", json!("?")), EventError::Data),
            (with("data_base64", json!(7)), EventError::Data),
        ] {
            assert_eq!(structured(&event), Err(error), "{event}");
        }
        assert!(matches!(structured(&json!([1])), Err(EventError::Json(_))));
        let batch = [("content-type", "application/cloudevents-batch+json")];
        assert!(matches!(binary(&batch, "[]"), Err(EventError::Format(_))));
        assert_eq!(binary(&[("ce-specversion", "1.0")], ""), Err(EventError::Missing("id")));
    }

    #[test]
    fn what_is_no_event_is_left_as_it_is() {
        let lines = [("content-type", "application/json"), ("ce-id", "7")];
        let (headers, body) = binary(&lines, "{").unwrap();
        assert_eq!((headers.len(), body.as_str()), (2, "{"));
    }
}
