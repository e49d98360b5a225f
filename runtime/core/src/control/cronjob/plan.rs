//! What a CronJob calls for now, and when to look again.

use std::time::Duration;

use k8s_openapi::api::batch::v1::{CronJob, CronJobStatus, Job};

use super::due::{self, Due};
use super::{jobs, run};
use crate::Timestamp;
use crate::control::job::{EventKind, NewEvent};
use crate::control::{OwnedJob, Stay};
use crate::schedule::{Schedule, Zone};

/// What the reference says of a schedule such as 30 February, whose next two times it takes for one.
const NEVER_COMES: &str = "time difference between two schedules is less than 1 second";

/// All that a decision about a CronJob looks at.
#[derive(Debug, Clone, Copy)]
pub struct CronState<'a> {
    /// The CronJob, with its status.
    pub cron_job: &'a CronJob,
    /// Every Job whose controlling owner it is, those that have ended and those being deleted too.
    pub jobs: &'a [OwnedJob],
}

/// What a CronJob calls for now. All of it belongs into one commit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// Names of Jobs to be deleted, in the background; before the new one is made.
    pub delete: Vec<String>,
    /// A Job to be made, by the way of admission. Where a Job of this name that is not the CronJob's is
    /// in the way, nothing of [`Plan::status`] that speaks of the run holds: the engine tells `FailedCreate`
    /// and keeps the old `lastScheduleTime`.
    pub create: Option<Box<Job>>,
    /// How late the Job is made.
    pub lateness: Option<Duration>,
    /// The new status, where it is another than before. The Job to be made has no uid yet and is not in
    /// its list: [`Plan::status_with`] puts it there, and the next plan would, too.
    pub status: Option<Box<CronJobStatus>>,
    /// What is to be told of the CronJob.
    pub events: Vec<NewEvent>,
    /// When to look again, if nothing happens before.
    pub wake_at: Option<Timestamp>,
}

impl Plan {
    /// Returns the new status with the Job that was made of [`Plan::create`], now that it has a uid.
    #[must_use]
    pub fn status_with(&self, made: &Job) -> Option<CronJobStatus> {
        let mut status = self.status.as_deref()?.clone();
        status.active.get_or_insert_default().push(run::reference(made));
        Some(status)
    }

    pub(super) fn tell(&mut self, reason: &str, message: String) {
        self.events.push(NewEvent { kind: EventKind::Normal, reason: reason.into(), message });
    }

    pub(super) fn warn(&mut self, reason: &str, message: String) {
        self.events.push(NewEvent { kind: EventKind::Warning, reason: reason.into(), message });
    }

    pub(super) fn delete(&mut self, job: &OwnedJob) {
        let name = job.name.to_string();
        self.tell("SuccessfulDelete", format!("Deleted job {name}"));
        self.delete.push(name);
    }
}

/// Returns what the CronJob calls for at `now`.
#[must_use]
pub fn plan(state: &CronState<'_>, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    let mut status = state.cron_job.status.clone().unwrap_or_default();
    jobs::observe(state.cron_job, state.jobs, &mut status, &mut plan);
    jobs::clean_up(state.cron_job, state.jobs, &mut plan);
    if state.cron_job.metadata.deletion_timestamp.is_none() {
        look_at_the_clock(state, &mut status, &mut plan, now);
    }
    if status.active.as_ref().is_some_and(Vec::is_empty) {
        status.active = None;
    }
    if status != state.cron_job.status.clone().unwrap_or_default() {
        plan.status = Some(Box::new(status));
    }
    plan
}

fn look_at_the_clock(
    state: &CronState<'_>,
    status: &mut CronJobStatus,
    plan: &mut Plan,
    now: Timestamp,
) {
    let cron_job = state.cron_job;
    let is_suspended = cron_job.spec.suspend == Some(true);
    let schedule = match due::schedule(cron_job) {
        Err(due::NoSchedule::Zone(error)) => {
            let zone = cron_job.spec.time_zone.as_deref().unwrap_or_default();
            return plan.warn("UnknownTimeZone", format!("invalid timeZone: {zone:?}: {error}"));
        }
        Ok(_) | Err(_) if is_suspended => return,
        Ok(schedule) => schedule,
        Err(due::NoSchedule::Expression(error)) => {
            let text = &cron_job.spec.schedule;
            let message = format!("unparseable schedule: {text:?} : {error}");
            return plan.warn("UnparseableSchedule", message);
        }
    };
    let spread = due::spread(cron_job);
    let at = now.minus(spread);
    if due::is_ahead(cron_job, at) {
        let last = status.last_schedule_time.replace(at.to_time());
        let last = last.as_ref().map(Timestamp::from).unwrap_or_default();
        plan.warn("ClockWentBack", format!(
            "the last run's time, {last}, is more than a day ahead of the clock; runs are counted from now on"
        ));
        plan.wake_at = schedule.next_after(at).map(|next| next.plus(spread));
        return;
    }
    let due = due::due(&schedule, cron_job, at);
    plan.wake_at = due.next.map(|next| next.plus(spread));
    if let Some(run) = due.run {
        start(state, &schedule, &due, run, status, plan, at);
    } else if due.next.is_none() {
        let text = &cron_job.spec.schedule;
        plan.warn("InvalidSchedule", format!("invalid schedule: {text} : {NEVER_COMES}"));
    }
}

/// Starts the run, or says why not.
fn start(
    state: &CronState<'_>,
    schedule: &Schedule,
    due: &Due,
    run: Timestamp,
    status: &mut CronJobStatus,
    plan: &mut Plan,
    at: Timestamp,
) {
    let cron_job = state.cron_job;
    let name = run::name(cron_job, run);
    // Made before the clock was put back: nothing was missed.
    if state.jobs.iter().any(|job| *job.name == *name) {
        status.last_schedule_time = Some(run.to_time());
        return;
    }
    if due.is_many {
        plan.warn(
            "TooManyMissedTimes",
            "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check \
             clock skew"
                .to_owned(),
        );
    }
    if due::deadline(cron_job).is_some_and(|deadline| at.since(run) > deadline) {
        let when = Zone::UTC.rfc1123(run);
        return plan.warn("MissSchedule", format!("Missed scheduled time to start a job: {when}"));
    }
    let active = status.active.clone().unwrap_or_default();
    match cron_job.spec.concurrency_policy.as_deref() {
        Some("Forbid") if !active.is_empty() => {
            let message = "Not starting job because prior execution is running and concurrency \
                           policy is Forbid";
            return plan.tell("JobAlreadyActive", message.to_owned());
        }
        Some("Replace") => {
            let is_active =
                |job: &&OwnedJob| active.iter().any(|one| one.uid.as_deref() == Some(&*job.uid));
            for job in state.jobs.iter().filter(is_active) {
                if job.stay == Stay::Present {
                    plan.delete(job);
                }
            }
            status.active = None;
        }
        Some(_) | None => {}
    }
    plan.tell("SuccessfulCreate", format!("Created job {name}"));
    let late = at.since(run);
    plan.create = Some(Box::new(run::job(cron_job, schedule.zone(), run, late)));
    plan.lateness = Some(late);
    status.last_schedule_time = Some(run.to_time());
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::super::testing::{at, given, run};
    use super::*;

    const HOUR: i64 = 3_600;
    const DAY: i64 = 24 * HOUR;

    #[test]
    fn a_run_is_started_at_its_time_once() {
        let mut world = given(&json!({}));
        assert_eq!(world.step(at(-1)).wake_at, Some(at(0)));
        for second in [0, 0, 1, HOUR - 1] {
            assert_eq!(world.step(at(second)).wake_at, Some(at(HOUR)), "after {second} s");
        }
        assert_eq!(world.started, [run(at(0))]);
        assert_eq!(world.last(), Some(at(0)));
    }

    #[test]
    fn a_runs_job_has_the_templates_metadata_and_its_scheduled_time() {
        let mut world = given(&json!({
            "timeZone": "Europe/Berlin",
            "jobTemplate": {
                "metadata": {"labels": {"app": "a"}, "annotations": {"note": "b"}},
                "spec": {"backoffLimit": 2, "template": {}},
            },
        }));
        let made = world.step(at(3)).create.unwrap();
        expect![[r#"
            {
              "apiVersion": "batch/v1",
              "kind": "Job",
              "metadata": {
                "annotations": {
                  "batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-11-23T10:00:00+01:00",
                  "jobling.dev/lateness-seconds": "3.000",
                  "note": "b"
                },
                "labels": {
                  "app": "a",
                  "cronjob": "backup"
                },
                "name": "backup-29923740",
                "namespace": "default",
                "ownerReferences": [
                  {
                    "apiVersion": "batch/v1",
                    "blockOwnerDeletion": true,
                    "controller": true,
                    "kind": "CronJob",
                    "name": "backup",
                    "uid": "u-1"
                  }
                ]
              },
              "spec": {
                "backoffLimit": 2,
                "template": {}
              }
            }"#]]
        .assert_eq(&serde_json::to_string_pretty(&made).unwrap());
    }

    #[test]
    fn after_an_outage_the_latest_missed_run_is_started() {
        for (schedule, outage, expected, many) in [
            ("0 * * * *", 5 * HOUR + 60, 5 * HOUR, false),
            ("0 * * * *", 99 * HOUR + 60, 99 * HOUR, false),
            ("0 * * * *", 101 * HOUR, 101 * HOUR, true),
            ("* * * * *", DAY + 30, DAY, true),
            // Two minutes at nine: the distance of two runs says nothing of the next ones.
            ("0,1 9 * * *", 2 * DAY + HOUR, 2 * DAY + 60, false),
            ("@every 90m", 10 * HOUR, 9 * HOUR - 1, false),
        ] {
            let mut world = given(&json!({"schedule": schedule}));
            let plan = world.step(at(outage));
            assert_eq!(world.started, [run(at(expected))], "{schedule} after {outage} s");
            let told = world.told.contains(&"TooManyMissedTimes".to_owned());
            assert_eq!(told, many, "{schedule} after {outage} s");
            let late = u64::try_from(outage - expected).unwrap();
            assert_eq!(plan.lateness, Some(Duration::from_secs(late)), "{schedule}");
        }
    }

    #[test]
    fn a_run_that_cannot_start_in_time_is_missed() {
        for (late, started) in [(0, true), (30, true), (31, false), (HOUR - 1, false), (HOUR, true)]
        {
            let mut world = given(&json!({"startingDeadlineSeconds": 30}));
            world.step(at(late));
            assert_eq!(!world.started.is_empty(), started, "{late} s late");
            let told = world.told.contains(&"MissSchedule".to_owned());
            assert_eq!(told, !started, "{late} s late");
        }
    }

    #[test]
    fn forbid_waits_for_the_end_of_the_last_run_and_then_starts_the_latest() {
        let mut world = given(&json!({"concurrencyPolicy": "Forbid"}));
        world.step(at(0));
        world.step(at(HOUR));
        assert_eq!(world.told, ["SuccessfulCreate", "JobAlreadyActive"]);
        world.when_ended(&run(at(0)), "Failed", at(HOUR + 5));
        let plan = world.step(at(HOUR + 5));
        assert_eq!(world.started, [run(at(0)), run(at(HOUR))]);
        assert_eq!(plan.wake_at, Some(at(2 * HOUR)));
    }

    #[test]
    fn replace_deletes_the_last_run_before_the_next() {
        let mut world = given(&json!({"concurrencyPolicy": "Replace"}));
        world.step(at(0));
        let plan = world.step(at(HOUR));
        assert_eq!(plan.delete, [run(at(0))]);
        assert_eq!(world.active(), [run(at(HOUR))]);
        assert_eq!(world.told, ["SuccessfulCreate", "SuccessfulDelete", "SuccessfulCreate"]);
    }

    #[test]
    fn allow_lets_runs_overlap() {
        let mut world = given(&json!({}));
        world.step(at(0));
        world.step(at(HOUR));
        assert_eq!(world.active(), [run(at(0)), run(at(HOUR))]);
    }

    #[test]
    fn a_suspended_cron_job_starts_nothing_and_wakes_for_nothing() {
        let mut world = given(&json!({"suspend": true}));
        let plan = world.step(at(DAY));
        assert_eq!(plan, Plan::default());
    }

    #[test]
    fn ended_jobs_are_kept_as_the_history_limits_say() {
        let mut world =
            given(&json!({"successfulJobsHistoryLimit": 2, "failedJobsHistoryLimit": 0}));
        for hour in 0..5 {
            let moment = at(hour * HOUR);
            world.step(moment);
            let end = if hour == 3 { "Failed" } else { "Complete" };
            world.when_ended(&run(moment), end, moment);
            world.step(moment);
        }
        let kept: Vec<_> = world.jobs.iter().filter_map(|job| job.metadata.name.clone()).collect();
        assert_eq!(kept, [run(at(2 * HOUR)), run(at(4 * HOUR))]);
        let status = world.cron_job.status.unwrap();
        assert_eq!(
            status.last_successful_time.map(|time| Timestamp::from(&time)),
            Some(at(4 * HOUR))
        );
        assert_eq!(status.active, None);
    }

    #[test]
    fn the_list_of_active_jobs_follows_the_jobs() {
        let mut world = given(&json!({}));
        world.step(at(0));
        world.jobs.clear();
        world.step(at(1));
        assert_eq!(world.told, ["SuccessfulCreate", "MissingJob"]);
        assert!(world.active().is_empty());
        assert_eq!(world.started.len(), 1, "a missing Job is not made again");
    }

    #[test]
    fn a_job_that_is_there_already_is_not_made_again() {
        let mut world = given(&json!({}));
        world.step(at(0));
        world.cron_job.status = None;
        let plan = world.step(at(1));
        assert_eq!(plan.create, None);
        assert_eq!((world.last(), world.active()), (Some(at(0)), vec![run(at(0)).as_str()]));
    }

    #[test]
    fn a_clock_that_jumps_neither_loses_nor_doubles_a_run() {
        let mut world = given(&json!({}));
        world.step(at(0));
        // Back by minutes: nothing is started twice.
        world.step(at(-600));
        world.step(at(0));
        // A start without a clock: nothing is due before the CronJob was made.
        let plan = world.step(Timestamp::from_unix_seconds(60));
        assert_eq!(plan.wake_at, Some(at(HOUR)));
        assert_eq!(world.started, [run(at(0))]);
        // Years ahead and back again: runs go on.
        world.step(at(400 * DAY));
        let plan = world.step(at(HOUR + 1));
        assert_eq!(world.told.last().unwrap(), "ClockWentBack");
        assert_eq!(plan.wake_at, Some(at(2 * HOUR)));
        world.step(at(2 * HOUR));
        assert_eq!(world.started, [run(at(0)), run(at(400 * DAY)), run(at(2 * HOUR))]);
    }

    #[test]
    fn a_cron_job_being_deleted_only_keeps_its_status() {
        let mut world = given(&json!({}));
        world.cron_job.metadata.deletion_timestamp = Some(at(0).to_time());
        assert_eq!(world.step(at(HOUR)), Plan::default());
    }

    #[test]
    fn an_unreadable_schedule_is_told_and_not_waited_for() {
        for (spec, reason) in [
            (json!({"schedule": "x"}), "UnparseableSchedule"),
            (json!({"timeZone": "Nowhere"}), "UnknownTimeZone"),
            (json!({"schedule": "0 0 30 2 *"}), "InvalidSchedule"),
        ] {
            let mut world = given(&spec);
            assert_eq!(world.step(at(DAY)).wake_at, None, "{spec}");
            assert_eq!(world.told, [reason], "{spec}");
        }
    }

    #[test]
    fn a_spread_delays_every_run_of_a_cron_job_alike() {
        let mut world = given(&json!({}));
        let annotations = world.cron_job.metadata.annotations.get_or_insert_default();
        annotations.insert(due::SPREAD_SECONDS.to_owned(), "600".to_owned());
        let spread = due::spread(&world.cron_job);
        assert!(Duration::ZERO < spread && spread <= Duration::from_mins(10), "{spread:?}");
        let first = at(0).plus(spread);
        assert_eq!(world.step(at(0)).wake_at, Some(first));
        assert_eq!(world.step(first).wake_at, Some(first.plus(Duration::from_hours(1))));
        assert_eq!(world.started, [run(at(0))], "the run keeps its own time");
    }

    #[test]
    fn events_say_what_the_references_do() {
        let mut said = Vec::new();
        let mut forbid = given(&json!({"concurrencyPolicy": "Forbid"}));
        forbid.step(at(0));
        forbid.step(at(HOUR));
        forbid.when_ended(&run(at(0)), "Failed", at(HOUR + 5));
        forbid.step(at(HOUR + 5));
        forbid.jobs.clear();
        forbid.step(at(HOUR + 6));
        said.append(&mut forbid.said);
        let mut replace = given(&json!({"concurrencyPolicy": "Replace"}));
        replace.step(at(0));
        replace.step(at(200 * HOUR));
        said.append(&mut replace.said);
        for spec in [
            json!({"startingDeadlineSeconds": 30}),
            json!({"schedule": "0 0 30 2 *"}),
            json!({"timeZone": "Nowhere"}),
            json!({"schedule": "x", "suspend": true}),
        ] {
            let mut world = given(&spec);
            world.step(at(31));
            said.append(&mut world.said);
        }
        expect![[r#"
            Normal SuccessfulCreate: Created job backup-29923740
            Normal JobAlreadyActive: Not starting job because prior execution is running and concurrency policy is Forbid
            Normal SawCompletedJob: Saw completed job: backup-29923740, condition: Failed
            Normal SuccessfulCreate: Created job backup-29923800
            Normal MissingJob: Active job went missing: backup-29923800
            Normal SuccessfulCreate: Created job backup-29923740
            Warning TooManyMissedTimes: too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew
            Normal SuccessfulDelete: Deleted job backup-29923740
            Normal SuccessfulCreate: Created job backup-29935740
            Warning MissSchedule: Missed scheduled time to start a job: Mon, 23 Nov 2026 09:00:00 +0000
            Warning InvalidSchedule: invalid schedule: 0 0 30 2 * : time difference between two schedules is less than 1 second
            Warning UnknownTimeZone: invalid timeZone: "Nowhere": unknown time zone Nowhere"#]]
        .assert_eq(&said.join("\n"));
    }
}
