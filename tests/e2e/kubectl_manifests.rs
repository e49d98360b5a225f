//! Every command line that the user's manifests come with (tests/manifests/README.md), as it stands there.

#![expect(clippy::needless_raw_string_hashes, reason = "expect_test writes texts with them")]

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
    expect![[""]].assert_eq(&given);
    let mut watch = daemon.follow(["get", "jobs", "-w"]);
    let line = watch.by_ref().nth(1).expect("a line for the Job");
    let row: Vec<&str> = line.split_whitespace().take(3).collect();
    assert_eq!(row, ["my-job", "Complete", "1/1"]);
}
