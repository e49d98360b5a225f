//! The Job controller's rules, one sentence a test.

use std::time::Duration;

use serde_json::json;

use super::given::{given, on_failure};
use super::*;
use crate::pods::{EndCause, PodPhase, Stop};

#[test]
fn a_job_starts_as_many_pods_as_may_run_at_once() {
    for (parallelism, completions, succeeded, pods) in [
        (1, Some(1), 0, 1),
        (3, Some(10), 0, 3),
        (5, Some(3), 0, 3),
        (3, Some(10), 8, 2),
        (0, Some(10), 0, 0),
        (4, None, 0, 4),
    ] {
        let mut job = given(json!({"parallelism": parallelism, "completions": completions}));
        job.state.ledger.succeeded = succeeded;
        let created = job.plan().create.len();
        assert_eq!(created, pods, "{parallelism} of {completions:?}, {succeeded} done");
    }
}

#[test]
fn a_work_queue_adds_no_pod_once_one_has_succeeded_and_completes_when_all_have_ended() {
    let mut job = given(json!({"parallelism": 3}));
    job.settle();
    job.ends(0, 0);
    job.settle();
    assert_eq!(job.state.pods.len(), 2);
    job.ends(1, 1);
    job.settle();
    assert_eq!(job.conditions(), "");
    job.ends(2, 0);
    job.settle();
    assert_eq!(job.conditions(), "SuccessCriteriaMet Complete");
}

#[test]
fn an_indexed_job_has_one_pod_for_each_index_that_has_not_ended() {
    let mut job = given(json!({"parallelism": 2, "completions": 4, "completionMode": "Indexed"}));
    job.settle();
    assert_eq!(job.indexes(), [0, 1]);
    job.ends(0, 0);
    job.settle();
    assert_eq!(job.indexes(), [1, 2]);
    assert_eq!(job.state.ledger.completed.to_string(), "0");
}

#[test]
fn a_replacement_waits_for_the_back_off() {
    let mut job = given(json!({"backoffLimit": 6}));
    job.settle();
    for (ordinal, delay) in [(0, 10), (1, 20), (2, 40)] {
        job.ends(ordinal, 1);
        let plan = job.settle();
        assert_eq!(plan.wake_at, Some(job.now.plus(Duration::from_secs(delay))), "{ordinal}");
        assert!(job.state.pods.is_empty(), "{ordinal}");
        job.now = job.now.plus(Duration::from_secs(delay));
        job.settle();
        assert_eq!(job.state.pods.len(), 1, "{ordinal}");
    }
}

#[test]
fn a_success_resets_the_back_off() {
    let mut job = given(json!({"backoffLimit": 6, "completions": 5}));
    job.settle();
    job.ends(0, 1);
    job.passes(10);
    job.ends(1, 0);
    job.settle();
    assert_eq!(job.state.pods.len(), 1, "its successor starts at once");
}

#[test]
fn more_failures_than_the_limit_fail_the_job() {
    for limit in [0, 2] {
        let mut job = given(json!({"backoffLimit": limit, "parallelism": 1, "completions": 9}));
        job.settle();
        for failure in 0..=limit {
            assert_eq!(job.conditions(), "", "limit {limit}, {failure} failures");
            job.ends(failure, 1);
            job.passes(600);
        }
        assert_eq!(job.conditions(), "FailureTarget Failed", "limit {limit}");
        assert_eq!(job.reason(), "BackoffLimitExceeded", "limit {limit}");
    }
}

#[test]
fn restarts_in_place_count_towards_the_limit_while_the_pod_lives() {
    for (limit, restarts, fails) in [(0, 0, false), (0, 1, true), (3, 2, false), (3, 3, true)] {
        let mut job = given(json!({"backoffLimit": limit, "template": on_failure()}));
        job.settle();
        job.restarted(0, restarts);
        job.settle();
        let failing = job.conditions().starts_with("FailureTarget");
        assert_eq!(failing, fails, "limit {limit}, {restarts} restarts");
    }
}

#[test]
fn the_deadline_wins_over_the_limit_and_ends_pods() {
    let mut job = given(json!({"backoffLimit": 0, "activeDeadlineSeconds": 60, "parallelism": 2,
        "completions": 2}));
    job.settle();
    job.ends(0, 1);
    job.now = job.now.plus(Duration::from_mins(1));
    let plan = job.plan();
    assert_eq!(plan.end.len(), 1);
    assert_eq!(plan.end[0].cause, EndCause::DeadlineExceeded);
    job.settle();
    assert_eq!(job.conditions(), "FailureTarget", "a pod still lives");
    job.ends(1, 143);
    job.settle();
    assert_eq!(job.conditions(), "FailureTarget Failed");
    assert_eq!(job.reason(), "DeadlineExceeded");
}

#[test]
fn an_index_fails_by_itself_and_the_job_goes_on() {
    let mut job = given(json!({"completionMode": "Indexed", "completions": 2, "parallelism": 2,
        "backoffLimitPerIndex": 1}));
    job.settle();
    job.ends(0, 1);
    job.passes(10);
    assert_eq!(job.pod(2).index_failures, Some(1));
    job.ends(2, 1);
    job.settle();
    assert_eq!(job.state.ledger.failed_indexes.to_string(), "0");
    assert_eq!(job.conditions(), "", "index 1 goes on");
    job.ends(1, 0);
    job.settle();
    assert_eq!(job.reason(), "FailedIndexes");
}

#[test]
fn too_many_failed_indexes_fail_the_job_at_once() {
    let mut job = given(json!({"completionMode": "Indexed", "completions": 5, "parallelism": 5,
        "backoffLimitPerIndex": 0, "maxFailedIndexes": 1}));
    job.settle();
    job.ends(0, 1);
    job.settle();
    assert_eq!(job.conditions(), "");
    job.ends(1, 1);
    job.settle();
    assert_eq!(job.reason(), "MaxFailedIndexesExceeded");
    assert_eq!(job.state.terminating().count(), 3, "the others are being ended");
}

#[test]
fn a_failure_policy_tells_failures_apart() {
    let policy = json!({"rules": [
        {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}},
        {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [7]}},
    ]});
    for (code, failed, conditions) in [(42, 1, "FailureTarget Failed"), (7, 0, ""), (1, 1, "")] {
        let mut job = given(json!({"podFailurePolicy": policy}));
        job.settle();
        job.ends(0, code);
        job.settle();
        assert_eq!(job.state.ledger.failed, failed, "code {code}");
        assert_eq!(job.conditions(), conditions, "code {code}");
    }
}

#[test]
fn a_success_policy_completes_the_job_early_and_ends_the_others() {
    let mut job = given(json!({"completionMode": "Indexed", "completions": 3, "parallelism": 3,
        "successPolicy": {"rules": [{"succeededIndexes": "1"}]}}));
    job.settle();
    job.ends(0, 0);
    job.settle();
    assert_eq!(job.conditions(), "");
    job.ends(1, 0);
    job.settle();
    assert_eq!(job.conditions(), "SuccessCriteriaMet");
    job.ends(2, 143);
    job.settle();
    assert_eq!(job.conditions(), "SuccessCriteriaMet Complete");
    assert_eq!(job.reason(), "SuccessPolicy");
}

#[test]
fn a_suspended_job_ends_its_pods_uncounted_and_starts_anew_when_resumed() {
    let mut job = given(json!({"parallelism": 2, "completions": 2}));
    job.settle();
    job.state.rules.suspended = true;
    let plan = job.plan();
    assert!(plan.end.iter().all(|ending| ending.fate == Fate::Removed));
    job.settle();
    assert_eq!(job.state.ledger.start_time, None);
    job.ends(0, 143);
    job.ends(1, 143);
    job.passes(100);
    assert_eq!((job.state.ledger.failed, job.state.pods.len()), (0, 0));
    job.state.rules.suspended = false;
    job.settle();
    assert_eq!(job.state.ledger.start_time, Some(job.now));
    assert_eq!(job.state.pods.len(), 2);
    assert_eq!(job.conditions(), "", "Suspended is False");
}

#[test]
fn a_deleted_pod_is_replaced_at_once_or_when_it_has_ended() {
    for (policy, at_once) in [("TerminatingOrFailed", 1), ("Failed", 0)] {
        let mut job = given(json!({"podReplacementPolicy": policy, "backoffLimit": 6}));
        job.settle();
        job.deleted(0);
        job.passes(10);
        assert_eq!(job.state.active().count(), at_once, "{policy}");
        job.ends(0, 143);
        job.passes(10);
        assert_eq!(job.state.active().count(), 1, "{policy}, once it has ended");
        assert_eq!(job.state.ledger.failed, 1, "{policy}");
    }
}

#[test]
fn an_end_is_counted_once_however_often_it_is_told() {
    let mut job = given(json!({"completions": 3, "parallelism": 3}));
    job.settle();
    let now = job.now;
    job.set_end(0, 0);
    job.state.count(0, now);
    job.state.count(0, now);
    assert_eq!(job.state.ledger.succeeded, 1);
}

#[test]
fn what_the_hosts_own_stop_ended_does_not_count() {
    let mut job = given(json!({"backoffLimit": 0}));
    job.settle();
    let stop = Stop { cause: EndCause::Shutdown, asked_at: job.now, grace: Duration::ZERO };
    job.change(0, |pod| pod.stop = Some(stop));
    job.ends(0, 143);
    job.settle();
    assert_eq!((job.state.ledger.failed, job.conditions()), (0, String::new()));
    assert_eq!(job.state.pods.len(), 1, "it is replaced");
}

#[test]
fn a_job_of_another_controller_is_left_alone() {
    let mut job = given(json!({"managedBy": "example.com/other"}));
    assert_eq!(job.plan(), Plan::default());
}

#[test]
fn a_smaller_parallelism_ends_first_what_has_done_the_least() {
    let mut job = given(json!({"parallelism": 3, "completions": 9}));
    job.settle();
    job.change(0, |pod| pod.status.phase = PodPhase::Running);
    job.state.rules.parallelism = 1;
    let ended: Vec<u32> = job.plan().end.iter().map(|ending| ending.ordinal).collect();
    assert_eq!(ended, [2, 1]);
}
