//! Reading Jobs: what was written and the status, which are two rows, made into one object.

use std::sync::Arc;

use jobling_core::api::{Kind, Object, ObjectKey};
use jobling_core::engine::{JobRecord, ListScope, Listing, StoreError};
use jobling_core::pods::{JobId, JobInfo};
use k8s_openapi::api::batch::v1::{Job, JobStatus};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::failure::{corrupt, store_error};
use crate::infos::{Edition, Infos};
use crate::objects::{Start, paged, revision, rows, text};
use crate::pods;

/// The columns that [`record`] reads.
macro_rules! select_job {
    ($rest:literal) => {
        concat!(
            "SELECT job.id, job.revision, job.orphaned, job.body,
                    status.revision, status.status, status.memory
             FROM jobs AS job ",
            $rest
        )
    };
}

/// Returns the Job of that namespace and name, without its pods.
pub(crate) fn by_name(
    connection: &Connection,
    namespace: &str,
    name: &str,
) -> Result<Option<JobRecord>, StoreError> {
    let sql = select_job!(
        "LEFT JOIN job_status AS status ON status.job = job.id
         WHERE job.orphaned = 0 AND job.namespace = ?1 AND job.name = ?2"
    );
    Ok(rows(connection, sql, params![namespace, name], record)?.pop())
}

/// Returns the Job of that number, orphaned or not, without its pods.
pub(crate) fn by_id(connection: &Connection, id: JobId) -> Result<Option<JobRecord>, StoreError> {
    let sql =
        select_job!("LEFT JOIN job_status AS status ON status.job = job.id WHERE job.id = ?1");
    Ok(rows(connection, sql, params![id.0], record)?.pop())
}

/// Returns a Job with all of its pods.
pub(crate) fn with_pods(
    connection: &Connection,
    key: &ObjectKey,
) -> Result<Option<JobRecord>, StoreError> {
    let Some(mut found) = by_name(connection, &key.namespace, &key.name)? else { return Ok(None) };
    found.pods = pods::of_job(connection, found.id)?;
    Ok(Some(found))
}

/// Returns a page of the Jobs, by namespace and name.
pub(crate) fn list(connection: &Connection, scope: &ListScope) -> Result<Listing, StoreError> {
    let sql = select_job!(
        "INDEXED BY jobs_by_name
         LEFT JOIN job_status AS status ON status.job = job.id
         WHERE job.orphaned = 0 AND (?1 IS NULL OR job.namespace = ?1)
           AND (job.namespace, job.name) > (?2, ?3)
         ORDER BY job.namespace, job.name LIMIT ?4"
    );
    let after = Start::of(scope);
    let wanted = params![scope.namespace, after.namespace, after.name, after.rows];
    let items = rows(connection, sql, wanted, |row| Ok(Object::Job(record(row)?.job)))?;
    Ok(paged(revision(connection)?, items, scope))
}

/// Returns the keys of the Jobs in `namespace`.
pub(crate) fn keys(connection: &Connection, namespace: &str) -> Result<Vec<ObjectKey>, StoreError> {
    let sql = "SELECT name FROM jobs WHERE orphaned = 0 AND namespace = ?1 ORDER BY name";
    rows(connection, sql, params![namespace], |row| {
        let name: String = row.get(0).map_err(|error| store_error(&error))?;
        Ok(ObjectKey::new(Kind::Job, namespace, name))
    })
}

/// Returns what a Job, orphaned or not, says of its pods.
pub(crate) fn info(
    connection: &Connection,
    infos: &Infos,
    id: JobId,
) -> Result<Option<Arc<JobInfo>>, StoreError> {
    let Some(edition) = edition(connection, id)? else { return Ok(None) };
    if let Some(info) = infos.get(id, edition) {
        return Ok(Some(info));
    }
    let Some(found) = by_id(connection, id)? else { return Ok(None) };
    let info = Arc::new(JobInfo { orphaned: found.orphaned, ..JobInfo::of(id, &found.job) });
    infos.put(id, edition, Arc::clone(&info));
    Ok(Some(info))
}

fn edition(connection: &Connection, id: JobId) -> Result<Option<Edition>, StoreError> {
    connection
        .prepare_cached("SELECT revision, orphaned FROM jobs WHERE id = ?1")
        .and_then(|mut statement| {
            statement.query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
        .map_err(|error| store_error(&error))
}

/// Returns the Job of a row of [`select_job`]; its resourceVersion is the newer of its two rows'.
fn record(row: &Row<'_>) -> Result<JobRecord, StoreError> {
    let sqlite = |error: rusqlite::Error| store_error(&error);
    let id = JobId(row.get(0).map_err(sqlite)?);
    let written: u64 = row.get(1).map_err(sqlite)?;
    let unreadable = |error: serde_json::Error| corrupt(format!("Job number {}", id.0), error);
    let mut job: Box<Job> = serde_json::from_slice(text(row, 3)?).map_err(unreadable)?;
    let mut memory = Vec::new();
    let mut newest = written;
    // As the API shows a Job that nobody has looked at yet: with an empty status.
    job.status = Some(JobStatus::default());
    if let Some(revision) = row.get::<_, Option<u64>>(4).map_err(sqlite)? {
        newest = written.max(revision);
        job.status = Some(serde_json::from_slice(text(row, 5)?).map_err(unreadable)?);
        memory = text(row, 6)?.to_vec();
    }
    job.metadata.resource_version = Some(newest.to_string());
    let orphaned = row.get(2).map_err(sqlite)?;
    Ok(JobRecord { id, job, memory, pods: Vec::new(), orphaned, call: None })
}
