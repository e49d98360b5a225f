//! What the engine makes of requests to HTTPTriggers, told in scenes.

#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a scene that cannot be set fails the test; each looks at objects of one kind"
)]

mod given;

use std::sync::Arc;
use std::time::Duration;

use given::{
    accepted, ask, call, counts, endless, given, jobs, reply, send, suspended, the_trigger, trigger,
};
use jobling_core::Timestamp;
use jobling_core::api::{Kind, Reason};
use jobling_core::engine::{ChangeVerb, Propagation, StoreError};
use jobling_core::trigger::{
    Counts, Outcome, TriggerFailure, TriggerReply, TriggerRequest, TriggerVerb,
};
use jobling_simulation::{Host, failed_pod};
use serde_json::json;

#[test]
fn a_request_its_job_and_its_count_are_one_commit() {
    let mut host = given(&json!({}));
    let request = call(&host, Some("k"), "a");
    ask(&mut host, TriggerVerb::Run(Arc::clone(&request)));
    host.fail_next_commit(StoreError::Full);
    let failed = host.step().unwrap();
    assert_eq!(failed.trigger_answers[0].as_ref().unwrap_err().reason, Reason::InsufficientStorage);
    assert!(jobs(&host).is_empty(), "nothing of a failed commit is kept");
    assert_eq!(counts(&host).0, 0);

    ask(&mut host, TriggerVerb::Run(request));
    let stepped = host.step().unwrap();
    let told = |kind| {
        let of_kind = stepped.changes.iter().filter(|change| change.kind == kind);
        of_kind.map(|change| change.verb()).collect::<Vec<_>>()
    };
    assert_eq!(told(Kind::HTTPTrigger), [ChangeVerb::Modified]);
    assert_eq!(told(Kind::Job)[0], ChangeVerb::Added);
    let job = accepted(reply(stepped));
    assert_eq!(counts(&host), (1, 0, 1, 0));
    assert_eq!(jobs(&host)[0].metadata.name.as_deref(), Some(&*job));
}

#[test]
fn a_repeat_gets_the_first_answer_for_as_long_as_it_is_remembered() {
    let mut host = given(&json!({"successfulJobsHistoryLimit": 0}));
    let job = accepted(send(&mut host, Some("k"), "a"));
    assert_eq!(send(&mut host, Some("k"), "a"), TriggerReply::InProgress { job: job.clone() });
    assert_eq!(send(&mut host, Some("k"), "b"), TriggerReply::Mismatch);

    host.pass(Duration::from_mins(10)).unwrap();
    assert!(jobs(&host).is_empty(), "the Job is gone, its answer is not");
    let TriggerReply::Replayed { job: of, answer } = send(&mut host, Some("k"), "a") else {
        panic!("it has its answer")
    };
    assert_eq!((of, &answer.outcome), (job.clone(), &Outcome::Succeeded));
    assert_eq!(&*answer.output.bytes, b"a");
    assert_eq!(send(&mut host, Some("k"), "b"), TriggerReply::Mismatch);

    host.pass(Duration::from_mins(61)).unwrap();
    assert_ne!(accepted(send(&mut host, Some("k"), "b")), job);
}

#[test]
fn two_requests_with_one_key_in_one_step_are_one_job() {
    let mut host = given(&json!({}));
    for body in ["a", "a", "b"] {
        let call = call(&host, Some("k"), body);
        ask(&mut host, TriggerVerb::Run(call));
    }
    let stepped = host.step().unwrap();
    let told: Vec<_> = stepped.trigger_answers.into_iter().map(Result::unwrap).collect();
    let [first, second, third] = &told[..] else { panic!("each is answered") };
    let job = accepted(first.clone());
    assert_eq!((second, third), (&TriggerReply::InProgress { job }, &TriggerReply::Mismatch));
    assert_eq!(jobs(&host).len(), 1);
}

#[test]
fn a_request_that_was_accepted_is_carried_out_after_a_crash() {
    let mut host = given(&json!({}));
    let job = accepted(send(&mut host, Some("k"), "a"));
    host.crash(host.now()).unwrap();
    assert_eq!(send(&mut host, Some("k"), "a"), TriggerReply::InProgress { job: job.clone() });
    host.pass(Duration::from_hours(1)).unwrap();
    let record = host.call(&job).unwrap().unwrap();
    assert_eq!(&*record.answer.unwrap().output.bytes, b"a", "its pod was told of the request");
}

#[test]
fn those_who_come_too_many_wait_in_order_and_no_more_than_so_many() {
    let mut host = given(&json!({
        "concurrencyPolicy": "Queue", "queueDepth": 2, "jobTemplate": endless(),
    }));
    let first = accepted(send(&mut host, None, "1"));
    let [second, third] = ["2", "3"].map(|body| accepted(send(&mut host, None, body)));
    assert_eq!(
        send(&mut host, None, "4"),
        TriggerReply::QueueFull { retry_after: Duration::from_secs(5) }
    );
    assert_eq!(counts(&host), (3, 0, 1, 2));
    assert_eq!(
        [&first, &second, &third].map(|job| suspended(&host, job)),
        [Some(false), Some(true), Some(true)]
    );
    host.crash(host.now()).unwrap();
    host.step().unwrap();

    host.delete(Kind::Job, &first, Propagation::Background);
    host.step().unwrap();
    assert_eq!([&second, &third].map(|job| suspended(&host, job)), [Some(false), Some(true)]);
    assert_eq!(counts(&host), (3, 0, 1, 1));
    let cancelled = host.call(&first).unwrap().unwrap().answer.unwrap();
    assert_eq!(cancelled.outcome, Outcome::Cancelled);

    host.patch(Kind::HTTPTrigger, "t", json!({"spec": {"maxConcurrency": 2, "suspend": true}}));
    host.step().unwrap();
    assert_eq!(counts(&host), (3, 0, 2, 0), "what was taken is carried out");
    assert_eq!(send(&mut host, None, "5"), TriggerReply::Suspended);
}

#[test]
fn one_who_waits_can_be_let_in_by_hand() {
    let mut host = given(&json!({"concurrencyPolicy": "Queue", "jobTemplate": endless()}));
    let [_, second] = ["1", "2"].map(|body| accepted(send(&mut host, None, body)));
    host.patch(Kind::Job, &second, json!({"spec": {"suspend": false}}));
    host.step().unwrap();
    assert_eq!(counts(&host), (2, 0, 2, 0));
}

#[test]
fn forbid_turns_away_and_replace_ends_the_oldest() {
    let mut host = given(&json!({"concurrencyPolicy": "Forbid", "jobTemplate": endless()}));
    accepted(send(&mut host, None, "1"));
    let busy = TriggerReply::Busy { retry_after: Duration::from_secs(5) };
    assert_eq!(send(&mut host, None, "2"), busy);

    let mut host = given(&json!({"concurrencyPolicy": "Replace", "jobTemplate": endless()}));
    let first = accepted(send(&mut host, None, "1"));
    let second = accepted(send(&mut host, None, "2"));
    let names: Vec<_> = jobs(&host).into_iter().filter_map(|job| job.metadata.name).collect();
    assert_eq!(names, [second]);
    let answer = host.call(&first).unwrap().unwrap().answer.unwrap();
    assert_eq!(answer.outcome, Outcome::Cancelled);
    assert_eq!(counts(&host), (2, 0, 1, 0));
}

#[test]
fn a_failure_without_a_job_gets_one_that_has_failed() {
    let mut host = given(&json!({"jobTemplate": {"spec": {
        "backoffLimit": 6, "podFailurePolicy": {"rules": [
            {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [3]}}]},
        "template": {"spec": {"restartPolicy": "Never", "containers": [
            {"name": "main", "image": "guest"}]}}}}}));
    let failure = TriggerFailure {
        call: call(&host, None, "a"),
        status: failed_pod(3, host.now()),
        started: host.now(),
    };
    ask(&mut host, TriggerVerb::Failed(Box::new(failure)));
    let TriggerReply::Recorded { job, pod } = reply(host.step().unwrap()) else {
        panic!("it is kept")
    };
    let made = &jobs(&host)[0];
    let status = made.status.clone().unwrap();
    assert_eq!(made.metadata.name.as_deref(), Some(&*job));
    assert_eq!((status.failed, status.active), (Some(1), None));
    let conditions = status.conditions.unwrap();
    assert_eq!(conditions.last().unwrap().type_, "Failed");
    assert_eq!((pod.job().0, pod.ordinal()), (1, 0));
    assert_eq!(counts(&host), (1, 1, 0, 0));
    let pods = host.list(Kind::Pod).unwrap();
    assert_eq!(pods.len(), 1, "the pod is there to be looked at, and no other");
    host.pass(Duration::from_hours(1)).unwrap();
    assert_eq!(host.list(Kind::Pod).unwrap().len(), 1, "it is not tried again");
}

#[test]
fn requests_without_a_job_are_counted() {
    let mut host = given(&json!({}));
    let counted = Counts { requests: 41, last: host.now().plus(Duration::from_secs(2)) };
    ask(&mut host, TriggerVerb::Count(counted));
    assert_eq!(reply(host.step().unwrap()), TriggerReply::Counted);
    accepted(send(&mut host, None, "a"));
    assert_eq!(counts(&host).0, 42);
    let last = the_trigger(&host).unwrap().status.unwrap().last_request_time.unwrap();
    assert_eq!(Timestamp::from(&last), counted.last, "the newest, whatever is told last");
}

#[test]
fn two_triggers_do_not_take_the_same_requests() {
    let mut host = given(&json!({}));
    host.create(Kind::HTTPTrigger, trigger("u", &json!({"path": "/t", "methods": ["GET"]})));
    assert!(host.step().unwrap().answers[0].is_ok(), "another method is no conflict");
    host.create(Kind::HTTPTrigger, trigger("v", &json!({"path": "/t", "methods": ["PUT", "GET"]})));
    let refused = host.step().unwrap().answers.pop().unwrap().unwrap_err();
    assert_eq!(refused.reason, Reason::Invalid);
    assert_eq!(
        (refused.causes[0].field.as_str(), refused.causes[0].message.as_str()),
        (
            "spec.path",
            "Duplicate value: \"/t\": GET on this path is taken by httptrigger default/u"
        )
    );
    host.patch(Kind::HTTPTrigger, "u", json!({"spec": {"methods": ["POST"]}}));
    assert!(host.step().unwrap().answers[0].is_err(), "nor by a change");
}

#[test]
fn a_triggers_jobs_go_after_it_before_it_or_not_at_all() {
    for (propagation, jobs_left, gone_at_once) in [
        (Propagation::Background, 0, true),
        (Propagation::Foreground, 0, false),
        (Propagation::Orphan, 1, true),
    ] {
        let mut host = given(&json!({"jobTemplate": endless()}));
        let job = accepted(send(&mut host, Some("k"), "a"));
        host.delete(Kind::HTTPTrigger, "t", propagation);
        host.step().unwrap();
        assert_eq!(the_trigger(&host).is_none(), gone_at_once, "{propagation:?}");
        host.pass(Duration::from_mins(5)).unwrap();
        assert!(the_trigger(&host).is_none(), "{propagation:?}");
        assert_eq!(jobs(&host).len(), jobs_left, "{propagation:?}");
        if propagation == Propagation::Orphan {
            assert!(jobs(&host)[0].metadata.owner_references.is_none());
            assert!(host.call(&job).unwrap().unwrap().answer.is_none(), "it goes on");
        }
    }
}

#[test]
fn a_request_to_a_trigger_that_has_come_in_the_place_of_another_is_nobodys() {
    let mut host = given(&json!({}));
    let uid = "of-another".to_owned();
    let verb = TriggerVerb::Run(call(&host, None, "a"));
    host.ask_trigger(TriggerRequest { namespace: "default".into(), name: "t".into(), uid, verb });
    assert_eq!(reply(host.step().unwrap()), TriggerReply::Gone);
}

#[test]
fn a_failed_requests_answer_says_why_the_pod_failed() {
    let mut template = endless();
    template["metadata"]["annotations"]["seconds"] = json!("0");
    template["spec"]["backoffLimit"] = json!(0);
    let mut host = given(&json!({"jobTemplate": template}));
    let job = accepted(send(&mut host, Some("k"), "a"));
    host.pass(Duration::from_hours(1)).unwrap();
    let answer = host.call(&job).unwrap();
    // The key is remembered for an hour after the end, which was a while after the beginning.
    let answer = answer.unwrap().answer.unwrap();
    let Outcome::Failed { reason, exit_code, .. } = &answer.outcome else { panic!("{answer:?}") };
    assert_eq!((reason.as_str(), exit_code.is_some()), ("Error", true));
    assert_eq!(counts(&host), (1, 1, 0, 0));
}

#[test]
fn what_waits_takes_no_more_memory_than_it_may() {
    let mut host = given(&json!({"jobTemplate": endless()}));
    let large = "x".repeat(600 << 10);
    let request = |host: &Host| {
        let mut large_call = (*call(host, None, "")).clone();
        large_call.body = large.clone().into_bytes();
        TriggerVerb::Run(Arc::new(large_call))
    };
    let first = request(&host);
    ask(&mut host, first);
    let job = accepted(reply(host.step().unwrap()));
    let second = request(&host);
    ask(&mut host, second);
    assert!(matches!(reply(host.step().unwrap()), TriggerReply::QueueFull { .. }));
    host.delete(Kind::Job, &job, Propagation::Background);
    host.step().unwrap();
    let third = request(&host);
    ask(&mut host, third);
    accepted(reply(host.step().unwrap()));
}
