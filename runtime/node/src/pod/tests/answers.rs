//! Pods that answer requests, on a played sandbox.

use std::sync::Arc;

use jobling_core::engine::{PodStart, Runner as _};
use jobling_core::pods::{ContainerState, JobInfo, PodPhase};
use jobling_core::trigger::TriggerCall;
use serde_json::json;

use super::{given, main_of};
use crate::calls::CallRefused;
use crate::testing::{call, job, pod_start};

fn answering(image: &str) -> (JobInfo, Arc<TriggerCall>) {
    let mut info = job("thumbnail");
    let spec = json!({ "spec": {"restartPolicy": "OnFailure", "containers": main_of(image)} });
    info.template = serde_json::from_value(spec).unwrap();
    (info, Arc::new(TriggerCall { body: b"the body".to_vec(), ..call(&[]) }))
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_job_has_one_attempt_and_its_output_is_returned() {
    let world = given();
    for (image, phase) in [("exit-0", PodPhase::Succeeded), ("exit-3", PodPhase::Failed)] {
        let (info, call) = answering(image);
        let end = world.node.call(info, call).await.unwrap();
        assert_eq!((end.status.phase, &*end.output.bytes), (phase, &b"the body"[..]), "{image}");
    }
    assert_eq!(world.ran(), ["exit-0", "exit-3"]);
    assert!(world.node.unforgotten().is_empty(), "nothing is reported");
}

#[tokio::test(start_paused = true)]
async fn what_a_request_without_a_job_lacks_fails_it_at_once() {
    let world = given();
    let (info, call) = answering("absent");
    let end = world.node.call(info, call).await.unwrap();
    let ContainerState::Terminated(ended) = &end.status.containers[0].state else {
        panic!("{:?}", end.status)
    };
    assert_eq!((end.status.phase, ended.reason.as_str()), (PodPhase::Failed, "ErrImagePull"));
}

#[tokio::test(start_paused = true)]
async fn requests_without_a_job_wait_for_memory_and_leave_it_when_their_client_does() {
    let world = given();
    let (info, call) = answering("sleep");
    let mut first = Box::pin(world.node.call(info, call));
    assert!(futures::poll!(&mut first).is_pending());
    let (info, call) = answering("exit-0");
    let mut second = Box::pin(world.node.call(info, call));
    assert!(futures::poll!(&mut second).is_pending());
    drop(first);
    assert_eq!(second.await.unwrap().status.phase, PodPhase::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_never_fits_is_refused_and_one_that_waits_too_long_is_too() {
    let world = given();
    let (mut info, call) = answering("exit-0");
    info.template
        .spec
        .as_mut()
        .unwrap()
        .containers
        .extend(answering("exit-0").0.template.spec.unwrap().containers);
    let refused = world.node.call(info, call).await.map(drop);
    assert!(matches!(refused, Err(CallRefused::TooLarge { .. })), "{refused:?}");
    let (info, call) = answering("sleep");
    let mut first = Box::pin(world.node.call(info, call));
    assert!(futures::poll!(&mut first).is_pending());
    let (info, call) = answering("exit-0");
    assert_eq!(world.node.call(info, call).await.map(drop), Err(CallRefused::NoRoom));
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_jobs_pod_that_answers_a_request_has_its_output() {
    let mut world = given();
    let (info, call) = answering("exit-0");
    world.node.start(PodStart { call: Some(call), ..pod_start(info) });
    let output = loop {
        let report = world.next().await;
        if report.status.phase.is_terminal() {
            break report.output;
        }
    };
    assert_eq!(&*output.unwrap().bytes, b"the body");
}
