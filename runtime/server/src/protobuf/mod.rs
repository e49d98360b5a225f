//! Bodies in protobuf, which the typed clients of the Kubernetes API send: read by a table of field
//! numbers into the JSON that the same object has. Answers are JSON, which those clients take as well.

mod messages;
mod read;
mod wire;

pub(crate) use read::decode;

/// The media type of such a body.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";

/// Why a body cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProtobufError {
    /// It does not start as the API's bodies do.
    #[error("it does not start with the prefix of a Kubernetes object")]
    Prefix,
    /// It ends within a field.
    #[error("it ends within a field")]
    Cut,
    /// A number is longer than 64 bits.
    #[error("a number in it is longer than 64 bits")]
    Number,
    /// A field has a wire type that the API does not use.
    #[error("field {field} has the wire type {wire_type}, which the API does not use")]
    WireType {
        /// The field's number.
        field: u32,
        /// The wire type.
        wire_type: u8,
    },
    /// A field's value is not of the field's type.
    #[error("{message}.{field} is not of its type")]
    Type {
        /// The message.
        message: &'static str,
        /// The field.
        field: &'static str,
    },
    /// A text is no UTF-8.
    #[error("a text in it is not UTF-8")]
    Text,
    /// A JSON value within it is none.
    #[error("a JSON value in it cannot be read")]
    Json,
    /// A time is outside of what can be told.
    #[error("a time in it is out of range")]
    Time,
    /// The object is of a kind that is not served.
    #[error("no kind {kind:?} is registered for version {api_version:?}")]
    Kind {
        /// Its `apiVersion`.
        api_version: String,
        /// Its `kind`.
        kind: String,
    },
}
