//! Requests to HTTPTriggers and their answers: a row each, by its Job's number.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jobling_core::Timestamp;
use jobling_core::engine::{OldAnswer, StoreError};
use jobling_core::pods::JobId;
use jobling_core::trigger::{CallOutput, CallRecord, OpenCall, TriggerAnswer, TriggerCall};
use rusqlite::{Connection, Row, params};

use crate::failure::{corrupt, store_error};
use crate::objects::{rows, text};

/// The columns that [`record`] reads.
macro_rules! select_call {
    ($rest:literal) => {
        concat!(
            "SELECT job, trigger_uid, namespace, job_name, fingerprint, received, until, outcome,
                    output, truncated
             FROM calls ",
            $rest
        )
    };
}

/// Returns the request with that key to the trigger of that uid.
pub(crate) fn with_key(
    connection: &Connection,
    trigger_uid: &str,
    key: &str,
) -> Result<Option<CallRecord>, StoreError> {
    let sql = select_call!("WHERE trigger_uid = ?1 AND key = ?2");
    Ok(rows(connection, sql, params![trigger_uid, key], record)?.pop())
}

/// Returns the newest request that a Job of that name answers or has answered.
pub(crate) fn of_job(
    connection: &Connection,
    namespace: &str,
    job: &str,
) -> Result<Option<CallRecord>, StoreError> {
    let sql = select_call!("WHERE namespace = ?1 AND job_name = ?2 ORDER BY job DESC LIMIT 1");
    Ok(rows(connection, sql, params![namespace, job], record)?.pop())
}

/// Returns every request without an answer, by its Job's number.
pub(crate) fn open(connection: &Connection) -> Result<BTreeMap<JobId, Arc<OpenCall>>, StoreError> {
    let sql = "SELECT job, trigger_uid, retention, request, body
        FROM calls INDEXED BY calls_open WHERE until IS NULL";
    Ok(rows(connection, sql, [], open_call)?.into_iter().collect())
}

/// Returns how many keys are remembered of each trigger, by its uid.
pub(crate) fn keys(connection: &Connection) -> Result<BTreeMap<String, u32>, StoreError> {
    let sql = "SELECT trigger_uid, count(*) FROM calls INDEXED BY calls_by_key
        WHERE key IS NOT NULL GROUP BY trigger_uid";
    let counts = rows(connection, sql, [], |row| {
        let count = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        count(row).map_err(|error| store_error(&error))
    })?;
    Ok(counts.into_iter().collect())
}

/// Returns the Jobs whose answers to requests without a key are remembered, of each trigger, by its uid.
pub(crate) fn answers(connection: &Connection) -> Result<BTreeMap<String, Vec<JobId>>, StoreError> {
    let sql = "SELECT trigger_uid, job FROM calls INDEXED BY calls_keyless
        WHERE key IS NULL AND until IS NOT NULL ORDER BY trigger_uid, job";
    let found = rows(connection, sql, [], |row| {
        let pair = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, JobId(row.get(1)?)));
        pair(row).map_err(|error| store_error(&error))
    })?;
    let mut of_triggers: BTreeMap<String, Vec<JobId>> = BTreeMap::new();
    for (trigger, job) in found {
        of_triggers.entry(trigger).or_default().push(job);
    }
    Ok(of_triggers)
}

/// Returns the answers that are remembered until `now` or less, at most `most`.
pub(crate) fn until(
    connection: &Connection,
    now: Timestamp,
    most: usize,
) -> Result<Vec<OldAnswer>, StoreError> {
    let sql = "SELECT job, trigger_uid, key IS NOT NULL FROM calls INDEXED BY calls_by_age
        WHERE until IS NOT NULL AND until <= ?1 ORDER BY until LIMIT ?2";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    rows(connection, sql, params![now.unix_micros(), most], |row| {
        let answer = |row: &Row<'_>| {
            Ok(OldAnswer { job: JobId(row.get(0)?), trigger_uid: row.get(1)?, keyed: row.get(2)? })
        };
        answer(row).map_err(|error| store_error(&error))
    })
}

/// Returns until when the answer is remembered that is forgotten first, of those after `after`.
pub(crate) fn oldest(
    connection: &Connection,
    after: Option<Timestamp>,
) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT min(until) FROM calls INDEXED BY calls_by_age
        WHERE until IS NOT NULL AND until > ?1";
    let after = after.map_or(i64::MIN, Timestamp::unix_micros);
    let found: Option<i64> = connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_row([after], |row| row.get(0)))
        .map_err(|error| store_error(&error))?;
    Ok(found.map(Timestamp::from_unix_micros))
}

fn open_call(row: &Row<'_>) -> Result<(JobId, Arc<OpenCall>), StoreError> {
    let sqlite = |error: rusqlite::Error| store_error(&error);
    let job = JobId(row.get(0).map_err(sqlite)?);
    let mut call: TriggerCall =
        serde_json::from_slice(text(row, 3)?).map_err(|error| corrupt(what(job), error))?;
    call.body = row.get(4).map_err(sqlite)?;
    let open = OpenCall {
        trigger_uid: row.get(1).map_err(sqlite)?,
        retention: Duration::from_micros(row.get(2).map_err(sqlite)?),
        call: Arc::new(call),
    };
    Ok((job, Arc::new(open)))
}

/// Returns the request of a row of [`select_call`].
fn record(row: &Row<'_>) -> Result<CallRecord, StoreError> {
    let sqlite = |error: rusqlite::Error| store_error(&error);
    let id = JobId(row.get(0).map_err(sqlite)?);
    let outcome: Option<String> = row.get(7).map_err(sqlite)?;
    let answer = match outcome {
        None => None,
        Some(outcome) => {
            let bytes: Option<Vec<u8>> = row.get(8).map_err(sqlite)?;
            let output = CallOutput {
                bytes: bytes.unwrap_or_default().into(),
                truncated: row.get(9).map_err(sqlite)?,
            };
            let outcome =
                serde_json::from_str(&outcome).map_err(|error| corrupt(what(id), error))?;
            Some(Arc::new(TriggerAnswer { outcome, output }))
        }
    };
    Ok(CallRecord {
        id,
        trigger_uid: row.get(1).map_err(sqlite)?,
        namespace: row.get(2).map_err(sqlite)?,
        job: row.get(3).map_err(sqlite)?,
        fingerprint: row.get(4).map_err(sqlite)?,
        received: Timestamp::from_unix_micros(row.get(5).map_err(sqlite)?),
        until: row.get::<_, Option<i64>>(6).map_err(sqlite)?.map(Timestamp::from_unix_micros),
        answer,
    })
}

fn what(job: JobId) -> String {
    format!("request of Job number {}", job.0)
}
