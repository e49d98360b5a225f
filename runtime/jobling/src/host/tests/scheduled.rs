//! The user's CronJobs, word for word, on the real node and sandbox while the clock is set.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use futures::StreamExt as _;
use jobling_core::api::{FieldValidation, Kind, Object, manifest};
use jobling_core::engine::{ListScope, Request, Verb, WriteOptions};
use jobling_server::{Backend, LogFollow, LogQuery, LogRun, LogStamps};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::asking::{end_of, settings, within};
use super::played::PlayedClock;
use crate::host::{Handle, Host};

/// Prints its environment.
const ENVIRONMENT: &str = r#"(module
    (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_get" (func $get (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write"
        (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "_start")
        (drop (call $sizes (i32.const 0) (i32.const 12)))
        (i32.store (i32.const 8) (i32.const 4096))
        (drop (call $get (i32.const 1024) (i32.const 4096)))
        (drop (call $fd_write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 32)))))"#;

/// Nine o'clock on Monday, 23 November 2026, in UTC.
const NINE: i64 = 1_795_424_400;
const HOUR: i64 = 3_600;
/// Two and six o'clock on the day after: the times of the backup and of the report.
const TWO: i64 = NINE + 17 * HOUR;
const SIX: i64 = NINE + 21 * HOUR;

#[test]
fn the_users_cron_jobs_run_unchanged_and_once_however_the_clock_is_set() {
    let directory = tempfile::tempdir().unwrap();
    let module = directory.path().join("module.wasm");
    fs::write(&module, wat::parse_str(ENVIRONMENT).unwrap()).unwrap();
    Runtime::new().unwrap().block_on(async {
        let clock = Arc::new(PlayedClock(AtomicI64::new(NINE)));
        let settings = settings(&directory.path().join("data"));
        let host = Host::start_by(&settings, Arc::clone(&clock) as _).unwrap();
        for image in ["backup-tool:latest", "reporting:latest"] {
            host.handle().import(image, &module).unwrap();
        }
        let claim = json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "backup-storage"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
        });
        create(host.handle(), Kind::PersistentVolumeClaim, claim).await;
        for text in [
            include_str!("../../../../../tests/manifests/daily-backup.yaml"),
            include_str!("../../../../../tests/manifests/daily-report.yaml"),
        ] {
            let read = manifest::parse(text.as_bytes(), FieldValidation::Strict);
            let document = read.expect("it is valid").remove(0);
            create(host.handle(), document.kind, document.value).await;
        }

        let (backup, report) =
            (format!("daily-backup-{}", TWO / 60), format!("daily-report-{}", SIX / 60));
        clock.set(TWO, &host);
        until_there(host.handle(), &backup).await;
        assert_eq!(end_of(host.handle(), &backup).await, "Complete");
        // Back by hours, to the beginning of time, and to the same run again.
        for second in [NINE, 17, TWO - 1, TWO + 1] {
            clock.set(second, &host);
            settle(host.handle()).await;
            assert_eq!(jobs(host.handle()), [backup.as_str()], "when the clock says {second}");
        }
        clock.set(SIX, &host);
        until_there(host.handle(), &report).await;
        assert_eq!(end_of(host.handle(), &report).await, "Complete");
        assert_eq!(jobs(host.handle()), [backup.as_str(), report.as_str()]);
        let printed = printed(host.handle(), &report).await;
        assert!(printed.contains("REPORT_DATE=2026-11-24T06:00:00Z\0"), "{printed:?}");
    });
}

async fn create(handle: &Handle, kind: Kind, body: Value) {
    let request = Request {
        kind,
        namespace: "default".into(),
        name: String::new(),
        verb: Verb::Create(body),
        options: WriteOptions::default(),
    };
    within(handle.submit(request)).await.expect("it is created");
}

fn all(handle: &Handle, kind: Kind) -> Vec<Object> {
    handle.reader().list(kind, &ListScope::default()).unwrap().items
}

/// Returns the Jobs' names, in order.
fn jobs(handle: &Handle) -> Vec<String> {
    all(handle, Kind::Job).into_iter().map(|job| job.key().name).collect()
}

async fn until_there(handle: &Handle, job: &str) {
    let mut revisions = handle.revisions();
    while !jobs(handle).iter().any(|name| name == job) {
        within(revisions.changed()).await.expect("the engine runs");
    }
}

/// Waits until the engine has taken a step, with whatever was due in it.
async fn settle(handle: &Handle) {
    let name = format!("at-{}", all(handle, Kind::ConfigMap).len());
    let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
    create(handle, Kind::ConfigMap, body).await;
}

/// Returns what the Job's pod printed.
async fn printed(handle: &Handle, job: &str) -> String {
    let pods = all(handle, Kind::Pod).into_iter().map(|pod| pod.key().name);
    let query = LogQuery {
        namespace: "default".to_owned(),
        pod: pods.into_iter().find(|pod| pod.starts_with(job)).expect("a pod of the Job"),
        container: "report".to_owned(),
        run: LogRun::Newest,
        follow: LogFollow::UntilEnd,
        tail_lines: None,
        since: None,
        stamps: LogStamps::Without,
        limit_bytes: None,
    };
    let pieces = within(Backend::logs(handle, query)).await.unwrap();
    let pieces: Vec<_> = within(pieces.collect()).await;
    pieces.into_iter().map(|piece| String::from_utf8_lossy(&piece.unwrap()).into_owned()).collect()
}
