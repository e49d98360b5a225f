//! A request's body to a typed object, with what becomes of the faults in it.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Fault, amounts, go, reader};
use crate::api::field::MOST_ERRORS;
use crate::api::{ApiError, Kind, Object, Reason};

/// What becomes of fields that the kind does not have, or that are given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FieldValidation {
    /// Dropped in silence.
    Ignore,
    /// Dropped, with a warning.
    #[default]
    Warn,
    /// The request is refused.
    Strict,
}

/// What was read from a JSON value.
#[derive(Debug)]
pub struct Read {
    /// The object; unset where a value could not be read at all.
    pub object: Option<Object>,
    /// Everything that is wrong, in the order of the fields.
    pub faults: Vec<Fault>,
}

/// Returns the object of `kind` that `value` describes, and everything that is wrong with it.
#[must_use]
pub fn read(kind: Kind, value: &Value) -> Read {
    let mut value = value.clone();
    let mut faults = amounts::normalise(&mut value);
    let object = match kind {
        Kind::Namespace => typed(&value, &mut faults).map(Object::Namespace),
        Kind::ServiceAccount => typed(&value, &mut faults).map(Object::ServiceAccount),
        Kind::ConfigMap => typed(&value, &mut faults).map(Object::ConfigMap),
        Kind::Secret => typed(&value, &mut faults).map(Object::Secret),
        Kind::PersistentVolumeClaim => {
            typed(&value, &mut faults).map(Object::PersistentVolumeClaim)
        }
        Kind::CronJob => typed(&value, &mut faults).map(Object::CronJob),
        Kind::HTTPTrigger => typed(&value, &mut faults).map(Object::HTTPTrigger),
        Kind::Job => typed(&value, &mut faults).map(Object::Job),
        Kind::Pod => typed(&value, &mut faults).map(Object::Pod),
        Kind::Event => typed(&value, &mut faults).map(Object::Event),
    };
    Read { object, faults: bounded(faults) }
}

/// Keeps as many faults as are told, a fatal one among them if there is one.
fn bounded(mut faults: Vec<Fault>) -> Vec<Fault> {
    if let Some(fatal) = faults.iter().position(Fault::is_fatal)
        && fatal >= MOST_ERRORS
    {
        faults.swap(MOST_ERRORS - 1, fatal);
    }
    faults.truncate(MOST_ERRORS);
    faults
}

/// Reads twice: what was given, for its faults, and what Go keeps of it, for the object.
fn typed<T: DeserializeOwned>(value: &Value, faults: &mut Vec<Fault>) -> Option<Box<T>> {
    reader::read::<T>(value, faults)?;
    reader::read(&go::without_empty(value), &mut Vec::new()).map(Box::new)
}

/// Returns the object of `kind` in a request's body, with a warning for every field that was dropped.
///
/// # Errors
/// `BadRequest` for another kind or version, a value of a wrong type and, with
/// [`FieldValidation::Strict`], fields that the kind does not have.
pub fn decode(
    kind: Kind,
    body: &Value,
    validation: FieldValidation,
) -> Result<(Object, Vec<String>), ApiError> {
    check_type(kind, body)?;
    let Read { object, faults } = read(kind, body);
    if let Some(fatal) = faults.iter().find(|fault| fault.is_fatal()) {
        return Err(cannot_be_handled(kind, kind, &fatal.as_go()));
    }
    let Some(object) = object else {
        return Err(cannot_be_handled(kind, kind, "the object could not be read"));
    };
    let strict: Vec<String> = faults.iter().map(Fault::as_go).collect();
    match validation {
        FieldValidation::Strict if !strict.is_empty() => {
            let hints: Vec<String> = faults.iter().filter_map(Fault::hint).collect();
            let hints =
                if hints.is_empty() { String::new() } else { format!(" ({})", hints.join("; ")) };
            let list = strict.join(", ");
            Err(cannot_be_handled(kind, kind, &format!("strict decoding error: {list}{hints}")))
        }
        FieldValidation::Warn => Ok((object, strict)),
        FieldValidation::Strict | FieldValidation::Ignore => Ok((object, Vec::new())),
    }
}

/// Refuses a body that says it is of another kind or version than the URL's.
fn check_type(kind: Kind, body: &Value) -> Result<(), ApiError> {
    let Some(map) = body.as_object() else {
        return Err(ApiError::new(
            Reason::BadRequest,
            format!("the body is {}; it must be an object", go::type_word(body)),
        ));
    };
    let text = |key| map.get(key).and_then(Value::as_str).unwrap_or_default();
    let (version, name) = (text("apiVersion"), text("kind"));
    let expected = kind.api_version();
    if !version.is_empty() && version != expected {
        return Err(ApiError::new(
            Reason::BadRequest,
            format!(
                "the API version in the data ({version}) does not match the expected API version \
                 ({expected})"
            ),
        ));
    }
    if name.is_empty() || name == kind.name() {
        return Ok(());
    }
    match Kind::of_manifest(&expected, name) {
        Some(other) => Err(cannot_be_handled(
            other,
            kind,
            &format!("converting ({other}) to ({kind}): unknown conversion"),
        )),
        None => Err(ApiError::new(
            Reason::BadRequest,
            format!("no kind \"{name}\" is registered for version \"{expected}\""),
        )),
    }
}

fn cannot_be_handled(given: Kind, wanted: Kind, why: &str) -> ApiError {
    ApiError::new(
        Reason::BadRequest,
        format!(
            "{given} in version \"{}\" cannot be handled as a {wanted}: {why}",
            given.version()
        ),
    )
}
