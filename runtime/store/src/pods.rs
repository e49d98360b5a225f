//! Reading pods: rows by number, by name and by the Job, made into objects with what their Jobs say.

use std::sync::Arc;

use jobling_core::api::{Kind, Object, ObjectKey};
use jobling_core::engine::{ListScope, Listing, StoreError};
use jobling_core::pods::{JobId, JobInfo, Pod, PodId};
use rusqlite::{Connection, Row, params};

use crate::failure::{corrupt, store_error};
use crate::infos::Infos;
use crate::jobs;
use crate::objects::{revision, rows, text};

/// Letters at the end of a pod's name that tell which of its Job's pods it is.
const SUFFIX: usize = 5;
/// Length at which the part before the suffix is cut, as generated names are.
const MAX_STEM: usize = 63 - SUFFIX;

/// Returns the first and the last number that pods of `job` can have.
pub(crate) const fn range(job: JobId) -> (u64, u64) {
    (PodId::new(job, 0).raw(), PodId::new(job, PodId::MAX_ORDINAL).raw())
}

/// Returns the rows of a Job's pods, oldest first.
pub(crate) fn of_job(connection: &Connection, job: JobId) -> Result<Vec<Pod>, StoreError> {
    let (first, last) = range(job);
    let sql = "SELECT id, revision, body FROM pods WHERE id BETWEEN ?1 AND ?2 ORDER BY id";
    rows(connection, sql, params![first, last], parse)
}

/// Returns the rows of every pod that has not ended, by Job and age.
pub(crate) fn live(connection: &Connection) -> Result<Vec<Pod>, StoreError> {
    let sql = "SELECT id, revision, body FROM pods INDEXED BY pods_live WHERE live = 1 ORDER BY id";
    rows(connection, sql, [], parse)
}

/// Returns how many pods have ended.
pub(crate) fn count_ended(connection: &Connection) -> Result<u64, StoreError> {
    // SQLite counts a whole table without reading its rows, and the index holds the others.
    let sql = "SELECT (SELECT count(*) FROM pods)
        - (SELECT count(*) FROM pods INDEXED BY pods_live WHERE live = 1)";
    connection.query_row(sql, [], |row| row.get(0)).map_err(|error| store_error(&error))
}

/// Returns pods that have ended, by Job and age, at most `most`.
pub(crate) fn oldest_ended(
    connection: &Connection,
    infos: &Infos,
    most: usize,
) -> Result<Vec<(Pod, Arc<JobInfo>)>, StoreError> {
    let sql = "SELECT id, revision, body FROM pods WHERE live = 0 ORDER BY id LIMIT ?1";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let pods = rows(connection, sql, params![most], parse)?;
    let with_info = |pod: Pod| {
        let info = jobs::info(connection, infos, pod.id.job())?
            .ok_or_else(|| corrupt(format!("pod {}", pod.id), "its Job is not stored"))?;
        Ok((pod, info))
    };
    pods.into_iter().map(with_info).collect()
}

/// Returns the pod of that name and what its Job says of it.
pub(crate) fn by_name(
    connection: &Connection,
    infos: &Infos,
    namespace: &str,
    name: &str,
) -> Result<Option<(Pod, Arc<JobInfo>)>, StoreError> {
    let Some((stem, suffix)) = name.split_at_checked(name.len().saturating_sub(SUFFIX)) else {
        return Ok(None);
    };
    for id in jobs_of_stem(connection, namespace, stem)? {
        let Some(info) = jobs::info(connection, infos, id)? else { continue };
        let Some(ordinal) = info.ordinal_of_suffix(suffix) else { continue };
        if ordinal > PodId::MAX_ORDINAL {
            continue;
        }
        let Some(pod) = by_id(connection, PodId::new(id, ordinal))? else { continue };
        if pod.name(&info) == name {
            return Ok(Some((pod, info)));
        }
    }
    Ok(None)
}

/// Returns the object of the pod of that name.
pub(crate) fn get(
    connection: &Connection,
    infos: &Infos,
    namespace: &str,
    name: &str,
) -> Result<Option<Object>, StoreError> {
    let found = by_name(connection, infos, namespace, name)?;
    Ok(found.map(|(pod, info)| Object::Pod(Box::new(pod.to_object(&info)))))
}

/// Returns a page of the pods, by Job and age. A page's end is told by the last pod's number, not its
/// name: the pod may be gone when the next page is read.
pub(crate) fn list(
    connection: &Connection,
    infos: &Infos,
    scope: &ListScope,
) -> Result<Listing, StoreError> {
    let after = match &scope.after {
        None => 0,
        Some((_, number)) => number.parse().map_err(|_| {
            StoreError::Failed(format!("the continue token {number:?} is not of a list of pods"))
        })?,
    };
    let most = scope.limit.map_or(usize::MAX, |limit| limit.saturating_add(1));
    let mut found = match jobs_in_scope(connection, scope)? {
        None => within(connection, (after + 1, i64::MAX.unsigned_abs()), most)?,
        Some(jobs) => of_jobs(connection, &jobs, after, most)?,
    };
    let more = scope.limit.is_some_and(|limit| found.len() > limit);
    found.truncate(scope.limit.unwrap_or(usize::MAX));
    let last = found.last().map(|pod| (String::new(), pod.id.raw().to_string()));
    let items = found.iter().map(|pod| object(connection, infos, pod)).collect::<Result<_, _>>()?;
    Ok(Listing { revision: revision(connection)?, items, next: if more { last } else { None } })
}

/// Returns the keys of the pods in `namespace` whose Job is gone.
pub(crate) fn orphan_keys(
    connection: &Connection,
    infos: &Infos,
    namespace: &str,
) -> Result<Vec<ObjectKey>, StoreError> {
    let sql = "SELECT id FROM jobs WHERE orphaned = 1 AND namespace = ?1 ORDER BY id";
    let mut keys = Vec::new();
    for job in rows(connection, sql, params![namespace], id)? {
        let Some(info) = jobs::info(connection, infos, job)? else { continue };
        for pod in of_job(connection, job)? {
            keys.push(ObjectKey::new(Kind::Pod, namespace, pod.name(&info)));
        }
    }
    Ok(keys)
}

fn by_id(connection: &Connection, id: PodId) -> Result<Option<Pod>, StoreError> {
    let sql = "SELECT id, revision, body FROM pods WHERE id = ?1";
    Ok(rows(connection, sql, params![id.raw()], parse)?.pop())
}

/// Returns at most `most` pods of `jobs`, which are in order, after the number `after`.
fn of_jobs(
    connection: &Connection,
    jobs: &[JobId],
    after: u64,
    most: usize,
) -> Result<Vec<Pod>, StoreError> {
    let mut found = Vec::new();
    for &job in jobs {
        let (first, last) = range(job);
        if last > after && found.len() < most {
            found.extend(within(connection, (first.max(after + 1), last), most - found.len())?);
        }
    }
    Ok(found)
}

fn within(
    connection: &Connection,
    (first, last): (u64, u64),
    most: usize,
) -> Result<Vec<Pod>, StoreError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let sql = "SELECT id, revision, body FROM pods WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT ?3";
    rows(connection, sql, params![first, last, most], parse)
}

/// Returns the Jobs, orphaned ones too, whose pods a list is of, in order; `None` for all.
fn jobs_in_scope(
    connection: &Connection,
    scope: &ListScope,
) -> Result<Option<Vec<JobId>>, StoreError> {
    if scope.namespace.is_none() && scope.job_name.is_none() {
        return Ok(None);
    }
    // The indexes hold all that is asked for, so that no Job's text is read.
    let sql = "
        SELECT id FROM jobs INDEXED BY jobs_by_name WHERE orphaned = 0
          AND (?1 IS NULL OR namespace = ?1) AND (?2 IS NULL OR name = ?2)
        UNION ALL
        SELECT id FROM jobs INDEXED BY orphans_by_name WHERE orphaned = 1
          AND (?1 IS NULL OR namespace = ?1) AND (?2 IS NULL OR name = ?2)";
    let mut jobs = rows(connection, sql, params![scope.namespace, scope.job_name], id)?;
    jobs.sort_unstable();
    Ok(Some(jobs))
}

/// Returns the Jobs whose pods' names may start with `stem`: `JOB-` or `JOB-INDEX-`, where 58 letters
/// may be all that there was room for.
fn jobs_of_stem(
    connection: &Connection,
    namespace: &str,
    stem: &str,
) -> Result<Vec<JobId>, StoreError> {
    let base = stem.strip_suffix('-').unwrap_or(stem);
    let without_index = base.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let without_index = without_index.strip_suffix('-').unwrap_or(base);
    let exact = "
        SELECT id FROM jobs WHERE orphaned = 0 AND namespace = ?1 AND name IN (?2, ?3)
        UNION ALL
        SELECT id FROM jobs WHERE orphaned = 1 AND namespace = ?1 AND name IN (?2, ?3)";
    let mut jobs = rows(connection, exact, params![namespace, base, without_index], id)?;
    if stem.len() == MAX_STEM {
        // Cut, before the index if there is one: the Job's name may go on. `{` comes after `z`.
        let longer = "
            SELECT id FROM jobs WHERE orphaned = 0 AND namespace = ?1 AND name > ?2 AND name < ?3
            UNION ALL
            SELECT id FROM jobs WHERE orphaned = 1 AND namespace = ?1 AND name > ?2 AND name < ?3";
        for start in [stem, without_index] {
            let past = format!("{start}{{");
            jobs.extend(rows(connection, longer, params![namespace, start, past], id)?);
        }
    }
    Ok(jobs)
}

fn object(connection: &Connection, infos: &Infos, pod: &Pod) -> Result<Object, StoreError> {
    let info = jobs::info(connection, infos, pod.id.job())?
        .ok_or_else(|| corrupt(format!("pod {}", pod.id), "its Job is not stored"))?;
    Ok(Object::Pod(Box::new(pod.to_object(&info))))
}

fn id(row: &Row<'_>) -> Result<JobId, StoreError> {
    row.get(0).map(JobId).map_err(|error| store_error(&error))
}

fn parse(row: &Row<'_>) -> Result<Pod, StoreError> {
    let sqlite = |error: rusqlite::Error| store_error(&error);
    let id = PodId::from_raw(row.get(0).map_err(sqlite)?);
    let revision = row.get(1).map_err(sqlite)?;
    let pod: Pod = serde_json::from_slice(text(row, 2)?)
        .map_err(|error| corrupt(format!("pod {id}"), error))?;
    Ok(Pod { id, revision, ..pod })
}
