//! RFC 6902 patches, with the bounds of the Kubernetes API server: copies of copies grow without end.

use json_patch::PatchOperation;
use serde_json::Value;

use crate::api::{ApiError, Reason};

/// Operations in one patch: `maxJSONPatchOperations` of apiserver's patch handler.
const OPERATIONS: usize = 10_000;

/// Bytes that all copies of a patch may have together, as JSON: what a request's body may have.
const COPIED_BYTES: usize = 3 * 1024 * 1024;

/// Returns `current` with the operations in `body` applied, all or none.
pub(super) fn apply(current: &Value, body: &Value) -> Result<Value, ApiError> {
    let count = body.as_array().map_or(0, Vec::len);
    if count > OPERATIONS {
        return Err(too_large(format!(
            "the allowed maximum operations in a JSON patch is {OPERATIONS}, got {count}"
        )));
    }
    let json_patch::Patch(operations) = serde_json::from_value(body.clone()).map_err(|error| {
        ApiError::new(Reason::BadRequest, format!("error decoding patch: {error}"))
    })?;
    let mut changed = current.clone();
    let mut copied = 0;
    for (index, operation) in operations.iter().enumerate() {
        copied += copied_bytes(&changed, operation);
        if copied > COPIED_BYTES {
            return Err(too_large(format!(
                "the copies of a JSON patch may have {COPIED_BYTES} bytes together"
            )));
        }
        // Nothing need be undone: what has failed is thrown away.
        json_patch::patch_unsafe(&mut changed, std::slice::from_ref(operation)).map_err(
            |error| {
                let path = operation.path();
                ApiError::new(
                    Reason::Invalid,
                    format!(
                        "the server rejected our request due to an error in our request: operation \
                     {index} at \"{path}\": {}",
                        error.kind
                    ),
                )
            },
        )?;
    }
    Ok(changed)
}

fn copied_bytes(document: &Value, operation: &PatchOperation) -> usize {
    let PatchOperation::Copy(copy) = operation else { return 0 };
    document.pointer(copy.from.as_str()).map_or(0, |value| value.to_string().len())
}

fn too_large(why: String) -> ApiError {
    ApiError::new(Reason::RequestEntityTooLarge, why)
}
