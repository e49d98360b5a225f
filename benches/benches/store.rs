//! The store against SQLite alone: the same rows with the same number in flight, and a start against a
//! bare scan of the table.
//!
//! `cargo bench -p jobling-benches --bench store -- [PODS]`; PODS are stored for the start, 100,000 unless
//! given.

#![expect(clippy::print_stdout, reason = "a bench says what it measured")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jobling_benches::rows::{BareRows, JOB, STATUS, connect, ended, running};
use jobling_benches::{in_turns, timed};
use jobling_core::api::{Kind, Object};
use jobling_core::engine::{Batch, Change, Snapshot, Store, Write};
use jobling_core::pods::{JobId, JobInfo, Pod};
use jobling_store::{Database, Settings, Writer};
use k8s_openapi::api::batch::v1::Job;

const ROUNDS: usize = 5;

fn main() {
    let pods = std::env::args().find_map(|argument| argument.parse().ok());
    println!("a pod's end, its successor and its Job's status, durable; median of {ROUNDS} rounds");
    println!("{:>10} {:>14} {:>14} {:>8}", "in flight", "store, pods/s", "SQLite alone", "ratio");
    for (in_flight, batches) in [(1, 1000), (64, 100), (256, 50), (2000, 10)] {
        completions(in_flight, batches);
    }
    start(pods.unwrap_or(100_000));
}

/// Prints how fast `batches` of `in_flight` pods end and are replaced.
fn completions(in_flight: u32, batches: u32) {
    let directory = tempfile::tempdir().expect("a directory for the databases");
    let mut store = Ours::open(&directory.path().join("store.db"));
    let mut bare = BareRows::open(&directory.path().join("bare.db"));
    let compared = in_turns(
        ROUNDS,
        || store.complete(in_flight, batches),
        || bare.complete(in_flight, batches),
    );
    let pods = f64::from(in_flight * batches);
    println!(
        "{in_flight:>10} {:>14.0} {:>14.0} {:>8.2}",
        pods / compared.ours.as_secs_f64(),
        pods / compared.limit.as_secs_f64(),
        compared.share_of_limit()
    );
}

/// Prints how long a start takes with `pods` stored, most of them ended.
fn start(pods: u32) {
    let directory = tempfile::tempdir().expect("a directory for the database");
    let path = directory.path().join("store.db");
    let mut store = Ours::open(&path);
    while store.next < pods {
        store.complete(1000.min(pods), 10);
    }
    drop(store);
    let compared = in_turns(
        ROUNDS,
        || {
            timed(|| {
                let (mut writer, _readers) = open(&path);
                let recovered = writer.recover().expect("a start");
                assert!(!recovered.unfinished.is_empty());
            })
        },
        || {
            timed(|| {
                let scan = "SELECT sum(length(body)) FROM pods";
                let bytes: u64 =
                    connect(&path).query_row(scan, [], |row| row.get(0)).expect("a scan");
                assert!(bytes > 0);
            })
        },
    );
    println!(
        "a start with {pods} pods stored: {:.1} ms; a bare scan of the table: {:.1} ms; ratio {:.2}",
        compared.ours.as_secs_f64() * 1e3,
        compared.limit.as_secs_f64() * 1e3,
        compared.ours.as_secs_f64() / compared.limit.as_secs_f64()
    );
}

/// The store, with one Job.
struct Ours {
    writer: Writer,
    job: Arc<Object>,
    info: Arc<JobInfo>,
    revision: u64,
    /// The next pod's ordinal.
    next: u32,
}

impl Ours {
    fn open(path: &Path) -> Self {
        let (mut writer, _readers) = open(path);
        let (object, job) = (Arc::new(Object::Job(Box::new(job()))), job());
        let info = Arc::new(JobInfo::of(JOB, &job));
        let write = Write::Object { object: Arc::clone(&object), job: Some(JOB) };
        let batch =
            Batch { writes: vec![write], changes: Vec::new(), revision: 1, next_job: JobId(2) };
        writer.commit(&batch).expect("a commit");
        Self { writer, job: object, info, revision: 1, next: 0 }
    }

    /// Returns how long it takes to end and replace `in_flight` pods in each of `batches` commits.
    fn complete(&mut self, in_flight: u32, batches: u32) -> Duration {
        let batches: Vec<Batch> = (0..batches).map(|_| self.batch(in_flight)).collect();
        timed(|| {
            for batch in &batches {
                self.writer.commit(batch).expect("a commit");
            }
        })
    }

    fn batch(&mut self, in_flight: u32) -> Batch {
        let (mut writes, mut changes) = (Vec::new(), Vec::new());
        for _ in 0..in_flight {
            for pod in [running(self.next), ended(self.next.saturating_sub(in_flight))] {
                self.revision += 1;
                let pod = Arc::new(Pod { revision: self.revision, ..pod });
                changes.push(
                    self.change(Snapshot::Pod {
                        pod: Arc::clone(&pod),
                        job: Arc::clone(&self.info),
                    }),
                );
                writes.push(Write::Pod(pod));
            }
            self.next += 1;
        }
        self.revision += 1;
        changes.push(self.change(Snapshot::Object(Arc::clone(&self.job))));
        writes.push(Write::JobStatus {
            job: JOB,
            revision: self.revision,
            status: Arc::new(STATUS.into()),
            memory: Arc::new("{}".into()),
        });
        Batch { writes, changes, revision: self.revision, next_job: JobId(2) }
    }

    fn change(&self, after: Snapshot) -> Change {
        let kind = match after {
            Snapshot::Object(_) => Kind::Job,
            Snapshot::Pod { .. } => Kind::Pod,
        };
        let namespace = "default".to_owned();
        Change { revision: self.revision, kind, namespace, before: None, after: Some(after) }
    }
}

fn open(path: &Path) -> (Writer, jobling_store::Readers) {
    Database::open(path, &Settings::default()).expect("a database")
}

fn job() -> Job {
    serde_json::from_value(serde_json::json!({
        "metadata": {
            "name": "many",
            "namespace": "default",
            "uid": "5e3c5c2e-2f5b-8aaa-9bbb-123456789abc",
            "resourceVersion": "1",
        },
        "spec": { "template": { "spec": { "containers": [{ "name": "main", "image": "hello" }] } } },
    }))
    .expect("a Job")
}
