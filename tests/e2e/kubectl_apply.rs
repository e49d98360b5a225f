//! `kubectl apply` as a client does it, `diff`, `replace`, `edit` and kustomizations, with the real kubectl.

#![expect(clippy::too_many_lines, reason = "a transcript is read from its first line to its last")]

use expect_test::expect;
use harness::{Daemon, Folder, transcript};

const CRON: &str = "apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
  labels: {app: demo}
spec:
  schedule: '@daily'
  suspend: true
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: main
              image: guest
              env: [{name: A, value: '1'}]
";

const MAP: &str = "apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  labels: {app: demo}
data:
  a: '1'
  b: '1'
";

/// Starts a daemon in a directory that has these files.
pub(crate) fn daemon(folder: &Folder, files: &[(&str, String)]) -> Daemon {
    for (name, text) in files {
        folder.write(name, text);
    }
    Daemon::start(folder.path(), &[])
}

#[test]
fn what_is_applied_is_made_changed_and_left_as_it_is() {
    let folder = Folder::new();
    let changed = CRON.replace("'@daily'", "'0 3 * * *'").replace("value: '1'", "value: '2'");
    let misspelt = CRON.replace("suspend", "suspendd");
    let daemon = daemon(
        &folder,
        &[("cron.yaml", CRON.into()), ("changed.yaml", changed), ("misspelt.yaml", misspelt)],
    );
    let given = transcript(
        &daemon,
        "kubectl diff -f cron.yaml --concurrency=1
         kubectl apply -f cron.yaml --dry-run=client
         kubectl apply -f cron.yaml --dry-run=server
         kubectl apply -f cron.yaml
         kubectl apply -f cron.yaml
         kubectl diff -f cron.yaml
         kubectl diff -f changed.yaml
         kubectl apply -f changed.yaml --dry-run=server
         kubectl get cronjob nightly -o jsonpath={.spec.schedule}
         kubectl apply -f changed.yaml
         kubectl get cronjob nightly -o jsonpath={.spec.schedule}
         kubectl get cronjob nightly -o jsonpath={.spec.jobTemplate.spec.template.spec.containers[0].env}
         kubectl apply -f misspelt.yaml
         kubectl apply -f misspelt.yaml --validate=warn
         kubectl apply -f misspelt.yaml --validate=ignore
         kubectl create -f cron.yaml
         kubectl replace -f cron.yaml
         kubectl get cronjob nightly -o jsonpath={.spec.schedule}
         kubectl replace --force -f cron.yaml
         kubectl delete -f cron.yaml
         kubectl delete -f cron.yaml
         kubectl replace -f cron.yaml",
    );
    expect![[r#"
        $ kubectl diff -f cron.yaml --concurrency=1
        diff -u -N /tmp/LIVE/batch.v1.CronJob.default.nightly /tmp/MERGED/batch.v1.CronJob.default.nightly
        --- /tmp/LIVE/batch.v1.CronJob.default.nightly	DATE TIME +0000
        +++ /tmp/MERGED/batch.v1.CronJob.default.nightly	DATE TIME +0000
        @@ -0,0 +1,38 @@
        +apiVersion: batch/v1
        +kind: CronJob
        +metadata:
        +  creationTimestamp: "TIME"
        +  generation: 1
        +  labels:
        +  app: demo
        +  name: nightly
        +  namespace: default
        +  uid: UID
        +spec:
        +  concurrencyPolicy: Allow
        +  failedJobsHistoryLimit: 1
        +  jobTemplate:
        +  metadata: {}
        +  spec:
        +  template:
        +  metadata: {}
        +  spec:
        +  containers:
        +  - env:
        +  - name: A
        +  value: "1"
        +  image: guest
        +  imagePullPolicy: Always
        +  name: main
        +  resources: {}
        +  terminationMessagePath: /dev/termination-log
        +  terminationMessagePolicy: File
        +  dnsPolicy: ClusterFirst
        +  restartPolicy: Never
        +  schedulerName: default-scheduler
        +  securityContext: {}
        +  terminationGracePeriodSeconds: 30
        +  schedule: '@daily'
        +  successfulJobsHistoryLimit: 3
        +  suspend: true
        +status: {}
        [exit 1]
        $ kubectl apply -f cron.yaml --dry-run=client
        cronjob.batch/nightly created (dry run)
        $ kubectl apply -f cron.yaml --dry-run=server
        cronjob.batch/nightly created (server dry run)
        $ kubectl apply -f cron.yaml
        cronjob.batch/nightly created
        $ kubectl apply -f cron.yaml
        cronjob.batch/nightly unchanged
        $ kubectl diff -f cron.yaml
        $ kubectl diff -f changed.yaml
        diff -u -N /tmp/LIVE/batch.v1.CronJob.default.nightly /tmp/MERGED/batch.v1.CronJob.default.nightly
        --- /tmp/LIVE/batch.v1.CronJob.default.nightly	DATE TIME +0000
        +++ /tmp/MERGED/batch.v1.CronJob.default.nightly	DATE TIME +0000
        @@ -5,7 +5,7 @@
             kubectl.kubernetes.io/last-applied-configuration: |
               {"apiVersion":"batch/v1","kind":"CronJob","metadata":{"annotations":{},"labels":{"app":"demo"},"name":"nightly","namespace":"default"},"spec":{"jobTemplate":{"spec":{"template":{"spec":{"containers":[{"env":[{"name":"A","value":"1"}],"image":"guest","name":"main"}],"restartPolicy":"Never"}}}},"schedule":"@daily","suspend":true}}
           creationTimestamp: "TIME"
        -  generation: 1
        +  generation: 2
           labels:
             app: demo
           name: nightly
        @@ -24,7 +24,7 @@
                   containers:
                   - env:
                     - name: A
        -  value: "1"
        +  value: "2"
                     image: guest
                     imagePullPolicy: Always
                     name: main
        @@ -36,7 +36,7 @@
                   schedulerName: default-scheduler
                   securityContext: {}
                   terminationGracePeriodSeconds: 30
        -  schedule: '@daily'
        +  schedule: 0 3 * * *
           successfulJobsHistoryLimit: 3
           suspend: true
         status: {}
        [exit 1]
        $ kubectl apply -f changed.yaml --dry-run=server
        cronjob.batch/nightly configured (server dry run)
        $ kubectl get cronjob nightly -o jsonpath={.spec.schedule}
        @daily
        $ kubectl apply -f changed.yaml
        cronjob.batch/nightly configured
        $ kubectl get cronjob nightly -o jsonpath={.spec.schedule}
        0 3 * * *
        $ kubectl get cronjob nightly -o jsonpath={.spec.jobTemplate.spec.template.spec.containers[0].env}
        [{"name":"A","value":"2"}]
        $ kubectl apply -f misspelt.yaml
        Error from server (BadRequest): error when applying patch:
        {"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"apiVersion\":\"batch/v1\",\"kind\":\"CronJob\",\"metadata\":{\"annotations\":{},\"labels\":{\"app\":\"demo\"},\"name\":\"nightly\",\"namespace\":\"default\"},\"spec\":{\"jobTemplate\":{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"env\":[{\"name\":\"A\",\"value\":\"1\"}],\"image\":\"guest\",\"name\":\"main\"}],\"restartPolicy\":\"Never\"}}}},\"schedule\":\"@daily\",\"suspendd\":true}}\n"}},"spec":{"jobTemplate":{"spec":{"template":{"spec":{"$setElementOrder/containers":[{"name":"main"}],"containers":[{"$setElementOrder/env":[{"name":"A"}],"env":[{"name":"A","value":"1"}],"name":"main"}]}}}},"schedule":"@daily","suspend":null,"suspendd":true}}
        to:
        Resource: "batch/v1, Resource=cronjobs", GroupVersionKind: "batch/v1, Kind=CronJob"
        Name: "nightly", Namespace: "default"
        for: "misspelt.yaml": error when patching "misspelt.yaml": CronJob in version "v1" cannot be handled as a CronJob: strict decoding error: unknown field "spec.suspendd" ("spec.suspendd": did you mean "suspend"?)
        [exit 1]
        $ kubectl apply -f misspelt.yaml --validate=warn
        cronjob.batch/nightly configured
        Warning: unknown field "spec.suspendd"
        $ kubectl apply -f misspelt.yaml --validate=ignore
        cronjob.batch/nightly configured
        $ kubectl create -f cron.yaml
        Error from server (AlreadyExists): error when creating "cron.yaml": cronjobs.batch "nightly" already exists
        [exit 1]
        $ kubectl replace -f cron.yaml
        cronjob.batch/nightly replaced
        $ kubectl get cronjob nightly -o jsonpath={.spec.schedule}
        @daily
        $ kubectl replace --force -f cron.yaml
        cronjob.batch "nightly" deleted from default namespace
        cronjob.batch/nightly replaced
        $ kubectl delete -f cron.yaml
        cronjob.batch "nightly" deleted from default namespace
        $ kubectl delete -f cron.yaml
        Error from server (NotFound): error when deleting "cron.yaml": cronjobs.batch "nightly" not found
        [exit 1]
        $ kubectl replace -f cron.yaml
        Error from server (NotFound): error when replacing "cron.yaml": cronjobs.batch "nightly" not found
        [exit 1]
    "#]].assert_eq(&given);
}

#[test]
fn what_a_set_of_manifests_has_no_longer_is_pruned() {
    let folder = Folder::new();
    let daemon =
        daemon(&folder, &[("both.yaml", format!("{CRON}---\n{MAP}")), ("one.yaml", CRON.into())]);
    folder.write(
        "kustom/kustomization.yaml",
        "namePrefix: dev-\nresources: [cron.yaml]\nconfigMapGenerator:\n  - name: settings\n    literals: [a=1]\n",
    );
    folder.write("kustom/cron.yaml", CRON);
    let given = transcript(
        &daemon,
        "kubectl apply --prune -l app=demo -f both.yaml
         kubectl apply --prune -l app=demo -f one.yaml
         kubectl get cronjobs,configmaps -o name
         kubectl apply -k kustom
         kubectl apply -k kustom
         kubectl diff -k kustom
         kubectl get cronjobs,configmaps -o name
         kubectl delete -k kustom",
    );
    expect![[r#"
        $ kubectl apply --prune -l app=demo -f both.yaml
        cronjob.batch/nightly created
        configmap/settings created
        Deprecated: kubectl apply will no longer prune non-namespaced resources by default when used with the --namespace flag in a future release. To preserve the current behaviour, list the resources you want to target explicitly in the --prune-allowlist flag.
        $ kubectl apply --prune -l app=demo -f one.yaml
        cronjob.batch/nightly unchanged
        configmap/settings pruned
        Deprecated: kubectl apply will no longer prune non-namespaced resources by default when used with the --namespace flag in a future release. To preserve the current behaviour, list the resources you want to target explicitly in the --prune-allowlist flag.
        $ kubectl get cronjobs,configmaps -o name
        cronjob.batch/nightly
        $ kubectl apply -k kustom
        configmap/dev-settings-h29d89cmmt created
        cronjob.batch/dev-nightly created
        $ kubectl apply -k kustom
        configmap/dev-settings-h29d89cmmt unchanged
        cronjob.batch/dev-nightly unchanged
        $ kubectl diff -k kustom
        $ kubectl get cronjobs,configmaps -o name
        cronjob.batch/dev-nightly
        cronjob.batch/nightly
        configmap/dev-settings-h29d89cmmt
        $ kubectl delete -k kustom
        configmap "dev-settings-h29d89cmmt" deleted from default namespace
        cronjob.batch "dev-nightly" deleted from default namespace
    "#]].assert_eq(&given);
}

#[test]
fn an_editor_changes_an_object() {
    let folder = Folder::new();
    let daemon = daemon(&folder, &[("cron.yaml", CRON.into())]);
    let given = transcript(
        &daemon,
        "kubectl apply -f cron.yaml
         KUBE_EDITOR='sed -i s/@daily/@hourly/' kubectl edit cronjob nightly
         kubectl get cronjob nightly -o jsonpath={.spec.schedule}
         KUBE_EDITOR=true kubectl edit cronjob nightly
         KUBE_EDITOR='sed -i s/@hourly/@sometimes/' kubectl edit cronjob nightly",
    );
    let (given, _) = given.split_once("A copy of your changes").unwrap_or((&given, ""));
    expect![[r#"
        $ kubectl apply -f cron.yaml
        cronjob.batch/nightly created
        $ KUBE_EDITOR='sed -i s/@daily/@hourly/' kubectl edit cronjob nightly
        cronjob.batch/nightly edited
        $ kubectl get cronjob nightly -o jsonpath={.spec.schedule}
        @hourly
        $ KUBE_EDITOR=true kubectl edit cronjob nightly
        Edit cancelled, no changes made.
        $ KUBE_EDITOR='sed -i s/@hourly/@sometimes/' kubectl edit cronjob nightly
        error: cronjobs.batch "nightly" is invalid
    "#]]
    .assert_eq(given);
}
