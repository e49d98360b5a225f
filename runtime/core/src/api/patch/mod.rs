//! How a patch changes an object: RFC 6902, RFC 7386 and Kubernetes' strategic merge.

mod diff;
mod schema;
mod strategic;

pub use diff::three_way;
use serde_json::Value;

use super::{ApiError, Kind, Reason};
use crate::engine::{Patch, PatchKind};

/// Returns `current` with `patch` applied. What comes out is judged afterwards, as any change.
///
/// # Errors
/// `Invalid` where a JSON patch's test or path fails, `BadRequest` where the patch is none.
pub fn apply(kind: Kind, current: &Value, patch: &Patch) -> Result<Value, ApiError> {
    match patch.kind {
        PatchKind::Json => json(current, &patch.body),
        PatchKind::Merge => {
            check_object(&patch.body)?;
            let mut changed = current.clone();
            json_patch::merge(&mut changed, &patch.body);
            Ok(changed)
        }
        PatchKind::Strategic => {
            check_object(&patch.body)?;
            strategic::merge(kind, current, &patch.body)
        }
    }
}

fn json(current: &Value, body: &Value) -> Result<Value, ApiError> {
    let operations: json_patch::Patch = serde_json::from_value(body.clone())
        .map_err(|error| bad_request(&format!("error decoding patch: {error}")))?;
    let mut changed = current.clone();
    match json_patch::patch(&mut changed, &operations) {
        Ok(()) => Ok(changed),
        Err(error) => Err(ApiError::new(
            Reason::Invalid,
            format!("the server rejected our request due to an error in our request: {error}"),
        )),
    }
}

fn check_object(body: &Value) -> Result<(), ApiError> {
    if body.is_object() { Ok(()) } else { Err(bad_request("a merge patch must be an object")) }
}

fn bad_request(why: &str) -> ApiError {
    ApiError::new(Reason::BadRequest, why)
}
