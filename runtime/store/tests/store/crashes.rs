//! What is left after a crash or a failure is what was committed: all of it, and nothing else.

use std::path::Path;

use jobling_core::api::{Kind, Object};
use jobling_core::engine::{ListScope, Reader, Store, StoreError, Write};
use jobling_core::pods::PodPhase;
use jobling_store::{Database, Readers, Settings};

use crate::given::{
    batch, change, commit, config_map, disk, job, key, pod, store, write_job, write_object,
    write_pod,
};

#[test]
fn a_failed_commit_keeps_nothing_and_the_next_one_works() {
    for failure in [StoreError::Full, StoreError::Failed("planned".to_owned())] {
        let (mut writer, readers, _disk) = store();
        commit(&mut writer, 1, vec![write_object(config_map("default", "a", 1, "old"))]);

        let object = config_map("default", "a", 2, "new");
        let mut failing = batch(2, vec![write_object(object.clone())]);
        failing.changes = vec![change(2, None, Some(object.clone()))];
        writer.fail_next_commit(failure.clone());
        assert_eq!(writer.commit(&failing), Err(failure));
        assert_eq!(readers.revision(), 1);
        assert_eq!(readers.changes(1, 9).unwrap().len(), 0);
        assert_eq!(value_of_a(&readers), Some(("1".to_owned(), "old".to_owned())));

        writer.commit(&failing).unwrap();
        assert_eq!(readers.revision(), 2);
        assert_eq!(value_of_a(&readers), Some(("2".to_owned(), "new".to_owned())));
    }
}

#[test]
fn a_write_that_is_refused_takes_its_whole_batch_back() {
    let (mut writer, readers, _disk) = store();
    commit(&mut writer, 1, vec![write_job(1, job("default", "taken", 1))]);
    let refused = writer.commit(&batch(
        3,
        vec![
            write_object(config_map("default", "a", 2, "new")),
            write_job(2, job("default", "taken", 3)),
        ],
    ));
    assert!(matches!(refused, Err(StoreError::Failed(_))), "two Jobs of one name: {refused:?}");
    assert_eq!(value_of_a(&readers), None);
    assert_eq!(writer.recover().unwrap().revision, 1);
}

#[test]
fn revisions_never_go_back() {
    let (mut writer, _readers, _disk) = store();
    commit(&mut writer, 5, vec![]);
    assert!(matches!(writer.commit(&batch(4, vec![])), Err(StoreError::Failed(_))));
}

#[test]
fn after_a_crash_what_was_committed_is_there_and_older_watches_are_expired() {
    let disk = disk();
    let (mut writer, readers) = disk.open().unwrap();
    commit(&mut writer, 1, vec![write_object(config_map("default", "a", 1, "old"))]);
    drop((writer, readers));

    let (mut writer, readers) = disk.open().unwrap();
    assert_eq!(value_of_a(&readers), Some(("1".to_owned(), "old".to_owned())));
    assert_eq!(writer.recover().unwrap().revision, 1);
    assert_eq!(readers.revision(), 1);
    assert!(readers.changes(0, 9).is_err());
    assert_eq!(readers.changes(1, 9).unwrap().len(), 0);
}

#[test]
fn a_log_that_is_cut_anywhere_opens_as_of_a_commit_before_the_cut() {
    let directory = tempfile::tempdir().unwrap();
    let (database, log) = (directory.path().join("db"), directory.path().join("db-wal"));
    let (mut writer, readers) = Database::open(&database, &Settings::default()).unwrap();
    let commits = 12;
    for revision in 1..=commits {
        let name = format!("m{revision}");
        commit(
            &mut writer,
            revision,
            vec![
                write_object(config_map("default", "a", revision, &"x".repeat(3000))),
                write_object(config_map("default", &name, revision, "")),
            ],
        );
    }
    let (database, log) = (std::fs::read(&database).unwrap(), std::fs::read(&log).unwrap());
    drop((writer, readers));

    let mut newest = 0;
    for cut in (0..log.len()).step_by(997).chain([log.len()]) {
        for tail in ["", "garbage that was in the sector before"] {
            let copy = tempfile::tempdir().unwrap();
            let log = [&log[..cut], tail.as_bytes()].concat();
            std::fs::write(copy.path().join("db"), &database).unwrap();
            std::fs::write(copy.path().join("db-wal"), log).unwrap();
            let revision = whole_revision(&copy.path().join("db"));
            assert!(revision >= newest, "cut at {cut}: {revision} after {newest}");
            newest = revision;
        }
    }
    assert_eq!(newest, commits);
}

/// Opens a database and returns its revision, with which everything in it agrees.
fn whole_revision(path: &Path) -> u64 {
    let (mut writer, readers) = Database::open(path, &Settings::default()).unwrap();
    let revision = writer.recover().unwrap().revision;
    let objects = readers.list(Kind::ConfigMap, &ListScope::default()).unwrap();
    assert_eq!(objects.revision, revision);
    let newest = value_of_a(&readers).map_or(0, |(version, _)| version.parse().unwrap());
    assert_eq!(newest, revision);
    let expected = if revision == 0 { 0 } else { revision + 1 };
    assert_eq!(u64::try_from(objects.items.len()).unwrap(), expected);
    revision
}

#[test]
fn a_full_disk_refuses_new_things_takes_deletions_and_recovers() {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings { max_bytes: Some(400 << 10), ..Settings::default() };
    let (mut writer, readers) = Database::open(&directory.path().join("db"), &settings).unwrap();
    let large = |revision| config_map("default", "large", revision, &"x".repeat(200 << 10));
    commit(&mut writer, 1, vec![write_object(large(1))]);
    let more = config_map("default", "a", 2, &"y".repeat(300 << 10));

    let refused = writer.commit(&batch(2, vec![write_object(more.clone())]));
    assert_eq!(refused, Err(StoreError::Full));
    assert_eq!(readers.get(&large(1).key()).unwrap(), Some(large(1)));
    assert_eq!(value_of_a(&readers), None);

    commit(&mut writer, 2, vec![Write::Forget { key: large(1).key(), job: None }]);
    commit(&mut writer, 3, vec![write_object(more)]);
    assert!(value_of_a(&readers).is_some());
}

#[test]
fn a_reader_sees_whole_commits_while_the_writer_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings { readers: 2, checkpoint_bytes: 64 << 10, ..Settings::default() };
    let (mut writer, readers) = Database::open(&directory.path().join("db"), &settings).unwrap();
    let commits = 300;
    std::thread::scope(|threads| {
        for _ in 0..3 {
            let readers = readers.clone();
            threads.spawn(move || while see_one_moment(&readers) < commits {});
        }
        for revision in 1..=commits {
            let both = ["a", "b"].map(|name| config_map("default", name, revision, ""));
            commit(&mut writer, revision, both.map(write_object).to_vec());
        }
    });
}

fn see_one_moment(readers: &Readers) -> u64 {
    let seen = readers.list(Kind::ConfigMap, &ListScope::default()).unwrap();
    for object in &seen.items {
        let version = object.metadata().resource_version.as_deref();
        assert_eq!(version, Some(seen.revision.to_string().as_str()));
    }
    assert_eq!(seen.items.len(), if seen.revision == 0 { 0 } else { 2 });
    seen.revision
}

#[test]
fn what_cannot_be_read_back_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("db");
    let (mut writer, readers) = Database::open(&path, &Settings::default()).unwrap();
    commit(
        &mut writer,
        1,
        vec![
            write_job(1, job("default", "j", 1)),
            write_pod(pod(1, 0, 1, PodPhase::Running)),
            write_object(config_map("default", "a", 1, "")),
        ],
    );
    let spoil = rusqlite::Connection::open(&path).unwrap();
    spoil.execute_batch("UPDATE objects SET body = '{'; UPDATE pods SET body = '{'").unwrap();

    let map = readers.get(&key(Kind::ConfigMap, "a")).unwrap_err().to_string();
    assert!(map.starts_with("the stored ConfigMap a cannot be read: EOF"), "{map}");
    let pod = readers.list(Kind::Pod, &ListScope::default()).unwrap_err().to_string();
    assert!(pod.starts_with("the stored pod 1/0 cannot be read: EOF"), "{pod}");
    let job = writer.job(&key(Kind::Job, "j")).unwrap_err().to_string();
    assert!(job.starts_with("the stored pod 1/0 cannot be read: EOF"), "{job}");
}

/// The resourceVersion and value of the ConfigMap `a`.
fn value_of_a(readers: &Readers) -> Option<(String, String)> {
    let Some(Object::ConfigMap(map)) = readers.get(&key(Kind::ConfigMap, "a")).unwrap() else {
        return None;
    };
    let value = map.data.unwrap().remove("value").unwrap();
    Some((map.metadata.resource_version.unwrap(), value))
}
