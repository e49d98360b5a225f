//! How long events are kept, told in scenes.

#![expect(clippy::unwrap_used, reason = "a scene that cannot be set fails the test")]

use std::time::Duration;

use jobling_core::Timestamp;
use jobling_core::api::Kind;
use jobling_simulation::Host;
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
