//! Reading what owns Jobs at start, and what the Jobs tell, without what they are to run: CronJobs as who
//! they are, HTTPTriggers whole, as each request asks for them.

use std::collections::BTreeMap;

use jobling_core::api::{Kind, Object};
use jobling_core::control::{OwnedJob, controller};
use jobling_core::engine::{CronJobRecord, StoreError, TriggerRecord};
use k8s_openapi::api::batch::v1::{Job, JobStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use rusqlite::{Connection, Row};
use serde::Deserialize;

use crate::calls;
use crate::failure::{corrupt, store_error};
use crate::objects::{all, rows, text};
use crate::vault::Vault;

/// Jobs, by the uid of what controls them.
pub(crate) type OwnedByUid = BTreeMap<String, Vec<OwnedJob>>;

/// An object, but for all that it is to do.
#[derive(Deserialize)]
struct Head {
    metadata: ObjectMeta,
}

/// Returns every CronJob with the Jobs that it controls, which are taken out of `owned`.
pub(crate) fn cron_jobs(
    connection: &Connection,
    owned: &mut OwnedByUid,
) -> Result<Vec<CronJobRecord>, StoreError> {
    rows(connection, "SELECT body FROM objects WHERE kind = 'CronJob'", [], |row| {
        let metadata = head(row)?.metadata;
        let uid = metadata.uid.unwrap_or_default();
        Ok(CronJobRecord {
            namespace: metadata.namespace.unwrap_or_default(),
            name: metadata.name.unwrap_or_default(),
            jobs: owned.remove(&uid).unwrap_or_default(),
            uid,
        })
    })
}

/// Returns every HTTPTrigger with the Jobs that it controls, which are taken out of `owned`, and with what
/// is remembered of its requests.
pub(crate) fn triggers(
    connection: &Connection,
    vault: &Vault,
    owned: &mut OwnedByUid,
) -> Result<Vec<TriggerRecord>, StoreError> {
    let (keys, mut answers) = (calls::keys(connection)?, calls::answers(connection)?);
    let objects = all(connection, vault, &[Kind::HTTPTrigger])?.into_iter();
    let triggers = objects.filter_map(|object| {
        if let Object::HTTPTrigger(trigger) = object { Some(trigger) } else { None }
    });
    Ok(triggers
        .map(|trigger| {
            let uid = trigger.metadata.uid.as_deref().unwrap_or_default();
            TriggerRecord {
                jobs: owned.remove(uid).unwrap_or_default(),
                keys: keys.get(uid).copied().unwrap_or_default(),
                answers: answers.remove(uid).unwrap_or_default(),
                trigger,
            }
        })
        .collect())
}

/// Returns the Jobs that CronJobs and HTTPTriggers control.
pub(crate) fn owned(connection: &Connection) -> Result<OwnedByUid, StoreError> {
    let sql = "SELECT job.body, status.status
        FROM jobs AS job INDEXED BY jobs_owned
        LEFT JOIN job_status AS status ON status.job = job.id
        WHERE job.orphaned = 0
          AND json_extract(job.body, '$.metadata.ownerReferences') IS NOT NULL";
    let mut by_uid = OwnedByUid::new();
    for (owner, job) in rows(connection, sql, [], owned_job)?.into_iter().flatten() {
        by_uid.entry(owner).or_default().push(job);
    }
    Ok(by_uid)
}

/// Returns a Job that another object controls, and that object's uid.
fn owned_job(row: &Row<'_>) -> Result<Option<(String, OwnedJob)>, StoreError> {
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
