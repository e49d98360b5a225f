//! Requests that are not waited for: where to look, what is found there, and how they are ended.

use harness::{EndpointAnswer, ask};
use serde_json::json;

use super::{World, eventually};

fn location(answer: &EndpointAnswer) -> String {
    answer.header("location").unwrap_or_else(|| panic!("a location: {answer}")).to_owned()
}

#[test]
fn an_asynchronous_request_is_answered_with_where_to_look() {
    let world = World::new(&[]);
    world.trigger("echo", "echo", json!({"response": "Async"}));
    let answer = world.ask("echo", &[], b"the body");
    assert_eq!(answer.status, 202, "{answer}");
    let (job, place) = (answer.json()["job"].clone(), location(&answer));
    assert_eq!(place, format!("/.jobs/default/{}", job.as_str().expect("a name")));
    assert_eq!(job, world.jobs("echo")[0]["metadata"]["name"]);

    let wait = [("Prefer", "wait=30")];
    let answer = ask(world.address(), "GET", &place, &wait, b"");
    assert_eq!((answer.status, answer.text().as_str()), (201, "the body"), "{answer}");
    assert_eq!(answer.header("content-type"), Some("text/x-echo"));
    let answer = ask(world.address(), "DELETE", &place, &[], b"");
    assert_eq!(answer.status, 409, "what has ended cannot be ended: {answer}");
    let answer = ask(world.address(), "POST", &place, &[], b"");
    assert_eq!((answer.status, answer.header("allow")), (405, Some("DELETE, GET, HEAD")));
}

#[test]
fn a_request_that_runs_can_be_asked_about_and_ended() {
    let world = World::new(&[]);
    world.trigger("sleep", "sleep", json!({"response": "Async"}));
    let place = location(&world.ask("sleep", &[], b""));
    let answer = ask(world.address(), "GET", &place, &[], b"");
    assert_eq!((answer.status, &answer.json()["state"]), (202, &json!("Running")), "{answer}");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(ask(world.address(), "DELETE", &place, &[], b"").status, 204);
    assert_eq!(ask(world.address(), "GET", &place, &[], b"").status, 410);
    eventually("the Job goes", || world.jobs("sleep").is_empty().then_some(()));
}

#[test]
fn a_client_may_prefer_not_to_wait_or_not_for_long() {
    let world = World::new(&[]);
    world.trigger("echo", "echo", json!({}));
    world.trigger("sleep", "sleep", json!({}));
    for (name, prefer, applied) in [
        ("echo", "respond-async", "respond-async"),
        ("sleep", "wait=0", "wait"),
        ("sleep", "handling=lenient, wait=1", "wait"),
    ] {
        let answer = world.ask(name, &[("Prefer", prefer)], b"x");
        assert_eq!(answer.status, 202, "{prefer}: {answer}");
        assert_eq!(answer.header("preference-applied"), Some(applied));
        let state = ask(world.address(), "GET", &location(&answer), &[("Prefer", "wait=0")], b"");
        assert!([201, 202].contains(&state.status), "{prefer}: {state}");
    }
    let answer = world.ask("echo", &[("Prefer", "wait=30")], b"x");
    assert_eq!((answer.status, answer.text().as_str()), (201, "x"), "{answer}");
}

#[test]
fn who_may_not_ask_may_not_look_either() {
    let world = World::new(&[]);
    world.daemon.apply(&json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"},
        "stringData": {"token": "s3cret"}}));
    let auth = json!({"bearer": {"secretKeyRef": {"name": "keys", "key": "token"}}});
    world.trigger("echo", "echo", json!({"auth": auth, "response": "Async"}));
    let token = ("Authorization", "Bearer s3cret");
    let place = location(&world.ask("echo", &[token], b"x"));
    for method in ["GET", "DELETE"] {
        assert_eq!(ask(world.address(), method, &place, &[], b"").status, 401, "{method}");
    }
    let wait = ("Prefer", "wait=30");
    assert_eq!(ask(world.address(), "GET", &place, &[token, wait], b"").status, 201);
}

#[test]
fn what_was_taken_is_answered_after_a_power_cut() {
    let world = World::new(&[]);
    world.trigger("echo", "echo", json!({"response": "Async"}));
    let places: Vec<_> = (0..50)
        .map(|number| location(&world.ask("echo", &[], number.to_string().as_bytes())))
        .collect();
    let World { daemon, data } = world;
    daemon.kill();
    let daemon = harness::Daemon::start_with_triggers(data.path(), &["--pod-retry", "10ms"]);
    for (number, place) in places.iter().enumerate() {
        // A pod that ran at the kill is a failed one: a backoffLimit of 0 tries no more.
        let answer = ask(daemon.triggers(), "GET", place, &[("Prefer", "wait=30")], b"");
        let whole = answer.status == 201 && answer.text() == number.to_string();
        assert!(whole || answer.status == 502, "{number}: {answer}");
    }
}
