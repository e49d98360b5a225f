//! The triggers that are played with, drawn from the dice.

use fastrand::Rng;
use serde_json::{Value, json};

/// How many there are.
pub(super) const TRIGGERS: u8 = 4;

/// How long a key is remembered, in seconds: shorter than the play, so that keys come again.
pub(super) const RETENTION_SECONDS: u64 = 7_200;

/// Returns the name of a trigger.
pub(super) fn name(trigger: u8) -> String {
    format!("trigger-{trigger}")
}

/// Draws a trigger. Each keeps its policy through the play.
pub(super) fn trigger(trigger: u8, dice: &mut Rng) -> Value {
    let policy = ["Allow", "Forbid", "Replace", "Queue"][usize::from(trigger % 4)];
    let failures = [0, 30, 100][dice.usize(0..3)].to_string();
    let mut spec = json!({
        "path": format!("/{}", name(trigger)),
        "auth": {"none": {}},
        "record": "Always",
        "concurrencyPolicy": policy,
        "maxConcurrency": dice.u8(1..4),
        "idempotency": {"retentionSeconds": RETENTION_SECONDS},
        "successfulJobsHistoryLimit": dice.u8(0..4),
        "failedJobsHistoryLimit": dice.u8(0..3),
        "jobTemplate": {
            "metadata": {"annotations": {
                "seconds": dice.u8(0..60).to_string(),
                "failures": failures,
            }},
            "spec": {
                "backoffLimit": dice.u8(0..3),
                "template": {"spec": {
                    "restartPolicy": if dice.bool() { "Never" } else { "OnFailure" },
                    "containers": [{"name": "main", "image": "guest"}],
                }},
            },
        },
    });
    if policy == "Queue" {
        spec["queueDepth"] = dice.u8(0..6).into();
    }
    if dice.bool() {
        spec["response"] = "Async".into();
    } else {
        spec["timeoutSeconds"] = dice.u16(1..600).into();
    }
    json!({
        "apiVersion": "jobling.dev/v1alpha1", "kind": "HTTPTrigger",
        "metadata": {"name": name(trigger)}, "spec": spec,
    })
}

/// Draws a change of a trigger.
pub(super) fn change(dice: &mut Rng) -> Value {
    match dice.u8(0..3) {
        0 => json!({"spec": {"suspend": dice.bool()}}),
        1 => json!({"spec": {"maxConcurrency": dice.u8(1..5)}}),
        _ => json!({"spec": {"successfulJobsHistoryLimit": dice.u8(0..4)}}),
    }
}
