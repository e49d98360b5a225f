//! Jobs that run: what is waited for, read and ended, and what a WASI pod cannot do, with the real kubectl.

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
         kubectl logs job/prints -c second --tail=1
         kubectl logs job/prints -c second --tail=0
         kubectl logs job/prints -c second --limit-bytes=5
         kubectl logs job/prints -c second --timestamps
         kubectl logs job/prints -c second --since=1h
         kubectl logs job/prints -c second --since-time=2100-01-01T00:00:00Z
         kubectl logs job/prints -c second --previous
         kubectl logs job/prints -c third
         kubectl logs -l app=none
         kubectl logs job/nowhere
         kubectl logs pod/nowhere",
    );
    expect![[r#"
        $ kubectl wait --for=condition=complete job/prints job/alone --timeout=AGE
        job.batch/prints condition met
        job.batch/alone condition met
        $ kubectl logs job/alone
        four
        $ kubectl logs job/prints
        one
        Defaulted container "first" out of: first, second
        $ kubectl logs job/prints -c second
        two
        three
        $ kubectl logs job/prints -c second --tail=1
        three
        $ kubectl logs job/prints -c second --tail=0
        $ kubectl logs job/prints -c second --limit-bytes=5
        two
        t
        $ kubectl logs job/prints -c second --timestamps
        TIME two
        TIME three
        $ kubectl logs job/prints -c second --since=AGE
        two
        three
        $ kubectl logs job/prints -c second --since-time=TIME
        $ kubectl logs job/prints -c second --previous
        Error from server (BadRequest): previous terminated container "second" in pod "prints-xxxxx" not found
        [exit 1]
        $ kubectl logs job/prints -c third
        error: container third is not valid for pod prints-xxxxx out of: first, second
        [exit 1]
        $ kubectl logs -l app=none
        No resources found in default namespace.
        $ kubectl logs job/nowhere
        error: error from server (NotFound): jobs.batch "nowhere" not found in namespace "default"
        [exit 1]
        $ kubectl logs pod/nowhere
        error: error from server (NotFound): pods "nowhere" not found in namespace "default"
        [exit 1]
    "#]].assert_eq(&given);
    let of_prints = [
        "[pod/prints-xxxxx/first] one",
        "[pod/prints-xxxxx/second] three",
        "[pod/prints-xxxxx/second] two",
    ];
    let of_both = [&["[pod/alone-xxxxx/main] four"][..], &of_prints].concat();
    for (command, lines) in [
        ("kubectl logs job/prints --all-containers=true", vec!["one", "three", "two"]),
        ("kubectl logs -f job/prints --all-containers --prefix", of_prints.to_vec()),
        ("kubectl logs -l app=demo --all-containers --prefix --max-log-requests=10", of_both),
    ] {
        let given = transcript(&daemon, command);
        // kubectl asks for containers in no order.
        let mut given: Vec<&str> = given.lines().skip(1).collect();
        given.sort_unstable();
        assert_eq!(given, lines, "{command}");
    }
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
    expect![[r#"
        $ kubectl wait --for=condition=complete job/good --timeout=AGE
        job.batch/good condition met
        $ kubectl wait --for=condition=failed job/bad --timeout=AGE
        job.batch/bad condition met
        $ kubectl wait --for=condition=complete job/bad --timeout=AGE
        error: condition not met for jobs/bad
        [exit 1]
        $ kubectl wait --for=condition=complete job/long --timeout=AGE
        error: timed out waiting for the condition on jobs/long
        [exit 1]
        $ kubectl wait --for=condition=Complete=true job/good
        job.batch/good condition met
        $ kubectl wait --for=jsonpath={.status.succeeded}=1 job/good --timeout=AGE
        job.batch/good condition met
        $ kubectl wait --for=jsonpath={.status.ready}=1 job/long --timeout=AGE
        job.batch/long condition met
        $ kubectl wait --for=condition=Ready pod -l job-name=long --timeout=AGE
        pod/long-xxxxx condition met
        $ kubectl wait --for=create job/good --timeout=AGE
        job.batch/good condition met
        $ kubectl wait --for=condition=complete job/nowhere
        Error from server (NotFound): jobs.batch "nowhere" not found
        [exit 1]
        $ kubectl wait --for=delete job/long --timeout=AGE
        error: timed out waiting for the condition on jobs/long
        [exit 1]
        $ kubectl patch job long -p '{"spec":{"suspend":true}}'
        job.batch/long patched
        $ kubectl wait --for=condition=suspended job/long --timeout=AGE
        job.batch/long condition met
        $ kubectl get job long
        NAME  STATUS  COMPLETIONS  DURATION  AGE
        long  Suspended  0/1  AGE
        $ kubectl delete job long --wait=false
        job.batch "long" deleted from default namespace
        $ kubectl wait --for=delete job/long --timeout=AGE
        $ kubectl wait --for=delete job/nowhere --timeout=AGE
    "#]]
    .assert_eq(&given);
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
    expect![[r#"
        $ kubectl wait --for=condition=complete jobs --all --timeout=AGE
        job.batch/all condition met
        job.batch/background condition met
        job.batch/foreground condition met
        job.batch/orphan condition met
        job.batch/pods condition met
        $ kubectl delete job background
        job.batch "background" deleted from default namespace
        $ kubectl get pods -l job-name=background
        No resources found in default namespace.
        $ kubectl delete job foreground --cascade=foreground
        job.batch "foreground" deleted from default namespace
        $ kubectl get pods -l job-name=foreground
        No resources found in default namespace.
        $ kubectl delete job orphan --cascade=orphan
        job.batch "orphan" deleted from default namespace
        $ kubectl get pods -l job-name=orphan
        NAME  READY  STATUS  RESTARTS  AGE
        orphan-xxxxx  0/1  Completed  0  AGE
        $ kubectl delete pods -l job-name=orphan
        pod "orphan-xxxxx" deleted from default namespace
        $ kubectl delete pods -l job-name=pods --grace-period=0 --force
        pod "pods-xxxxx" force deleted from default namespace
        Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.
        $ kubectl get job pods -o jsonpath={.status.succeeded}
        1
        $ kubectl delete job pods --dry-run=server
        job.batch "pods" deleted from default namespace (server dry run)
        $ kubectl delete job pods --grace-period=5
        job.batch "pods" deleted from default namespace
        $ kubectl delete jobs -l app=none
        No resources found
        $ kubectl delete job nowhere
        Error from server (NotFound): jobs.batch "nowhere" not found
        [exit 1]
        $ kubectl delete job nowhere --ignore-not-found
        $ kubectl delete jobs --all
        job.batch "all" deleted from default namespace
        $ kubectl get jobs
        No resources found in default namespace.
    "#]].assert_eq(&given);
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
    expect![[r#"
        $ kubectl exec POD -- ls
        error: unable to upgrade connection: a WASI pod has no shell and no second process: exec and attach are not served; read its output with logs
        [exit 1]
        $ kubectl exec -i job/long -- sh
        error: unable to upgrade connection: a WASI pod has no shell and no second process: exec and attach are not served; read its output with logs
        [exit 1]
        $ kubectl attach POD
        All commands and output from this session will be recorded in container logs, including credentials and sensitive information passed through the command prompt.
        If you don't see a command prompt, try pressing enter.
        error: unable to upgrade connection: a WASI pod has no shell and no second process: exec and attach are not served; read its output with logs
        [exit 1]
        $ kubectl port-forward POD 8080:80
        error: error upgrading connection: unable to upgrade connection: a WASI pod listens on no port: port-forward and proxy are not served
        [exit 1]
        $ kubectl cp POD:/data data
        error: unable to upgrade connection: a WASI pod has no shell and no second process: exec and attach are not served; read its output with logs
        [exit 1]
        $ kubectl debug POD --image=busybox --target=main --container=look
        Targeting container "main". If you don't see processes from this container it may be because the container runtime doesn't support this feature.
        Error from server (Forbidden): a WASI pod takes no further containers once it is made: debug is not served
        [exit 1]
        $ kubectl label pod POD a=b
        Error from server (MethodNotAllowed): a pod is what its Job's template says; change the Job (a pod's own labels and annotations are not kept on this host)
        [exit 1]
        $ kubectl get --raw /api/v1/namespaces/default/pods/POD/proxy/
        Error from server (Forbidden): a WASI pod listens on no port: port-forward and proxy are not served
        [exit 1]
    "#]].assert_eq(&redacted(&said, daemon.directory()));
}
