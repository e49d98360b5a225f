//! The README's table of statuses, asked for by curl as an operator would.

use harness::tool;
use serde_json::json;

use super::{World, eventually};

/// What curl got.
struct Got {
    status: u16,
    text: String,
}

impl Got {
    /// Returns the value of a header.
    fn header(&self, name: &str) -> Option<&str> {
        let (head, _) = self.text.split_once("\r\n\r\n")?;
        let mut headers = head.lines().filter_map(|line| line.split_once(": "));
        headers.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Returns the body.
    fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }
}

impl World {
    /// Asks for `target` by curl, with these words before the address.
    fn curl(&self, words: &[&str], target: &str) -> Got {
        let url = format!("http://{}{target}", self.address());
        let words = ["-sSi", "--max-time", "60"].iter().chain(words).copied().chain([&*url]);
        let text = tool(".", "curl", "curl", words).expect_code(0).stdout;
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
        Got { status: status.unwrap_or_else(|| panic!("a status: {text}")), text }
    }

    #[track_caller]
    fn expect(&self, words: &[&str], target: &str, status: u16, headers: &[(&str, &str)]) -> Got {
        let got = self.curl(words, target);
        assert_eq!(got.status, status, "curl {words:?} {target}: {}", got.text);
        for (name, value) in headers {
            let own = got.header(name).unwrap_or_default();
            assert!(own.starts_with(value), "curl {words:?} {target}: {name}: {}", got.text);
        }
        got
    }
}

const PROBLEM: (&str, &str) = ("content-type", "application/problem+json");

#[test]
fn every_answer_of_a_trigger_that_waits() {
    let world = World::new(&[]);
    world.trigger("echo", "echo", json!({"bodyLimit": "64", "methods": ["POST", "PUT"]}));
    world.trigger("plain", "plain", json!({}));
    world.trigger("fail", "fail", json!({}));
    world.trigger("sleep", "sleep", json!({"timeoutSeconds": 1}));
    let echoed = world.expect(
        &["-d", "hello"],
        "/echo",
        201,
        &[("content-type", "text/x-echo"), ("x-way", "echo")],
    );
    assert_eq!(echoed.body(), "hello");
    world.expect(&["-d", "hello"], "/plain", 200, &[("x-content-type-options", "nosniff")]);
    world.expect(&[], "/nothing", 404, &[PROBLEM]);
    world.expect(&[], "/echo", 405, &[PROBLEM, ("allow", "POST, PUT")]);
    world.expect(&["-d", &"x".repeat(65)], "/echo", 413, &[PROBLEM]);
    let batch = ["-H", "Content-Type: application/cloudevents-batch+json", "-d", "[]"];
    world.expect(&batch, "/echo", 415, &[PROBLEM]);
    let event = ["-H", "Content-Type: application/cloudevents+json", "-d", "{}"];
    world.expect(&event, "/echo", 400, &[PROBLEM]);
    let long = format!("X-Long: {}", "y".repeat(40 << 10));
    world.expect(&["-H", &long, "-d", "x"], "/echo", 431, &[]);
    let failed = world.expect(&["-d", "x"], "/fail", 502, &[PROBLEM]);
    assert!(failed.body().contains(r#""exitCode":7"#), "{}", failed.text);
    world.expect(&["-d", "x"], "/sleep", 504, &[PROBLEM]);
    let patch = r#"{"spec":{"suspend":true}}"#;
    let words = ["patch", "httptrigger", "plain", "--type=merge", "-p", patch];
    drop(world.daemon.kubectl(words).expect_code(0));
    let suspended = eventually("it is suspended", || {
        Some(world.curl(&["-d", "x"], "/plain")).filter(|got| got.status == 503)
    });
    assert!(suspended.header("retry-after").is_none(), "{}", suspended.text);
}

#[test]
fn who_comes_in_and_how_often() {
    let world = World::new(&[]);
    world.daemon.apply(&json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"},
        "stringData": {"token": "s3cret"}}));
    let auth = json!({"bearer": {"secretKeyRef": {"name": "keys", "key": "token"}}});
    world.trigger("guarded", "plain", json!({"auth": auth}));
    world.expect(&["-d", "x"], "/guarded", 401, &[PROBLEM, ("www-authenticate", "Bearer")]);
    let token = ["-H", "Authorization: Bearer s3cret", "-d", "x"];
    world.expect(&token, "/guarded", 200, &[]);
    let limit = json!({"requestsPerSecond": 1, "burst": 1});
    world.trigger("limited", "plain", json!({"rateLimit": limit}));
    let refused = eventually("there are too many", || {
        Some(world.curl(&["-d", "x"], "/limited")).filter(|got| got.status == 429)
    });
    assert_eq!(refused.header("retry-after"), Some("1"), "{}", refused.text);
}

#[test]
fn every_answer_of_a_trigger_that_is_not_waited_for() {
    let world = World::new(&[]);
    world.trigger("echo", "echo", json!({"idempotency": {}}));
    let policy = json!({"response": "Async", "concurrencyPolicy": "Forbid", "idempotency": {}});
    world.trigger("sleep", "sleep", policy);
    let asynchronous = ["-H", "Prefer: respond-async", "-d", "x"];
    let applied = ("preference-applied", "respond-async");
    let taken = world.expect(&asynchronous, "/echo", 202, &[applied, ("location", "/.jobs/")]);
    let place = taken.header("location").expect("a location");
    let ended = world.expect(&["-H", "Prefer: wait=30"], place, 201, &[("x-way", "echo")]);
    assert_eq!(ended.body(), "x");

    let key = |body: &'static str| ["-H", "Idempotency-Key: k", "-d", body];
    world.expect(&key("a"), "/echo", 201, &[]);
    assert_eq!(world.expect(&key("a"), "/echo", 201, &[]).body(), "a");
    world.expect(&key("b"), "/echo", 422, &[PROBLEM]);

    let running = world.expect(&key("a"), "/sleep", 202, &[("location", "/.jobs/default/sleep-")]);
    let place = running.header("location").expect("a location");
    world.expect(&key("a"), "/sleep", 409, &[PROBLEM, ("location", place)]);
    world.expect(&["-d", "x"], "/sleep", 503, &[PROBLEM, ("retry-after", "5")]);
    world.expect(&[], place, 202, &[("retry-after", "1")]);
    world.expect(&["-X", "DELETE"], place, 204, &[]);
    world.expect(&[], place, 410, &[PROBLEM]);
}
