//! What `kubectl get`, `explain` and discovery show, with the real kubectl.

#![expect(clippy::needless_raw_string_hashes, reason = "expect_test writes texts with them")]
#![expect(clippy::too_many_lines, reason = "a transcript is read from its first line to its last")]

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
pub(crate) fn daemon(folder: &Folder) -> Daemon {
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
    expect![[r#"
        $ kubectl get jobs
        NAME  STATUS  COMPLETIONS  DURATION  AGE
        bad  Failed  0/1  AGE  AGE
        good  Complete  1/1  AGE  AGE
        $ kubectl get jobs -o wide
        NAME  STATUS  COMPLETIONS  DURATION  AGE  CONTAINERS  IMAGES  SELECTOR
        bad  Failed  0/1  AGE  AGE  main  guest  batch.kubernetes.io/controller-uid=UID
        good  Complete  1/1  AGE  AGE  main  guest  batch.kubernetes.io/controller-uid=UID
        $ kubectl get pods
        NAME  READY  STATUS  RESTARTS  AGE
        good-xxxxx  0/1  Completed  0  AGE
        bad-xxxxx  0/1  Error  0  AGE
        $ kubectl get pods -o wide
        NAME  READY  STATUS  RESTARTS  AGE  IP  NODE  NOMINATED NODE  READINESS GATES
        good-xxxxx  0/1  Completed  0  AGE  <none>  jobling  <none>  <none>
        bad-xxxxx  0/1  Error  0  AGE  <none>  jobling  <none>  <none>
        $ kubectl get cronjobs
        NAME  SCHEDULE  TIMEZONE  SUSPEND  ACTIVE  LAST SCHEDULE  AGE
        nightly  @daily  Europe/Oslo  True  0  <none>  AGE
        $ kubectl get cronjobs -o wide
        NAME  SCHEDULE  TIMEZONE  SUSPEND  ACTIVE  LAST SCHEDULE  AGE  CONTAINERS  IMAGES  SELECTOR
        nightly  @daily  Europe/Oslo  True  0  <none>  AGE  main  guest  <none>
        $ kubectl get namespaces,serviceaccounts
        NAME  STATUS  AGE
        namespace/default  Active  AGE

        NAME  SECRETS  AGE
        serviceaccount/default  0  AGE
        $ kubectl get all -o name
        pod/good-xxxxx
        pod/bad-xxxxx
        cronjob.batch/nightly
        job.batch/bad
        job.batch/good
        $ kubectl get jobs -A
        NAMESPACE  NAME  STATUS  COMPLETIONS  DURATION  AGE
        default  bad  Failed  0/1  AGE  AGE
        default  good  Complete  1/1  AGE  AGE
        $ kubectl get jobs -L app
        NAME  STATUS  COMPLETIONS  DURATION  AGE  APP
        bad  Failed  0/1  AGE  AGE  demo
        good  Complete  1/1  AGE  AGE  demo
        $ kubectl get jobs -l app=demo --no-headers
        bad  Failed  0/1  AGE  AGE
        good  Complete  1/1  AGE  AGE
        $ kubectl get jobs -l app!=demo
        No resources found in default namespace.
        $ kubectl get jobs --sort-by=.metadata.name -o name
        job.batch/bad
        job.batch/good
        $ kubectl get jobs --sort-by=.status.failed -o name
        job.batch/good
        job.batch/bad
        $ kubectl get job good -o jsonpath={.status.succeeded}
        1
        $ kubectl get jobs -o 'jsonpath={range .items[*]}{.metadata.name} {end}'
        bad good
        $ kubectl get jobs -o custom-columns=NAME:.metadata.name,DONE:.status.succeeded
        NAME  DONE
        bad  <none>
        good  1
        $ kubectl get job good -o 'go-template={{.metadata.name}} {{.spec.parallelism}}'
        good 1
        $ kubectl get job good --show-kind
        NAME  STATUS  COMPLETIONS  DURATION  AGE
        job.batch/good  Complete  1/1  AGE  AGE
        $ kubectl get job good nowhere
        NAME  STATUS  COMPLETIONS  DURATION  AGE
        good  Complete  1/1  AGE  AGE
        Error from server (NotFound): jobs.batch "nowhere" not found
        [exit 1]
        $ kubectl get job nowhere --ignore-not-found
        $ kubectl get deployments
        No resources found in default namespace.
        $ kubectl get widgets
        error: the server doesn't have a resource type "widgets"
        [exit 1]
        $ kubectl get pods --field-selector status.phase=Failed
        NAME  READY  STATUS  RESTARTS  AGE
        bad-xxxxx  0/1  Error  0  AGE
        $ kubectl get pods --field-selector status.phase!=Failed -o name
        pod/good-xxxxx
        $ kubectl get jobs --field-selector status.successful=1 -o name
        job.batch/good
        $ kubectl get jobs --field-selector spec.parallelism=1
        Error from server (BadRequest): Unable to find "batch/v1, Resource=jobs" that match label selector "", field selector "spec.parallelism=1": "spec.parallelism" is not a known field selector: only "metadata.name", "metadata.namespace", "status.successful"
        [exit 1]
        $ kubectl get jobs --chunk-size=1 -o name
        job.batch/bad
        job.batch/good
        $ kubectl get --raw '/apis/batch/v1/namespaces/default/jobs?resourceVersion=1&resourceVersionMatch=Exact'
        Error from server (Expired): The resourceVersion for the provided list is too old: 1
        [exit 1]
        $ kubectl events --for job/bad
        LAST SEEN  TYPE  REASON  OBJECT  MESSAGE
        AGE  Normal  SuccessfulCreate  Job/bad  Created pod: bad-xxxxx
        AGE  Warning  BackoffLimitExceeded  Job/bad  Job has reached the specified backoff limit
        $ kubectl events --types=Warning
        LAST SEEN  TYPE  REASON  OBJECT  MESSAGE
        AGE  Warning  BackoffLimitExceeded  Job/bad  Job has reached the specified backoff limit
        $ kubectl get events --field-selector involvedObject.name=good,reason=Completed
        LAST SEEN  TYPE  REASON  OBJECT  MESSAGE
        AGE  Normal  Completed  job/good  Job completed
    "#]].assert_eq(&given);
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
    expect![[r#"
        $ kubectl api-resources --api-group=batch
        NAME  SHORTNAMES  APIVERSION  NAMESPACED  KIND
        cronjobs  cj  batch/v1  true  CronJob
        jobs  batch/v1  true  Job
        $ kubectl api-resources --api-group= --namespaced=false -o name
        namespaces
        $ kubectl explain job.spec.backoffLimit
        GROUP:  batch
        KIND:  Job
        VERSION:  v1

        FIELD: backoffLimit <integer>


        DESCRIPTION:
            Specifies the number of retries before marking this job failed. Defaults to
            6, unless backoffLimitPerIndex (only Indexed Job) is specified. When
            backoffLimitPerIndex is specified, backoffLimit defaults to 2147483647.
    

        $ kubectl explain cronjob
        GROUP:  batch
        KIND:  CronJob
        VERSION:  v1

        DESCRIPTION:
            CronJob represents the configuration of a single cron job.
    
        FIELDS:
          apiVersion	<string>
            APIVersion defines the versioned schema of this representation of an object.
            Servers should convert recognized schemas to the latest internal value, and
            may reject unrecognized values. More info:
            https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources

          kind	<string>
            Kind is a string value representing the REST resource this object
            represents. Servers may infer this from the endpoint the client submits
            requests to. Cannot be updated. In CamelCase. More info:
            https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds

          metadata	<ObjectMeta>
            Standard object's metadata. More info:
            https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata

          spec	<CronJobSpec>
            Specification of the desired behavior of a cron job, including the schedule.
            More info:
            https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#spec-and-status

          status	<CronJobStatus>
            Current status of a cron job. More info:
            https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#spec-and-status


        $ kubectl explain job.spec.nothing
        GROUP:  batch
        KIND:  Job
        VERSION:  v1

        error: field "nothing" does not exist
        [exit 1]
        $ kubectl __complete get cronj
        cronjobs.batch
        :4
        Completion ended with directive: ShellCompDirectiveNoFileComp
        $ kubectl __complete get job ''
        :4
        Completion ended with directive: ShellCompDirectiveNoFileComp
        $ kubectl config view
        apiVersion: v1
        clusters:
        - cluster:
            certificate-authority-data: DATA+OMITTED
            server: https://127.0.0.1:PORT
          name: jobling
        contexts:
        - context:
            cluster: jobling
            user: jobling
          name: jobling
        current-context: jobling
        kind: Config
        users:
        - name: jobling
          user:
            token: REDACTED
        $ kubectl cluster-info
        Kubernetes control plane is running at https://127.0.0.1:PORT

        To further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.
    "#]].assert_eq(&given);
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
