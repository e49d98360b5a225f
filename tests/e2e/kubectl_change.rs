//! Patches of every type, labels, annotations and the `set` commands, with the real kubectl.

#![expect(clippy::needless_raw_string_hashes, reason = "expect_test writes texts with them")]

use expect_test::expect;
use harness::{Daemon, Folder, transcript};

const JOB: &str = "apiVersion: batch/v1
kind: Job
metadata:
  name: waits
spec:
  suspend: true
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: main
          image: guest
";

#[test]
fn an_object_is_patched_in_every_format() {
    let folder = Folder::new();
    folder.write("job.yaml", JOB);
    let daemon = Daemon::start(folder.path(), &[]);
    let given = transcript(
        &daemon,
        r#"kubectl create -f job.yaml
           kubectl patch job waits -p '{"spec":{"parallelism":2}}'
           kubectl patch job waits -p '{"spec":{"parallelism":2}}'
           kubectl patch job waits --type=strategic -p '{"metadata":{"finalizers":["a.example/b"]}}'
           kubectl patch job waits --type=merge -p '{"spec":{"parallelism":3},"metadata":{"finalizers":null}}'
           kubectl patch job waits --type=json -p '[{"op":"replace","path":"/spec/parallelism","value":4}]'
           kubectl get job waits -o jsonpath={.spec.parallelism}
           kubectl patch job waits --type=json -p '[{"op":"test","path":"/spec/parallelism","value":5}]'
           kubectl patch job waits --type=json -p '[{"op":"remove","path":"/spec/nothing"}]'
           kubectl patch job waits -p '{"spec":{"parallelism":-1}}'
           kubectl patch job waits -p '{"spec":{"completionMode":"Indexed"}}'
           kubectl patch job waits --dry-run=server -p '{"spec":{"parallelism":9}}' -o jsonpath={.spec.parallelism}
           kubectl get job waits -o jsonpath={.spec.parallelism}
           kubectl patch job nowhere -p '{}'
           kubectl patch job waits --subresource=status --type=merge -p '{"status":{"active":1}}'
           kubectl get job waits --subresource=status -o jsonpath={.status.conditions[0].type}
           kubectl label job waits a=b
           kubectl label job waits a=c
           kubectl label job waits a=c --overwrite
           kubectl label jobs --all d=e
           kubectl label job waits 'a=not a label' --overwrite
           kubectl get jobs -l a=c,d --show-labels
           kubectl label job waits a- d-
           kubectl annotate job waits why=because
           kubectl annotate job waits --list
           kubectl annotate job waits why-"#,
    );
    expect![[""]].assert_eq(&given);
}

#[test]
fn what_kubectl_makes_and_sets_without_a_manifest_is_taken() {
    let folder = Folder::new();
    let daemon = Daemon::start(folder.path(), &[]);
    let given = transcript(
        &daemon,
        "kubectl create cronjob tick --image=guest --schedule=@yearly -- echo hi
         kubectl set image cronjob/tick tick=guest:2
         kubectl set env cronjob/tick A=B
         kubectl set env cronjob/tick --list
         kubectl set resources cronjob/tick --limits=memory=64Mi
         kubectl patch cronjob tick -p '{\"spec\":{\"suspend\":true}}'
         kubectl get cronjobs -o wide
         kubectl create job now --from=cronjob/tick --dry-run=server
         kubectl create -f - --dry-run=server
         kubectl run alone --image=guest
         kubectl create deployment web --image=guest
         kubectl expose cronjob tick --port=80
         kubectl scale job now --replicas=2
         kubectl create namespace other
         kubectl create configmap a --from-literal=x=1 -n other
         kubectl create configmap a --from-literal=x=1 -n nowhere
         kubectl get configmaps -A
         kubectl delete namespace other
         kubectl get namespaces -o name
         kubectl delete namespace default",
    );
    expect![[""]].assert_eq(&given);
}
