//! A database of any released version opens, with everything in it.

use jobling_core::Timestamp;
use jobling_core::api::Kind;
use jobling_core::control::End;
use jobling_core::engine::{ListScope, Reader, Store};
use jobling_core::pods::PodPhase;
use jobling_store::{Database, OpenError, Settings};
use serde_json::json;

use crate::given::key;

/// A database of version 1, as `sqlite3 jobling.db .dump` wrote it.
const VERSION_1: &str = include_str!("fixtures/v1.sql");

#[test]
fn a_database_of_version_1_opens_with_everything_in_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jobling.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch(VERSION_1).unwrap();

    let (mut writer, readers) = Database::open(&path, &Settings::default()).unwrap();
    let recovered = writer.recover().unwrap();
    assert_eq!(recovered.seed, *b"sixteen letters!");
    assert_eq!((recovered.revision, recovered.next_job.0), (12, 4));
    let [unfinished] = recovered.unfinished.as_slice() else { panic!("one Job runs") };
    assert_eq!((unfinished.id.0, unfinished.pods.len()), (2, 1));
    assert_eq!(unfinished.pods[0].status.phase, PodPhase::Running);
    let due = Timestamp::from_unix_seconds(1_700_000_060 + 3600);
    assert_eq!(recovered.expiring, [(key(Kind::Job, "done"), due)]);
    for (kind, names) in [
        (Kind::ConfigMap, vec!["settings"]),
        (Kind::Job, vec!["done", "report"]),
        (Kind::Pod, vec!["done-6mrhd", "report-0-mtm6p", "report-0-852dr", "gone-wstxq"]),
    ] {
        let listed = readers.list(kind, &ListScope::default()).unwrap().items;
        let listed: Vec<_> = listed.iter().map(|object| object.key().name).collect();
        assert_eq!(listed, names);
    }
}

#[test]
fn the_jobs_of_cron_jobs_of_version_1_are_found() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jobling.db");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(VERSION_1).unwrap();
    let cron_job = json!({
        "apiVersion": "batch/v1", "kind": "CronJob",
        "metadata": {"namespace": "default", "name": "backup", "uid": "u-1", "resourceVersion": "5"},
        "spec": {"schedule": "@daily", "jobTemplate": {}},
    });
    let insert = "INSERT INTO objects (kind, namespace, name, revision, body)
        VALUES ('CronJob', 'default', 'backup', 5, ?1)";
    old.execute(insert, [cron_job.to_string()]).unwrap();
    // "done" is a run of it, "report" another's.
    let own = "UPDATE jobs SET body = json_set(body, '$.metadata.ownerReferences', json(?2))
        WHERE name = ?1";
    for (job, kind) in [("done", "CronJob"), ("report", "Other")] {
        let owner = json!([{
            "apiVersion": "batch/v1", "kind": kind, "name": "backup", "uid": "u-1",
            "controller": true,
        }]);
        assert_eq!(old.execute(own, [job, &owner.to_string()]).unwrap(), 1);
    }
    drop(old);

    let (mut writer, _) = Database::open(&path, &Settings::default()).unwrap();
    let recovered = writer.recover().unwrap();
    let [cron_job] = recovered.cron_jobs.as_slice() else { panic!("one CronJob is stored") };
    assert_eq!((&*cron_job.name, &*cron_job.uid), ("backup", "u-1"));
    let [done] = cron_job.jobs.as_slice() else { panic!("it has one Job") };
    assert_eq!((&*done.name, done.end.map(End::condition)), ("done", Some("Complete")));
    assert_eq!(recovered.unfinished.len(), 1, "and the rest is as it was");
}

#[test]
fn a_newer_database_is_refused_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jobling.db");
    drop(Database::open(&path, &Settings::default()).unwrap());
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 7).unwrap();

    let refused = Database::open(&path, &Settings::default());
    assert!(matches!(refused, Err(OpenError::Newer { found: 7, .. })), "{refused:?}");
    let version: u32 = newer.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 7);
}
