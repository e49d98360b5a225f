//! `get -o wide`: columns that Kubernetes' tables do not have. Of CronJobs, how long until the next run; of
//! pods, how far their tasks say that they are.

use jiff::Timestamp;
use jobling_core::api::{Kind, Object};
use jobling_core::control::cronjob::upcoming;
use jobling_core::pods::PROGRESS;
use serde_json::{Value, json};

use crate::print::human_duration;

/// Adds the column to a table whose rows hold whole CronJobs.
pub(super) fn add_next_schedule(table: &mut Value, now: Timestamp) {
    add(table, "Next Schedule", |cron_job| next_schedule(cron_job, now));
}

/// Adds the column to a table whose rows hold pods, or their metadata.
pub(super) fn add_progress(table: &mut Value) {
    add(table, "Progress", |pod| {
        let told = pod["metadata"]["annotations"][PROGRESS].as_str();
        told.unwrap_or("<none>").to_owned()
    });
}

fn add(table: &mut Value, name: &str, cell: impl Fn(&Value) -> String) {
    if let Some(columns) = table["columnDefinitions"].as_array_mut().filter(|all| !all.is_empty()) {
        columns.push(json!({"name": name, "type": "string", "priority": 1}));
    }
    for row in table["rows"].as_array_mut().into_iter().flatten() {
        let cell = cell(&row["object"]);
        if let Some(cells) = row["cells"].as_array_mut() {
            cells.push(cell.into());
        }
    }
}

/// Returns such as `in 25s`.
fn next_schedule(cron_job: &Value, now: Timestamp) -> String {
    let Ok(Object::CronJob(cron_job)) = Object::from_value(Kind::CronJob, cron_job) else {
        return "<unknown>".to_owned();
    };
    let moment = jobling_core::Timestamp::from_unix_micros(now.as_microsecond());
    match upcoming(&cron_job, moment, 1)[..] {
        [next, ..] => format!("in {}", human_duration(next.unix_seconds() - now.as_second())),
        [] => "<none>".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_run_is_the_last_column() {
        let row = |spec: Value| json!({"cells": ["nightly"], "object": {"spec": spec}});
        let template = json!({"spec": {"template": {}}});
        let mut table = json!({
            "columnDefinitions": [{"name": "Name"}],
            "rows": [
                row(json!({"schedule": "0 2 * * *", "jobTemplate": template})),
                row(json!({"schedule": "0 2 * * *", "suspend": true, "jobTemplate": template})),
                row(json!({"schedule": "0 0 30 2 *", "jobTemplate": template})),
            ],
        });
        add_next_schedule(&mut table, "2026-11-24T01:59:35Z".parse().unwrap());
        assert_eq!(table["columnDefinitions"][1]["name"], "Next Schedule");
        let last: Vec<&Value> =
            table["rows"].as_array().unwrap().iter().map(|row| &row["cells"][1]).collect();
        assert_eq!(last, ["in 25s", "<none>", "<none>"]);
    }

    #[test]
    fn a_pods_progress_is_what_its_task_has_told() {
        let row = |metadata: Value| json!({"cells": ["a"], "object": {"metadata": metadata}});
        let mut table = json!({
            "columnDefinitions": [{"name": "Name"}],
            "rows": [
                row(json!({"annotations": {"jobling.dev/progress": "3/10 rows read"}})),
                row(json!({})),
            ],
        });
        add_progress(&mut table);
        assert_eq!(table["columnDefinitions"][1]["name"], "Progress");
        assert_eq!(table["rows"][0]["cells"][1], "3/10 rows read");
        assert_eq!(table["rows"][1]["cells"][1], "<none>");
    }

    #[test]
    fn of_a_watch_only_the_first_table_has_columns() {
        let mut table = json!({"columnDefinitions": null, "rows": []});
        add_next_schedule(&mut table, Timestamp::UNIX_EPOCH);
        assert_eq!(table, json!({"columnDefinitions": null, "rows": []}));
    }
}
