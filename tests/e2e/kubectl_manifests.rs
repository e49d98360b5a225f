//! Every command line that the user's manifests come with (tests/manifests/README.md), as it stands there.

#![expect(clippy::too_many_lines, reason = "a transcript is read from its first line to its last")]

use std::fs;

use expect_test::expect;
use harness::{Daemon, Folder, manifest, module, transcript};

#[test]
fn the_commands_around_the_manifests_print_what_a_cluster_prints() {
    let folder = Folder::new();
    let daemon = Daemon::start(folder.path(), &[]);
    daemon.import("myapp:1.0", &module("migrate"));
    daemon.import("ubuntu", &module("multicall"));
    let read = |name: &str| fs::read_to_string(manifest(name)).expect("a manifest");
    folder.write("job.yaml", read("db-migration.yaml"));
    folder.write("backup.yaml", read("daily-backup.yaml"));
    let other = read("one-time-task.yaml").replace("name: one-time-task", "name: my-job");
    folder.write("my-job.yaml", other);
    let given = transcript(
        &daemon,
        "kubectl apply -f job.yaml
         kubectl apply -f backup.yaml
         kubectl apply -f my-job.yaml
         kubectl wait --for=condition=complete job/my-job
         kubectl wait --for=condition=complete job/db-migration --timeout=120s
         kubectl get jobs
         kubectl get cronjobs
         kubectl get jobs -l cronjob=daily-backup
         kubectl describe job db-migration
         kubectl logs job/db-migration
         kubectl logs job/db-migration --all-containers=true
         kubectl logs job/my-job
         kubectl delete job db-migration
         kubectl get jobs",
    );
    expect![[r#"
        $ kubectl apply -f job.yaml
        job.batch/db-migration created
        $ kubectl apply -f backup.yaml
        cronjob.batch/daily-backup created
        $ kubectl apply -f my-job.yaml
        job.batch/my-job created
        $ kubectl wait --for=condition=complete job/my-job
        job.batch/my-job condition met
        $ kubectl wait --for=condition=complete job/db-migration --timeout=AGE
        job.batch/db-migration condition met
        $ kubectl get jobs
        NAME  STATUS  COMPLETIONS  DURATION  AGE
        db-migration  Complete  1/1  AGE  AGE
        my-job  Complete  1/1  AGE  AGE
        $ kubectl get cronjobs
        NAME  SCHEDULE  TIMEZONE  SUSPEND  ACTIVE  LAST SCHEDULE  AGE
        daily-backup  0 2 * * *  <none>  False  0  <none>  AGE
        $ kubectl get jobs -l cronjob=daily-backup
        No resources found in default namespace.
        $ kubectl describe job db-migration
        Name:  db-migration
        Namespace:  default
        Selector:  batch.kubernetes.io/controller-uid=UID
        Labels:  batch.kubernetes.io/controller-uid=UID
                                     batch.kubernetes.io/job-name=db-migration
                                     controller-uid=UID
                                     job-name=db-migration
        Annotations:  <none>
        Parallelism:  1
        Completions:  1
        Completion Mode:  NonIndexed
        Suspend:  false
        Backoff Limit:  3
        TTL Seconds After Finished:  3600
        Start Time:  TIME
        Completed At:  TIME
        Duration:  AGE
        Pods Statuses:  0 Active (0 Ready) / 1 Succeeded / 0 Failed
        Pod Template:
          Labels:  batch.kubernetes.io/controller-uid=UID
                   batch.kubernetes.io/job-name=db-migration
                   controller-uid=UID
                   job-name=db-migration
          Containers:
           migration:
            Image:  myapp:1.0
            Port:  <none>
            Host Port:  <none>
            Command:
              /app/migrate.sh
            Environment:  <none>
            Mounts:  <none>
          Volumes:  <none>
          Node-Selectors:  <none>
          Tolerations:  <none>
        Events:
          Type  Reason  Age  From  Message
          ----  ------  ----  ----  -------
          Normal  SuccessfulCreate  AGE  job-controller  Created pod: db-migration-xxxxx
          Normal  Completed  AGE  job-controller  Job completed
        $ kubectl logs job/db-migration
        DATABASE_URL is not set: this is a rehearsal in memory
        applied 0001 create_users
        applied 0002 create_orders
        applied 0003 add_users_name
        :memory: is at version 3, 3 applied
        $ kubectl logs job/db-migration --all-containers=true
        DATABASE_URL is not set: this is a rehearsal in memory
        applied 0001 create_users
        applied 0002 create_orders
        applied 0003 add_users_name
        :memory: is at version 3, 3 applied
        $ kubectl logs job/my-job
        Hello World
        $ kubectl delete job db-migration
        job.batch "db-migration" deleted from default namespace
        $ kubectl get jobs
        NAME  STATUS  COMPLETIONS  DURATION  AGE
        my-job  Complete  1/1  AGE  AGE
    "#]]
    .assert_eq(&given);
    let mut watch = daemon.follow(["get", "jobs", "-w"]);
    let line = watch.by_ref().nth(1).expect("a line for the Job");
    let row: Vec<&str> = line.split_whitespace().take(3).collect();
    assert_eq!(row, ["my-job", "Complete", "1/1"]);
}
