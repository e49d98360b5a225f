//! What is read at start: only what still has something to do, so that a start does not grow with the
//! history.

use std::collections::BTreeMap;
use std::time::Duration;

use jobling_core::Timestamp;
use jobling_core::api::{Kind, ObjectKey};
use jobling_core::engine::{JobRecord, Recovered, StoreError};
use jobling_core::pods::{JobId, Pod};
use rusqlite::Connection;

use crate::failure::{corrupt, store_error};
use crate::objects::{all, rows};
use crate::vault::Vault;
use crate::{calls, events, jobs, owners, pods};

/// Returns what is remembered.
pub(crate) fn recover(connection: &Connection, vault: &Vault) -> Result<Recovered, StoreError> {
    let (seed, revision, next_job) = connection
        .query_row("SELECT seed, revision, next_job FROM meta", [], |row| {
            Ok((row.get(0)?, row.get(1)?, JobId(row.get(2)?)))
        })
        .map_err(|error| store_error(&error))?;
    let mut owned = owners::owned(connection)?;
    Ok(Recovered {
        seed,
        revision,
        next_job,
        unfinished: unfinished(connection)?,
        expiring: expiring(connection)?,
        cron_jobs: owners::cron_jobs(connection, &mut owned)?,
        triggers: owners::triggers(connection, vault, &mut owned)?,
        oldest_event: events::oldest(connection, None)?,
        oldest_answer: calls::oldest(connection, None)?,
        ended_pods: pods::count_ended(connection)?,
        objects: all(connection, vault, &[Kind::Namespace, Kind::PersistentVolumeClaim])?,
    })
}

/// Returns the Jobs that are not done, those being deleted, and those whose pods have not ended.
fn unfinished(connection: &Connection) -> Result<Vec<JobRecord>, StoreError> {
    let sql = "SELECT id FROM jobs INDEXED BY jobs_unfinished
        WHERE orphaned = 0 AND (finished_at IS NULL OR deleting = 1)";
    let mut of_jobs: BTreeMap<JobId, Vec<Pod>> = rows(connection, sql, [], |row| {
        row.get(0).map(|id| (JobId(id), Vec::new())).map_err(|error| store_error(&error))
    })?
    .into_iter()
    .collect();
    for pod in pods::live(connection)? {
        of_jobs.entry(pod.id.job()).or_default().push(pod);
    }
    let mut open = calls::open(connection)?;
    let record = |(id, pods)| {
        let found = record(connection, id, pods)?;
        Ok(JobRecord { call: open.remove(&id), ..found })
    };
    of_jobs.into_iter().map(record).collect()
}

fn record(connection: &Connection, id: JobId, pods: Vec<Pod>) -> Result<JobRecord, StoreError> {
    let found = jobs::by_id(connection, id)?
        .ok_or_else(|| corrupt(format!("pods of Job number {}", id.0), "the Job is not stored"))?;
    Ok(JobRecord { pods, ..found })
}

/// Returns the finished Jobs that go after a while, with the moment.
fn expiring(connection: &Connection) -> Result<Vec<(ObjectKey, Timestamp)>, StoreError> {
    let sql = "SELECT namespace, name, finished_at, ttl_seconds
        FROM jobs INDEXED BY jobs_expiring
        WHERE orphaned = 0 AND finished_at IS NOT NULL AND ttl_seconds IS NOT NULL";
    rows(connection, sql, [], |row| {
        let due = |row: &rusqlite::Row<'_>| -> rusqlite::Result<_> {
            let key = ObjectKey::new(Kind::Job, row.get::<_, String>(0)?, row.get::<_, String>(1)?);
            let finished = Timestamp::from_unix_micros(row.get(2)?);
            Ok((key, finished.plus(Duration::from_secs(row.get(3)?))))
        };
        due(row).map_err(|error| store_error(&error))
    })
}
