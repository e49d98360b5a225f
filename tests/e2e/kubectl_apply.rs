//! `kubectl apply` in all its forms, `diff`, `replace`, `edit` and kustomizations, with the real kubectl.

#![expect(clippy::needless_raw_string_hashes, reason = "expect_test writes texts with them")]

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
fn daemon(folder: &Folder, files: &[(&str, String)]) -> Daemon {
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
    expect![[""]].assert_eq(&given);
}

#[test]
fn server_side_apply_keeps_who_set_what_and_refuses_to_take_it() {
    let folder = Folder::new();
    let less = MAP.replace("  b: '1'\n", "");
    let other = less.replace("a: '1'", "a: '3'");
    let misspelt = MAP.replace("data:", "dta:");
    let daemon = daemon(
        &folder,
        &[
            ("map.yaml", MAP.into()),
            ("less.yaml", less),
            ("other.yaml", other),
            ("misspelt.yaml", misspelt),
        ],
    );
    let managers = r#"'jsonpath={range .metadata.managedFields[*]}{.manager} {.operation} {.fieldsV1}{"\n"}{end}'"#;
    let given = transcript(
        &daemon,
        &format!(
            "kubectl apply --server-side -f map.yaml
             kubectl apply --server-side -f map.yaml
             kubectl patch configmap settings --field-manager=somebody -p '{{\"data\":{{\"a\":\"2\",\"x\":\"1\"}}}}'
             kubectl get configmap settings --show-managed-fields -o {managers}
             kubectl apply --server-side -f map.yaml
             kubectl apply --server-side --force-conflicts --dry-run=server -f map.yaml
             kubectl get configmap settings -o jsonpath={{.data}}
             kubectl diff --server-side --force-conflicts -f map.yaml
             kubectl apply --server-side --force-conflicts -f map.yaml
             kubectl get configmap settings -o jsonpath={{.data}}
             kubectl apply --server-side -f less.yaml
             kubectl get configmap settings -o jsonpath={{.data}}
             kubectl apply --server-side --field-manager=other -f less.yaml
             kubectl apply --server-side --field-manager=other -f other.yaml
             kubectl get configmap settings --show-managed-fields -o {managers}
             kubectl apply --server-side -f misspelt.yaml
             kubectl delete configmap settings
             kubectl apply -f map.yaml
             kubectl apply --server-side -f other.yaml
             kubectl get configmap settings -o jsonpath={{.data}}
             kubectl get configmap settings --show-managed-fields -o {managers}
             kubectl apply -f map.yaml
             kubectl get configmap settings -o jsonpath={{.data}}"
        ),
    );
    expect![[""]].assert_eq(&given);
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
    expect![[""]].assert_eq(&given);
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
    expect![[""]].assert_eq(given);
}
