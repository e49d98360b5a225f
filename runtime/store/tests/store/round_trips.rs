//! Each write can be read back, by the writer and by the readers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jobling_core::Timestamp;
use jobling_core::api::{Kind, Object};
use jobling_core::engine::{Expired, ListScope, Reader, Store, StoreError, Write};
use jobling_core::pods::{JobId, JobInfo, Pod, PodPhase};
use jobling_store::testing::MemoryDisk;
use jobling_store::{Readers, Settings};
use serde_json::json;

use crate::given::{
    SEED, batch, change, commit, complete, config_map, job, job_with, key, pod, store, write_job,
    write_object, write_pod, write_status,
};

#[test]
fn an_empty_store_has_its_seed_and_begins_at_job_1() {
    let (mut writer, readers, _disk) = store();
    let recovered = writer.recover().unwrap();
    assert_eq!((recovered.seed, recovered.revision), (SEED, 0));
    assert_eq!(recovered.next_job, JobId(1));
    assert_eq!(readers.revision(), 0);
}

#[test]
fn two_databases_have_different_seeds() {
    let directory = tempfile::tempdir().unwrap();
    let seed_of = |name: &str| {
        let path = directory.path().join(name);
        let (mut writer, _) = jobling_store::Database::open(&path, &Settings::default()).unwrap();
        writer.recover().unwrap().seed
    };
    assert_ne!(seed_of("one"), seed_of("two"));
    assert_eq!(seed_of("one"), seed_of("one"), "the seed is drawn once");
}

#[test]
fn an_object_is_read_as_it_was_written_until_it_is_forgotten() {
    let (mut writer, readers, _disk) = store();
    let (old, new) = (config_map("default", "a", 1, "old"), config_map("default", "a", 2, "new"));
    let key = old.key();

    commit(&mut writer, 1, vec![write_object(old.clone())]);
    assert_eq!(readers.get(&key).unwrap(), Some(old));
    commit(&mut writer, 2, vec![write_object(new.clone())]);
    assert_eq!(writer.get(&key).unwrap(), Some(new));
    commit(&mut writer, 3, vec![Write::Forget { key: key.clone(), job: None }]);
    assert_eq!(readers.get(&key).unwrap(), None);
}

#[test]
fn a_job_is_what_was_written_with_the_newest_status_and_the_newer_revision() {
    let (mut writer, readers, _disk) = store();
    commit(&mut writer, 1, vec![write_job(1, job("default", "report", 1))]);
    assert_eq!(version_and_active(&readers), ("1".to_owned(), None));

    let (older, newer) = (json!({ "active": 2 }), json!({ "active": 1 }));
    commit(&mut writer, 3, vec![write_status(1, 2, &older), write_status(1, 3, &newer)]);
    assert_eq!(version_and_active(&readers), ("3".to_owned(), Some(1)));

    commit(&mut writer, 4, vec![write_job(1, job("default", "report", 4))]);
    assert_eq!(version_and_active(&readers), ("4".to_owned(), Some(1)));

    let record = writer.job(&key(Kind::Job, "report")).unwrap().unwrap();
    assert_eq!((record.id, record.memory), (JobId(1), b"{\"as_of\":3}".to_vec()));
}

#[test]
fn a_status_without_its_job_is_refused() {
    let (mut writer, _readers, _disk) = store();
    let refused = writer.commit(&batch(1, vec![write_status(9, 1, &json!({}))]));
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
}

#[test]
fn a_pod_without_its_job_is_refused() {
    let (mut writer, _readers, _disk) = store();
    let pod = pod(1, 0, 2, PodPhase::Running);
    let refused = writer.commit(&batch(2, vec![write_pod(pod.clone())]));
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");

    // Whatever the order in the batch: what counts is what it leaves.
    commit(&mut writer, 2, vec![write_pod(pod.clone()), write_job(1, job("default", "a", 1))]);
    let gone = Write::Forget { key: key(Kind::Job, "a"), job: Some(JobId(1)) };
    let refused = writer.commit(&batch(3, vec![gone.clone(), write_pod(pod.clone())]));
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
    commit(&mut writer, 3, vec![write_pod(pod), gone]);
}

#[test]
fn a_forgotten_job_takes_its_pods_and_status_along_and_no_other_jobs() {
    let (mut writer, readers, _disk) = store();
    commit(
        &mut writer,
        9,
        vec![
            write_job(1, job("default", "one", 1)),
            write_status(1, 2, &json!({})),
            write_pod(pod(1, 0, 3, PodPhase::Running)),
            write_job(2, job("default", "two", 4)),
            write_pod(pod(2, 0, 5, PodPhase::Running)),
        ],
    );
    let gone = Write::Forget { key: key(Kind::Job, "one"), job: Some(JobId(1)) };
    commit(&mut writer, 10, vec![gone]);

    let left = writer.recover().unwrap().unfinished;
    assert_eq!(left.iter().map(|record| record.id).collect::<Vec<_>>(), [JobId(2)]);
    assert_eq!(left[0].pods, [pod(2, 0, 5, PodPhase::Running)]);
    assert_eq!(writer.job(&key(Kind::Job, "one")).unwrap().map(|record| record.id), None);
    assert_eq!(readers.list(Kind::Pod, &ListScope::default()).unwrap().items.len(), 1);

    // The name is free again.
    commit(&mut writer, 11, vec![write_job(3, job("default", "one", 11))]);
    assert_eq!(writer.job(&key(Kind::Job, "one")).unwrap().unwrap().id, JobId(3));
}

#[test]
fn a_pod_is_found_by_its_name() {
    let (mut writer, readers, _disk) = store();
    let names = ["report", "report-7", "r", &"x".repeat(57), &"x".repeat(58), &"x".repeat(63)];
    for (number, name) in (1..).zip(names) {
        let job = job("default", name, number);
        let info = JobInfo::of(JobId(number), &job);
        commit(&mut writer, number, vec![write_job(number, job)]);
        for (ordinal, index) in [(0, None), (1, Some(0)), (2, Some(7)), (3, Some(123_456))] {
            let pod = Pod { index, ..pod(number, ordinal, number, PodPhase::Running) };
            commit(&mut writer, number, vec![write_pod(pod.clone())]);
            let name = pod.name(&info);
            let found = readers.pod("default", &name).unwrap().unwrap();
            assert_eq!(found, (pod.clone(), Arc::new(info.clone())), "{name}");
            assert_eq!(writer.pod("default", &name).unwrap().unwrap().0, pod, "{name}");
            assert_eq!(readers.pod("other", &name).unwrap(), None, "{name} elsewhere");
        }
    }
    for name in ["", "a", "bcdfg", "-bcdfg", "report-bcdfg", "report-eeeee", "ß", "report-üß"] {
        assert_eq!(readers.pod("default", name).unwrap(), None, "{name}");
    }
}

#[test]
fn a_forgotten_pod_is_gone() {
    let (mut writer, readers, _disk) = store();
    let pod = pod(1, 0, 2, PodPhase::Running);
    commit(&mut writer, 2, vec![write_job(1, job("default", "a", 1)), write_pod(pod.clone())]);
    commit(&mut writer, 3, vec![Write::ForgetPod(pod.id)]);
    assert_eq!(readers.list(Kind::Pod, &ListScope::default()).unwrap().items, []);
    assert!(readers.get(&key(Kind::Job, "a")).unwrap().is_some(), "a Job outlives its pods");
}

#[test]
fn orphaned_pods_keep_their_template_until_the_last_of_them_goes() {
    let (mut writer, readers, disk) = store();
    let job = job("default", "report", 1);
    let pods = [pod(1, 0, 2, PodPhase::Succeeded), pod(1, 1, 3, PodPhase::Running)];
    let [first, second] = pods.clone();
    commit(&mut writer, 3, vec![write_job(1, job.clone()), write_pod(first), write_pod(second)]);
    commit(&mut writer, 4, vec![Write::Orphan { key: key(Kind::Job, "report"), job: JobId(1) }]);

    let info = JobInfo { orphaned: true, ..JobInfo::of(JobId(1), &job) };
    assert_eq!(readers.get(&key(Kind::Job, "report")).unwrap(), None);
    assert_eq!(readers.list(Kind::Job, &ListScope::default()).unwrap().items, []);
    let found = readers.pod("default", &pods[0].name(&info)).unwrap();
    assert_eq!(found, Some((pods[0].clone(), Arc::new(info.clone()))));
    let keys = writer.keys("default").unwrap();
    assert_eq!(keys, pods.clone().map(|pod| key(Kind::Pod, &pod.name(&info))));
    let recovered = writer.recover().unwrap().unfinished;
    assert_eq!(recovered.len(), 1);
    assert!(recovered[0].orphaned);
    assert_eq!(recovered[0].pods, [pods[1].clone()]);

    commit(&mut writer, 5, vec![Write::ForgetPod(pods[1].id)]);
    assert!(readers.pod("default", &pods[0].name(&info)).unwrap().is_some());
    commit(&mut writer, 6, vec![Write::ForgetPod(pods[0].id)]);
    assert_eq!(writer.keys("default").unwrap(), []);
    drop((writer, readers));
    assert_eq!(stored_jobs(&disk), 0);
}

#[test]
fn an_orphan_without_pods_leaves_nothing() {
    let (mut writer, readers, disk) = store();
    commit(&mut writer, 1, vec![write_job(1, job("default", "report", 1))]);
    commit(&mut writer, 2, vec![Write::Orphan { key: key(Kind::Job, "report"), job: JobId(1) }]);
    drop((writer, readers));
    assert_eq!(stored_jobs(&disk), 0);
}

#[test]
fn a_start_reads_what_has_something_to_do_and_no_history() {
    let (mut writer, _readers, _disk) = store();
    let deleted = {
        let mut job = job("default", "deleted", 1);
        job.metadata.deletion_timestamp = Some(Timestamp::from_unix_seconds(5).to_time());
        job
    };
    let ttl = json!({ "ttlSecondsAfterFinished": 100 });
    commit(
        &mut writer,
        9,
        vec![
            write_job(1, job("default", "new", 1)),
            write_job(2, job("default", "running", 1)),
            write_status(2, 2, &json!({ "active": 1 })),
            write_pod(pod(2, 0, 3, PodPhase::Failed)),
            write_pod(pod(2, 1, 3, PodPhase::Running)),
            write_job(3, job("default", "done", 1)),
            write_status(3, 2, &complete(50)),
            write_pod(pod(3, 0, 3, PodPhase::Succeeded)),
            write_job(4, deleted),
            write_status(4, 2, &complete(50)),
            write_job(5, job_with("default", "expiring", 1, ttl)),
            write_status(5, 2, &complete(50)),
            write_job(6, job("default", "done-yet-running", 1)),
            write_status(6, 2, &complete(50)),
            write_pod(pod(6, 0, 3, PodPhase::Running)),
        ],
    );
    let recovered = writer.recover().unwrap();
    let unfinished: Vec<_> =
        recovered.unfinished.iter().map(|record| (record.id.0, record.pods.len())).collect();
    assert_eq!(unfinished, [(1, 0), (2, 1), (4, 0), (6, 1)]);
    let due = Timestamp::from_unix_seconds(150);
    assert_eq!(recovered.expiring, [(key(Kind::Job, "expiring"), due)]);
    assert_eq!((recovered.revision, recovered.next_job), (9, JobId(100)));
}

#[test]
fn a_start_reads_every_namespace_and_claim() {
    let (mut writer, _readers, _disk) = store();
    let claim = json!({ "metadata": { "namespace": "a", "name": "c", "resourceVersion": "1" } });
    let claim = Object::from_value(Kind::PersistentVolumeClaim, &claim).unwrap();
    let namespace = json!({ "metadata": { "name": "a", "resourceVersion": "1" } });
    let namespace = Object::from_value(Kind::Namespace, &namespace).unwrap();
    let config = config_map("a", "m", 1, "");
    let all = [claim.clone(), namespace.clone(), config];
    commit(&mut writer, 1, all.map(write_object).to_vec());
    assert_eq!(writer.recover().unwrap().objects, [namespace, claim]);
}

#[test]
fn the_keys_of_a_namespace_are_its_objects_and_jobs() {
    let (mut writer, _readers, _disk) = store();
    commit(
        &mut writer,
        4,
        vec![
            write_object(config_map("default", "m", 1, "")),
            write_object(config_map("other", "n", 2, "")),
            write_job(1, job("default", "j", 3)),
            write_pod(pod(1, 0, 4, PodPhase::Running)),
        ],
    );
    assert_eq!(writer.keys("default").unwrap(), [key(Kind::ConfigMap, "m"), key(Kind::Job, "j")]);
}

#[test]
fn the_feed_tells_what_commits_changed_and_calls_the_hooks() {
    let (mut writer, readers, _disk) = store();
    let told = Arc::new(AtomicU64::new(0));
    let heard = Arc::clone(&told);
    readers.on_commit(Box::new(move |revision| heard.store(revision, Ordering::Relaxed)));

    for revision in 1..=3 {
        let object = config_map("default", "a", revision, "");
        let mut batch = batch(revision, vec![write_object(object.clone())]);
        batch.changes = vec![change(revision, None, Some(object))];
        writer.commit(&batch).unwrap();
    }
    assert_eq!(told.load(Ordering::Relaxed), 3);
    assert_eq!(readers.revision(), 3);
    assert_eq!(revisions(&readers, 0, 10), Ok(vec![1, 2, 3]));
    assert_eq!(revisions(&readers, 1, 1), Ok(vec![2]));
    assert_eq!(revisions(&readers, 3, 10), Ok(vec![]));
    assert_eq!(revisions(&readers, 99, 10), Ok(vec![]));
}

#[test]
fn a_list_comes_in_pages_that_together_are_the_list() {
    let (mut writer, readers, _disk) = store();
    let mut writes = vec![];
    for number in 1..=7 {
        let namespace = if number % 2 == 0 { "a" } else { "b" };
        writes.push(write_job(number, job(namespace, &format!("j{}", 9 - number), number)));
        writes.push(write_object(config_map(namespace, &format!("m{number}"), number, "")));
        writes.push(write_pod(pod(number, 0, number, PodPhase::Running)));
        writes.push(write_pod(pod(number, 1, number, PodPhase::Failed)));
    }
    commit(&mut writer, 7, writes);
    for kind in [Kind::Job, Kind::ConfigMap, Kind::Pod] {
        for namespace in [None, Some("a"), Some("b"), Some("c")] {
            let namespace = namespace.map(str::to_owned);
            let whole = ListScope { namespace: namespace.clone(), ..ListScope::default() };
            let whole = readers.list(kind, &whole).unwrap();
            assert_eq!((whole.revision, whole.next), (7, None));
            for limit in [1, 2, 3, 7, 14, 100] {
                let pages = pages(&readers, kind, namespace.clone(), limit);
                assert_eq!(pages, whole.items, "{kind} in {namespace:?} by {limit}");
            }
        }
    }
}

#[test]
fn pods_are_listed_by_job_and_age_and_the_hint_spares_the_others() {
    let (mut writer, readers, _disk) = store();
    let jobs = [job("default", "z", 1), job("default", "a", 2), job("other", "z", 3)];
    let infos = [0, 1, 2].map(|i| JobInfo::of(JobId(i + 1), &jobs[usize::try_from(i).unwrap()]));
    let mut writes: Vec<Write> =
        (1..).zip(jobs).map(|(number, job)| write_job(number, job)).collect();
    let rows = [(2, 0), (1, 1), (3, 0), (1, 0)].map(|(j, o)| pod(j, o, 4, PodPhase::Running));
    writes.extend(rows.map(write_pod));
    commit(&mut writer, 4, writes);
    let object = |job: u64, ordinal| {
        let info = &infos[usize::try_from(job - 1).unwrap()];
        Object::Pod(Box::new(pod(job, ordinal, 4, PodPhase::Running).to_object(info)))
    };
    let list = |namespace: Option<&str>, job_name: Option<&str>| {
        let namespace = namespace.map(str::to_owned);
        let job_name = job_name.map(str::to_owned);
        let scope = ListScope { namespace, job_name, ..ListScope::default() };
        readers.list(Kind::Pod, &scope).unwrap().items
    };
    let all = [object(1, 0), object(1, 1), object(2, 0), object(3, 0)];
    assert_eq!(list(None, None), all);
    assert_eq!(list(Some("default"), None), all[..3]);
    assert_eq!(list(Some("default"), Some("z")), all[..2]);
    assert_eq!(list(None, Some("z")), [all[0].clone(), all[1].clone(), all[3].clone()]);
    assert_eq!(list(Some("other"), Some("a")), []);
}

fn version_and_active(readers: &Readers) -> (String, Option<i32>) {
    let Some(Object::Job(job)) = readers.get(&key(Kind::Job, "report")).unwrap() else {
        panic!("the Job is stored")
    };
    let listed = readers.list(Kind::Job, &ListScope::default()).unwrap().items;
    assert_eq!(listed, [Object::Job(job.clone())]);
    (job.metadata.resource_version.unwrap(), job.status.and_then(|status| status.active))
}

pub(crate) fn revisions(readers: &Readers, after: u64, most: usize) -> Result<Vec<u64>, Expired> {
    let changes = readers.changes(after, most)?;
    Ok(changes.iter().map(|change| change.revision).collect())
}

fn pages(readers: &Readers, kind: Kind, namespace: Option<String>, limit: usize) -> Vec<Object> {
    let mut scope = ListScope { namespace, limit: Some(limit), ..ListScope::default() };
    let mut items = vec![];
    loop {
        let page = readers.list(kind, &scope).unwrap();
        assert!(page.items.len() <= limit);
        items.extend(page.items);
        scope.after = page.next;
        if scope.after.is_none() {
            return items;
        }
    }
}

/// Rows of Jobs, orphaned ones too.
fn stored_jobs(disk: &MemoryDisk) -> u64 {
    disk.count("jobs").unwrap()
}
