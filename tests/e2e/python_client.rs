//! The official Kubernetes client for Python: tests/clients/jobs.py is a user's program.

use expect_test::expect;
use harness::{Daemon, Folder, client, module};

#[test]
fn the_python_client_makes_watches_patches_reads_and_deletes_jobs_and_cronjobs() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder.path().join("data"), &[]);
    daemon.import("hello:1", &module("hello"));
    let output = daemon.python(&client("clients/jobs.py")).expect_code(0);
    expect![[r"
        created report 6
        listed ['report']
        watched 2
        log Hello, Ada!
        log Hello, Ada!
        patched yes
        refused 409 Conflict
        deleted 0
        scheduled nightly Allow
        suspended True
        replaced 30 4 * * *
        listed ['nightly']
        deleted 0
    "]]
    .assert_eq(&output.stdout);
}
