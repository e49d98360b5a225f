//! What watches can ask for of the past: a bounded part of it, and less on a quiet host.

use jobling_core::api::Kind;
use jobling_core::engine::{Expired, Reader, Store};
use jobling_store::testing::MemoryDisk;
use jobling_store::{FeedLimits, Settings};

use crate::given::{SEED, batch, change, commit, config_map, key, store, write_object};
use crate::round_trips::revisions;

#[test]
fn what_the_feed_no_longer_keeps_is_expired() {
    let bounds = [
        ("changes", FeedLimits { changes: 2, bytes: usize::MAX }),
        ("bytes", FeedLimits { changes: usize::MAX, bytes: 20_000 }),
    ];
    for (bound, feed) in bounds {
        let disk = MemoryDisk::new(SEED, Settings { feed, ..Settings::default() }).unwrap();
        let (mut writer, readers) = disk.open().unwrap();
        for revision in 1..=9 {
            let mut batch = batch(revision, vec![]);
            let object = config_map("default", "a", revision, &"x".repeat(1000));
            batch.changes = vec![change(revision, None, Some(object))];
            writer.commit(&batch).unwrap();
        }
        assert_eq!(revisions(&readers, 7, 9), Ok(vec![8, 9]), "{bound}");
        assert_eq!(revisions(&readers, 6, 9), Err(Expired { asked: 6, oldest: 7 }), "{bound}");
    }
}

#[test]
fn a_store_at_rest_remembers_all_and_lets_go_of_what_watches_have_seen() {
    let (mut writer, readers, _disk) = store();
    for revision in 1..=99 {
        let object = config_map("default", "a", revision, &"x".repeat(20_000));
        let mut batch = batch(revision, vec![write_object(object.clone())]);
        batch.changes = vec![change(revision, None, Some(object))];
        writer.commit(&batch).unwrap();
    }
    assert_eq!(revisions(&readers, 0, 1), Ok(vec![1]));
    writer.rest();
    assert_eq!(readers.revision(), 99);
    assert_eq!(revisions(&readers, 97, 9), Ok(vec![98, 99]), "the newest are there");
    let oldest = revisions(&readers, 0, 9).unwrap_err().oldest;
    assert!((70..90).contains(&oldest), "a mebibyte is: after {oldest}");
    assert!(readers.get(&key(Kind::ConfigMap, "a")).unwrap().is_some());
    commit(&mut writer, 100, vec![]);
}
