//! With the real node and sandbox: modules run, print and are ended.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::StreamExt;
use jobling_core::api::Kind;
use jobling_core::engine::ListScope;
use jobling_server::{Backend, LogFollow, LogQuery, LogRun, LogStamps};
use serde_json::json;
use tokio::runtime::Runtime;

use super::asking::{create, end_of, job, settings, within};
use crate::host::{Ended, Handle, Host};

/// Prints a line.
const HELLO: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write"
        (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\08\00\00\00\06\00\00\00hello\n")
    (func (export "_start")
        (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))))"#;

/// Never ends by itself.
const SPIN: &str =
    r#"(module (memory (export "memory") 1) (func (export "_start") (loop (br 0))))"#;

#[test]
fn a_module_runs_to_completion_and_what_it_prints_can_be_read() {
    let place = Place::new();
    place.with_host(async |host| {
        place.put(host.handle(), HELLO);
        create(host.handle(), "report", json!({})).await.unwrap();
        assert_eq!(end_of(host.handle(), "report").await, "Complete");
        assert_eq!(printed(host.handle()).await, "hello\n");
        assert_eq!(within(host.shutdown(Duration::ZERO)).await, Ended::Drained);
    });
}

#[test]
fn a_job_whose_module_is_not_there_runs_once_it_is_imported() {
    let place = Place::new();
    place.with_host(async |host| {
        create(host.handle(), "report", json!({})).await.unwrap();
        waiting_for(host.handle(), "ErrImagePull").await;
        place.put(host.handle(), HELLO);
        assert_eq!(end_of(host.handle(), "report").await, "Complete");
        drop(host);
    });
}

#[test]
fn after_a_crash_in_the_middle_of_a_pod_the_job_goes_on() {
    let place = Place::new();
    place.with_host(async |host| {
        place.put(host.handle(), SPIN);
        create(host.handle(), "report", json!({})).await.unwrap();
        in_phase(host.handle(), "Running").await;
        place.put(host.handle(), HELLO);
        drop(host);
    });
    place.with_host(async |host| {
        assert_eq!(end_of(host.handle(), "report").await, "Complete");
        let status = job(host.handle(), "report").status.unwrap();
        assert_eq!((status.succeeded, status.failed), (Some(1), Some(1)));
        drop(host);
    });
}

#[test]
fn a_shutdown_ends_a_module_that_would_run_for_ever() {
    let place = Place::new();
    place.with_host(async |host| {
        place.put(host.handle(), SPIN);
        create(host.handle(), "report", json!({})).await.unwrap();
        in_phase(host.handle(), "Running").await;
        place.put(host.handle(), HELLO);
        assert_eq!(within(host.shutdown(Duration::from_millis(100))).await, Ended::Drained);
    });
    place.with_host(async |host| {
        assert_eq!(end_of(host.handle(), "report").await, "Complete");
        let status = job(host.handle(), "report").status.unwrap();
        assert_eq!((status.succeeded, status.failed), (Some(1), None), "a shutdown is no failure");
        drop(host);
    });
}

/// A data directory that outlives its hosts, each of which has a runtime of its own that ends with it.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn with_host(&self, work: impl AsyncFnOnce(Host)) {
        let runtime = Runtime::new().unwrap();
        runtime.block_on(async {
            let mut settings = settings(&self.0.path().join("data"));
            settings.node.image_retry.first = Duration::from_millis(100);
            work(Host::start(&settings).unwrap()).await;
        });
    }

    /// Puts a module behind the name that the Jobs of these tests use. Pods that run stay with the module they have;
    /// one that a later host is to start needs it before that host, which does not wait for a test.
    fn put(&self, handle: &Handle, text: &str) {
        let file: PathBuf = self.0.path().join("module.wasm");
        std::fs::write(&file, wat::parse_str(text).unwrap()).unwrap();
        let image = handle.import("hello:1", Path::new(&file)).unwrap();
        assert_eq!(image.reference.familiar(), "hello:1");
    }
}

async fn printed(handle: &Handle) -> String {
    let pods = handle.reader().list(Kind::Pod, &ListScope::default()).unwrap().items;
    let query = LogQuery {
        namespace: "default".to_owned(),
        pod: pods[0].key().name,
        container: "main".to_owned(),
        run: LogRun::Newest,
        follow: LogFollow::UntilEnd,
        tail_lines: None,
        since: None,
        stamps: LogStamps::Without,
        limit_bytes: None,
    };
    let mut stream = within(Backend::logs(handle, query)).await.unwrap();
    let mut all = String::new();
    while let Some(piece) = within(stream.next()).await {
        all.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
    }
    all
}

/// Waits until a pod is in this phase.
async fn in_phase(handle: &Handle, phase: &str) {
    let pointer = "/status/phase";
    until_a_pod(handle, |pod| pod.pointer(pointer).is_some_and(|value| value == phase)).await;
}

/// Waits until a pod's container waits for this reason.
async fn waiting_for(handle: &Handle, reason: &str) {
    let pointer = "/status/containerStatuses/0/state/waiting/reason";
    until_a_pod(handle, |pod| pod.pointer(pointer).is_some_and(|value| value == reason)).await;
}

async fn until_a_pod(handle: &Handle, holds: impl Fn(&serde_json::Value) -> bool) {
    let mut revisions = handle.revisions();
    loop {
        revisions.mark_unchanged();
        let pods = handle.reader().list(Kind::Pod, &ListScope::default()).unwrap().items;
        if pods.iter().any(|pod| holds(&pod.to_value())) {
            return;
        }
        within(revisions.changed()).await.expect("the engine runs");
    }
}
