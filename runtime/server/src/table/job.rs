//! The row of a Job.

use jobling_core::Timestamp;
use k8s_openapi::api::batch::v1::{Job, JobSpec, JobStatus};
use serde_json::json;

use super::age::{since, span};
use super::row::{Column, Row, container_cells, selector_cell};

pub(super) const COLUMNS: [Column; 8] = [
    Column::name(),
    Column::text("Status"),
    Column::text("Completions"),
    Column::text("Duration"),
    Column::text("Age"),
    Column::wide("Containers"),
    Column::wide("Images"),
    Column::wide("Selector"),
];

pub(super) fn row(job: &Job, now: Timestamp) -> Row {
    let (no_spec, no_status) = (JobSpec::default(), JobStatus::default());
    let spec = job.spec.as_ref().unwrap_or(&no_spec);
    let status = job.status.as_ref().unwrap_or(&no_status);
    let containers = spec.template.spec.as_ref().map(|pod| pod.containers.as_slice());
    let (names, images) = container_cells(containers.unwrap_or_default());
    Row::new(vec![
        json!(job.metadata.name),
        json!(state(job, status)),
        json!(completions(spec, status)),
        json!(duration(status, now)),
        json!(since(job.metadata.creation_timestamp.as_ref(), now)),
        json!(names),
        json!(images),
        json!(selector_cell(spec.selector.as_ref())),
    ])
}

fn state(job: &Job, status: &JobStatus) -> &'static str {
    let has = |kind: &str| {
        let mut conditions = status.conditions.iter().flatten();
        conditions.any(|condition| condition.type_ == kind && condition.status == "True")
    };
    if has("Complete") {
        "Complete"
    } else if has("Failed") {
        "Failed"
    } else if job.metadata.deletion_timestamp.is_some() {
        "Terminating"
    } else if has("Suspended") {
        "Suspended"
    } else if has("FailureTarget") {
        "FailureTarget"
    } else if has("SuccessCriteriaMet") {
        "SuccessCriteriaMet"
    } else {
        "Running"
    }
}

fn completions(spec: &JobSpec, status: &JobStatus) -> String {
    let succeeded = status.succeeded.unwrap_or_default();
    match (spec.completions, spec.parallelism.unwrap_or_default()) {
        (Some(completions), _) => format!("{succeeded}/{completions}"),
        (None, parallelism @ 2..) => format!("{succeeded}/1 of {parallelism}"),
        (None, _) => format!("{succeeded}/1"),
    }
}

fn duration(status: &JobStatus, now: Timestamp) -> String {
    let Some(start) = &status.start_time else { return String::new() };
    let end = status.completion_time.as_ref().map_or(now, Timestamp::from);
    span(start.into(), end)
}

#[cfg(test)]
mod tests {
    use jobling_core::api::Kind;
    use serde_json::{Value, json};

    use super::super::row::testing::{ago, printed};

    #[test]
    fn a_job_shows_the_state_that_its_conditions_tell() {
        let condition = |kind: &str| json!({"type": kind, "status": "True"});
        for (conditions, deleted, state) in [
            (vec![], false, "Running"),
            (vec![json!({"type": "Complete", "status": "False"})], false, "Running"),
            (vec![condition("SuccessCriteriaMet"), condition("Complete")], false, "Complete"),
            (vec![condition("FailureTarget"), condition("Failed")], true, "Failed"),
            (vec![condition("Suspended")], true, "Terminating"),
            (vec![condition("Suspended")], false, "Suspended"),
            (vec![condition("FailureTarget")], false, "FailureTarget"),
            (vec![condition("SuccessCriteriaMet")], false, "SuccessCriteriaMet"),
        ] {
            let mut job =
                json!({"metadata": {"name": "report"}, "status": {"conditions": conditions}});
            if deleted {
                job["metadata"]["deletionTimestamp"] = json!(ago(1));
            }
            let row = printed(Kind::Job, job);
            assert!(row.starts_with(&format!("report | {state} | ")), "{row}");
        }
    }

    #[test]
    fn a_job_counts_its_successes_against_what_it_needs() {
        for (spec, cell) in [
            (json!({"completions": 5}), "2/5"),
            (json!({"parallelism": 3}), "2/1 of 3"),
            (json!({"parallelism": 1}), "2/1"),
            (json!({}), "2/1"),
        ] {
            let job = json!({"spec": with_template(spec), "status": {"succeeded": 2}});
            let row = printed(Kind::Job, job);
            assert_eq!(row.split(" | ").nth(2), Some(cell), "{row}");
        }
    }

    #[test]
    fn a_wide_row_adds_containers_images_and_selector() {
        let job = json!({
            "metadata": {"name": "report", "creationTimestamp": ago(300)},
            "spec": with_template(json!({"completions": 1, "selector": {"matchLabels": {"a": "b"}}})),
            "status": {"startTime": ago(290), "completionTime": ago(100), "succeeded": 1},
        });
        let row = printed(Kind::Job, job);
        assert_eq!(row, "report | Running | 1/1 | 3m10s | 5m | one,two | a:1,b:2 | a=b");
    }

    #[test]
    fn a_job_that_has_not_started_has_no_duration() {
        let row = printed(Kind::Job, json!({"metadata": {"name": "report"}}));
        assert_eq!(row, "report | Running | 0/1 |  | <unknown> |  |  | <none>");
    }

    fn with_template(mut spec: Value) -> Value {
        spec["template"] = json!({"spec": {"containers": [
            {"name": "one", "image": "a:1"},
            {"name": "two", "image": "b:2"},
        ]}});
        spec
    }
}
