//! Nothing is lost or counted twice when the daemon is killed and started again.

use std::collections::BTreeMap;

use harness::{Daemon, Folder, Lines, manifest, module};
use serde_json::Value;

/// The successes after which the daemon is killed.
const KILLS_AFTER: [usize; 10] = [1, 7, 18, 20, 33, 47, 55, 68, 80, 93];

const RETRY_AT_ONCE: [&str; 4] = ["--pod-retry", "10ms", "--pod-retry-cap", "10ms"];

#[test]
fn a_batch_counts_a_hundred_successes_through_ten_kills() {
    let data = Folder::new();
    let job = std::fs::read_to_string(manifest("batch-process.yaml")).expect("a manifest");
    // A pod that ran at a kill is a failed one, and one in four fails by itself.
    let job = data.write("job.yaml", job.replace("backoffLimit: 3", "backoffLimit: 1000"));
    let mut daemon = Daemon::start(data.path(), &RETRY_AT_ONCE);
    daemon.import("batch-processor:1.0", &module("flaky"));
    drop(daemon.kubectl(["create", "-f", job.to_str().expect("UTF-8")]).expect_code(0));

    for successes in KILLS_AFTER {
        Watch::new(&daemon).follow_to(successes);
        daemon.kill();
        daemon = Daemon::start(data.path(), &RETRY_AT_ONCE);
    }
    Watch::new(&daemon).follow_to(100);

    let done = ["wait", "--for=condition=complete", "job/batch-process", "--timeout=120s"];
    drop(daemon.kubectl(done).expect_code(0));
    let status =
        daemon.kubectl(["get", "job", "batch-process", "-o", "json"]).json()["status"].clone();
    let pods = daemon.kubectl(["get", "pods", "-o", "json"]).json();
    let ended = |phase: &str| count(&pods["items"], phase);
    assert_eq!((status["succeeded"].as_u64(), ended("Succeeded")), (Some(100), 100), "{status}");
    assert_eq!(status["failed"].as_u64(), Some(ended("Failed")), "{status}");
    assert!(ended("Failed") >= 10, "at each kill a pod ran, or failed by itself: {status}");
    assert_eq!(
        (&status["active"], &status["uncountedTerminatedPods"]),
        (&Value::Null, &serde_json::json!({}))
    );
}

fn count(pods: &Value, phase: &str) -> u64 {
    let pods = pods.as_array().into_iter().flatten();
    pods.filter(|pod| pod["status"]["phase"] == phase).map(|_| 1).sum()
}

/// The pods as a watch shows them, which must never be more than five that have not ended.
struct Watch {
    lines: Lines,
    phases: BTreeMap<String, String>,
}

impl Watch {
    fn new(daemon: &Daemon) -> Self {
        let columns = r#"jsonpath={.metadata.name} {.status.phase}{"\n"}"#;
        let lines = daemon.follow(["get", "pods", "--watch", "-o", columns]);
        Self { lines, phases: BTreeMap::new() }
    }

    /// Follows until so many pods have succeeded.
    fn follow_to(&mut self, successes: usize) {
        while self.succeeded() < successes {
            assert!(self.next(), "the watch ended: {:?}", self.phases);
        }
    }

    fn next(&mut self) -> bool {
        let Some(line) = self.lines.next() else { return false };
        let (name, phase) = line.split_once(' ').expect("a name and a phase");
        self.phases.insert(name.to_owned(), phase.to_owned());
        let live =
            self.phases.values().filter(|phase| ["Pending", "Running"].contains(&phase.as_str()));
        assert!(live.count() <= 5, "more than five pods at once: {:?}", self.phases);
        true
    }

    fn succeeded(&self) -> usize {
        self.phases.values().filter(|phase| *phase == "Succeeded").count()
    }
}
