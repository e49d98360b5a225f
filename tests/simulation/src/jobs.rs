//! Random Jobs: every policy of batch/v1, mixed.

use fastrand::Rng;
use serde_json::{Value, json};

/// Returns a Job of that name, drawn by the dice.
pub(crate) fn job(name: &str, dice: &mut Rng) -> Value {
    let indexed = dice.u8(0..10) < 4;
    let never = indexed || dice.bool();
    let per_index = indexed && dice.u8(0..3) == 0;
    let completions = dice.u8(1..8);
    let mut spec = json!({
        "parallelism": dice.u8(0..6),
        "completionMode": if indexed { "Indexed" } else { "NonIndexed" },
        "template": template(if never { "Never" } else { "OnFailure" }, dice),
    });
    if indexed || dice.u8(0..4) > 0 {
        spec["completions"] = json!(completions);
    }
    if per_index {
        spec["backoffLimitPerIndex"] = json!(dice.u8(0..3));
        if dice.bool() {
            spec["maxFailedIndexes"] = json!(dice.u8(0..completions));
        }
    } else {
        spec["backoffLimit"] = json!(dice.u8(0..6));
    }
    if indexed && dice.u8(0..4) == 0 {
        spec["successPolicy"] = json!({"rules": [{"succeededCount": dice.u8(1..=completions)}]});
    }
    if never && dice.u8(0..4) == 0 {
        spec["podFailurePolicy"] = failure_policy(per_index, dice);
        spec["podReplacementPolicy"] = json!("Failed");
    } else if dice.u8(0..4) == 0 {
        spec["podReplacementPolicy"] = json!("Failed");
    }
    if dice.u8(0..4) == 0 {
        spec["activeDeadlineSeconds"] = json!(dice.u16(1..300));
    }
    if dice.u8(0..4) == 0 {
        spec["ttlSecondsAfterFinished"] = json!(dice.u8(0..100));
    }
    if dice.u8(0..8) == 0 {
        spec["suspend"] = json!(true);
    }
    if dice.u8(0..32) == 0 {
        spec["managedBy"] = json!("example.com/other");
    }
    let failures = [0, 0, 5, 30, 60, 100][dice.usize(0..6)];
    json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": name, "annotations": {"failures": format!("{failures}")}},
        "spec": spec,
    })
}

fn template(restart_policy: &str, dice: &mut Rng) -> Value {
    let mut spec = json!({
        "restartPolicy": restart_policy,
        "terminationGracePeriodSeconds": dice.u8(0..40),
        "containers": [{
            "name": "main", "image": "guest",
            "resources": {"limits": {"memory": format!("{}Mi", dice.u8(1..64))}},
        }],
    });
    if dice.u8(0..6) == 0 {
        let claim = format!("claim-{}", dice.u8(0..2));
        spec["volumes"] = json!([{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]);
        spec["containers"][0]["volumeMounts"] = json!([{"name": "data", "mountPath": "/data"}]);
    }
    json!({"spec": spec})
}

fn failure_policy(per_index: bool, dice: &mut Rng) -> Value {
    let actions: &[&str] = if per_index {
        &["FailJob", "FailIndex", "Ignore", "Count"]
    } else {
        &["FailJob", "Ignore", "Count"]
    };
    let rule = |code: u8, dice: &mut Rng| {
        json!({
            "action": actions[dice.usize(0..actions.len())],
            "onExitCodes": {"operator": "In", "values": [code]},
        })
    };
    json!({"rules": [rule(1, dice), rule(2, dice)]})
}

/// Returns a claim of that name.
pub(crate) fn claim(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
    })
}

/// Returns a merge patch that a person might send to a Job.
pub(crate) fn change(indexed: bool, dice: &mut Rng) -> Value {
    let spec = match dice.u8(0..5) {
        0 => json!({"parallelism": dice.u8(0..8)}),
        1 => json!({"suspend": true}),
        2 => json!({"suspend": false}),
        3 if indexed => {
            let size = dice.u8(1..8);
            json!({"parallelism": size, "completions": size})
        }
        3 => json!({"activeDeadlineSeconds": dice.u16(1..300)}),
        _ => json!({"ttlSecondsAfterFinished": dice.u8(0..100)}),
    };
    json!({ "spec": spec })
}
