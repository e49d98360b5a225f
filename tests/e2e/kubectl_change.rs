//! Patches of every type, labels, annotations and the `set` commands, with the real kubectl.

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
    expect![[r#"
        $ kubectl create -f job.yaml
        job.batch/waits created
        $ kubectl patch job waits -p '{"spec":{"parallelism":2}}'
        job.batch/waits patched
        $ kubectl patch job waits -p '{"spec":{"parallelism":2}}'
        job.batch/waits patched (no change)
        $ kubectl patch job waits --type=strategic -p '{"metadata":{"finalizers":["a.example/b"]}}'
        job.batch/waits patched
        $ kubectl patch job waits --type=merge -p '{"spec":{"parallelism":3},"metadata":{"finalizers":null}}'
        job.batch/waits patched
        $ kubectl patch job waits --type=json -p '[{"op":"replace","path":"/spec/parallelism","value":4}]'
        job.batch/waits patched
        $ kubectl get job waits -o jsonpath={.spec.parallelism}
        4
        $ kubectl patch job waits --type=json -p '[{"op":"test","path":"/spec/parallelism","value":5}]'
        The request is invalid: the server rejected our request due to an error in our request: operation 0 at "/spec/parallelism": value did not match
        [exit 1]
        $ kubectl patch job waits --type=json -p '[{"op":"remove","path":"/spec/nothing"}]'
        The request is invalid: the server rejected our request due to an error in our request: operation 0 at "/spec/nothing": path is invalid
        [exit 1]
        $ kubectl patch job waits -p '{"spec":{"parallelism":-1}}'
        The Job "waits" is invalid: spec.parallelism: Invalid value: -1: must be greater than or equal to 0
        [exit 1]
        $ kubectl patch job waits -p '{"spec":{"completionMode":"Indexed"}}'
        The Job "waits" is invalid: spec.completionMode: Invalid value: "Indexed": field is immutable
        [exit 1]
        $ kubectl patch job waits --dry-run=server -p '{"spec":{"parallelism":9}}' -o jsonpath={.spec.parallelism}
        9
        $ kubectl get job waits -o jsonpath={.spec.parallelism}
        4
        $ kubectl patch job nowhere -p '{}'
        Error from server (NotFound): jobs.batch "nowhere" not found
        [exit 1]
        $ kubectl patch job waits --subresource=status --type=merge -p '{"status":{"active":1}}'
        Error from server (MethodNotAllowed): this status is written by jobling alone; it can be read (that of a Job with another controller in spec.managedBy can be written)
        [exit 1]
        $ kubectl get job waits --subresource=status -o jsonpath={.status.conditions[0].type}
        Suspended
        $ kubectl label job waits a=b
        job.batch/waits labeled
        $ kubectl label job waits a=c
        error: 'a' already has a value (b), and --overwrite is false
        [exit 1]
        $ kubectl label job waits a=c --overwrite
        job.batch/waits labeled
        $ kubectl label jobs --all d=e
        job.batch/waits labeled
        $ kubectl label job waits 'a=not a label' --overwrite
        error: invalid label value: "a=not a label": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')
        [exit 1]
        $ kubectl get jobs -l a=c,d --show-labels
        NAME  STATUS  COMPLETIONS  DURATION  AGE  LABELS
        waits  Suspended  0/1  AGE  a=c,batch.kubernetes.io/controller-uid=UID,batch.kubernetes.io/job-name=waits,controller-uid=UID,d=e,job-name=waits
        $ kubectl label job waits a- d-
        job.batch/waits unlabeled
        $ kubectl annotate job waits why=because
        job.batch/waits annotated
        $ kubectl annotate job waits --list
        why=because
        $ kubectl annotate job waits why-
        job.batch/waits annotated
    "#]].assert_eq(&given);
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
    expect![[r#"
        $ kubectl create cronjob tick --image=guest --schedule=@yearly -- echo hi
        cronjob.batch/tick created
        $ kubectl set image cronjob/tick tick=guest:2
        cronjob.batch/tick image updated
        $ kubectl set env cronjob/tick A=B
        cronjob.batch/tick env updated
        $ kubectl set env cronjob/tick --list
        # CronJob tick, container tick
        A=B
        $ kubectl set resources cronjob/tick --limits=memory=64Mi
        cronjob.batch/tick resource requirements updated
        $ kubectl patch cronjob tick -p '{"spec":{"suspend":true}}'
        cronjob.batch/tick patched
        $ kubectl get cronjobs -o wide
        NAME  SCHEDULE  TIMEZONE  SUSPEND  ACTIVE  LAST SCHEDULE  AGE  CONTAINERS  IMAGES  SELECTOR
        tick  @yearly  <none>  True  0  <none>  AGE  tick  guest:2  <none>
        $ kubectl create job now --from=cronjob/tick --dry-run=server
        job.batch/now created (server dry run)
        $ kubectl run alone --image=guest
        Error from server (Forbidden): pods "alone" is forbidden: this host makes pods for Jobs only; put the pod's spec into a Job's spec.template
        [exit 1]
        $ kubectl create deployment web --image=guest
        error: failed to create deployment: this host runs Jobs and CronJobs: it holds no Deployment
        [exit 1]
        $ kubectl expose cronjob tick --port=80
        error: cannot expose a CronJob.batch
        [exit 1]
        $ kubectl scale job now --replicas=2
        Error from server (NotFound): jobs.batch "now" not found
        [exit 1]
        $ kubectl create namespace other
        namespace/other created
        $ kubectl create configmap a --from-literal=x=1 -n other
        configmap/a created
        $ kubectl create configmap a --from-literal=x=1 -n nowhere
        error: failed to create configmap: namespaces "nowhere" not found
        [exit 1]
        $ kubectl get configmaps -A
        NAMESPACE  NAME  DATA  AGE
        other  a  1  AGE
        $ kubectl delete namespace other
        namespace "other" deleted
        $ kubectl get namespaces -o name
        namespace/default
        $ kubectl delete namespace default
        Error from server (Forbidden): namespaces "default" is forbidden: this namespace may not be deleted
        [exit 1]
    "#]].assert_eq(&given);
}
