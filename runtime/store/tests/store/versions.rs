//! A database of any released version opens, with everything in it.

use jobling_core::Timestamp;
use jobling_core::api::Kind;
use jobling_core::engine::{ListScope, Reader, Store};
use jobling_core::pods::PodPhase;
use jobling_store::{Database, OpenError, Settings};

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
