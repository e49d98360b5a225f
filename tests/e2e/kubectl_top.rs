//! `kubectl top pods`: what running pods use.

use std::time::{Duration, Instant};

use harness::{Daemon, Folder, module};
use serde_json::json;

#[test]
fn a_pod_that_works_uses_more_of_a_core_than_one_that_sleeps() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder.path().join("data"), &[]);
    daemon.import("hostile:1", &module("hostile"));
    for way in ["loop", "sleep"] {
        let job = job(way).to_string();
        drop(daemon.kubectl_reading(["create", "-f", "-"], &job).expect_code(0));
    }
    let top = |flags: &str| {
        let line = format!("top pods --no-headers{flags}");
        daemon.kubectl(line.split(' '))
    };
    // There is nothing to tell before both run, and nothing that they use before their module is compiled.
    let deadline = Instant::now() + Duration::from_mins(2);
    let told = loop {
        let told = top("");
        if told.code == 0 && told.stdout.lines().filter(|line| !line.contains(" 0Mi")).count() == 2
        {
            break told.stdout;
        }
        assert!(Instant::now() < deadline, "{told}");
    };
    let used = |name: &str, column: usize, unit: &str| -> u64 {
        let line = told.lines().find(|line| line.starts_with(name)).expect(name);
        let cell = line.split_whitespace().nth(column).expect("a cell");
        cell.strip_suffix(unit).expect(unit).parse().expect("a number")
    };
    assert!(used("loop", 1, "m") > used("sleep", 1, "m"), "{told}");
    assert!(used("sleep", 2, "Mi") > 0, "{told}");
    let selected = top(" -l job-name=loop --containers").expect_code(0).stdout;
    let words: Vec<_> = selected.split_whitespace().collect();
    assert_eq!((words.len(), words[1]), (4, "main"), "{selected}");
    let none = top(" -n other");
    assert!(none.stderr.contains("No resources found"), "{none}");
}

fn job(way: &str) -> serde_json::Value {
    let container = json!({
        "name": "main",
        "image": "hostile:1",
        "args": [way],
        "resources": {"limits": {"cpu": "500m", "jobling.dev/fuel": "1000G"}},
    });
    let spec = json!({"restartPolicy": "Never", "containers": [container]});
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": way},
        "spec": {"template": {"spec": spec}},
    })
}
