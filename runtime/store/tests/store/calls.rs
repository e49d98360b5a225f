//! Requests to triggers: remembered with their Jobs, answered once, forgotten when told so.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jobling_core::Timestamp;
use jobling_core::api::{Kind, Object};
use jobling_core::engine::{OldAnswer, Reader, Store, Write};
use jobling_core::pods::JobId;
use jobling_core::trigger::{CallOutput, IdempotencyKey, OpenCall, Outcome, TriggerCall};
use jobling_store::Settings;
use serde_json::json;

use crate::given::{commit, job, key, store, write_job, write_object};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

fn open(key: Option<&str>) -> Arc<OpenCall> {
    let idempotency = key.map(|key| IdempotencyKey { key: key.to_owned(), fingerprint: [7; 32] });
    let call = TriggerCall {
        method: "POST".into(),
        path: "/a".into(),
        query: "x=1".into(),
        segments: BTreeMap::from([("n".to_owned(), "v".to_owned())]),
        headers: vec![("accept".into(), "*/*".into())],
        body: vec![0, 159, 255],
        remote: Some("127.0.0.1".into()),
        received: at(5),
        idempotency,
    };
    let retention = Duration::from_mins(1);
    Arc::new(OpenCall { trigger_uid: "t".into(), retention, call: Arc::new(call) })
}

fn call(id: u64, name: &str, of: Option<&str>) -> Write {
    Write::Call { job: JobId(id), key: key(Kind::Job, name), call: open(of) }
}

fn ended(id: u64, until: i64) -> Write {
    Write::CallEnded { job: JobId(id), outcome: Arc::new(Outcome::Succeeded), until: at(until) }
}

#[test]
fn a_request_without_an_answer_is_found_again_with_its_job() {
    let (mut writer, readers, disk) = store();
    let writes = vec![write_job(1, job("default", "a", 1)), call(1, "a", Some("k"))];
    commit(&mut writer, 1, writes);
    drop((writer, readers));

    let (mut writer, readers) = disk.open().unwrap();
    let recovered = writer.recover().unwrap();
    assert_eq!(recovered.unfinished[0].call, Some(open(Some("k"))), "its body too");
    let record = writer.call_with_key("t", "k").unwrap().unwrap();
    assert_eq!((record.job.as_str(), record.fingerprint), ("a", Some([7; 32])));
    assert_eq!((record.answer, record.until, record.received), (None, None, at(5)));
    assert!(readers.call("default", "a").unwrap().is_some());
    assert!(writer.call_with_key("other", "k").unwrap().is_none(), "a key is its trigger's");
}

#[test]
fn an_answer_outlives_its_job_and_the_request_does_not() {
    let (mut writer, readers, disk) = store();
    let output = CallOutput { bytes: b"printed".as_slice().into(), truncated: true };
    commit(&mut writer, 1, vec![write_job(1, job("default", "a", 1)), call(1, "a", Some("k"))]);
    let writes = vec![
        Write::CallOutput { job: JobId(1), output: output.clone() },
        ended(1, 99),
        Write::Forget { key: key(Kind::Job, "a"), job: Some(JobId(1)) },
    ];
    commit(&mut writer, 2, writes);

    let record = readers.call("default", "a").unwrap().unwrap();
    let answer = record.answer.unwrap();
    assert_eq!((&answer.outcome, &answer.output), (&Outcome::Succeeded, &output));
    assert_eq!(record.until, Some(at(99)));
    assert!(writer.recover().unwrap().unfinished.is_empty());
    assert_eq!(disk.count("calls WHERE body IS NOT NULL").unwrap(), 0, "disk is for the living");
}

#[test]
fn answers_are_found_by_their_time_and_forgotten() {
    let (mut writer, readers, disk) = store();
    let trigger = json!({"metadata": {"name": "t", "namespace": "default", "uid": "t",
        "resourceVersion": "1"}});
    let trigger = Object::from_value(Kind::HTTPTrigger, &trigger).unwrap();
    let writes = vec![
        write_object(trigger),
        call(1, "a", Some("k")),
        call(2, "b", None),
        call(3, "c", None),
        ended(1, 30),
        ended(2, 20),
        ended(3, 40),
    ];
    commit(&mut writer, 1, writes);
    let old = |job, keyed| OldAnswer { job: JobId(job), trigger_uid: "t".into(), keyed };
    assert_eq!(writer.answers_until(at(30), 9).unwrap(), [old(2, false), old(1, true)]);
    assert_eq!(writer.answers_until(at(30), 1).unwrap(), [old(2, false)]);
    assert_eq!(writer.oldest_answer(at(30)).unwrap(), Some(at(40)));
    let recovered = writer.recover().unwrap();
    assert_eq!(recovered.oldest_answer, Some(at(20)));
    let [trigger] = recovered.triggers.as_slice() else { panic!("one trigger is stored") };
    assert_eq!((trigger.keys, &*trigger.answers), (1, &[JobId(2), JobId(3)][..]));

    commit(&mut writer, 2, vec![Write::ForgetCall(JobId(1)), Write::ForgetCall(JobId(2))]);
    assert_eq!(disk.count("calls").unwrap(), 1);
    assert!(readers.call("default", "a").unwrap().is_none());
    // The key is free again.
    commit(&mut writer, 3, vec![call(4, "d", Some("k"))]);
    assert_eq!(writer.call_with_key("t", "k").unwrap().unwrap().job, "d");
}

#[test]
fn a_key_that_is_remembered_cannot_be_anothers() {
    let (mut writer, _readers, _disk) = store();
    commit(&mut writer, 1, vec![call(1, "a", Some("k"))]);
    let again = crate::given::batch(2, vec![call(2, "b", Some("k"))]);
    assert!(writer.commit(&again).is_err(), "the schema repeats the invariant");
}

#[test]
fn a_database_of_version_2_takes_requests() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jobling.db");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(include_str!("fixtures/v1.sql")).unwrap();
    old.execute_batch(include_str!("../../src/schema/v2.sql")).unwrap();
    old.pragma_update(None, "user_version", 2).unwrap();
    drop(old);

    let (mut writer, readers) = jobling_store::Database::open(&path, &Settings::default()).unwrap();
    assert_eq!(writer.recover().unwrap().unfinished.len(), 1, "what it held is there");
    commit(&mut writer, 20, vec![call(9, "a", Some("k"))]);
    assert!(readers.call("default", "a").unwrap().is_some());
}
