//! What a start makes of what ran when the daemon died, told in scenes.

#![expect(clippy::unwrap_used, reason = "a scene that cannot be set fails the test")]

use std::time::Duration;

use jobling_core::Timestamp;
use jobling_core::api::{Kind, Object};
use jobling_core::engine::StoreError;
use jobling_simulation::Host;
use k8s_openapi::api::batch::v1::JobStatus;
use serde_json::json;

/// A host on which so many pods of one Job run, and will for weeks.
fn given(pods: u32) -> Host {
    let mut host = Host::new(1, Timestamp::from_unix_seconds(1_795_424_400)).unwrap();
    host.create(
        Kind::Job,
        json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": "many", "annotations": {"seconds": "100000"}},
            "spec": {"parallelism": pods, "completions": pods, "backoffLimit": 1000, "template": {"spec": {
                "restartPolicy": "Never", "containers": [{"name": "main", "image": "guest"}],
            }}},
        }),
    );
    host.step().unwrap();
    host
}

fn status(host: &Host) -> JobStatus {
    let Object::Job(job) = host.list(Kind::Job).unwrap().remove(0) else { panic!("a Job") };
    job.status.unwrap()
}

#[test]
fn ends_found_at_one_start_are_one_step_of_the_delay_and_all_count() {
    let mut host = given(50);
    host.crash(host.now()).unwrap();
    host.step().unwrap();
    assert_eq!((status(&host).failed, status(&host).active), (Some(50), None));
    let first_delay = Duration::from_secs(10);
    assert_eq!(host.wake_at().map(|at| at.since(host.now())), Some(first_delay));
    host.pass(first_delay).unwrap();
    assert!(status(&host).active.unwrap() > 0);

    // The next start is the next step.
    host.crash(host.now()).unwrap();
    host.step().unwrap();
    assert_eq!(host.wake_at().map(|at| at.since(host.now())), Some(first_delay * 2));
}

#[test]
fn a_start_whose_first_commit_fails_still_finds_what_ran() {
    let mut host = given(3);
    host.crash(host.now()).unwrap();
    host.fail_next_commit(StoreError::Full);
    assert!(host.step().unwrap().trouble.is_some());
    assert_eq!(status(&host).failed.unwrap_or_default(), 0);
    host.step().unwrap();
    assert_eq!((status(&host).failed, status(&host).active), (Some(3), None));
}
