//! Reading CronJobs at start: who they are and what their Jobs tell, without what they are to run.

use std::collections::BTreeMap;

use jobling_core::control::cronjob::{OwnedJob, controller};
use jobling_core::engine::{CronJobRecord, StoreError};
use k8s_openapi::api::batch::v1::{Job, JobStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use rusqlite::{Connection, Row};
use serde::Deserialize;

use crate::failure::{corrupt, store_error};
use crate::objects::{rows, text};

/// An object, but for all that it is to do.
#[derive(Deserialize)]
struct Head {
    metadata: ObjectMeta,
}

/// Returns every CronJob with the Jobs that it controls.
pub(crate) fn all(connection: &Connection) -> Result<Vec<CronJobRecord>, StoreError> {
    let mut by_uid: BTreeMap<String, CronJobRecord> =
        rows(connection, "SELECT body FROM objects WHERE kind = 'CronJob'", [], |row| {
            let metadata = head(row)?.metadata;
            let uid = metadata.uid.unwrap_or_default();
            let record = CronJobRecord {
                namespace: metadata.namespace.unwrap_or_default(),
                name: metadata.name.unwrap_or_default(),
                uid: uid.clone(),
                jobs: Vec::new(),
            };
            Ok((uid, record))
        })?
        .into_iter()
        .collect();
    let sql = "SELECT job.body, status.status
        FROM jobs AS job INDEXED BY jobs_owned
        LEFT JOIN job_status AS status ON status.job = job.id
        WHERE job.orphaned = 0
          AND json_extract(job.body, '$.metadata.ownerReferences') IS NOT NULL";
    for (owner, job) in rows(connection, sql, [], owned)?.into_iter().flatten() {
        if let Some(record) = by_uid.get_mut(&owner) {
            record.jobs.push(job);
        }
    }
    Ok(by_uid.into_values().collect())
}

/// Returns a Job that a CronJob controls, and the CronJob's uid.
fn owned(row: &Row<'_>) -> Result<Option<(String, OwnedJob)>, StoreError> {
    let metadata = head(row)?.metadata;
    let Some(owner) = controller(&metadata).map(|owner| owner.uid.clone()) else { return Ok(None) };
    let is_new = row.get_ref(1).map_err(|error| store_error(&error))?.as_bytes_or_null();
    let status: Option<JobStatus> = match is_new.map_err(|error| corrupt("a status", error))? {
        Some(text) => Some(
            serde_json::from_slice(text).map_err(|error| corrupt("the status of a Job", error))?,
        ),
        None => None,
    };
    Ok(Some((owner, OwnedJob::of(&Job { metadata, spec: None, status }))))
}

fn head(row: &Row<'_>) -> Result<Head, StoreError> {
    serde_json::from_slice(text(row, 0)?).map_err(|error| corrupt("the metadata", error))
}
