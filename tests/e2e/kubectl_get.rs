//! What `kubectl get`, `describe`, `explain` and discovery show, with the real kubectl.

#![expect(clippy::needless_raw_string_hashes, reason = "expect_test writes texts with them")]

use expect_test::expect;
use harness::{Daemon, Folder, module, transcript};

const JOBS: &str = "apiVersion: batch/v1
kind: Job
metadata: {name: good, labels: {app: demo}}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: main, image: guest, command: [echo, hello]}]
---
apiVersion: batch/v1
kind: Job
metadata: {name: bad, labels: {app: demo}}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{name: main, image: guest, command: ['false']}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: '@daily'
  timeZone: Europe/Oslo
  suspend: true
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: main, image: guest}]
";

/// Starts a daemon on which one Job is complete and another has failed.
fn daemon(folder: &Folder) -> Daemon {
    folder.write("jobs.yaml", JOBS);
    let daemon = Daemon::start(folder.path(), &[]);
    daemon.import("guest", &module("multicall"));
    for line in [
        "create -f jobs.yaml",
        "wait --for=condition=complete job/good --timeout=120s",
        "wait --for=condition=failed job/bad --timeout=120s",
    ] {
        drop(daemon.kubectl(line.split(' ')).expect_code(0));
    }
    daemon
}

#[test]
fn objects_are_shown_in_every_form() {
    let folder = Folder::new();
    let daemon = daemon(&folder);
    let given = transcript(
        &daemon,
        r#"kubectl get jobs
           kubectl get jobs -o wide
           kubectl get pods
           kubectl get pods -o wide
           kubectl get cronjobs
           kubectl get cronjobs -o wide
           kubectl get namespaces,serviceaccounts
           kubectl get all -o name
           kubectl get jobs -A
           kubectl get jobs -L app
           kubectl get jobs -l app=demo --no-headers
           kubectl get jobs -l app!=demo
           kubectl get jobs --sort-by=.metadata.name -o name
           kubectl get jobs --sort-by=.status.failed -o name
           kubectl get job good -o jsonpath={.status.succeeded}
           kubectl get jobs -o 'jsonpath={range .items[*]}{.metadata.name} {end}'
           kubectl get jobs -o custom-columns=NAME:.metadata.name,DONE:.status.succeeded
           kubectl get job good -o 'go-template={{.metadata.name}} {{.spec.parallelism}}'
           kubectl get job good --show-kind
           kubectl get job good nowhere
           kubectl get job nowhere --ignore-not-found
           kubectl get deployments
           kubectl get widgets
           kubectl get pods --field-selector status.phase=Failed
           kubectl get pods --field-selector status.phase!=Failed -o name
           kubectl get jobs --field-selector status.successful=1 -o name
           kubectl get jobs --field-selector spec.parallelism=1
           kubectl get jobs --chunk-size=1 -o name
           kubectl get --raw '/apis/batch/v1/namespaces/default/jobs?resourceVersion=1&resourceVersionMatch=Exact'
           kubectl events --for job/bad
           kubectl events --types=Warning
           kubectl get events --field-selector involvedObject.name=good,reason=Completed"#,
    );
    expect![[""]].assert_eq(&given);
}

#[test]
fn objects_are_described_with_their_events() {
    let folder = Folder::new();
    let daemon = daemon(&folder);
    let given = transcript(
        &daemon,
        "kubectl describe job good
         kubectl describe pod -l job-name=bad
         kubectl describe cronjob nightly",
    );
    expect![[""]].assert_eq(&given);
}

#[test]
fn a_job_is_shown_whole_as_yaml() {
    let folder = Folder::new();
    let daemon = daemon(&folder);
    let given = transcript(&daemon, "kubectl get job good -o yaml");
    let given: String = given
        .lines()
        .filter(|line| !line.trim_start().starts_with("resourceVersion:"))
        .map(|line| format!("{line}\n"))
        .collect();
    expect![[""]].assert_eq(&given);
    let json = daemon.kubectl(["get", "job", "good", "-o", "json"]).expect_code(0).json();
    assert_eq!(json["metadata"]["name"], "good");
    assert_eq!(json["metadata"]["managedFields"], serde_json::Value::Null);
}

#[test]
fn the_api_tells_what_it_has() {
    let folder = Folder::new();
    let daemon = Daemon::start(folder.path(), &[]);
    let given = transcript(
        &daemon,
        "kubectl api-resources --api-group=batch
         kubectl api-resources --api-group= --namespaced=false -o name
         kubectl explain job.spec.backoffLimit
         kubectl explain cronjob
         kubectl explain job.spec.nothing
         kubectl __complete get cronj
         kubectl __complete get job ''
         kubectl config view
         kubectl cluster-info",
    );
    expect![[""]].assert_eq(&given);
    let groups = daemon.kubectl(["api-versions"]).expect_code(0).stdout;
    for group in ["v1", "batch/v1", "events.k8s.io/v1", "authorization.k8s.io/v1"] {
        assert!(groups.lines().any(|line| line == group), "{group} in {groups}");
    }
    let shell = daemon.kubectl(["completion", "bash"]).expect_code(0).stdout;
    assert!(shell.contains("__start_kubectl"), "a script for bash");
}

#[test]
fn a_watch_tells_what_happens_to_a_job() {
    let folder = Folder::new();
    let daemon = daemon(&folder);
    let mut lines = daemon.follow(["get", "jobs", "-w", "--no-headers", "-l", "app=demo"]);
    let mut until = |wanted: &str| {
        let mut seen = Vec::new();
        for line in lines.by_ref() {
            let words: Vec<String> = line.split_whitespace().take(3).map(str::to_owned).collect();
            let line = words.join(" ");
            if seen.last() != Some(&line) {
                seen.push(line.clone());
            }
            if line == wanted {
                return seen;
            }
        }
        panic!("{wanted} did not come: {seen:?}")
    };
    until("good Complete 1/1");
    drop(daemon.kubectl(["label", "job", "good", "app=other", "--overwrite"]).expect_code(0));
    drop(daemon.kubectl(["label", "job", "good", "app=demo", "--overwrite"]).expect_code(0));
    drop(daemon.kubectl(["delete", "job", "bad"]).expect_code(0));
    let seen = until("bad Failed 0/1");
    assert_eq!(seen, ["good Complete 1/1", "bad Failed 0/1"]);
}
