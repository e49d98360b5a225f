//! Which run of a CronJob is due, and when the next one will be.

use std::time::Duration;

use k8s_openapi::api::batch::v1::CronJob;
use sha2::{Digest, Sha256};

use crate::Timestamp;
use crate::schedule::{Fold, Schedule, ScheduleError, UnknownZone, Zone};

/// The annotation with which a local time that comes twice fires once (`once`) or, as without it, twice (`twice`).
pub const FOLD: &str = "jobling.dev/fold";

/// The annotation that starts runs up to so many seconds late, always as many for one CronJob, so that
/// those of one minute do not all start at once.
pub const SPREAD_SECONDS: &str = "jobling.dev/spread-seconds";

/// The most that [`SPREAD_SECONDS`] may say: a day. A run's Job is named after its scheduled time, and one
/// that began later than a day after it would be taken for another day's.
pub const MOST_SPREAD_SECONDS: u32 = 86_400;

/// The reference warns of more missed runs than this (`pkg/controller/cronjob/utils.go`).
const MANY: usize = 100;

/// A `lastScheduleTime` further ahead than this was not written by this clock.
const AHEAD: Duration = Duration::from_hours(24);

/// A CronJob's schedule, or why it has none.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoSchedule {
    /// The zone is not known.
    #[error(transparent)]
    Zone(#[from] UnknownZone),
    /// The expression cannot be read.
    #[error(transparent)]
    Expression(#[from] ScheduleError),
}

/// What is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    /// The latest run whose time has come and that was not started; `None` where there is none.
    pub(super) run: Option<Timestamp>,
    /// Whether so many were missed that the clock or the deadline is in doubt.
    pub(super) is_many: bool,
    /// The run after that, or the first to come.
    pub(super) next: Option<Timestamp>,
}

/// Returns the schedule that the CronJob's spec and annotations describe.
pub(super) fn schedule(cron_job: &CronJob) -> Result<Schedule, NoSchedule> {
    let zone = cron_job.spec.time_zone.as_deref().map_or(Ok(Zone::UTC), Zone::parse)?;
    let schedule = Schedule::parse(&cron_job.spec.schedule, zone)?;
    Ok(match annotation(cron_job, FOLD) {
        Some("once") => schedule.with_fold(Fold::Once),
        Some(_) | None => schedule,
    })
}

/// Returns the next `count` runs after `now`, each with the delay that [`SPREAD_SECONDS`] gives it; none
/// while the CronJob is suspended or has no schedule that can be read.
#[must_use]
pub fn upcoming(cron_job: &CronJob, now: Timestamp, count: usize) -> Vec<Timestamp> {
    let schedule = schedule(cron_job).ok().filter(|_| cron_job.spec.suspend != Some(true));
    let Some(schedule) = schedule else { return Vec::new() };
    let delay = spread(cron_job);
    schedule.upcoming(now.minus(delay)).take(count).map(|run| run.plus(delay)).collect()
}

/// Returns the schedule in words, with its zone, and the zone itself; `None` where it cannot be read.
#[must_use]
pub fn in_words(cron_job: &CronJob) -> Option<(String, Zone)> {
    let zone = cron_job.spec.time_zone.as_deref().map_or(Ok(Zone::UTC), Zone::parse).ok()?;
    Some((schedule(cron_job).ok()?.describe(), zone))
}

/// Returns what [`SPREAD_SECONDS`] says, if that is a number of seconds that it may say.
#[must_use]
pub fn spread_seconds(text: &str) -> Option<u32> {
    // Digits alone: Rust would read a sign, too.
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse().ok().filter(|_| is_number)?;
    (seconds <= MOST_SPREAD_SECONDS).then_some(seconds)
}

/// Returns how long after its time each run of this CronJob is started: drawn from its namespace and name,
/// so that it is the same after the CronJob was deleted and applied again.
pub(super) fn spread(cron_job: &CronJob) -> Duration {
    let Some(most) = annotation(cron_job, SPREAD_SECONDS).and_then(spread_seconds) else {
        return Duration::ZERO;
    };
    let namespace = cron_job.metadata.namespace.as_deref().unwrap_or_default();
    let name = cron_job.metadata.name.as_deref().unwrap_or_default();
    let digest = Sha256::digest(format!("{namespace}/{name}"));
    let drawn = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    Duration::from_secs(u64::from(drawn) % (u64::from(most) + 1))
}

/// Returns whether the last run's time was written by a clock that was ahead. A clock that is before the
/// CronJob's creation is itself the one that is wrong: it is waited for.
pub(super) fn is_ahead(cron_job: &CronJob, now: Timestamp) -> bool {
    last(cron_job).is_some_and(|last| last.since(now) > AHEAD)
        && created(cron_job).is_some_and(|created| created <= now)
}

/// Returns what is due at `now`, of the runs after the last one that was started, or after the
/// CronJob's creation.
pub(super) fn due(schedule: &Schedule, cron_job: &CronJob, now: Timestamp) -> Due {
    let since = last(cron_job).or_else(|| created(cron_job)).unwrap_or(now);
    let run = schedule.latest_between(since, now);
    Due {
        run,
        is_many: run.is_some() && count(schedule, cron_job, since, now) > MANY,
        next: schedule.next_after(run.unwrap_or(since)),
    }
}

/// Counts the missed runs that still may start, as far as it matters.
fn count(schedule: &Schedule, cron_job: &CronJob, since: Timestamp, now: Timestamp) -> usize {
    let from = deadline(cron_job).map_or(since, |deadline| since.max(now.minus(deadline)));
    schedule.upcoming(from).take_while(|&run| run <= now).take(MANY + 1).count()
}

/// Returns `spec.startingDeadlineSeconds`.
pub(super) fn deadline(cron_job: &CronJob) -> Option<Duration> {
    let seconds = cron_job.spec.starting_deadline_seconds?;
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or_default()))
}

fn last(cron_job: &CronJob) -> Option<Timestamp> {
    cron_job.status.as_ref()?.last_schedule_time.as_ref().map(Timestamp::from)
}

fn created(cron_job: &CronJob) -> Option<Timestamp> {
    cron_job.metadata.creation_timestamp.as_ref().map(Timestamp::from)
}

fn annotation<'a>(cron_job: &'a CronJob, key: &str) -> Option<&'a str> {
    cron_job.metadata.annotations.as_ref()?.get(key).map(String::as_str)
}
