//! A trigger, a request and Jobs, for tests.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::Timestamp;
use crate::api::HTTPTrigger;
use crate::control::{End, Origin, OwnedJob, Place, Stay};
use crate::trigger::TriggerCall;

/// Returns the trigger `thumbnail` with this spec.
pub(super) fn trigger(spec: &Value) -> HTTPTrigger {
    let metadata = json!({"name": "thumbnail", "namespace": "default", "uid": "u-1"});
    serde_json::from_value(json!({"metadata": metadata, "spec": spec})).unwrap()
}

/// Returns a request to `path`.
pub(super) fn call(path: &str) -> TriggerCall {
    TriggerCall {
        method: "POST".into(),
        path: path.into(),
        query: String::new(),
        segments: BTreeMap::new(),
        headers: Vec::new(),
        body: Vec::new(),
        remote: None,
        received: Timestamp::default(),
        idempotency: None,
    }
}

/// Returns the Job of the request `number`, under way.
pub(super) fn owned(number: u64, place: Place) -> OwnedJob {
    OwnedJob {
        name: format!("r-{number}").into(),
        uid: format!("u-{number}").into(),
        origin: Origin::Request(number),
        place,
        stay: Stay::Present,
        started: Some(Timestamp::default()),
        end: None,
    }
}

/// Returns the Job of the request `number`, ended with that condition.
pub(super) fn ended(number: u64, condition: &str) -> OwnedJob {
    let end = if condition == "Failed" { End::Failed } else { End::Complete(None) };
    OwnedJob { end: Some(end), ..owned(number, Place::Taken) }
}
