//! The row of a CronJob.

use jobling_core::Timestamp;
use k8s_openapi::api::batch::v1::CronJob;
use serde_json::json;

use super::age::since;
use super::row::{Column, Row, container_cells, or, selector_cell};

pub(super) const COLUMNS: [Column; 10] = [
    Column::name(),
    Column::text("Schedule"),
    Column::text("Timezone"),
    Column::text("Suspend"),
    Column::integer("Active"),
    Column::text("Last Schedule"),
    Column::text("Age"),
    Column::wide("Containers"),
    Column::wide("Images"),
    Column::wide("Selector"),
];

pub(super) fn row(cron_job: &CronJob, now: Timestamp) -> Row {
    let spec = &cron_job.spec;
    let status = cron_job.status.as_ref();
    let template = spec.job_template.spec.as_ref();
    let pod = template.and_then(|job| job.template.spec.as_ref());
    let (names, images) =
        container_cells(pod.map(|pod| pod.containers.as_slice()).unwrap_or_default());
    let suspend = match spec.suspend {
        Some(true) => "True",
        Some(false) => "False",
        None => "<unset>",
    };
    let last = status.and_then(|status| status.last_schedule_time.as_ref());
    let active = status.and_then(|status| status.active.as_ref()).map_or(0, Vec::len);
    Row::new(vec![
        json!(cron_job.metadata.name),
        json!(spec.schedule),
        json!(or(spec.time_zone.as_deref(), "<none>")),
        json!(suspend),
        json!(active),
        json!(last.map_or_else(|| "<none>".to_owned(), |last| since(Some(last), now))),
        json!(since(cron_job.metadata.creation_timestamp.as_ref(), now)),
        json!(names),
        json!(images),
        json!(selector_cell(template.and_then(|job| job.selector.as_ref()))),
    ])
}

#[cfg(test)]
mod tests {
    use jobling_core::api::Kind;
    use serde_json::json;

    use super::super::row::testing::{ago, printed};

    #[test]
    fn a_cron_job_shows_when_it_runs_and_when_it_last_did() {
        let template = json!({"spec": {"template": {"spec": {"containers": [
            {"name": "main", "image": "backup-tool:latest"},
        ]}}}});
        let fresh = json!({
            "metadata": {"name": "nightly", "creationTimestamp": ago(7200)},
            "spec": {"schedule": "0 2 * * *", "jobTemplate": template, "suspend": false},
        });
        let mut used = fresh.clone();
        used["spec"]["timeZone"] = json!("Europe/Berlin");
        used["spec"]["suspend"] = json!(true);
        used["status"] = json!({"active": [{"name": "a"}], "lastScheduleTime": ago(90)});
        for (object, row) in [
            (
                fresh,
                "nightly | 0 2 * * * | <none> | False | 0 | <none> | 120m | main | \
                 backup-tool:latest | <none>",
            ),
            (
                used,
                "nightly | 0 2 * * * | Europe/Berlin | True | 1 | 90s | 120m | main | \
                 backup-tool:latest | <none>",
            ),
        ] {
            assert_eq!(printed(Kind::CronJob, object), row);
        }
    }
}
