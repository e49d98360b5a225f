//! Jobs that run: what is waited for, read and ended, and what a WASI pod cannot do, with the real kubectl.

#![expect(clippy::needless_raw_string_hashes, reason = "expect_test writes texts with them")]

use expect_test::expect;
use harness::{Daemon, Folder, module, redacted, transcript};

/// A Job of a name whose containers run these commands.
fn job(name: &str, containers: &[(&str, &str)]) -> String {
    let containers: Vec<String> = containers
        .iter()
        .map(|(name, command)| format!("{{name: {name}, image: guest, command: [{command}]}}"))
        .collect();
    format!(
        "apiVersion: batch/v1
kind: Job
metadata: {{name: {name}, labels: {{app: demo}}}}
spec:
  backoffLimit: 0
  template:
    metadata: {{labels: {{app: demo}}}}
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 0
      containers: [{}]
",
        containers.join(", ")
    )
}

fn daemon(folder: &Folder, jobs: &[String]) -> Daemon {
    folder.write("jobs.yaml", jobs.join("---\n"));
    let daemon = Daemon::start(folder.path(), &[]);
    daemon.import("guest", &module("multicall"));
    drop(daemon.kubectl(["create", "-f", "jobs.yaml"]).expect_code(0));
    daemon
}

#[test]
fn what_containers_print_is_read() {
    let folder = Folder::new();
    let both = [("first", "echo, 'one'"), ("second", "echo, \"two\\nthree\"")];
    let daemon = daemon(&folder, &[job("prints", &both), job("alone", &[("main", "echo, four")])]);
    let given = transcript(
        &daemon,
        "kubectl wait --for=condition=complete job/prints job/alone --timeout=120s
         kubectl logs job/alone
         kubectl logs job/prints
         kubectl logs job/prints -c second
         kubectl logs job/prints --all-containers=true
         kubectl logs -f job/prints --all-containers --prefix
         kubectl logs job/prints -c second --tail=1
         kubectl logs job/prints -c second --tail=0
         kubectl logs job/prints -c second --limit-bytes=5
         kubectl logs job/prints -c second --timestamps
         kubectl logs job/prints -c second --since=1h
         kubectl logs job/prints -c second --since-time=2100-01-01T00:00:00Z
         kubectl logs job/prints -c second --previous
         kubectl logs job/prints -c third
         kubectl logs -l app=demo --all-containers --prefix --max-log-requests=10
         kubectl logs -l app=none
         kubectl logs job/nowhere
         kubectl logs pod/nowhere",
    );
    expect![[""]].assert_eq(&given);
}

#[test]
fn logs_are_followed_while_a_container_runs() {
    let folder = Folder::new();
    let daemon = daemon(&folder, &[job("alone", &[("main", "echo, five")])]);
    let selected = ["logs", "-f", "job/alone", "--pod-running-timeout=120s"];
    let lines: Vec<String> = daemon.follow(selected).collect();
    assert_eq!(lines, ["five"]);
}

#[test]
fn conditions_and_deletions_are_waited_for() {
    let folder = Folder::new();
    let jobs = [
        job("good", &[("main", "'true'")]),
        job("bad", &[("main", "'false'")]),
        job("long", &[("main", "sleep, '1000'")]),
    ];
    let daemon = daemon(&folder, &jobs);
    let given = transcript(
        &daemon,
        "kubectl wait --for=condition=complete job/good --timeout=120s
         kubectl wait --for=condition=failed job/bad --timeout=120s
         kubectl wait --for=condition=complete job/bad --timeout=0s
         kubectl wait --for=condition=complete job/long --timeout=1s
         kubectl wait --for=condition=Complete=true job/good
         kubectl wait --for=jsonpath={.status.succeeded}=1 job/good --timeout=10s
         kubectl wait --for=jsonpath={.status.ready}=1 job/long --timeout=120s
         kubectl wait --for=condition=Ready pod -l job-name=long --timeout=120s
         kubectl wait --for=create job/good --timeout=10s
         kubectl wait --for=condition=complete job/nowhere
         kubectl wait --for=delete job/long --timeout=1s
         kubectl patch job long -p '{\"spec\":{\"suspend\":true}}'
         kubectl wait --for=condition=suspended job/long --timeout=60s
         kubectl get job long
         kubectl delete job long --wait=false
         kubectl wait --for=delete job/long --timeout=60s
         kubectl wait --for=delete job/nowhere --timeout=1s",
    );
    expect![[""]].assert_eq(&given);
}

#[test]
fn jobs_go_with_their_pods_before_them_or_without_them() {
    let folder = Folder::new();
    let names = ["background", "foreground", "orphan", "pods", "all"];
    let jobs: Vec<String> = names.iter().map(|name| job(name, &[("main", "'true'")])).collect();
    let daemon = daemon(&folder, &jobs);
    let given = transcript(
        &daemon,
        "kubectl wait --for=condition=complete jobs --all --timeout=120s
         kubectl delete job background
         kubectl get pods -l job-name=background
         kubectl delete job foreground --cascade=foreground
         kubectl get pods -l job-name=foreground
         kubectl delete job orphan --cascade=orphan
         kubectl get pods -l job-name=orphan
         kubectl delete pods -l job-name=orphan
         kubectl delete pods -l job-name=pods --grace-period=0 --force
         kubectl get job pods -o jsonpath={.status.succeeded}
         kubectl delete job pods --dry-run=server
         kubectl delete job pods --grace-period=5
         kubectl delete jobs -l app=none
         kubectl delete job nowhere
         kubectl delete job nowhere --ignore-not-found
         kubectl delete jobs --all
         kubectl get jobs",
    );
    expect![[""]].assert_eq(&given);
}

#[test]
fn what_a_wasi_pod_cannot_do_is_refused_in_words() {
    let folder = Folder::new();
    let daemon = daemon(&folder, &[job("long", &[("main", "sleep, '1000'")])]);
    let ready = ["wait", "--for=condition=Ready", "pod", "-l", "job-name=long", "--timeout=120s"];
    drop(daemon.kubectl(ready).expect_code(0));
    let name = ["get", "pods", "-o", "jsonpath={.items[0].metadata.name}"];
    let pod = daemon.kubectl(name).expect_code(0).stdout;
    let mut said = String::new();
    for line in [
        "exec POD -- ls",
        "exec -i job/long -- sh",
        "attach POD",
        "port-forward POD 8080:80",
        "cp POD:/data data",
        "debug POD --image=busybox --target=main --container=look",
        "label pod POD a=b",
        "get --raw /api/v1/namespaces/default/pods/POD/proxy/",
    ] {
        let output = daemon.kubectl(line.replace("POD", &pod).split(' '));
        said += &format!(
            "$ kubectl {line}\n{}{}[exit {}]\n",
            output.stdout, output.stderr, output.code
        );
    }
    expect![[""]].assert_eq(&redacted(&said, daemon.directory()));
}
