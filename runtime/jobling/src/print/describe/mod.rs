//! Descriptions of objects, in kubectl's layout (`kubectl/pkg/describe`).

mod cron_job;
mod events;
mod generic;
mod http_trigger;
mod job;
mod lines;
mod pod;
mod template;

use jiff::Timestamp;
use serde_json::Value;

use super::TabWriter;
use lines::Lines;

/// What is told of an object besides itself.
#[derive(Debug, Default)]
pub(crate) struct Related {
    /// Its events, oldest first, if they are to be told.
    pub(crate) events: Option<Vec<Value>>,
    /// Of a CronJob or an HTTPTrigger: its Jobs.
    pub(crate) jobs: Vec<Value>,
    /// Of an HTTPTrigger: where requests are taken.
    pub(crate) endpoint: Option<String>,
}

/// Returns the description of `object`.
pub(crate) fn describe_object(object: &Value, related: &Related, now: Timestamp) -> String {
    let mut lines = Lines::default();
    match object["kind"].as_str().unwrap_or_default() {
        "Job" => job::describe(object, &mut lines),
        "CronJob" => cron_job::describe(object, &related.jobs, now, &mut lines),
        "HTTPTrigger" => {
            let endpoint = related.endpoint.as_deref();
            http_trigger::describe(object, &related.jobs, endpoint, now, &mut lines);
        }
        "Pod" => pod::describe(object, &mut lines),
        "Secret" => generic::describe_secret(object, &mut lines),
        "ConfigMap" => generic::describe_config_map(object, &mut lines),
        _ => generic::describe(object, &mut lines),
    }
    if let Some(events) = &related.events {
        events::describe(events, now, &mut lines);
    }
    TabWriter::DESCRIPTION.format(&lines.into_text())
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T19:05:00Z".parse().unwrap()
    }

    fn with(events: &[Value]) -> Related {
        Related { events: Some(events.to_vec()), ..Related::default() }
    }

    fn container() -> Value {
        json!({"name": "main", "image": "hello:1.0", "args": ["Ada", "two\nlines"],
            "env": [{"name": "A", "value": "1"},
                    {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                    {"name": "IP", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}}],
            "resources": {"limits": {"memory": "64Mi", "cpu": "1"}},
            "volumeMounts": [{"name": "data", "mountPath": "/data", "readOnly": true}]})
    }

    #[test]
    fn a_job_is_described_as_kubectl_does() {
        let job = json!({"apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": "hello", "namespace": "default", "labels": {"a": "1", "b": "2"}},
            "spec": {"parallelism": 1, "completions": 1, "completionMode": "NonIndexed", "suspend": false,
                "backoffLimit": 6, "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}},
                "template": {"metadata": {"labels": {"job-name": "hello"}},
                    "spec": {"containers": [container()],
                        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "c"}}]}}},
            "status": {"startTime": "2026-11-23T19:00:00Z", "completionTime": "2026-11-23T19:00:05Z",
                "succeeded": 1, "ready": 0}});
        let events = [json!({"type": "Normal", "reason": "SuccessfulCreate", "count": 1,
            "lastTimestamp": "2026-11-23T19:00:00Z", "source": {"component": "job-controller"},
            "message": "Created pod: hello-x7k2p"})];
        expect![[r"
            Name:             hello
            Namespace:        default
            Selector:         batch.kubernetes.io/controller-uid=u
            Labels:           a=1
                              b=2
            Annotations:      <none>
            Parallelism:      1
            Completions:      1
            Completion Mode:  NonIndexed
            Suspend:          false
            Backoff Limit:    6
            Start Time:       Mon, 23 Nov 2026 19:00:00 +0000
            Completed At:     Mon, 23 Nov 2026 19:00:05 +0000
            Duration:         5s
            Pods Statuses:    0 Active (0 Ready) / 1 Succeeded / 0 Failed
            Pod Template:
              Labels:  job-name=hello
              Containers:
               main:
                Image:      hello:1.0
                Port:       <none>
                Host Port:  <none>
                Args:
                  Ada
                  two
                  lines
                Limits:
                  cpu:     1
                  memory:  64Mi
                Environment:
                  A:    1
                  KEY:  <set to the key 'k' in secret 's'>  Optional: false
                  IP:    (v1:status.podIP)
                Mounts:
                  /data from data (ro)
              Volumes:
               data:
                Type:          PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)
                ClaimName:     c
                ReadOnly:      false
              Node-Selectors:  <none>
              Tolerations:     <none>
            Events:
              Type    Reason            Age   From            Message
              ----    ------            ----  ----            -------
              Normal  SuccessfulCreate  5m    job-controller  Created pod: hello-x7k2p
        "]].assert_eq(&describe_object(&job, &with(&events), now()));
    }

    #[test]
    fn a_cron_job_is_described_as_kubectl_does_with_its_runs_to_come_and_those_that_were() {
        let cron_job = json!({"apiVersion": "batch/v1", "kind": "CronJob",
            "metadata": {"name": "report", "namespace": "default"},
            "spec": {"schedule": "0 9,17 * * 1-5", "timeZone": "America/New_York",
                "concurrencyPolicy": "Forbid", "suspend": false, "successfulJobsHistoryLimit": 3,
                "failedJobsHistoryLimit": 1,
                "jobTemplate": {"spec": {"template": {"spec": {"containers": [
                    {"name": "main", "image": "report:1.0"}]}}}}},
            "status": {"lastScheduleTime": "2026-11-23T14:00:00Z",
                "active": [{"name": "report-29665740"}]}});
        let run = |name: &str, late: &str| {
            json!({"metadata": {"name": name, "creationTimestamp": name[7..],
                "annotations": {"jobling.dev/lateness-seconds": late}}})
        };
        let jobs = vec![run("report-29664300", "61.004"), run("report-29665740", "0.003")];
        let related = Related { events: Some(Vec::new()), jobs, endpoint: None };
        expect![[r"
            Name:                          report
            Namespace:                     default
            Labels:                        <none>
            Annotations:                   <none>
            Schedule:                      0 9,17 * * 1-5
            Concurrency Policy:            Forbid
            Suspend:                       False
            Time Zone:                     America/New_York
            Successful Job History Limit:  3
            Failed Job History Limit:      1
            Starting Deadline Seconds:     <unset>
            Selector:                      <unset>
            Parallelism:                   <unset>
            Completions:                   <unset>
            Pod Template:
              Labels:  <none>
              Containers:
               main:
                Image:           report:1.0
                Port:            <none>
                Host Port:       <none>
                Environment:     <none>
                Mounts:          <none>
              Volumes:           <none>
              Node-Selectors:    <none>
              Tolerations:       <none>
            Last Schedule Time:  Mon, 23 Nov 2026 14:00:00 +0000
            Active Jobs:         report-29665740
            Schedule In Words:   at 09:00 and 17:00, Monday to Friday, America/New_York
            Next Runs:           2026-11-23T17:00:00-05:00
                                 2026-11-24T09:00:00-05:00
                                 2026-11-24T17:00:00-05:00
                                 2026-11-25T09:00:00-05:00
                                 2026-11-25T17:00:00-05:00
            Lateness:            report-29665740: 0.003s
                                 report-29664300: 61.004s
            Events:              <none>
        "]]
        .assert_eq(&describe_object(&cron_job, &related, now()));
    }

    #[test]
    fn a_trigger_is_described_with_where_it_is_and_what_has_come() {
        let trigger = json!({"apiVersion": "jobling.dev/v1alpha1", "kind": "HTTPTrigger",
            "metadata": {"name": "thumbnail", "namespace": "default"},
            "spec": {"path": "/thumbnail", "methods": ["POST", "PUT"], "response": "Sync",
                "auth": {"bearer": {"secretKeyRef": {"name": "token", "key": "value"}}},
                "timeoutSeconds": 30, "concurrencyPolicy": "Queue", "maxConcurrency": 2,
                "queueDepth": 10, "rateLimit": {"requestsPerSecond": 5, "burst": 9},
                "idempotency": {"header": "Idempotency-Key", "retentionSeconds": 86400},
                "bodyLimit": "1Mi", "record": "Always", "suspend": false,
                "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1,
                "jobTemplate": {"spec": {"template": {"spec": {"containers": [
                    {"name": "main", "image": "thumbnail:1"}]}}}}},
            "status": {"lastRequestTime": "2026-11-23T19:04:00Z", "requests": 10, "failures": 1,
                "active": 1, "queued": 1}});
        let request = |number: u32, status: Value| {
            json!({"metadata": {"name": format!("thumbnail-{number}"),
                "creationTimestamp": "2026-11-23T19:04:00Z", "annotations": {
                    "jobling.dev/request-number": number.to_string(),
                    "jobling.dev/request-line": "POST /thumbnail"}}, "status": status})
        };
        let ended = |kind: &str| json!({"conditions": [{"type": kind, "status": "True"}]});
        let mut queued = request(11, json!({}));
        queued["metadata"]["annotations"]["jobling.dev/queued"] = json!("true");
        let jobs = vec![
            request(8, ended("Complete")),
            request(9, ended("Failed")),
            request(10, json!({})),
            queued,
        ];
        let related = Related {
            events: Some(Vec::new()),
            jobs,
            endpoint: Some("http://127.0.0.1:8080".to_owned()),
        };
        expect![[r"
            Name:                          thumbnail
            Namespace:                     default
            Labels:                        <none>
            Annotations:                   <none>
            Path:                          /thumbnail
            URL:                           http://127.0.0.1:8080/thumbnail
            Methods:                       POST, PUT
            Auth:                          bearer: the key 'value' in secret 'token'
            Response:                      Sync
            Timeout:                       30s
            Concurrency Policy:            Queue
            Max Concurrency:               2
            Queue Depth:                   10
            Rate Limit:                    5 a second, 9 at once
            Idempotency:                   by Idempotency-Key, remembered for 24h
            Body Limit:                    1Mi
            Record:                        Always
            Suspend:                       false
            Successful Job History Limit:  3
            Failed Job History Limit:      1
            Pod Template:
              Labels:  <none>
              Containers:
               main:
                Image:          thumbnail:1
                Port:           <none>
                Host Port:      <none>
                Environment:    <none>
                Mounts:         <none>
              Volumes:          <none>
              Node-Selectors:   <none>
              Tolerations:      <none>
            Requests:           10 (1 failed)
            Jobs:               1 Active / 1 Queued
            Last Request Time:  Mon, 23 Nov 2026 19:04:00 +0000
            Last Failure Time:  <unset>
            Last Requests:
              Job           Request          State     Age
              ---           -------          -----     ---
              thumbnail-11  POST /thumbnail  Queued    60s
              thumbnail-10  POST /thumbnail  Running   60s
              thumbnail-9   POST /thumbnail  Failed    60s
              thumbnail-8   POST /thumbnail  Complete  60s
            Events:         <none>
        "]]
        .assert_eq(&describe_object(&trigger, &related, now()));
    }

    #[test]
    fn a_pod_is_described_as_kubectl_does() {
        let pod = json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "hello-x", "namespace": "default", "annotations": {"note": "one\ntwo"},
                "ownerReferences": [{"kind": "Job", "name": "hello", "controller": true}]},
            "spec": {"containers": [container()], "nodeName": "edge", "serviceAccountName": "default",
                "volumes": [{"name": "data", "emptyDir": {}}, {"name": "conf", "configMap": {"name": "c"}}]},
            "status": {"phase": "Failed", "startTime": "2026-11-23T19:00:00Z", "hostIP": "127.0.0.1",
                "podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}], "qosClass": "Guaranteed",
                "conditions": [{"type": "PodScheduled", "status": "True"}],
                "containerStatuses": [{"name": "main", "restartCount": 2, "ready": false,
                    "imageID": "sha256:ab",
                    "lastState": {"terminated": {"reason": "Error", "exitCode": 3,
                        "startedAt": "2026-11-23T19:00:00Z", "finishedAt": "2026-11-23T19:00:01Z"}},
                    "state": {"terminated": {"reason": "OOMKilled", "exitCode": 137, "message": "too much",
                        "startedAt": "2026-11-23T19:00:02Z", "finishedAt": "2026-11-23T19:00:03Z"}}}]}});
        expect![[r"
            Name:             hello-x
            Namespace:        default
            Service Account:  default
            Node:             edge/127.0.0.1
            Start Time:       Mon, 23 Nov 2026 19:00:00 +0000
            Labels:           <none>
            Annotations:      note:
                                one
                                two
            Status:           Failed
            IP:               127.0.0.1
            IPs:
              IP:           127.0.0.1
            Controlled By:  Job/hello
            Containers:
              main:
                Container ID:  
                Image:         hello:1.0
                Image ID:      sha256:ab
                Port:          <none>
                Host Port:     <none>
                Args:
                  Ada
                  two
                  lines
                State:          Terminated
                  Reason:       OOMKilled
                  Message:      too much
                  Exit Code:    137
                  Started:      Mon, 23 Nov 2026 19:00:02 +0000
                  Finished:     Mon, 23 Nov 2026 19:00:03 +0000
                Last State:     Terminated
                  Reason:       Error
                  Exit Code:    3
                  Started:      Mon, 23 Nov 2026 19:00:00 +0000
                  Finished:     Mon, 23 Nov 2026 19:00:01 +0000
                Ready:          False
                Restart Count:  2
                Limits:
                  cpu:     1
                  memory:  64Mi
                Environment:
                  A:    1
                  KEY:  <set to the key 'k' in secret 's'>  Optional: false
                  IP:    (v1:status.podIP)
                Mounts:
                  /data from data (ro)
            Conditions:
              Type           Status
              PodScheduled   True 
            Volumes:
              data:
                Type:       EmptyDir (a temporary directory that shares a pod's lifetime)
                Medium:     
                SizeLimit:  <unset>
              conf:
                Type:        ConfigMap (a volume populated by a ConfigMap)
                Name:        c
                Optional:    false
            QoS Class:       Guaranteed
            Node-Selectors:  <none>
            Tolerations:     <none>
            Events:          <none>
        "]]
        .assert_eq(&describe_object(&pod, &with(&[]), now()));
    }

    #[test]
    fn a_secrets_values_are_never_shown() {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": "db", "namespace": "default"}, "data": {"url": "cG9zdGdyZXM6Ly8="}});
        let text = describe_object(&secret, &Related::default(), now());
        assert!(!text.contains("cG9z") && !text.contains("postgres"), "{text}");
        assert!(text.contains("url:  11 bytes"), "{text}");
    }

    #[test]
    fn another_kind_is_described_by_its_fields() {
        let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": "c", "namespace": "default", "uid": "u"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
        expect![[r"
            Name:         c
            Namespace:    default
            Labels:       <none>
            Annotations:  <none>
            API Version:  v1
            Kind:         PersistentVolumeClaim
            Metadata:
              UID:  u
            Spec:
              Access Modes:
                ReadWriteOnce
              Resources:
                Requests:
                  Storage:  1Gi
            Events:         <none>
        "]]
        .assert_eq(&describe_object(&claim, &with(&[]), now()));
    }
}
