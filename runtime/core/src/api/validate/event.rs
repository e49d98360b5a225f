//! The rules of an Event: pkg/apis/core/validation/events.go, as for `v1`.

use k8s_openapi::api::core::v1::Event;

use crate::api::field::{Errors, Path};

/// The bytes that `reportingInstance`, `action` and `reason` may have.
const WORD_BYTES: usize = 128;

/// The bytes that `message` may have.
const MESSAGE_BYTES: usize = 1024;

/// Checks that an Event lives where its object does, and what one with an `eventTime` must have.
pub(super) fn validate(errors: &mut Errors, event: &Event) {
    let namespace = event.metadata.namespace.as_deref().unwrap_or_default();
    let involved = event.involved_object.namespace.as_deref().unwrap_or_default();
    // Of an object without a namespace, such as a Namespace, it is in "default".
    let expected = if involved.is_empty() { "default" } else { involved };
    if namespace != expected {
        let path = Path::new("involvedObject").child("namespace");
        errors.invalid(&path, involved, "does not match event.namespace");
    }
    if event.event_time.is_some() {
        validate_new(errors, event);
    }
}

/// An Event with an `eventTime` is of the newer form, whose reporters name themselves.
fn validate_new(errors: &mut Errors, event: &Event) {
    for (field, value) in [
        ("reportingComponent", &event.reporting_component),
        ("reportingInstance", &event.reporting_instance),
        ("action", &event.action),
        ("reason", &event.reason),
    ] {
        let path = Path::new(field);
        match value.as_deref().unwrap_or_default() {
            "" => errors.required(&path, ""),
            text if field != "reportingComponent" && text.len() > WORD_BYTES => {
                errors.invalid(&path, text, &format!("can have at most {WORD_BYTES} characters"));
            }
            _ => {}
        }
    }
    let message = event.message.as_deref().unwrap_or_default();
    if message.len() > MESSAGE_BYTES {
        let why = format!("can have at most {MESSAGE_BYTES} characters");
        errors.invalid(&Path::new("message"), message, &why);
    }
}
