//! The store against SQLite alone: the same rows with the same number in flight, and a start against a
//! bare scan of the table.
//!
//! `cargo bench -p jobling-benches --bench store -- [PODS]`; PODS are stored for the start, 100,000 unless
//! given.

#![expect(clippy::print_stdout, reason = "a bench says what it measured")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jobling_benches::{in_turns, timed};
use jobling_core::Timestamp;
use jobling_core::api::{Kind, Object};
use jobling_core::engine::{Batch, Change, Snapshot, Store, Write};
use jobling_core::pods::{
    ContainerState, ContainerStatus, JobId, JobInfo, Pod, PodId, PodPhase, PodStatus, Tally,
    Terminated,
};
use jobling_store::{Database, Settings, Writer};
use k8s_openapi::api::batch::v1::Job;
use rusqlite::{Connection, params};

const JOB: JobId = JobId(1);
const STATUS: &str = r#"{"active":64,"ready":64,"startTime":"2026-01-01T00:00:00Z","succeeded":1234,"terminating":0,"uncountedTerminatedPods":{}}"#;
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
    let mut bare = Bare::open(&directory.path().join("bare.db"));
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

/// A pod's number and its text, made beforehand.
struct Row(u64, String);

impl Row {
    fn of(pod: &Pod) -> Self {
        Self(pod.id.raw(), serde_json::to_string(pod).expect("a pod is JSON"))
    }
}

/// The same rows in SQLite alone.
struct Bare {
    connection: Connection,
    next: u32,
}

impl Bare {
    fn open(path: &Path) -> Self {
        let connection = connect(path);
        connection
            .execute_batch(
                "CREATE TABLE pods (id INTEGER PRIMARY KEY, body TEXT) STRICT;
                 CREATE TABLE job_status (job INTEGER PRIMARY KEY, status TEXT) STRICT;
                 INSERT INTO job_status VALUES (1, '')",
            )
            .expect("two tables");
        Self { connection, next: 0 }
    }

    fn complete(&mut self, in_flight: u32, batches: u32) -> Duration {
        let batches: Vec<Vec<[Row; 2]>> = (0..batches)
            .map(|_| {
                let first = self.next;
                self.next += in_flight;
                (first..self.next)
                    .map(|next| [running(next), ended(next.saturating_sub(in_flight))])
                    .map(|pods| pods.map(|pod| Row::of(&pod)))
                    .collect()
            })
            .collect();
        timed(|| {
            for batch in &batches {
                self.commit(batch).expect("a commit");
            }
        })
    }

    fn commit(&mut self, batch: &[[Row; 2]]) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        for [Row(new, running), Row(old, ended)] in batch {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO pods VALUES (?1, ?2)")?
                .execute(params![new, running])?;
            transaction
                .prepare_cached("UPDATE pods SET body = ?2 WHERE id = ?1")?
                .execute(params![old, ended])?;
        }
        transaction
            .prepare_cached("UPDATE job_status SET status = ?1 WHERE job = 1")?
            .execute([STATUS])?;
        transaction.commit()
    }
}

fn open(path: &Path) -> (Writer, jobling_store::Readers) {
    Database::open(path, &Settings::default()).expect("a database")
}

/// Opens a database with the settings that the store has.
fn connect(path: &Path) -> Connection {
    let connection = Connection::open(path).expect("a database");
    let settings =
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -8192;
        PRAGMA wal_autocheckpoint = 4096";
    connection.execute_batch(settings).expect("settings");
    connection
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

fn running(ordinal: u32) -> Pod {
    let state = ContainerState::Running { started_at: Timestamp::from_unix_seconds(1_800_000_000) };
    pod(ordinal, PodPhase::Running, Tally::Open, state)
}

fn ended(ordinal: u32) -> Pod {
    let state = ContainerState::Terminated(Terminated {
        exit_code: 0,
        reason: "Completed".to_owned(),
        message: String::new(),
        started_at: Timestamp::from_unix_seconds(1_800_000_000),
        finished_at: Timestamp::from_unix_seconds(1_800_000_001),
    });
    pod(ordinal, PodPhase::Succeeded, Tally::Succeeded, state)
}

fn pod(ordinal: u32, phase: PodPhase, tally: Tally, state: ContainerState) -> Pod {
    let at = Timestamp::from_unix_seconds(1_800_000_000);
    let image_id = format!("sha256:{}", "0".repeat(64));
    let container = ContainerStatus {
        state,
        last: None,
        restarts: 0,
        fuel: 12_345,
        image_id,
        pulled: false,
        progress: None,
    };
    Pod {
        id: PodId::new(JOB, ordinal),
        revision: 0,
        index: None,
        index_failures: None,
        created_at: at,
        scheduled_at: Some(at),
        stop: None,
        deletion: None,
        tally,
        status: PodStatus {
            phase,
            started_at: Some(at),
            containers: vec![container],
            ..PodStatus::default()
        },
    }
}
