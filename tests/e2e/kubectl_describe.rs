//! What `kubectl describe` and a whole object show, with the real kubectl.

#![expect(clippy::too_many_lines, reason = "a transcript is read from its first line to its last")]

use expect_test::expect;
use harness::{Folder, transcript};

use crate::kubectl_get::daemon;

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
    expect![[r#"
        $ kubectl describe job good
        Name:  good
        Namespace:  default
        Selector:  batch.kubernetes.io/controller-uid=UID
        Labels:  app=demo
        Annotations:  <none>
        Parallelism:  1
        Completions:  1
        Completion Mode:  NonIndexed
        Suspend:  false
        Backoff Limit:  6
        Start Time:  TIME
        Completed At:  TIME
        Duration:  AGE
        Pods Statuses:  0 Active (0 Ready) / 1 Succeeded / 0 Failed
        Pod Template:
          Labels:  batch.kubernetes.io/controller-uid=UID
                   batch.kubernetes.io/job-name=good
                   controller-uid=UID
                   job-name=good
          Containers:
           main:
            Image:  guest
            Port:  <none>
            Host Port:  <none>
            Command:
              echo
              hello
            Environment:  <none>
            Mounts:  <none>
          Volumes:  <none>
          Node-Selectors:  <none>
          Tolerations:  <none>
        Events:
          Type  Reason  Age  From  Message
          ----  ------  ----  ----  -------
          Normal  SuccessfulCreate  AGE  job-controller  Created pod: good-xxxxx
          Normal  Completed  AGE  job-controller  Job completed
        $ kubectl describe pod -l job-name=bad
        Name:  bad-xxxxx
        Namespace:  default
        Node:  jobling/
        Start Time:  TIME
        Labels:  batch.kubernetes.io/controller-uid=UID
                        batch.kubernetes.io/job-name=bad
                        controller-uid=UID
                        job-name=bad
        Annotations:  jobling.dev/fuel-used: UNITS
        Status:  Failed
        IP:
        IPs:  <none>
        Controlled By:  Job/bad
        Containers:
          main:
            Container ID:  jobling://HEX
            Image:  guest
            Image ID:  sha256:DIGEST
            Port:  <none>
            Host Port:  <none>
            Command:
              false
            State:  Terminated
              Reason:  Error
              Exit Code:  1
              Started:  TIME
              Finished:  TIME
            Ready:  False
            Restart Count:  0
            Environment:  <none>
            Mounts:  <none>
        Conditions:
          Type  Status
          Initialized  True
          Ready  False
          ContainersReady  False
          PodScheduled  True
        Volumes:  <none>
        QoS Class:  BestEffort
        Node-Selectors:  <none>
        Tolerations:  <none>
        Events:
          Type  Reason  Age  From  Message
          ----  ------  ----  ----  -------
          Normal  Scheduled  AGE  default-scheduler  Successfully assigned default/bad-xxxxx to jobling
          Normal  Pulled  AGE  kubelet  spec.containers{main}: Container image "guest" already present on machine and can be accessed by the pod
          Normal  Created  AGE  kubelet  spec.containers{main}: Container created
          Normal  Started  AGE  kubelet  spec.containers{main}: Container started
        $ kubectl describe cronjob nightly
        Name:  nightly
        Namespace:  default
        Labels:  <none>
        Annotations:  <none>
        Schedule:  @daily
        Concurrency Policy:  Allow
        Suspend:  True
        Time Zone:  Europe/Oslo
        Successful Job History Limit:  3
        Failed Job History Limit:  1
        Starting Deadline Seconds:  <unset>
        Selector:  <unset>
        Parallelism:  <unset>
        Completions:  <unset>
        Pod Template:
          Labels:  <none>
          Containers:
           main:
            Image:  guest
            Port:  <none>
            Host Port:  <none>
            Environment:  <none>
            Mounts:  <none>
          Volumes:  <none>
          Node-Selectors:  <none>
          Tolerations:  <none>
        Last Schedule Time:  <unset>
        Active Jobs:  <none>
        Events:  <none>
    "#]].assert_eq(&given);
}

#[test]
fn a_job_is_shown_whole_as_yaml() {
    let folder = Folder::new();
    let daemon = daemon(&folder);
    let given = transcript(&daemon, "kubectl get job good -o yaml");
    let lines = given.split_inclusive('\n');
    let given: String =
        lines.filter(|line| !line.trim_start().starts_with("resourceVersion:")).collect();
    expect![[r#"
        $ kubectl get job good -o yaml
        apiVersion: batch/v1
        kind: Job
        metadata:
          creationTimestamp: "TIME"
          generation: 1
          labels:
            app: demo
          name: good
          namespace: default
          uid: UID
        spec:
          backoffLimit: 6
          completionMode: NonIndexed
          completions: 1
          manualSelector: false
          parallelism: 1
          podReplacementPolicy: TerminatingOrFailed
          selector:
            matchLabels:
              batch.kubernetes.io/controller-uid: UID
          suspend: false
          template:
            metadata:
              labels:
                batch.kubernetes.io/controller-uid: UID
                batch.kubernetes.io/job-name: good
                controller-uid: UID
                job-name: good
            spec:
              containers:
              - command:
                - echo
                - hello
                image: guest
                imagePullPolicy: Always
                name: main
                resources: {}
                terminationMessagePath: /dev/termination-log
                terminationMessagePolicy: File
              dnsPolicy: ClusterFirst
              restartPolicy: Never
              schedulerName: default-scheduler
              securityContext: {}
              terminationGracePeriodSeconds: 30
        status:
          completionTime: "TIME"
          conditions:
          - lastProbeTime: "TIME"
            lastTransitionTime: "TIME"
            message: Reached expected number of succeeded pods
            reason: CompletionsReached
            status: "True"
            type: SuccessCriteriaMet
          - lastProbeTime: "TIME"
            lastTransitionTime: "TIME"
            message: Reached expected number of succeeded pods
            reason: CompletionsReached
            status: "True"
            type: Complete
          ready: 0
          startTime: "TIME"
          succeeded: 1
          terminating: 0
          uncountedTerminatedPods: {}
    "#]]
    .assert_eq(&given);
    let json = daemon.kubectl(["get", "job", "good", "-o", "json"]).expect_code(0).json();
    assert_eq!(json["metadata"]["name"], "good");
    assert_eq!(json["metadata"]["managedFields"], serde_json::Value::Null);
}
