//! When events are told, and how long they are kept, told in scenes.

#![expect(clippy::unwrap_used, reason = "a scene that cannot be set fails the test")]

use std::sync::Arc;
use std::time::Duration;

use jobling_core::Timestamp;
use jobling_core::api::{Kind, Object};
use jobling_core::engine::{Change, DeleteOptions, Snapshot, StoreError, Verb};
use jobling_simulation::Host;
use k8s_openapi::api::core::v1::Event;
use serde_json::json;

const HOUR: Duration = Duration::from_hours(1);

/// A host on which a Job has run, of which three things were told.
fn given() -> Host {
    let mut host = Host::new(1, Timestamp::from_unix_seconds(1_795_424_400)).unwrap();
    run(&mut host, "first");
    assert!(events(&host) >= 2);
    host
}

fn run(host: &mut Host, name: &str) {
    host.create(
        Kind::Job,
        json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": name, "annotations": {"seconds": "0"}},
            "spec": {"template": {"spec": {
                "restartPolicy": "Never", "containers": [{"name": "main", "image": "guest"}],
            }}},
        }),
    );
    host.step().unwrap();
    host.pass(Duration::from_mins(10)).unwrap();
}

/// How many are stored; what a pod's row tells is not.
fn events(host: &Host) -> usize {
    let all = host.list(Kind::Event).unwrap();
    all.iter().filter(|event| event.metadata().resource_version.is_some()).count()
}

/// Has a Job begin that makes pod after pod, many a second, each of which is told of.
fn begin_many(host: &mut Host, namespace: &str) {
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "many"},
        "spec": {"completions": 2_000, "parallelism": 50, "template": {"spec": {
            "restartPolicy": "Never", "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "main", "image": "guest"}],
        }}},
    });
    host.ask_within(namespace, Kind::Job, "", Verb::Create(job));
    host.step().unwrap();
}

/// What is stored of the Job's pods beyond the first ten: one event for all.
fn combined(host: &Host) -> Event {
    let all = host.list(Kind::Event).unwrap();
    all.iter().find_map(combined_in).unwrap()
}

fn combined_in(object: &Object) -> Option<Event> {
    let Object::Event(event) = object else { return None };
    let created = event.reason.as_deref() == Some("SuccessfulCreate");
    let message = event.message.as_deref().unwrap_or_default();
    (created && message.starts_with("(combined from similar events)")).then(|| (**event).clone())
}

fn times_told(changes: &[Arc<Change>]) -> usize {
    let told = |change: &&Arc<Change>| match &change.after {
        Some(Snapshot::Object(object)) => combined_in(object).is_some(),
        Some(Snapshot::Pod { .. }) | None => false,
    };
    changes.iter().filter(told).count()
}

/// Pods that the Job has made, all of which are kept.
fn made(host: &Host) -> i32 {
    i32::try_from(host.list(Kind::Pod).unwrap().len()).unwrap()
}

#[test]
fn repeats_are_told_once_a_second_at_most_and_none_is_left_out() {
    let mut host = Host::new(1, Timestamp::from_unix_seconds(1_795_424_400)).unwrap();
    begin_many(&mut host, "default");
    let began = host.now();
    let mut changes = Vec::new();
    while host.list(Kind::Job).unwrap().iter().any(is_unfinished) {
        changes.extend(host.pass(Duration::from_secs(1)).unwrap());
    }
    let seconds = usize::try_from(host.now().since(began).as_secs()).unwrap();
    changes.extend(host.pass(Duration::from_secs(2)).unwrap());
    assert_eq!(combined(&host).count, Some(made(&host) - 10));
    let told = times_told(&changes);
    assert!(told > 10, "{told} times");
    assert!(told <= seconds + 2, "{told} times in {seconds} s");
}

fn is_unfinished(object: &Object) -> bool {
    let Object::Job(job) = object else { return false };
    job.status.as_ref().is_none_or(|status| status.completion_time.is_none())
}

#[test]
fn repeats_do_not_wait_for_a_clock_that_was_put_back_or_after_a_failed_commit() {
    let mut host = Host::new(1, Timestamp::from_unix_seconds(1_795_424_400)).unwrap();
    begin_many(&mut host, "default");
    host.pass(Duration::from_secs(3)).unwrap();
    host.set_clock(host.now().minus(HOUR));
    let changes = host.pass(Duration::from_secs(3)).unwrap();
    let told = times_told(&changes);
    assert!((2..=5).contains(&told), "{told} times after the clock was put back");

    host.fail_next_commit(StoreError::Full);
    let changes = host.pass(Duration::from_secs(5)).unwrap();
    let told = times_told(&changes);
    assert!((2..=6).contains(&told), "{told} times after a failed commit");
}

#[test]
fn repeats_are_not_told_in_a_namespace_that_has_gone() {
    // It goes before repeats are due, or in the very step that would tell them.
    for (wait, before_due) in [(1, true), (500, false)] {
        let mut host = Host::new(1, Timestamp::from_unix_seconds(1_795_424_400)).unwrap();
        let team = json!({"metadata": {"name": "team"}});
        host.ask_within("", Kind::Namespace, "", Verb::Create(team));
        host.step().unwrap();
        begin_many(&mut host, "team");
        host.pass(Duration::from_millis(2_500)).unwrap();
        assert!(combined(&host).count.unwrap() > 10);
        let due = host.next();
        host.ask_within("", Kind::Namespace, "team", Verb::Delete(DeleteOptions::default()));
        host.step().unwrap();
        host.pass(Duration::from_millis(wait)).unwrap();
        host.step().unwrap();
        assert_eq!(host.list(Kind::Namespace).unwrap().len(), 1, "it has gone after {wait} ms");
        assert_eq!(due > Some(host.now()), before_due, "after {wait} ms");
        host.pass(Duration::from_mins(1)).unwrap();
        assert_eq!(host.list(Kind::Event).unwrap(), [], "after {wait} ms");
    }
}

#[test]
fn an_event_goes_an_hour_after_it_was_last_told() {
    let mut host = given();
    host.pass(Duration::from_mins(45)).unwrap();
    run(&mut host, "second");
    let both = events(&host);
    assert!(both >= 4);
    host.pass(Duration::from_mins(25)).unwrap();
    assert!(0 < events(&host) && events(&host) < both, "the first's are gone, the second's not");
    host.pass(HOUR * 2).unwrap();
    assert_eq!(events(&host), 0);
    assert_eq!(host.next(), None, "a host on which nothing is kept sleeps");
}

#[test]
fn old_events_go_after_a_restart_too() {
    let mut host = given();
    host.crash(host.now()).unwrap();
    host.step().unwrap();
    assert!(events(&host) > 0);
    host.pass(HOUR * 2).unwrap();
    assert_eq!(events(&host), 0);

    run(&mut host, "second");
    host.crash(host.now().plus(HOUR * 30)).unwrap();
    host.step().unwrap();
    assert_eq!(events(&host), 0, "what grew old meanwhile goes at once");
}

#[test]
fn many_old_events_go_with_a_few_wake_ups() {
    let mut host = given();
    for number in 0..40 {
        host.create(Kind::ConfigMap, json!({"metadata": {"name": format!("tick-{number}")}}));
        host.create(
            Kind::Event,
            json!({
                "metadata": {"name": format!("event-{number}")},
                "involvedObject": {"namespace": "default"},
            }),
        );
        host.step().unwrap();
        host.pass(Duration::from_mins(1)).unwrap();
    }
    assert!(events(&host) > 40, "an event that a client made is kept like any other");
    let mut steps = 0;
    while let Some(next) = host.next() {
        let wait = next.since(host.now());
        host.pass(wait).unwrap();
        steps += 1;
    }
    assert_eq!(events(&host), 0);
    assert!(steps <= 8, "{steps} wake-ups");
}

#[test]
fn a_clock_that_was_ahead_leaves_no_event_for_years() {
    let mut host = given();
    let right = host.now();
    host.set_clock(right.plus(HOUR * 24 * 700));
    run(&mut host, "second");
    host.set_clock(right.plus(HOUR));
    host.step().unwrap();
    host.pass(HOUR * 2).unwrap();
    assert_eq!(events(&host), 0);
    assert_eq!(host.next(), None);
}
