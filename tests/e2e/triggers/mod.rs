//! Requests to HTTPTriggers, on the wire: what reaches the guest, what the client gets, and what becomes
//! of clients that mean no good.

mod answers;
mod asynchronous;
mod curl;
mod hostile;
mod idempotency;
mod refusals;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use harness::{Daemon, EndpointAnswer, Folder, ask, module};
use serde_json::{Value, json};

/// A daemon with the guest `cgi` behind an image name.
struct World {
    daemon: Daemon,
    data: Folder,
}

impl World {
    fn new(options: &[&str]) -> Self {
        let data = Folder::new();
        let daemon = Daemon::start_with_triggers(data.path(), options);
        daemon.import("cgi:1.0", &module("cgi"));
        Self { daemon, data }
    }

    fn address(&self) -> SocketAddr {
        self.daemon.triggers()
    }

    /// Makes a trigger at `/NAME` whose guest answers in `way`, with more of its spec.
    fn trigger(&self, name: &str, way: &str, more: Value) {
        let args = json!([way]);
        self.trigger_with(name, json!({"args": args}), more);
    }

    /// The same, with more of the container.
    fn trigger_with(&self, name: &str, container: Value, more: Value) {
        self.daemon.apply(&trigger(name, container, more));
    }

    /// Sends a request to `/NAME`.
    #[track_caller]
    fn ask(&self, name: &str, headers: &[(&str, &str)], body: &[u8]) -> EndpointAnswer {
        ask(self.address(), "POST", &format!("/{name}"), headers, body)
    }

    /// Returns what kubectl says of the objects.
    fn objects(&self, arguments: &[&str]) -> Value {
        let all = ["get"].iter().chain(arguments).chain(&["-o", "json"]).copied();
        self.daemon.kubectl(all).expect_code(0).json()
    }

    /// Returns the Jobs of a trigger.
    fn jobs(&self, name: &str) -> Vec<Value> {
        let selector = format!("httptrigger={name}");
        let jobs = self.objects(&["jobs", "-l", &selector]);
        jobs["items"].as_array().cloned().unwrap_or_default()
    }
}

fn trigger(name: &str, container: Value, more: Value) -> Value {
    let mut manifest = json!({
        "apiVersion": "jobling.dev/v1alpha1",
        "kind": "HTTPTrigger",
        "metadata": {"name": name},
        "spec": {
            "path": format!("/{name}"),
            "auth": {"none": {}},
            "jobTemplate": {"spec": {"backoffLimit": 0, "template": {"spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "main", "image": "cgi:1.0"}],
            }}}},
        },
    });
    let spec = &mut manifest["spec"];
    merge(&mut spec["jobTemplate"]["spec"]["template"]["spec"]["containers"][0], container);
    merge(spec, more);
    manifest
}

fn merge(into: &mut Value, more: Value) {
    let Value::Object(more) = more else { panic!("an object") };
    into.as_object_mut().expect("an object").extend(more);
}

/// Asks until the answer is as wanted.
#[track_caller]
fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let by = Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(Instant::now() < by, "never: {what}");
        std::thread::yield_now();
    }
}
