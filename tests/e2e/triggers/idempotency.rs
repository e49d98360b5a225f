//! Repeats of a request: one Job for each key, whatever happens to the daemon.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use harness::{Daemon, EndpointAnswer, EndpointConnection, ask};
use serde_json::{Value, json};

use super::{World, eventually};

/// Requests with a key each, and the clients that send them.
const KEYS: usize = 1000;
const CLIENTS: usize = 8;
/// The answers after which the daemon is killed.
const KILLS_AFTER: [usize; 3] = [100, 400, 700];

fn keyed(key: &str) -> [(&str, &str); 1] {
    [("Idempotency-Key", key)]
}

#[test]
fn a_repeat_has_the_first_answer_and_another_request_with_its_key_is_refused() {
    let world = World::new(&[]);
    world.trigger("echo", "echo", json!({"idempotency": {}}));
    let first = world.ask("echo", &keyed("a"), b"one");
    assert_eq!((first.status, first.header("idempotency-replayed")), (201, None), "{first}");
    let again = world.ask("echo", &keyed("a"), b"one");
    assert_eq!((again.status, again.text().as_str()), (201, "one"), "{again}");
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(world.ask("echo", &keyed("a"), b"two").status, 422);
    assert_eq!(world.ask("echo?x=y", &keyed("a"), b"one").status, 422);
    assert_eq!(world.ask("echo", &keyed("b"), b"two").text(), "two");
    assert_eq!(world.ask("echo", &keyed(&"k".repeat(256)), b"").status, 400);
    assert_eq!(world.jobs("echo").len(), 2);
}

#[test]
fn a_failure_is_an_answer_too() {
    let world = World::new(&[]);
    world.trigger("fail", "fail", json!({"idempotency": {}}));
    for _ in 0..2 {
        let answer = world.ask("fail", &keyed("a"), b"");
        assert_eq!((answer.status, &answer.json()["exitCode"]), (502, &json!(7)), "{answer}");
    }
    assert_eq!(world.jobs("fail").len(), 1);
}

#[test]
fn a_request_whose_client_left_goes_on_and_its_repeat_is_told_so() {
    let world = World::new(&[]);
    world.trigger("sleep", "sleep", json!({"idempotency": {"header": "X-Key"}}));
    let key = [("X-Key", "a")];
    let mut first = EndpointConnection::open(world.address());
    first.request("POST", "/sleep", &key, b"");
    eventually("the first runs", || (world.jobs("sleep").len() == 1).then_some(()));
    drop(first);
    let answer = world.ask("sleep", &key, b"");
    assert_eq!(answer.status, 409, "{answer}");
    let place = answer.header("location").expect("a location");
    assert_eq!(ask(world.address(), "GET", place, &[], b"").status, 202);
}

#[test]
fn a_thousand_keys_become_a_thousand_jobs_through_three_kills() {
    let World { daemon, data } = World::new(&[]);
    let limits = json!({"idempotency": {}, "successfulJobsHistoryLimit": 10_000,
        "failedJobsHistoryLimit": 10_000});
    let mut manifest = super::trigger("echo", json!({"args": ["echo"]}), limits);
    manifest["spec"]["jobTemplate"]["spec"]["backoffLimit"] = json!(100);
    daemon.apply(&manifest);
    let clients = Clients {
        address: Mutex::new(daemon.triggers()),
        answered: AtomicUsize::new(0),
        replayed: AtomicUsize::new(0),
        places: Mutex::default(),
    };
    let daemon = thread::scope(|scope| {
        for client in 0..CLIENTS {
            let clients = &clients;
            scope.spawn(move || {
                (client..KEYS).step_by(CLIENTS).for_each(|key| clients.ask_for(key));
            });
        }
        KILLS_AFTER.into_iter().fold(daemon, |daemon, answers| {
            eventually("enough answers", || {
                (clients.answered.load(Ordering::Relaxed) >= answers).then_some(())
            });
            daemon.kill();
            let daemon = Daemon::start_with_triggers(data.path(), &["--pod-retry", "10ms"]);
            *clients.address.lock().expect("no panic") = daemon.triggers();
            daemon
        })
    });
    let places = clients.places.into_inner().expect("no panic");
    assert_eq!(places.len() + clients.replayed.into_inner(), KEYS / 2);
    for (key, place) in places {
        let answer = ask(daemon.triggers(), "GET", &place, &[("Prefer", "wait=30")], b"");
        assert_eq!((answer.status, answer.text()), (201, key.to_string()), "{place}");
    }
    let jobs = daemon.kubectl(["get", "jobs", "-l", "httptrigger=echo", "-o", "json"]).json();
    let complete = |job: &&Value| job["status"]["succeeded"] == 1;
    let jobs = jobs["items"].as_array().cloned().unwrap_or_default();
    assert_eq!((jobs.len(), jobs.iter().filter(complete).count()), (KEYS, KEYS));
}

/// Clients that send each request until it has its answer.
struct Clients {
    address: Mutex<SocketAddr>,
    answered: AtomicUsize,
    /// Of those who would rather not wait: whose request had ended when it was sent again after a kill.
    replayed: AtomicUsize,
    /// Where those are whose requests were taken, by key.
    places: Mutex<BTreeMap<usize, String>>,
}

impl Clients {
    /// Asks until there is an answer; every other client would rather not wait for it.
    fn ask_for(&self, key: usize) {
        let (name, body) = (format!("key-{key}"), key.to_string());
        let mut headers = keyed(&name).to_vec();
        if key.is_multiple_of(2) {
            headers.push(("Prefer", "respond-async"));
        }
        eventually("the answer to a request with a key", || {
            let address = *self.address.lock().expect("no panic");
            let mut connection = EndpointConnection::try_open(address)?;
            connection.request("POST", "/echo", &headers, body.as_bytes());
            let answer = connection.answer()?;
            match answer.status {
                201 => {
                    assert_eq!(answer.text(), body);
                    if key.is_multiple_of(2) {
                        self.replayed.fetch_add(1, Ordering::Relaxed);
                    }
                }
                202 => self.remember(key, &answer),
                // Under way since before a kill: an asynchronous client has its place, too.
                409 if key.is_multiple_of(2) => self.remember(key, &answer),
                409 | 503 => return None,
                status => panic!("{key}: {status} {answer}"),
            }
            self.answered.fetch_add(1, Ordering::Relaxed);
            Some(())
        });
    }

    fn remember(&self, key: usize, answer: &EndpointAnswer) {
        let place = answer.header("location").expect("a location").to_owned();
        self.places.lock().expect("no panic").insert(key, place);
    }
}
