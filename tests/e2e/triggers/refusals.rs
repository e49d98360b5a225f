//! Every way in which a client does not get what a pod printed has its status, and what it needs to know.

use harness::{EndpointAnswer, EndpointConnection, ask};
use serde_json::{Value, json};

use super::{World, eventually};

#[test]
fn what_nobody_takes_is_not_found_and_another_method_is_told_which() {
    let world = World::new(&[]);
    world.trigger("plain", "plain", json!({"methods": ["POST", "PUT"]}));
    for target in ["/", "/plain/", "/plain/x", "/.jobs/default/none", "/%zz"] {
        assert_eq!(ask(world.address(), "POST", target, &[], b"").status, 404, "{target}");
    }
    let answer = ask(world.address(), "DELETE", "/plain", &[], b"");
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST, PUT")), "{answer}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(answer.json()["title"], "Method Not Allowed");
}

#[test]
fn only_who_has_the_token_or_signs_comes_in() {
    let world = World::new(&[]);
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"},
        "stringData": {"token": "s3cret", "key": "It's a Secret to Everybody"}});
    let reference = |key: &str| json!({"name": "keys", "key": key});
    let bearer = json!({"auth": {"bearer": {"secretKeyRef": reference("token")}}});
    world.trigger("token", "plain", bearer);
    let hmac = json!({"secretKeyRef": reference("key"), "header": "X-Hub-Signature-256",
        "prefix": "sha256="});
    world.trigger("signed", "plain", json!({"auth": {"hmac": hmac}}));

    let right = ("Authorization", "Bearer s3cret");
    let answer = world.ask("token", &[right], b"");
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer")));
    world.daemon.apply(&secret);
    for (headers, status) in
        [(vec![], 401), (vec![("Authorization", "Bearer s3cre")], 401), (vec![right], 200)]
    {
        assert_eq!(world.ask("token", &headers, b"").status, status, "{headers:?}");
    }
    // The example of GitHub's "Validating webhook deliveries".
    let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    for (body, status) in [("Hello, World!", 200), ("Hello, World?", 401), ("", 401)] {
        let headers = [("X-Hub-Signature-256", signature)];
        assert_eq!(world.ask("signed", &headers, body.as_bytes()).status, status, "{body}");
    }
    assert_eq!(world.ask("signed", &[], b"Hello, World!").status, 401);
}

#[test]
fn bodies_and_events_that_are_not_taken_are_told_why() {
    let world = World::new(&[]);
    world.trigger("plain", "plain", json!({"bodyLimit": "1Ki"}));
    let event = |media: &'static str| vec![("Content-Type", media)];
    for (headers, body, status) in [
        (vec![], vec![b'x'; 1024], 200),
        (vec![], vec![b'x'; 1025], 413),
        (event("application/cloudevents-batch+json"), b"[]".to_vec(), 415),
        (event("application/cloudevents+json"), b"{}".to_vec(), 400),
        (vec![("ce-specversion", "1.0")], Vec::new(), 400),
    ] {
        let answer = world.ask("plain", &headers, &body);
        assert_eq!(answer.status, status, "{headers:?} {answer}");
    }
}

#[test]
fn who_comes_too_often_is_told_when_to_come_again() {
    let world = World::new(&[]);
    let rate = json!({"requestsPerSecond": 1, "burst": 3});
    world.trigger("plain", "plain", json!({"rateLimit": rate}));
    let refused = (0..50).map(|_| world.ask("plain", &[], b"")).find(|answer| answer.status != 200);
    let answer = refused.expect("fifty are more than three and one a second");
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("1")), "{answer}");
}

#[test]
fn a_suspended_trigger_takes_nothing() {
    let world = World::new(&[]);
    world.trigger("plain", "plain", json!({}));
    for (suspend, status) in [("true", 503), ("false", 200)] {
        let patch = format!(r#"{{"spec": {{"suspend": {suspend}}}}}"#);
        let arguments = ["patch", "httptrigger", "plain", "--type=merge", "-p", &patch];
        drop(world.daemon.kubectl(arguments).expect_code(0));
        assert_eq!(world.ask("plain", &[], b"").status, status, "suspend: {suspend}");
    }
}

#[test]
fn a_failed_pod_is_a_bad_gateway_and_a_failed_job_with_its_log() {
    let world = World::new(&["--default-fuel", "1G", "--default-memory", "32Mi"]);
    for record in ["Failures", "Always"] {
        for (way, reason, code) in
            [("fail", "Error", 7), ("trap", "Error", 134), ("loop", "FuelExhausted", 152)]
        {
            let name = format!("{way}-{}", record.to_ascii_lowercase());
            world.trigger(&name, way, json!({"record": record}));
            let answer = world.ask(&name, &[], b"");
            assert_eq!(answer.status, 502, "{name}: {answer}");
            let told = answer.json();
            assert_eq!(
                (&told["reason"], &told["exitCode"]),
                (&json!(reason), &json!(code)),
                "{name}"
            );
            assert!(!answer.text().contains("own words"), "what it wrote is the operator's");
            let [job] = &world.jobs(&name)[..] else { panic!("{name}: one Job") };
            assert_eq!(job["status"]["failed"], 1, "{name}");
            let conditions = job["status"]["conditions"].as_array().cloned().unwrap_or_default();
            assert!(conditions.iter().any(|condition| condition["type"] == "Failed"), "{job}");
        }
        let name = format!("fail-{}", record.to_ascii_lowercase());
        let selector = format!("job-name={}", name_of(&world.jobs(&name)[0]));
        let log = world.daemon.kubectl(["logs", "-l", &selector]).expect_code(0).stdout;
        assert_eq!(log, "the guest's own words\n", "{name}");
    }
}

#[test]
fn an_answer_that_is_none_is_a_bad_gateway() {
    let world = World::new(&[]);
    world.trigger("flood", "flood", json!({}));
    let answer = world.ask("flood", &[], b"");
    assert_eq!(answer.status, 502, "{}", answer.status);
    world.trigger_with("absent", json!({"image": "absent:1.0"}), json!({"record": "Failures"}));
    let answer = world.ask("absent", &[], b"");
    assert_eq!(
        (answer.status, &answer.json()["reason"]),
        (502, &json!("ErrImagePull")),
        "{answer}"
    );
}

#[test]
fn a_pod_that_takes_too_long_is_a_gateway_timeout() {
    let world = World::new(&[]);
    for record in ["Failures", "Always"] {
        let name = record.to_ascii_lowercase();
        world.trigger(&name, "sleep", json!({"record": record, "timeoutSeconds": 1}));
        let answer = world.ask(&name, &[], b"");
        assert_eq!(answer.status, 504, "{record}: {answer}");
        let [job] = &world.jobs(&name)[..] else { panic!("{record}: one Job") };
        assert_eq!(job["status"]["failed"], 1, "{job}");
    }
}

/// A trigger whose guest answers in the way that the query names.
fn by_query(world: &World, name: &str, more: Value) {
    world.trigger_with(name, json!({"args": ["{{ .Query.way }}"]}), more);
}

/// Sends a request to `/NAME` in a `way`, and does not wait.
fn start(world: &World, name: &str, way: &str) -> EndpointConnection {
    let mut connection = EndpointConnection::open(world.address());
    connection.request("POST", &format!("/{name}?way={way}"), &[], b"");
    connection
}

#[test]
fn under_forbid_a_second_request_is_turned_away_until_the_client_of_the_first_leaves() {
    let world = World::new(&[]);
    for record in ["Failures", "Always"] {
        let name = record.to_ascii_lowercase();
        by_query(&world, &name, json!({"concurrencyPolicy": "Forbid", "record": record}));
        let mut first = start(&world, &name, "sleep");
        let plain = || ask(world.address(), "POST", &format!("/{name}?way=plain"), &[], b"");
        let answer = eventually("the first runs", || {
            // The other one may have come before it.
            if first.try_answer().is_some() {
                first = start(&world, &name, "sleep");
            }
            Some(plain()).filter(is_busy)
        });
        assert!(answer.header("retry-after").is_some(), "{record}: {answer}");
        drop(first);
        eventually("the pod is ended whose client has left", || {
            (plain().status == 200).then_some(())
        });
    }
}

#[test]
fn under_replace_a_second_request_takes_the_place_of_the_first() {
    let world = World::new(&[]);
    for record in ["Failures", "Always"] {
        let name = record.to_ascii_lowercase();
        by_query(&world, &name, json!({"concurrencyPolicy": "Replace", "record": record}));
        let mut first = start(&world, &name, "sleep");
        let plain = || ask(world.address(), "POST", &format!("/{name}?way=plain"), &[], b"");
        let answer = eventually("the first is replaced", || {
            // The first may come after it, and take its place before the next one takes both.
            let answer = plain();
            assert!(answer.status == 200 || is_busy(&answer), "{record}: {answer}");
            first.try_answer()
        });
        assert_eq!(answer.status, 503, "{record}: {answer}");
        assert_eq!(plain().status, 200, "{record}");
    }
}

#[test]
fn under_queue_requests_wait_for_their_turn_and_are_turned_away_beyond_its_depth() {
    let world = World::new(&[]);
    for record in ["Failures", "Always"] {
        let name = record.to_ascii_lowercase();
        let policy = json!({"concurrencyPolicy": "Queue", "queueDepth": 1, "record": record});
        by_query(&world, &name, policy);
        let first = start(&world, &name, "sleep");
        let mut waiting: Vec<EndpointConnection> = Vec::new();
        let answer = eventually("one runs, one waits, and the next is turned away", || {
            waiting.push(start(&world, &name, "plain"));
            let answers: Vec<_> = waiting.iter_mut().map(EndpointConnection::try_answer).collect();
            let mut answered = answers.iter().map(Option::is_some);
            waiting.retain(|_| !answered.next().unwrap_or_default());
            answers.into_iter().flatten().find(is_busy)
        });
        assert!(answer.header("retry-after").is_some(), "{record}: {answer}");
        drop(first);
        let statuses: Vec<_> = waiting
            .iter_mut()
            .filter_map(EndpointConnection::answer)
            .map(|answer| answer.status)
            .collect();
        assert!(statuses.contains(&200), "{record}: {statuses:?}");
    }
}

fn is_busy(answer: &EndpointAnswer) -> bool {
    answer.status == 503
}

fn name_of(job: &Value) -> &str {
    job["metadata"]["name"].as_str().expect("a name")
}
