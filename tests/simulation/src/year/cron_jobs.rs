//! Random CronJobs: schedules, zones, policies and what their runs are like.

use fastrand::Rng;
use serde_json::{Value, json};

/// How often each occurs among thirty-two: most come once a day, as most do.
const SCHEDULES: [(&str, u8); 12] = [
    ("30 2 * * *", 6),
    ("0 0 * * *", 3),
    ("15 1 * * 1-5", 4),
    ("0 9,17 * * 1-5", 3),
    ("@weekly", 4),
    ("0 12 1,15 * *", 3),
    ("@monthly", 2),
    ("0 0 13 * 5", 2),
    ("0 3 29 2 *", 1),
    ("@every 37h", 2),
    ("0 */8 * * *", 1),
    ("5 * 7 * *", 1),
];

/// Zones with clock changes of many kinds, but for those (Lord Howe's half an hour, Cairo's midnight) where
/// the reference's next time depends on where it begins to look, so that no one list of runs is the right one.
const ZONES: [&str; 8] = [
    "UTC",
    "America/New_York",
    "Europe/London",
    "Australia/Sydney",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "Africa/Casablanca",
];

/// Returns a CronJob of that name, drawn by the dice.
pub(super) fn cron_job(name: &str, dice: &mut Rng) -> Value {
    let policy = ["Allow", "Forbid", "Replace"][dice.usize(0..3)];
    let mut spec = json!({
        "schedule": schedule(dice),
        "timeZone": zone(dice),
        "concurrencyPolicy": policy,
        "successfulJobsHistoryLimit": dice.u8(0..4),
        "failedJobsHistoryLimit": dice.u8(0..3),
        "jobTemplate": job_template(dice),
    });
    let deadline = [1, 60, 3_600, 100_000][dice.usize(0..4)];
    if dice.u8(0..4) == 0 {
        spec["startingDeadlineSeconds"] = json!(deadline);
    }
    let mut annotations = json!({});
    if dice.u8(0..4) == 0 {
        let seconds = [60, 3_600, 86_400][dice.usize(0..3)];
        annotations["jobling.dev/spread-seconds"] = json!(format!("{seconds}"));
    }
    if dice.u8(0..4) == 0 {
        annotations["jobling.dev/fold"] = json!("once");
    }
    json!({
        "apiVersion": "batch/v1", "kind": "CronJob",
        "metadata": {"name": name, "annotations": annotations},
        "spec": spec,
    })
}

/// Returns a schedule, the frequent ones more often.
pub(super) fn schedule(dice: &mut Rng) -> &'static str {
    let mut drawn = dice.u8(0..SCHEDULES.iter().map(|(_, weight)| weight).sum());
    for (schedule, weight) in SCHEDULES {
        if drawn < weight {
            return schedule;
        }
        drawn -= weight;
    }
    SCHEDULES[0].0
}

fn zone(dice: &mut Rng) -> &'static str {
    ZONES[dice.usize(0..ZONES.len())]
}

/// A run takes seconds, an hour, or longer than until the next one.
fn job_template(dice: &mut Rng) -> Value {
    let seconds = [1, 60, 3_600, 100_000, 1_000_000][dice.usize(0..5)];
    let failures = [0, 0, 0, 20, 100][dice.usize(0..5)];
    json!({
        "metadata": {"annotations": {
            "seconds": format!("{seconds}"), "failures": format!("{failures}"),
        }},
        "spec": {
            "backoffLimit": dice.u8(0..2),
            "template": {"spec": {
                "restartPolicy": if dice.u8(0..8) == 0 { "OnFailure" } else { "Never" },
                "containers": [{"name": "main", "image": "guest"}],
            }},
        },
    })
}

/// Returns a merge patch that a person might send to a CronJob.
pub(super) fn change(dice: &mut Rng) -> Value {
    match dice.u8(0..6) {
        0 => json!({"spec": {"suspend": true}}),
        1 | 2 => json!({"spec": {"suspend": false}}),
        3 => json!({"spec": {"schedule": schedule(dice)}}),
        4 => json!({"spec": {"timeZone": zone(dice)}}),
        _ => json!({"spec": {
            "successfulJobsHistoryLimit": dice.u8(0..4),
            "failedJobsHistoryLimit": dice.u8(0..3),
        }}),
    }
}

/// Returns a Job that somebody makes by hand: from the CronJob, or with a name that a run would have.
pub(super) fn job(name: &str, owner: Option<(&str, &str)>) -> Value {
    let owners = owner.map(|(name, uid)| {
        json!([{"apiVersion": "batch/v1", "kind": "CronJob", "name": name, "uid": uid, "controller": true}])
    });
    json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {
            "name": name,
            "annotations": {"seconds": "60", "cronjob.kubernetes.io/instantiate": "manual"},
            "ownerReferences": owners,
        },
        "spec": {"template": {"spec": {
            "restartPolicy": "Never", "containers": [{"name": "main", "image": "guest"}],
        }}},
    })
}
