//! What the engine makes of CronJobs, told in scenes: one commit for a run, deletion in its three ways,
//! Jobs in the way, many at once.

#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a scene that cannot be set fails the test; each looks at objects of one kind"
)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jobling_core::Timestamp;
use jobling_core::api::{Kind, Object, Reason};
use jobling_core::engine::{Change, ChangeVerb, Propagation, StoreError};
use jobling_simulation::Host;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use serde_json::{Value, json};

/// A Monday, nine o'clock in UTC; and the minutes since the epoch then.
const NINE: i64 = 1_795_424_400;
const MINUTES: i64 = NINE / 60;
const HOUR: Duration = Duration::from_hours(1);

/// A host at one second before nine.
fn given() -> Host {
    Host::new(1, Timestamp::from_unix_seconds(NINE - 1)).unwrap()
}

/// A CronJob whose runs take ten minutes at most.
fn cron_job(name: &str, spec: &Value) -> Value {
    let mut all = json!({
        "schedule": "0 * * * *",
        "jobTemplate": {
            "metadata": {"annotations": {"seconds": "1"}},
            "spec": {"template": {"spec": {
                "restartPolicy": "Never", "containers": [{"name": "main", "image": "guest"}],
            }}},
        },
    });
    all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name}, "spec": all})
}

/// A template of runs that never end by themselves.
fn endless() -> Value {
    let mut template = cron_job("", &json!({}))["spec"]["jobTemplate"].take();
    template["metadata"]["annotations"]["seconds"] = json!("100000000");
    // Of ten guests four are in a hurry: these here are made to fail, and tried again.
    template["metadata"]["annotations"]["failures"] = json!("100");
    template["spec"]["backoffLimit"] = json!(1_000_000);
    template
}

fn jobs(host: &Host) -> Vec<Job> {
    let all = host.list(Kind::Job).unwrap();
    all.into_iter()
        .filter_map(|object| match object {
            Object::Job(job) => Some(*job),
            _ => None,
        })
        .collect()
}

fn names(host: &Host) -> Vec<String> {
    jobs(host).into_iter().filter_map(|job| job.metadata.name).collect()
}

fn the_cron_job(host: &Host) -> Option<CronJob> {
    host.list(Kind::CronJob).unwrap().into_iter().find_map(|object| match object {
        Object::CronJob(cron_job) => Some(*cron_job),
        _ => None,
    })
}

/// Reasons of events about CronJobs, with how often each was told.
fn told(host: &Host) -> Vec<(String, i32)> {
    let all = host.list(Kind::Event).unwrap().into_iter();
    let mut told: Vec<(String, i32)> = all
        .filter_map(|object| match object {
            Object::Event(event) if event.involved_object.kind.as_deref() == Some("CronJob") => {
                Some((event.reason.unwrap_or_default(), event.count.unwrap_or_default()))
            }
            _ => None,
        })
        .collect();
    told.sort();
    told
}

fn run(hour: i64) -> String {
    format!("backup-{}", MINUTES + hour * 60)
}

fn changed(changes: &[Arc<Change>], kind: Kind, verb: ChangeVerb) -> Vec<String> {
    let those = changes.iter().filter(|change| change.kind == kind && change.verb() == verb);
    those.filter_map(|change| change.key()).map(|key| key.name).collect()
}

#[test]
fn a_run_its_predecessors_end_and_the_status_are_one_commit() {
    let mut host = given();
    host.create(
        Kind::CronJob,
        cron_job("backup", &json!({"concurrencyPolicy": "Replace", "jobTemplate": endless()})),
    );
    host.step().unwrap();
    assert_eq!(host.wake_at(), Some(Timestamp::from_unix_seconds(NINE)));
    host.pass(Duration::from_mins(59)).unwrap();
    assert_eq!(names(&host), [run(0)]);

    host.set_clock(Timestamp::from_unix_seconds(NINE + 3_600));
    host.fail_next_commit(StoreError::Full);
    assert!(host.step().unwrap().trouble.is_some());
    assert_eq!(names(&host), [run(0)], "nothing of a failed commit is kept");
    let changes = host.step().unwrap().changes;
    assert_eq!(changed(&changes, Kind::Job, ChangeVerb::Deleted), [run(0)]);
    assert_eq!(changed(&changes, Kind::Job, ChangeVerb::Added), [run(1)]);
    assert_eq!(changed(&changes, Kind::CronJob, ChangeVerb::Modified), ["backup"]);
    let status = the_cron_job(&host).unwrap().status.unwrap();
    assert_eq!(status.active.unwrap()[0].name, Some(run(1)));
    assert_eq!(
        status.last_schedule_time.as_ref().map(Timestamp::from),
        Some(Timestamp::from_unix_seconds(NINE + 3_600))
    );
}

#[test]
fn a_finished_run_is_seen_and_kept_as_the_limits_say() {
    let mut host = given();
    host.create(Kind::CronJob, cron_job("backup", &json!({"successfulJobsHistoryLimit": 2})));
    host.step().unwrap();
    host.pass(HOUR * 5).unwrap();
    assert_eq!(names(&host), [run(3), run(4)]);
    let status = the_cron_job(&host).unwrap().status.unwrap();
    let newest = jobs(&host).pop().unwrap().status.unwrap().completion_time;
    assert_eq!((status.active, status.last_successful_time), (None, newest));
    let expected = [("SawCompletedJob", 1), ("SuccessfulCreate", 1), ("SuccessfulDelete", 1)];
    for (reason, count) in expected {
        assert!(told(&host).contains(&(reason.into(), count)), "{reason}: {:?}", told(&host));
    }
}

#[test]
fn where_no_history_is_kept_a_watch_still_sees_the_end() {
    let mut host = given();
    host.create(Kind::CronJob, cron_job("backup", &json!({"successfulJobsHistoryLimit": 0})));
    host.step().unwrap();
    let changes = host.pass(HOUR / 2).unwrap();
    assert!(names(&host).is_empty());
    let mut of_the_run = changes.iter().filter(|change| change.kind == Kind::Job);
    let last =
        of_the_run.next_back().and_then(|change| change.before.as_ref()).unwrap().to_object();
    let Object::Job(job) = &*last else { panic!("a Job") };
    let conditions = job.status.as_ref().and_then(|status| status.conditions.clone()).unwrap();
    assert!(conditions.iter().any(|one| one.type_ == "Complete"), "{conditions:?}");
}

#[test]
fn a_job_of_another_in_a_runs_place_is_left_alone_and_told_of() {
    let mut host = given();
    let template = cron_job("", &json!({}))["spec"]["jobTemplate"]["spec"].take();
    host.create(
        Kind::Job,
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": run(0)}, "spec": template}),
    );
    host.create(Kind::CronJob, cron_job("backup", &json!({})));
    host.step().unwrap();
    host.pass(Duration::from_secs(10)).unwrap();
    let status = the_cron_job(&host).unwrap().status.unwrap_or_default();
    assert_eq!((status.active, status.last_schedule_time), (None, None));
    assert_eq!(told(&host), [("FailedCreate".to_owned(), 1)]);
    assert_eq!(jobs(&host)[0].metadata.owner_references, None);
    host.pass(HOUR).unwrap();
    assert_eq!(names(&host), [run(0), run(1)]);
}

#[test]
fn a_job_made_by_hand_is_not_taken_for_a_run() {
    let mut host = given();
    host.create(Kind::CronJob, cron_job("backup", &json!({"concurrencyPolicy": "Forbid"})));
    host.step().unwrap();
    let uid = the_cron_job(&host).unwrap().metadata.uid;
    let mut by_hand = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {
            "name": "by-hand",
            "ownerReferences": [{
                "apiVersion": "batch/v1", "kind": "CronJob", "name": "backup", "uid": uid,
                "controller": true,
            }],
        },
    });
    by_hand["spec"] = endless()["spec"].take();
    host.create(Kind::Job, by_hand);
    host.step().unwrap();
    host.pass(Duration::from_secs(1)).unwrap();
    assert_eq!(names(&host), [run(0), "by-hand".to_owned()]);
    assert!(told(&host).iter().any(|(reason, _)| reason == "UnexpectedJob"), "{:?}", told(&host));
}

#[test]
fn a_cron_jobs_jobs_go_with_it_or_before_it_or_stay() {
    for (propagation, gone_at_once, jobs_left) in [
        (Propagation::Background, true, 0),
        (Propagation::Foreground, false, 0),
        (Propagation::Orphan, true, 2),
    ] {
        let mut host = given();
        host.create(Kind::CronJob, cron_job("backup", &json!({"jobTemplate": endless()})));
        host.step().unwrap();
        host.pass(HOUR + Duration::from_secs(2)).unwrap();
        assert_eq!(names(&host).len(), 2);
        host.delete(Kind::CronJob, "backup", propagation);
        let reply = host.step().unwrap().answers.remove(0).unwrap();
        assert_eq!(reply.gone, gone_at_once, "{propagation:?}");
        host.pass(HOUR * 2).unwrap();
        assert!(the_cron_job(&host).is_none(), "{propagation:?}");
        assert_eq!(names(&host).len(), jobs_left, "{propagation:?}");
        assert!(jobs(&host).iter().all(|job| job.metadata.owner_references.is_none()));
    }
}

#[test]
fn jobs_are_a_cron_jobs_by_their_owner_alone() {
    let mut host = given();
    host.create(Kind::CronJob, cron_job("backup", &json!({"jobTemplate": endless()})));
    host.step().unwrap();
    host.pass(Duration::from_secs(2)).unwrap();
    host.delete(Kind::CronJob, "backup", Propagation::Orphan);
    host.create(Kind::CronJob, cron_job("backup", &json!({"concurrencyPolicy": "Replace"})));
    host.step().unwrap();
    host.pass(HOUR).unwrap();
    assert_eq!(names(&host), [run(0), run(1)], "an orphan of the same name is not replaced");
}

#[test]
fn a_resumed_cron_job_starts_the_latest_run_that_it_missed() {
    let mut host = given();
    host.create(Kind::CronJob, cron_job("backup", &json!({"suspend": true})));
    host.step().unwrap();
    assert_eq!(host.wake_at(), None);
    host.pass(HOUR * 3).unwrap();
    assert!(names(&host).is_empty());
    host.patch(Kind::CronJob, "backup", json!({"spec": {"suspend": false}}));
    host.step().unwrap();
    assert_eq!(names(&host), [run(2)]);
    host.patch(Kind::CronJob, "backup", json!({"spec": {"schedule": "30 12 * * *"}}));
    host.step().unwrap();
    let half_past_twelve = Timestamp::from_unix_seconds(NINE + 3 * 3_600 + 1_800);
    host.pass(Duration::from_mins(10)).unwrap();
    assert_eq!(host.wake_at(), Some(half_past_twelve));
}

#[test]
fn nothing_is_forgotten_by_a_restart() {
    let mut host = given();
    host.create(
        Kind::CronJob,
        cron_job("backup", &json!({"concurrencyPolicy": "Forbid", "jobTemplate": endless()})),
    );
    host.step().unwrap();
    host.pass(HOUR / 2).unwrap();
    host.crash(host.now().plus(HOUR)).unwrap();
    host.step().unwrap();
    assert_eq!(names(&host), [run(0)], "the run that the restart found is still active");
    assert!(told(&host).contains(&("JobAlreadyActive".into(), 1)), "{:?}", told(&host));
    host.delete(Kind::Job, &run(0), Propagation::Background);
    host.step().unwrap();
    assert_eq!(names(&host), [run(1)], "the run is started once the other is gone");
}

#[test]
fn a_spread_delays_the_start_and_is_not_late() {
    let mut host = given();
    let mut body = cron_job("backup", &json!({}));
    body["metadata"]["annotations"] = json!({"jobling.dev/spread-seconds": "3000"});
    host.create(Kind::CronJob, body);
    host.step().unwrap();
    let delay = host.wake_at().unwrap().since(Timestamp::from_unix_seconds(NINE));
    assert!(Duration::from_secs(1) < delay && delay <= Duration::from_mins(50), "{delay:?}");
    host.pass(delay + Duration::from_secs(1)).unwrap();
    assert_eq!(names(&host), [run(0)]);
    let annotations = jobs(&host).remove(0).metadata.annotations.unwrap();
    assert_eq!(annotations["jobling.dev/lateness-seconds"], "0.000");
}

#[test]
fn many_that_are_due_at_once_are_all_started_while_others_are_answered() {
    const MANY: usize = 1_000;
    let mut host = given();
    for number in 0..MANY {
        host.create(Kind::CronJob, cron_job(&format!("cron-{number}"), &json!({})));
    }
    host.step().unwrap();
    host.set_clock(Timestamp::from_unix_seconds(NINE));
    let mut made = BTreeSet::new();
    let mut steps = 0;
    while host.wake_at().is_some_and(|at| at <= host.now()) {
        host.create(Kind::ConfigMap, json!({"metadata": {"name": format!("map-{steps}")}}));
        let step = host.step().unwrap();
        assert!(step.answers[0].is_ok());
        for name in changed(&step.changes, Kind::Job, ChangeVerb::Added) {
            assert!(made.insert(name.clone()), "{name} was made twice");
        }
        steps += 1;
    }
    assert_eq!(made.len(), MANY);
    assert!(steps > 3, "a step that starts all would keep everybody waiting");
}

#[test]
fn a_cron_job_that_asks_for_the_impossible_is_refused() {
    let mut host = given();
    host.create(Kind::CronJob, cron_job("backup", &json!({"schedule": "61 * * * *"})));
    let error = host.step().unwrap().answers.remove(0).unwrap_err();
    assert_eq!((error.reason, error.causes[0].field.as_str()), (Reason::Invalid, "spec.schedule"));
    assert_eq!(host.wake_at(), None);
}
