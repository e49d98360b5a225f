//! What of a pod reaches the disk, and how fast SQLite alone takes it: the limit of what a store can do.

use std::path::Path;
use std::time::Duration;

use jobling_core::Timestamp;
use jobling_core::pods::{
    ContainerState, ContainerStatus, JobId, Pod, PodId, PodPhase, PodStatus, Tally, Terminated,
};
use rusqlite::{Connection, params};

use crate::timed;

/// The number of the one Job.
pub const JOB: JobId = JobId(1);
/// A status of that Job, as it is stored.
pub const STATUS: &str = r#"{"active":64,"ready":64,"startTime":"2026-01-01T00:00:00Z","succeeded":1234,"terminating":0,"uncountedTerminatedPods":{}}"#;

/// A pod's number and its text, made beforehand.
struct Row(u64, String);

impl Row {
    fn of(pod: &Pod) -> Self {
        Self(pod.id.raw(), serde_json::to_string(pod).expect("a pod is JSON"))
    }
}

/// The rows of pods and of their Job's status in SQLite alone.
#[derive(Debug)]
pub struct BareRows {
    connection: Connection,
    next: u32,
}

impl BareRows {
    /// Opens a new database at `path`.
    ///
    /// # Panics
    /// Where it cannot be made.
    #[must_use]
    pub fn open(path: &Path) -> Self {
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

    /// Returns how long it takes to end and replace `in_flight` pods in each of `batches` commits.
    ///
    /// # Panics
    /// Where the database fails.
    pub fn complete(&mut self, in_flight: u32, batches: u32) -> Duration {
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

/// Opens a database with the settings that the store has.
///
/// # Panics
/// Where it cannot be opened.
#[must_use]
pub fn connect(path: &Path) -> Connection {
    let connection = Connection::open(path).expect("a database");
    let settings =
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -8192;
        PRAGMA wal_autocheckpoint = 4096";
    connection.execute_batch(settings).expect("settings");
    connection
}

/// Returns a pod that runs.
#[must_use]
pub fn running(ordinal: u32) -> Pod {
    let state = ContainerState::Running { started_at: Timestamp::from_unix_seconds(1_800_000_000) };
    pod(ordinal, PodPhase::Running, Tally::Open, state)
}

/// Returns a pod that has ended.
#[must_use]
pub fn ended(ordinal: u32) -> Pod {
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
