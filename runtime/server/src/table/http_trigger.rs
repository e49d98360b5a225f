//! The row of an HTTPTrigger.

use jobling_core::Timestamp;
use jobling_core::api::{HTTPTrigger, TriggerAuth};
use serde_json::json;

use super::age::since;
use super::row::{Column, Row, container_cells, or};

pub(super) const COLUMNS: [Column; 13] = [
    Column::name(),
    Column::text("Path"),
    Column::text("Methods"),
    Column::text("Response"),
    Column::text("Suspend"),
    Column::integer("Active"),
    Column::integer("Requests"),
    Column::integer("Failures"),
    Column::text("Last Request"),
    Column::text("Age"),
    Column::wide("Auth"),
    Column::wide("Containers"),
    Column::wide("Images"),
];

pub(super) fn row(trigger: &HTTPTrigger, now: Timestamp) -> Row {
    let spec = &trigger.spec;
    let status = trigger.status.clone().unwrap_or_default();
    let pod = spec.job_template.spec.as_ref().and_then(|job| job.template.spec.as_ref());
    let (names, images) =
        container_cells(pod.map(|pod| pod.containers.as_slice()).unwrap_or_default());
    let suspend = if spec.suspend == Some(true) { "True" } else { "False" };
    let last = status.last_request_time.as_ref();
    Row::new(vec![
        json!(trigger.metadata.name),
        json!(spec.path),
        json!(spec.methods.clone().unwrap_or_default().join(",")),
        json!(or(spec.response.as_deref(), "<none>")),
        json!(suspend),
        json!(status.active.unwrap_or_default()),
        json!(status.requests.unwrap_or_default()),
        json!(status.failures.unwrap_or_default()),
        json!(last.map_or_else(|| "<none>".to_owned(), |last| since(Some(last), now))),
        json!(since(trigger.metadata.creation_timestamp.as_ref(), now)),
        json!(auth(spec.auth.as_ref())),
        json!(names),
        json!(images),
    ])
}

fn auth(auth: Option<&TriggerAuth>) -> &'static str {
    match auth {
        Some(TriggerAuth { bearer: Some(_), .. }) => "bearer",
        Some(TriggerAuth { hmac: Some(_), .. }) => "hmac",
        Some(TriggerAuth { none: Some(_), .. }) => "none",
        Some(_) | None => "<none>",
    }
}

#[cfg(test)]
mod tests {
    use jobling_core::api::Kind;
    use serde_json::json;

    use super::super::row::testing::{ago, printed};

    #[test]
    fn a_trigger_shows_what_it_takes_and_what_has_come() {
        let template = json!({"spec": {"template": {"spec": {"containers": [
            {"name": "main", "image": "thumbnail:1"},
        ]}}}});
        let fresh = json!({
            "metadata": {"name": "thumbnail", "creationTimestamp": ago(7200)},
            "spec": {"path": "/thumbnail", "methods": ["POST", "PUT"], "response": "Sync",
                "auth": {"none": {}}, "jobTemplate": template, "suspend": false},
        });
        let mut used = fresh.clone();
        used["spec"]["suspend"] = json!(true);
        used["spec"]["auth"] = json!({"bearer": {"secretKeyRef": {"name": "s", "key": "k"}}});
        used["status"] =
            json!({"active": 2, "requests": 40, "failures": 1, "lastRequestTime": ago(90)});
        for (object, row) in [
            (
                fresh,
                "thumbnail | /thumbnail | POST,PUT | Sync | False | 0 | 0 | 0 | <none> | 120m | \
                 none | main | thumbnail:1",
            ),
            (
                used,
                "thumbnail | /thumbnail | POST,PUT | Sync | True | 2 | 40 | 1 | 90s | 120m | \
                 bearer | main | thumbnail:1",
            ),
        ] {
            assert_eq!(printed(Kind::HTTPTrigger, object), row);
        }
    }
}
