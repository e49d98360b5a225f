//! Media types: in which shape a client wants its answer, and what its body is.

use jobling_core::api::{ApiError, Reason};
use serde_json::Value;

use crate::protobuf;

/// How much of an object goes along with a table's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum IncludeObject {
    /// Nothing.
    None,
    /// Its metadata.
    #[default]
    Metadata,
    /// All of it.
    Object,
}

/// The shape that objects are answered in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// As they are.
    Whole,
    /// A `meta.k8s.io/v1` Table, as `kubectl get` prints it.
    Table(IncludeObject),
    /// Their metadata alone.
    Partial,
}

/// Returns the shape that `accept` prefers among those that objects are served in.
///
/// # Errors
/// `NotAcceptable` where none is served.
pub(crate) fn shape(accept: Option<&str>, include: IncludeObject) -> Result<Shape, ApiError> {
    preferred(accept, |media| match (media.essence, media.parameter("as")) {
        ("application/json", Some("Table")) if media.is_meta("v1") => Some(Shape::Table(include)),
        ("application/json", Some("PartialObjectMetadata" | "PartialObjectMetadataList"))
            if media.is_meta("v1") =>
        {
            Some(Shape::Partial)
        }
        ("application/json" | "application/*" | "*/*", None) => Some(Shape::Whole),
        _ => None,
    })
}

/// The form in which discovery is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Discovery {
    /// Level by level.
    Legacy,
    /// All groups with their resources at once (`apidiscovery.k8s.io/v2`).
    Aggregated,
}

/// Returns the form of discovery that `accept` prefers.
///
/// # Errors
/// `NotAcceptable` where none is served.
pub(crate) fn discovery(accept: Option<&str>) -> Result<Discovery, ApiError> {
    preferred(accept, |media| match (media.essence, media.parameter("as")) {
        ("application/json", Some("APIGroupDiscoveryList"))
            if media.parameter("g") == Some("apidiscovery.k8s.io")
                && media.parameter("v") == Some("v2") =>
        {
            Some(Discovery::Aggregated)
        }
        ("application/json" | "application/*" | "*/*", None) => Some(Discovery::Legacy),
        _ => None,
    })
}

/// Clients list what they prefer first; weights (`q=`) are not looked at, as no client of the API sends
/// them.
fn preferred<T>(
    accept: Option<&str>,
    serve: impl Fn(&Media<'_>) -> Option<T>,
) -> Result<T, ApiError> {
    let accept = accept.filter(|text| !text.trim().is_empty()).unwrap_or("*/*");
    accept.split(',').find_map(|text| serve(&Media::parse(text))).ok_or_else(|| {
        ApiError::new(
            Reason::NotAcceptable,
            "only the following media types are accepted: application/json, \
             application/json;as=Table;v=v1;g=meta.k8s.io",
        )
    })
}

struct Media<'a> {
    essence: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
}

impl<'a> Media<'a> {
    fn parse(text: &'a str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default();
        let parameters = parts.filter_map(|part| part.split_once('=')).collect();
        Self { essence, parameters }
    }

    fn parameter(&self, name: &str) -> Option<&'a str> {
        self.parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }

    fn is_meta(&self, version: &str) -> bool {
        self.parameter("g") == Some("meta.k8s.io") && self.parameter("v") == Some(version)
    }
}

/// Returns the `Content-Type`'s media type, without its parameters.
#[must_use]
pub(crate) fn essence(content_type: Option<&str>) -> &str {
    Media::parse(content_type.unwrap_or_default()).essence
}

/// Returns the object in a body of this type, and the keys in it that are given twice, as the API
/// server's sentences.
///
/// # Errors
/// `UnsupportedMediaType` for anything but JSON, YAML and protobuf, `BadRequest` for a body that is not
/// what it is said to be.
pub(crate) fn decode(
    content_type: Option<&str>,
    body: &[u8],
) -> Result<(Value, Vec<String>), ApiError> {
    let refuse = |why: String| ApiError::new(Reason::BadRequest, why);
    match essence(content_type) {
        "" | "application/json" => {
            let (value, faults) = jobling_core::api::decode::json(body)
                .map_err(|error| refuse(format!("the body is no JSON: {error}")))?;
            Ok((value, faults.iter().map(jobling_core::api::decode::Fault::as_go).collect()))
        }
        "application/yaml" => serde_yaml::from_slice(body)
            .map(|value| (value, Vec::new()))
            .map_err(|error| refuse(format!("the body is no YAML: {error}"))),
        protobuf::MEDIA_TYPE => protobuf::decode(body)
            .map(|value| (value, Vec::new()))
            .map_err(|error| refuse(format!("the body is no protobuf object: {error}"))),
        other => Err(unsupported(other)),
    }
}

/// Returns the refusal of a body of type `given`.
#[must_use]
pub(crate) fn unsupported(given: &str) -> ApiError {
    ApiError::new(
        Reason::UnsupportedMediaType,
        format!(
            "the body of the request was in an unknown format ({given}) - accepted media types \
             include: application/json, application/yaml, application/vnd.kubernetes.protobuf"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_shape_that_is_served_is_given() {
        let table = Some(Shape::Table(IncludeObject::Metadata));
        for (accept, expected) in [
            ("", Some(Shape::Whole)),
            ("*/*", Some(Shape::Whole)),
            ("application/json", Some(Shape::Whole)),
            (
                "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;\
                 g=meta.k8s.io,application/json",
                table,
            ),
            (
                "application/json;as=Table;v=v1beta1;g=meta.k8s.io, application/json",
                Some(Shape::Whole),
            ),
            ("application/vnd.kubernetes.protobuf,application/json", Some(Shape::Whole)),
            (
                "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
                Some(Shape::Partial),
            ),
            ("application/vnd.kubernetes.protobuf", None),
            ("application/json;as=Chair;g=meta.k8s.io;v=v1", None),
        ] {
            let given = shape(Some(accept), IncludeObject::Metadata).ok();
            assert_eq!(given, expected, "{accept}");
        }
    }

    #[test]
    fn discovery_is_aggregated_for_whoever_asks() {
        for (accept, expected) in [
            ("application/json", Discovery::Legacy),
            (
                "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                 application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,\
                 application/json",
                Discovery::Aggregated,
            ),
        ] {
            assert_eq!(discovery(Some(accept)), Ok(expected), "{accept}");
        }
    }

    #[test]
    fn a_body_is_read_as_what_it_is_said_to_be() {
        let object = serde_json::json!({"kind": "Job"});
        for (content_type, body, read) in [
            (None, r#"{"kind":"Job"}"#, Ok(object.clone())),
            (Some("application/json; charset=utf-8"), r#"{"kind":"Job"}"#, Ok(object.clone())),
            (Some("application/yaml"), "kind: Job", Ok(object)),
            (Some("application/json"), "kind: Job", Err(Reason::BadRequest)),
            (Some("application/yaml"), "\t- {", Err(Reason::BadRequest)),
            (
                Some("application/vnd.kubernetes.protobuf"),
                "k8s\0\u{a}\u{9}\u{a}\u{2}v1\u{12}\u{3}Pod",
                Ok(serde_json::json!({"apiVersion": "v1", "kind": "Pod"})),
            ),
            (Some(protobuf::MEDIA_TYPE), "kind: Job", Err(Reason::BadRequest)),
            (Some("application/cbor"), "", Err(Reason::UnsupportedMediaType)),
        ] {
            let given = decode(content_type, body.as_bytes());
            let given = given.map(|(value, _)| value).map_err(|error| error.reason);
            assert_eq!(given, read, "{content_type:?}");
        }
    }
}
