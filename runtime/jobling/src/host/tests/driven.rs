//! With played pods: what is answered, what is due, and how it ends.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jobling_core::api::{Kind, Object, ObjectKey, Reason};
use serde_json::json;
use tokio::sync::mpsc;

use super::asking::{create, creation, end_of, job, within};
use super::played::{Play, Scene};
use crate::host::Ended;

#[tokio::test]
async fn a_job_goes_from_its_request_to_its_end() {
    let scene = Scene::new();
    let host = scene.host(Play::Exit(0)).unwrap();
    let reply = create(host.handle(), "report", json!({"completions": 3})).await.unwrap();
    assert!(matches!(reply.object, Object::Job(_)));
    assert_eq!(end_of(host.handle(), "report").await, "Complete");
    let again = create(host.handle(), "report", json!({})).await.unwrap_err();
    assert_eq!(again.reason, Reason::AlreadyExists);
}

#[tokio::test]
async fn after_a_crash_the_next_host_goes_on() {
    let scene = Scene::new();
    let host = scene.host(Play::Run).unwrap();
    create(host.handle(), "report", json!({})).await.unwrap();
    drop(host);
    let host = scene.host(Play::Exit(0)).unwrap();
    assert_eq!(end_of(host.handle(), "report").await, "Complete");
    let failed = job(host.handle(), "report").status.unwrap().failed;
    assert_eq!(failed, Some(1), "the attempt that the crash cut off counts");
}

#[tokio::test]
async fn a_second_host_on_the_same_directory_is_refused_by_name() {
    let scene = Scene::new();
    let _first = scene.host(Play::Run).unwrap();
    let refusal = scene.host(Play::Run).err().expect("the directory is in use").to_string();
    let expected = format!("{} is in use by process", scene.data().display());
    assert!(refusal.starts_with(&expected), "{refusal}");
}

#[tokio::test]
async fn a_shutdown_ends_the_pods_and_their_ends_do_not_count() {
    let scene = Scene::new();
    let host = scene.host(Play::Run).unwrap();
    create(host.handle(), "report", json!({"parallelism": 2, "completions": 2})).await.unwrap();
    let handle = host.handle().clone();
    assert_eq!(within(host.shutdown(Duration::from_secs(30))).await, Ended::Drained);
    let refused = create(&handle, "late", json!({})).await.unwrap_err();
    assert_eq!(refused.reason, Reason::ServiceUnavailable);

    let host = scene.host(Play::Exit(0)).unwrap();
    assert_eq!(end_of(host.handle(), "report").await, "Complete");
    assert_eq!(job(host.handle(), "report").status.unwrap().failed, None);
}

#[tokio::test]
async fn a_second_drain_may_shorten_the_grace_of_the_first() {
    let scene = Scene::new();
    let host = scene.host(Play::Stay).unwrap();
    create(host.handle(), "report", json!({})).await.unwrap();
    let mut first = host.handle().drain(Duration::from_hours(1));
    let mut revisions = host.handle().revisions();
    tokio::select! {
        biased;
        _ = &mut first => panic!("the pod has an hour"),
        told = revisions.changed() => told.unwrap(),
    }
    assert_eq!(within(host.handle().drain(Duration::ZERO)).await, Ended::Drained);
    assert_eq!(within(first).await, Ended::Drained);
}

#[tokio::test]
async fn a_clock_that_is_put_forward_makes_due_what_is_due_by_it() {
    let scene = Scene::new();
    let host = scene.host(Play::Run).unwrap();
    create(host.handle(), "report", json!({"activeDeadlineSeconds": 1_000})).await.unwrap();
    scene.clock.0.fetch_add(2_000, Ordering::SeqCst);
    host.handle().0.orders.send_modify(|orders| orders.clock_sets += 1);
    assert_eq!(end_of(host.handle(), "report").await, "Failed");
}

#[tokio::test]
async fn what_is_due_happens_without_anything_else_happening() {
    let scene = Scene::new();
    let host = scene.host(Play::Exit(0)).unwrap();
    let due = Duration::from_secs(1);
    create(host.handle(), "report", json!({"ttlSecondsAfterFinished": due.as_secs()}))
        .await
        .unwrap();
    // The played clock stands: the wait is over when the monotonic one says so.
    end_of(host.handle(), "report").await;
    scene.clock.0.fetch_add(1, Ordering::SeqCst);
    let mut revisions = host.handle().revisions();
    let key = ObjectKey::new(Kind::Job, "default", "report");
    while host.handle().reader().get(&key).unwrap().is_some() {
        within(revisions.changed()).await.unwrap();
    }
}

#[tokio::test]
async fn past_the_bound_of_waiting_requests_the_answer_is_to_try_again() {
    let scene = Scene::new();
    let (entered, mut has_entered) = mpsc::channel(1);
    let (leave, may_leave) = std::sync::mpsc::channel::<()>();
    let busy = Play::Block(entered, Arc::new(Mutex::new(may_leave)));
    let host = scene.host_with(busy, |settings| settings.most_requests = 1).unwrap();
    let handle = host.handle().clone();
    let first = handle.submit(creation("first", json!({})));
    within(has_entered.recv()).await.unwrap();
    let second = handle.submit(creation("second", json!({"suspend": true})));
    let refused = create(&handle, "third", json!({})).await.unwrap_err();
    assert_eq!(refused.reason, Reason::TooManyRequests);
    assert_eq!(refused.retry_after_seconds, Some(1));
    leave.send(()).unwrap();
    within(first).await.unwrap();
    within(second).await.unwrap();
}

#[tokio::test]
async fn a_panic_of_the_engine_is_told_and_hangs_nobody() {
    let scene = Scene::new();
    let host = scene.host(Play::Panic).unwrap();
    let lost = create(host.handle(), "report", json!({})).await.unwrap_err();
    assert_eq!(lost.reason, Reason::ServiceUnavailable);
    let ended = within(host.handle().ended()).await;
    assert_eq!(ended, Ended::Panicked("a played fault".to_owned()));
    drop(host);
    scene.host(Play::Exit(0)).expect("the directory is free again");
}
