//! One write at a time, inside the transaction of its batch.

use std::collections::BTreeSet;

use jobling_core::Timestamp;
use jobling_core::api::{Object, ObjectKey};
use jobling_core::engine::{Batch, StoreError, Write};
use jobling_core::pods::{JobId, Pod, PodId};
use jobling_core::trigger::{CallOutput, OpenCall, Outcome};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params};
use serde::Deserialize;

use crate::failure::{corrupt, store_error};
use crate::pods::range;
use crate::vault::Vault;

/// Writes all of `batch`; the caller's transaction makes it all or nothing.
pub(crate) fn batch(
    connection: &Connection,
    vault: &Vault,
    batch: &Batch,
) -> Result<(), StoreError> {
    let mut apply = Apply {
        connection,
        vault,
        text: Vec::new(),
        with_pods: BTreeSet::new(),
        perhaps_empty: BTreeSet::new(),
    };
    let superseded = superseded(&batch.writes);
    for (index, write) in batch.writes.iter().enumerate() {
        if !superseded.contains(&index) {
            apply.write(write)?;
        }
    }
    apply.drop_empty_orphans()?;
    apply.refuse_strays()?;
    apply.meta(batch)
}

/// Returns the places of those statuses that a later one of the batch replaces.
fn superseded(writes: &[Write]) -> BTreeSet<usize> {
    let mut later = BTreeSet::new();
    let statuses = writes.iter().enumerate().rev().filter_map(|(index, write)| match write {
        Write::JobStatus { job, .. } => Some((index, *job)),
        Write::Object { .. }
        | Write::Forget { .. }
        | Write::Orphan { .. }
        | Write::Pod(_)
        | Write::ForgetPod(_)
        | Write::Call { .. }
        | Write::CallOutput { .. }
        | Write::CallEnded { .. }
        | Write::ForgetCall(_) => None,
    });
    statuses.filter(|(_, job)| !later.insert(*job)).map(|(index, _)| index).collect()
}

struct Apply<'a> {
    connection: &'a Connection,
    vault: &'a Vault,
    /// Reused for each pod's text.
    text: Vec<u8>,
    /// Jobs of which pods were written: each must be stored.
    with_pods: BTreeSet<JobId>,
    /// Jobs that have lost a pod or became orphans: where none is left, the orphan goes too.
    perhaps_empty: BTreeSet<JobId>,
}

impl Apply<'_> {
    fn write(&mut self, write: &Write) -> Result<(), StoreError> {
        match write {
            Write::Object { object, job } => match (object.as_ref(), job) {
                (Object::Job(object), Some(id)) => self.job(object, *id),
                (object, _) => self.object(object),
            },
            Write::JobStatus { job, revision, status, memory } => {
                self.status(*job, *revision, status, memory)
            }
            Write::Forget { key, job: None } => self.forget(key),
            Write::Forget { job: Some(job), .. } => self.forget_job(*job),
            Write::Orphan { job, .. } => self.orphan(*job),
            Write::Pod(pod) => self.pod(pod),
            Write::ForgetPod(pod) => self.forget_pod(*pod),
            Write::Call { job, key, call } => self.call(*job, key, call),
            Write::CallOutput { job, output } => self.call_output(*job, output),
            Write::CallEnded { job, outcome, until } => self.call_ended(*job, outcome, *until),
            Write::ForgetCall(job) => {
                self.execute("DELETE FROM calls WHERE job = ?1", params![job.0])
            }
        }
    }

    fn object(&self, object: &Object) -> Result<(), StoreError> {
        let key = object.key();
        let revision = revision(object)?;
        let body = object.to_json();
        let stored = self.vault.seal(&key, &body)?;
        self.execute(
            "INSERT INTO objects (kind, namespace, name, revision, body) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET revision = excluded.revision, body = excluded.body",
            params![key.kind.name(), key.namespace, key.name, revision, Text(&stored)],
        )
    }

    fn job(&self, job: &Job, id: JobId) -> Result<(), StoreError> {
        let object = Object::Job(Box::new(Job { status: None, ..job.clone() }));
        let key = object.key();
        let ttl = job.spec.as_ref().and_then(|spec| spec.ttl_seconds_after_finished);
        let deleting = job.metadata.deletion_timestamp.is_some();
        let body = object.to_json();
        self.execute(
            "INSERT INTO jobs (id, namespace, name, revision, deleting, ttl_seconds, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (id) DO UPDATE SET revision = excluded.revision,
               deleting = excluded.deleting, ttl_seconds = excluded.ttl_seconds,
               body = excluded.body",
            params![id.0, key.namespace, key.name, revision(&object)?, deleting, ttl, Text(&body)],
        )
    }

    fn status(
        &self,
        job: JobId,
        revision: u64,
        status: &[u8],
        memory: &[u8],
    ) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO job_status (job, revision, status, memory) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET revision = excluded.revision, status = excluded.status,
               memory = excluded.memory",
            params![job.0, revision, Text(status), Text(memory)],
        )?;
        // The wide row is touched once in a Job's life.
        self.execute(
            "UPDATE jobs SET finished_at = ?2 WHERE id = ?1 AND finished_at IS NOT ?2",
            params![job.0, finished_at(job, status)?.map(Timestamp::unix_micros)],
        )
    }

    fn forget(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.execute(
            "DELETE FROM objects WHERE kind = ?1 AND namespace = ?2 AND name = ?3",
            params![key.kind.name(), key.namespace, key.name],
        )
    }

    fn forget_job(&self, job: JobId) -> Result<(), StoreError> {
        let (first, last) = range(job);
        self.execute("DELETE FROM pods WHERE id BETWEEN ?1 AND ?2", params![first, last])?;
        // The status goes with it (ON DELETE CASCADE).
        self.execute("DELETE FROM jobs WHERE id = ?1", params![job.0])
    }

    fn orphan(&mut self, job: JobId) -> Result<(), StoreError> {
        self.perhaps_empty.insert(job);
        self.execute("DELETE FROM job_status WHERE job = ?1", params![job.0])?;
        self.execute("UPDATE jobs SET orphaned = 1 WHERE id = ?1", params![job.0])
    }

    fn pod(&mut self, pod: &Pod) -> Result<(), StoreError> {
        self.with_pods.insert(pod.id.job());
        self.text.clear();
        serde_json::to_writer(&mut self.text, pod)
            .map_err(|error| corrupt(format!("pod {}", pod.id), error))?;
        self.execute(
            "INSERT INTO pods (id, revision, live, body) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET revision = excluded.revision, live = excluded.live,
               body = excluded.body",
            params![pod.id.raw(), pod.revision, pod.is_live(), Text(&self.text)],
        )
    }

    fn forget_pod(&mut self, pod: PodId) -> Result<(), StoreError> {
        self.perhaps_empty.insert(pod.job());
        self.execute("DELETE FROM pods WHERE id = ?1", params![pod.raw()])
    }

    fn call(&self, job: JobId, key: &ObjectKey, open: &OpenCall) -> Result<(), StoreError> {
        let OpenCall { trigger_uid, retention, call } = open;
        let request = serde_json::to_vec(&**call)
            .map_err(|error| corrupt(format!("request of Job number {}", job.0), error))?;
        let given = call.idempotency.as_ref();
        let retention = i64::try_from(retention.as_micros()).unwrap_or(i64::MAX);
        self.execute(
            "INSERT INTO calls (job, trigger_uid, namespace, job_name, key, fingerprint, received,
               retention, request, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                job.0,
                trigger_uid,
                key.namespace,
                key.name,
                given.map(|given| &given.key),
                given.map(|given| given.fingerprint),
                call.received.unix_micros(),
                retention,
                Text(&request),
                call.body,
            ],
        )
    }

    fn call_output(&self, job: JobId, output: &CallOutput) -> Result<(), StoreError> {
        self.execute(
            "UPDATE calls SET output = ?2, truncated = ?3 WHERE job = ?1",
            params![job.0, &*output.bytes, output.truncated],
        )
    }

    fn call_ended(
        &self,
        job: JobId,
        outcome: &Outcome,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let outcome = serde_json::to_vec(outcome)
            .map_err(|error| corrupt(format!("answer of Job number {}", job.0), error))?;
        self.execute(
            "UPDATE calls SET outcome = ?2, until = ?3, request = NULL, body = NULL WHERE job = ?1",
            params![job.0, Text(&outcome), until.unix_micros()],
        )
    }

    fn drop_empty_orphans(&self) -> Result<(), StoreError> {
        for &job in &self.perhaps_empty {
            let (first, last) = range(job);
            self.execute(
                "DELETE FROM jobs WHERE id = ?1 AND orphaned = 1
                 AND NOT EXISTS (SELECT 1 FROM pods WHERE id BETWEEN ?2 AND ?3)",
                params![job.0, first, last],
            )?;
        }
        Ok(())
    }

    /// Refuses pods without a Job, of which the next start could make nothing.
    fn refuse_strays(&self) -> Result<(), StoreError> {
        let stray = "SELECT EXISTS (SELECT 1 FROM pods WHERE id BETWEEN ?2 AND ?3)
            AND NOT EXISTS (SELECT 1 FROM jobs WHERE id = ?1)";
        for &job in &self.with_pods {
            let (first, last) = range(job);
            let is_stray: bool = self
                .connection
                .prepare_cached(stray)
                .and_then(|mut found| {
                    found.query_row(params![job.0, first, last], |row| row.get(0))
                })
                .map_err(|error| store_error(&error))?;
            if is_stray {
                let why = format!("a pod was written of Job number {}, which is not stored", job.0);
                return Err(StoreError::Failed(why));
            }
        }
        Ok(())
    }

    fn meta(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(
                "UPDATE meta SET revision = ?1, next_job = ?2
                 WHERE revision <= ?1 AND next_job <= ?2",
            )
            .map_err(|error| store_error(&error))?;
        let changed = statement
            .execute(params![batch.revision, batch.next_job.0])
            .map_err(|error| store_error(&error))?;
        if changed == 1 {
            return Ok(());
        }
        Err(StoreError::Failed(format!(
            "revision {} or Job number {} is behind what is stored",
            batch.revision, batch.next_job.0
        )))
    }

    fn execute(&self, sql: &str, params: impl rusqlite::Params) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params))
            .map(drop)
            .map_err(|error| store_error(&error))
    }
}

/// JSON, bound as text without a copy.
struct Text<'a>(&'a [u8]);

impl ToSql for Text<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.0)))
    }
}

/// Returns the object's own revision.
fn revision(object: &Object) -> Result<u64, StoreError> {
    let given = object.metadata().resource_version.as_deref().unwrap_or_default();
    given.parse().map_err(|_| {
        let key = object.key();
        StoreError::Failed(format!(
            "{} {} has the resourceVersion {given:?}, which is no revision",
            key.kind, key.name
        ))
    })
}

/// Returns when a Job of that status finished: `pkg/controller/ttlafterfinished` takes the transition
/// to Complete or Failed.
fn finished_at(job: JobId, status: &[u8]) -> Result<Option<Timestamp>, StoreError> {
    #[derive(Deserialize)]
    struct Status {
        #[serde(default)]
        conditions: Vec<Condition>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Condition {
        r#type: String,
        status: String,
        last_transition_time: Option<Time>,
    }
    let status: Status = serde_json::from_slice(status)
        .map_err(|error| corrupt(format!("status of Job number {}", job.0), error))?;
    let terminal = status.conditions.iter().find(|condition| {
        condition.status == "True" && matches!(condition.r#type.as_str(), "Complete" | "Failed")
    });
    // Done at an unknown time is done: long ago, then.
    Ok(terminal.map(|condition| {
        condition.last_transition_time.as_ref().map(Timestamp::from).unwrap_or_default()
    }))
}
