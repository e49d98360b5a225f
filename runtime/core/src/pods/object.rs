//! The Pod object that a row and its Job's template stand for, as the API server would hold it once the
//! Job controller, the scheduler and the kubelet had written their parts.
//!
//! What is jobling's own: the node is always [`NODE_NAME`], there are no addresses, and the annotations
//! [`FUEL_USED`] and [`PROGRESS`] tell the fuel that the newest runs of the containers have used together, and
//! how far the first container that says so is.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::{JobInfo, Pod, Tally};

/// `spec.nodeName` of every pod that was scheduled: there is one node.
pub const NODE_NAME: &str = "jobling";

/// The annotation with the fuel used by the newest runs of all containers, in units.
pub const FUEL_USED: &str = "jobling.dev/fuel-used";

/// The annotation with what the first container that tells its progress has told last, such as `3/10 rows read`.
pub const PROGRESS: &str = "jobling.dev/progress";

const INDEX: &str = "batch.kubernetes.io/job-completion-index";
const INDEX_FAILURES: &str = "batch.kubernetes.io/job-index-failure-count";
const TRACKING: &str = "batch.kubernetes.io/job-tracking";
const INDEX_VARIABLE: &str = "JOB_COMPLETION_INDEX";

impl Pod {
    /// Returns the pod as the API shows it.
    #[must_use]
    pub fn to_object(&self, job: &JobInfo) -> core::Pod {
        let spec = self.spec(job);
        core::Pod {
            metadata: self.metadata(job),
            status: Some(self.observed(job, &spec)),
            spec: Some(spec),
        }
    }

    fn metadata(&self, job: &JobInfo) -> ObjectMeta {
        let deleted_at = self.deletion.map(|deletion| deletion.asked_at.plus(deletion.grace));
        let grace = self.deletion.map(|deletion| deletion.grace.as_secs());
        ObjectMeta {
            name: Some(self.name(job)),
            generate_name: Some(self.generate_name(job)),
            namespace: Some(job.namespace.clone()),
            uid: Some(self.uid(job)),
            resource_version: Some(self.revision.to_string()),
            creation_timestamp: Some(self.created_at.to_time()),
            deletion_timestamp: deleted_at.map(crate::Timestamp::to_time),
            deletion_grace_period_seconds: grace.map(|s| i64::try_from(s).unwrap_or(i64::MAX)),
            labels: Some(self.labels(job)),
            annotations: Some(self.annotations(job)).filter(|all| !all.is_empty()),
            owner_references: (!job.orphaned).then(|| vec![owner(job)]),
            finalizers: self.finalizers(job),
            ..ObjectMeta::default()
        }
    }

    fn labels(&self, job: &JobInfo) -> BTreeMap<String, String> {
        let template = job.template.metadata.as_ref();
        let mut labels = template.and_then(|meta| meta.labels.clone()).unwrap_or_default();
        for prefix in ["", "batch.kubernetes.io/"] {
            labels.insert(format!("{prefix}job-name"), job.name.clone());
            labels.insert(format!("{prefix}controller-uid"), job.uid.clone());
        }
        if let Some(index) = self.index {
            labels.insert(INDEX.to_owned(), index.to_string());
        }
        labels
    }

    fn annotations(&self, job: &JobInfo) -> BTreeMap<String, String> {
        let template = job.template.metadata.as_ref();
        let mut annotations =
            template.and_then(|meta| meta.annotations.clone()).unwrap_or_default();
        let fuel = self.status.fuel_used();
        let ours = [
            (INDEX, self.index.map(|index| index.to_string())),
            (INDEX_FAILURES, self.index_failures.map(|failures| failures.to_string())),
            (FUEL_USED, (fuel > 0).then(|| fuel.to_string())),
            (PROGRESS, self.status.progress().map(ToString::to_string)),
        ];
        for (key, value) in ours {
            annotations.extend(value.map(|value| (key.to_owned(), value)));
        }
        annotations
    }

    /// The Job controller's own, until the pod is counted; an orphan is never counted.
    fn finalizers(&self, job: &JobInfo) -> Option<Vec<String>> {
        (self.tally == Tally::Open && !job.orphaned).then(|| vec![TRACKING.to_owned()])
    }

    fn spec(&self, job: &JobInfo) -> core::PodSpec {
        let mut spec = job.template.spec.clone().unwrap_or_default();
        for container in spec.init_containers.iter_mut().flatten().chain(&mut spec.containers) {
            default_requests(container);
            if self.index.is_some() {
                add_index_variable(container);
            }
        }
        if let Some(index) = self.index {
            spec.hostname = Some(format!("{}-{index}", job.name));
        }
        spec.node_name = self.scheduled_at.map(|_| NODE_NAME.to_owned());
        spec
    }
}

fn owner(job: &JobInfo) -> OwnerReference {
    OwnerReference {
        api_version: "batch/v1".to_owned(),
        kind: "Job".to_owned(),
        name: job.name.clone(),
        uid: job.uid.clone(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// What is limited and not requested is requested in full (`pkg/apis/core/v1/defaults.go`, `SetDefaults_Pod`:
/// a default of pods, not of templates).
fn default_requests(container: &mut core::Container) {
    let Some(resources) = &mut container.resources else { return };
    let Some(limits) = &resources.limits else { return };
    let requests = resources.requests.get_or_insert_default();
    for (name, limit) in limits {
        requests.entry(name.clone()).or_insert_with(|| limit.clone());
    }
}

/// Adds `JOB_COMPLETION_INDEX`, unless the template has a variable of that name
/// (`pkg/controller/job/indexed_job_utils.go`).
fn add_index_variable(container: &mut core::Container) {
    let variables = container.env.get_or_insert_default();
    if variables.iter().any(|variable| variable.name == INDEX_VARIABLE) {
        return;
    }
    let field = core::ObjectFieldSelector {
        api_version: Some("v1".to_owned()),
        field_path: format!("metadata.labels['{INDEX}']"),
    };
    variables.push(core::EnvVar {
        name: INDEX_VARIABLE.to_owned(),
        value: None,
        value_from: Some(core::EnvVarSource {
            field_ref: Some(field),
            ..core::EnvVarSource::default()
        }),
    });
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use serde_json::json;

    use super::super::testing::{
        created, deleted, ended, job, running, scheduled, simple_job, taken_up,
    };
    use super::super::{ContainerStatus, PodPhase, Progress};
    use super::*;

    #[test]
    fn a_created_pod_has_its_jobs_labels_and_waits_for_the_scheduler() {
        check(
            &created().to_object(&simple_job()),
            &expect![[r#"
            {
              "apiVersion": "v1",
              "kind": "Pod",
              "metadata": {
                "creationTimestamp": "2026-11-23T09:00:00Z",
                "finalizers": [
                  "batch.kubernetes.io/job-tracking"
                ],
                "generateName": "report-",
                "labels": {
                  "batch.kubernetes.io/controller-uid": "5e3c5c2e-2f5b-8aaa-9bbb-123456789abc",
                  "batch.kubernetes.io/job-name": "report",
                  "controller-uid": "5e3c5c2e-2f5b-8aaa-9bbb-123456789abc",
                  "job-name": "report"
                },
                "name": "report-d7k8c",
                "namespace": "default",
                "ownerReferences": [
                  {
                    "apiVersion": "batch/v1",
                    "blockOwnerDeletion": true,
                    "controller": true,
                    "kind": "Job",
                    "name": "report",
                    "uid": "5e3c5c2e-2f5b-8aaa-9bbb-123456789abc"
                  }
                ],
                "resourceVersion": "41",
                "uid": "aa271a5c-44e2-8b0a-9893-8167ef8b00dc"
              },
              "spec": {
                "containers": [
                  {
                    "image": "report:1.0",
                    "name": "main"
                  }
                ],
                "restartPolicy": "Never"
              },
              "status": {
                "phase": "Pending",
                "qosClass": "BestEffort"
              }
            }"#]],
        );
    }

    #[test]
    fn a_pod_tells_how_far_it_is_and_only_where_its_task_does() {
        let told = |progress: Option<Progress>| {
            let container = ContainerStatus { progress, ..running(2) };
            let pod = taken_up(PodPhase::Running, vec![running(2), container]);
            pod.to_object(&simple_job()).metadata.annotations.unwrap_or_default().remove(PROGRESS)
        };
        assert_eq!(told(None), None);
        let progress = Progress { done: 3, total: 10, text: "rows".into() };
        assert_eq!(told(Some(progress)).as_deref(), Some("3/10 rows"));
    }

    #[test]
    fn a_failed_pod_tells_its_exit_code_and_its_fuel() {
        let pod = taken_up(PodPhase::Failed, vec![ended(3, "Error")]);
        let pod = Pod { tally: Tally::Failed, ..pod };
        check(
            &pod.to_object(&simple_job()),
            &expect![[r#"
            {
              "apiVersion": "v1",
              "kind": "Pod",
              "metadata": {
                "annotations": {
                  "jobling.dev/fuel-used": "1200"
                },
                "creationTimestamp": "2026-11-23T09:00:00Z",
                "generateName": "report-",
                "labels": {
                  "batch.kubernetes.io/controller-uid": "5e3c5c2e-2f5b-8aaa-9bbb-123456789abc",
                  "batch.kubernetes.io/job-name": "report",
                  "controller-uid": "5e3c5c2e-2f5b-8aaa-9bbb-123456789abc",
                  "job-name": "report"
                },
                "name": "report-d7k8c",
                "namespace": "default",
                "ownerReferences": [
                  {
                    "apiVersion": "batch/v1",
                    "blockOwnerDeletion": true,
                    "controller": true,
                    "kind": "Job",
                    "name": "report",
                    "uid": "5e3c5c2e-2f5b-8aaa-9bbb-123456789abc"
                  }
                ],
                "resourceVersion": "41",
                "uid": "aa271a5c-44e2-8b0a-9893-8167ef8b00dc"
              },
              "spec": {
                "containers": [
                  {
                    "image": "report:1.0",
                    "name": "main"
                  }
                ],
                "nodeName": "jobling",
                "restartPolicy": "Never"
              },
              "status": {
                "conditions": [
                  {
                    "lastTransitionTime": "2026-11-23T09:00:02Z",
                    "status": "True",
                    "type": "Initialized"
                  },
                  {
                    "lastTransitionTime": "2026-11-23T09:00:09Z",
                    "reason": "PodFailed",
                    "status": "False",
                    "type": "Ready"
                  },
                  {
                    "lastTransitionTime": "2026-11-23T09:00:09Z",
                    "reason": "PodFailed",
                    "status": "False",
                    "type": "ContainersReady"
                  },
                  {
                    "lastTransitionTime": "2026-11-23T09:00:01Z",
                    "status": "True",
                    "type": "PodScheduled"
                  }
                ],
                "containerStatuses": [
                  {
                    "containerID": "jobling://9bf7980d5c5f9407a37e23d586299b67247e7dbedc537956a40dfa814df9d012",
                    "image": "report:1.0",
                    "imageID": "sha256:f00d",
                    "lastState": {},
                    "name": "main",
                    "ready": false,
                    "restartCount": 0,
                    "started": false,
                    "state": {
                      "terminated": {
                        "containerID": "jobling://9bf7980d5c5f9407a37e23d586299b67247e7dbedc537956a40dfa814df9d012",
                        "exitCode": 3,
                        "finishedAt": "2026-11-23T09:00:09Z",
                        "reason": "Error",
                        "startedAt": "2026-11-23T09:00:02Z"
                      }
                    }
                  }
                ],
                "phase": "Failed",
                "qosClass": "BestEffort",
                "startTime": "2026-11-23T09:00:02Z"
              }
            }"#]],
        );
    }

    #[test]
    fn an_indexed_pod_knows_its_index_in_every_way_that_the_reference_has() {
        let job = job(json!({
            "metadata": {"labels": {"app": "a"}, "annotations": {"note": "b"}},
            "spec": {
                "initContainers": [{"name": "load", "env": [{"name": "JOB_COMPLETION_INDEX", "value": "mine"}]}],
                "containers": [{"name": "main"}],
            },
        }));
        let pod = Pod { index: Some(3), index_failures: Some(0), ..scheduled() };
        let object = pod.to_object(&job);
        let shown = json!({
            "labels": object.metadata.labels,
            "annotations": object.metadata.annotations,
            "generateName": object.metadata.generate_name,
            "spec": object.spec,
        });
        expect![[r#"
            {
              "annotations": {
                "batch.kubernetes.io/job-completion-index": "3",
                "batch.kubernetes.io/job-index-failure-count": "0",
                "note": "b"
              },
              "generateName": "report-3-",
              "labels": {
                "app": "a",
                "batch.kubernetes.io/controller-uid": "5e3c5c2e-2f5b-8aaa-9bbb-123456789abc",
                "batch.kubernetes.io/job-completion-index": "3",
                "batch.kubernetes.io/job-name": "report",
                "controller-uid": "5e3c5c2e-2f5b-8aaa-9bbb-123456789abc",
                "job-name": "report"
              },
              "spec": {
                "containers": [
                  {
                    "env": [
                      {
                        "name": "JOB_COMPLETION_INDEX",
                        "valueFrom": {
                          "fieldRef": {
                            "apiVersion": "v1",
                            "fieldPath": "metadata.labels['batch.kubernetes.io/job-completion-index']"
                          }
                        }
                      }
                    ],
                    "name": "main"
                  }
                ],
                "hostname": "report-3",
                "initContainers": [
                  {
                    "env": [
                      {
                        "name": "JOB_COMPLETION_INDEX",
                        "value": "mine"
                      }
                    ],
                    "name": "load"
                  }
                ],
                "nodeName": "jobling"
              }
            }"#]].assert_eq(&serde_json::to_string_pretty(&shown).unwrap());
    }

    #[test]
    fn a_deleted_pod_says_until_when_it_may_run() {
        let pod = deleted(taken_up(PodPhase::Running, vec![running(2)])).to_object(&simple_job());
        let until = pod.metadata.deletion_timestamp.map(|time| time.0.to_string());
        assert_eq!(until.as_deref(), Some("2026-11-23T09:00:35Z"));
        assert_eq!(pod.metadata.deletion_grace_period_seconds, Some(30));
    }

    #[test]
    fn the_finalizer_stays_until_the_pod_is_counted() {
        for (tally, orphaned, held) in [
            (Tally::Open, false, true),
            (Tally::Succeeded, false, false),
            (Tally::Failed, false, false),
            (Tally::Ignored, false, false),
            (Tally::Exempt, false, false),
            (Tally::Open, true, false),
        ] {
            let job = JobInfo { orphaned, ..simple_job() };
            let object = Pod { tally, ..created() }.to_object(&job);
            assert_eq!(object.metadata.finalizers.is_some(), held, "{tally:?}, {orphaned}");
            assert_eq!(object.metadata.owner_references.is_none(), orphaned, "{tally:?}");
        }
    }

    fn check(pod: &core::Pod, expected: &Expect) {
        expected.assert_eq(&serde_json::to_string_pretty(pod).unwrap());
    }
}
