//! Random histories of a CronJob: whatever happens, each due run is started once or accounted for.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::due;
use super::testing::{World, at, given, run};
use crate::Timestamp;

/// What happens next.
#[derive(Debug, Clone)]
enum Happening {
    /// The daemon wakes when the last plan said.
    Wakes,
    /// Something else makes it look, so many seconds later.
    Looks(i64),
    /// It is down for so many seconds.
    Outage(i64),
    /// The oldest Job that runs ends so, at once looked at.
    Ends(&'static str),
    /// A Job goes that nobody expected to go.
    Vanishes,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => Just(Happening::Wakes),
        2 => (0i64..7_200).prop_map(Happening::Looks),
        1 => (0i64..400_000).prop_map(Happening::Outage),
        3 => Just(Happening::Ends("Complete")),
        1 => Just(Happening::Ends("Failed")),
        1 => Just(Happening::Vanishes),
    ]
}

const SCHEDULES: [&str; 6] =
    ["0 * * * *", "*/7 * * * *", "0,1 9 * * *", "30 8-18 * * 1-5", "@every 50m", "0 0 1 * *"];
const ZONES: [&str; 3] = ["UTC", "America/New_York", "Africa/Cairo"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_due_run_is_started_once_or_accounted_for(
        schedule in proptest::sample::select(&SCHEDULES[..]),
        zone in proptest::sample::select(&ZONES[..]),
        policy in proptest::sample::select(&["Allow", "Forbid", "Replace"][..]),
        deadline in proptest::option::of(0i64..5_000),
        happenings in proptest::collection::vec(happening(), 1..60),
    ) {
        let mut world = given(&json!({
            "schedule": schedule, "timeZone": zone, "concurrencyPolicy": policy,
            "startingDeadlineSeconds": deadline,
        }));
        let mut now = at(-1);
        let mut wake_at = Some(now);
        for happening in happenings {
            match happening {
                Happening::Wakes => now = now.max(wake_at.unwrap_or(now)),
                Happening::Looks(seconds) | Happening::Outage(seconds) => now = later(now, seconds),
                Happening::Ends(condition) => {
                    if let Some(name) = world.active().first().map(|&name| name.to_owned()) {
                        world.when_ended(&name, condition, now);
                    }
                }
                Happening::Vanishes => {
                    world.jobs.pop();
                }
            }
            wake_at = look(&mut world, now, policy, deadline)?;
        }
    }
}

/// Takes one step at `now` and holds what came of it against the rules. Returns when to look again.
fn look(
    world: &mut World,
    now: Timestamp,
    policy: &str,
    deadline: Option<i64>,
) -> Result<Option<Timestamp>, TestCaseError> {
    let schedule = due::schedule(&world.cron_job).unwrap();
    let since = world.last().unwrap_or(at(-1));
    let missed: Vec<Timestamp> = schedule.upcoming(since).take_while(|&run| run <= now).collect();
    let before = world.started.len();
    let told = world.told.len();
    let plan = world.step(now);
    let told = &world.told[told..];

    let started = &world.started[before..];
    let latest = missed.last().copied();
    let is_late = |run: Timestamp| {
        deadline.is_some_and(|most| now.since(run) > Duration::from_secs(most.unsigned_abs()))
    };
    match latest {
        // Only the latest of those missed is made up for.
        Some(latest) if !started.is_empty() => prop_assert_eq!(started, &[run(latest)]),
        Some(latest) if is_late(latest) => prop_assert!(told.contains(&"MissSchedule".into())),
        Some(_) => {
            prop_assert_eq!(policy, "Forbid");
            prop_assert!(told.contains(&"JobAlreadyActive".into()));
        }
        None => prop_assert!(started.is_empty(), "{started:?} was not due"),
    }
    let distinct: BTreeSet<&String> = world.started.iter().collect();
    prop_assert_eq!(distinct.len(), world.started.len(), "a run was started twice");
    if policy != "Allow" {
        prop_assert!(world.active().len() <= 1, "{:?} at once", world.active());
    }
    prop_assert!(world.last() >= Some(since) || world.last().is_none());
    prop_assert_eq!(plan.wake_at, schedule.next_after(latest.unwrap_or(since)));
    prop_assert!(plan.wake_at.is_some_and(|wake| wake > now), "it would wake at once");
    // The next look, with nothing new, changes nothing.
    let again = world.plan(now);
    prop_assert!(again.create.is_none() && again.delete.is_empty() && again.status.is_none());
    Ok(plan.wake_at)
}

fn later(now: Timestamp, seconds: i64) -> Timestamp {
    now.plus(Duration::from_secs(seconds.unsigned_abs()))
}
