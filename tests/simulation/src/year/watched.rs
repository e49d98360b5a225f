//! One CronJob as a client sees it, and what its schedule says: by walking from run to run, nothing cleverer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jobling_core::Timestamp;
use jobling_core::control::cronjob::{FOLD, SPREAD_SECONDS, lateness};
use jobling_core::control::job::Ledger;
use jobling_core::schedule::{Fold, Schedule, Zone};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use sha2::{Digest, Sha256};

/// Further ahead than this, a `lastScheduleTime` was written by a clock that was wrong.
const AHEAD: Duration = Duration::from_hours(24);

/// Why a run that was due was not started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    TooLate,
    Active,
    InTheWay,
}

/// A run that was started.
#[derive(Debug)]
pub(super) struct Run {
    pub cron_job: String,
    pub at: Timestamp,
    pub lateness: Duration,
}

impl Run {
    /// Reads a run's Job.
    pub(super) fn of(cron_job: &str, job: &Job) -> Result<Self, String> {
        let name = job.metadata.name.as_deref().unwrap_or_default();
        let minutes = name.strip_prefix(cron_job).and_then(|rest| rest.strip_prefix('-'));
        let minutes: i64 = minutes
            .and_then(|minutes| minutes.parse().ok())
            .ok_or(format!("{name} is no run of {cron_job}"))?;
        let said = job
            .metadata
            .annotations
            .as_ref()
            .map(|all| all["batch.kubernetes.io/cronjob-scheduled-timestamp"].as_str());
        let said: Option<jiff::Timestamp> = said.and_then(|said| said.parse().ok());
        let at = said.ok_or(format!("{name} does not say when it was due"))?.as_second();
        if at.div_euclid(60) != minutes {
            return Err(format!("{name} says that it was due at {at}"));
        }
        let lateness = lateness(job).ok_or(format!("{name} does not say how late it is"))?;
        let at = Timestamp::from_unix_seconds(at);
        Ok(Self { cron_job: cron_job.to_owned(), at, lateness })
    }
}

/// One CronJob.
#[derive(Debug)]
pub(super) struct Watched {
    cron_job: CronJob,
    schedule: Schedule,
    spread: Duration,
    /// The last run that was started, or from when on runs count.
    pub last: Option<Timestamp>,
    pub started: BTreeSet<Timestamp>,
    /// Runs that were found due and not started.
    pub found: BTreeMap<Timestamp, Why>,
    /// The Jobs that it controls: uid, whether a run, and what has become of it.
    pub jobs: BTreeMap<String, (String, bool, Ledger)>,
    /// The Jobs that it lost with this step.
    pub lost: BTreeMap<String, (String, bool, Ledger)>,
    /// Times at which this schedule was not looked at.
    pub unseen: Vec<(Timestamp, Timestamp)>,
    suspended_since: Option<Timestamp>,
    newest_success: Option<Timestamp>,
}

impl Watched {
    pub(super) fn new(cron_job: &CronJob) -> Result<Self, String> {
        Ok(Self {
            schedule: schedule(cron_job)?,
            spread: spread(cron_job),
            cron_job: cron_job.clone(),
            last: None,
            started: BTreeSet::new(),
            found: BTreeMap::new(),
            jobs: BTreeMap::new(),
            lost: BTreeMap::new(),
            unseen: Vec::new(),
            suspended_since: None,
            newest_success: None,
        })
    }

    pub(super) const fn cron_job(&self) -> &CronJob {
        &self.cron_job
    }

    pub(super) fn uid(&self) -> Option<String> {
        self.cron_job.metadata.uid.clone()
    }

    pub(super) fn policy(&self) -> &str {
        self.cron_job.spec.concurrency_policy.as_deref().unwrap_or_default()
    }

    /// Takes in another version of the CronJob.
    pub(super) fn change(&mut self, new: &CronJob, now: Timestamp) -> Result<(), String> {
        let suspended = |cron_job: &CronJob| cron_job.spec.suspend == Some(true);
        match (suspended(&self.cron_job), suspended(new)) {
            (false, true) => self.suspended_since = Some(now),
            (true, false) => {
                let since = self.suspended_since.take().unwrap_or(now);
                self.unseen.push((since.min(now), since.max(now)));
            }
            (true, true) | (false, false) => {}
        }
        let (old_spec, spec) = (&self.cron_job.spec, &new.spec);
        if (&old_spec.schedule, &old_spec.time_zone) != (&spec.schedule, &spec.time_zone) {
            self.schedule = schedule(new)?;
            self.unseen.push((self.since().plus(self.spread), now));
            self.found.clear();
        }
        self.cron_job = new.clone();
        // Where the clock was put back by far, runs are counted anew.
        let said = self.said_last();
        if said < self.last {
            let at = now.minus(self.spread);
            let ahead = self.last.is_some_and(|last| last.since(at) > AHEAD);
            if !ahead || said.map(Timestamp::unix_seconds) != Some(at.unix_seconds()) {
                return Err(format!("lastScheduleTime went from {:?} to {said:?}", self.last));
            }
            self.last = said;
            self.started.retain(|run| Some(*run) <= said);
            self.found.retain(|run, _| Some(*run) <= said);
        }
        Ok(())
    }

    fn said_last(&self) -> Option<Timestamp> {
        self.cron_job.status.as_ref()?.last_schedule_time.as_ref().map(Timestamp::from)
    }

    fn created(&self) -> Timestamp {
        self.cron_job.metadata.creation_timestamp.as_ref().map(Timestamp::from).unwrap_or_default()
    }

    fn since(&self) -> Timestamp {
        self.last.unwrap_or_else(|| self.created())
    }

    /// Whether no run is to be started.
    pub(super) fn is_at_rest(&self) -> bool {
        self.cron_job.spec.suspend == Some(true)
            || self.cron_job.metadata.deletion_timestamp.is_some()
    }

    /// When a run should be seen.
    pub(super) fn seen_at(&self, run: Timestamp) -> Timestamp {
        run.plus(self.spread)
    }

    /// The latest run after the last one that was started whose time has come.
    pub(super) fn latest_due(&self, now: Timestamp) -> Option<Timestamp> {
        let at = now.minus(self.spread);
        self.schedule.upcoming(self.since()).take_while(|run| *run <= at).last()
    }

    /// The runs between the last one that was started and this one.
    pub(super) fn passed_over(&self, run: Timestamp) -> Vec<Timestamp> {
        self.schedule.upcoming(self.since()).take_while(|passed| *passed < run).collect()
    }

    /// The run after the last one.
    pub(super) fn next_run(&self) -> Option<Timestamp> {
        self.schedule.next_after(self.since())
    }

    /// When the run after `due` should be seen.
    pub(super) fn next_due(&self, due: Option<Timestamp>) -> Option<Timestamp> {
        if self.is_at_rest() {
            return None;
        }
        let next = self.schedule.next_after(due.unwrap_or_else(|| self.since()));
        next.map(|next| self.seen_at(next))
    }

    pub(super) fn lateness(&self, run: Timestamp, now: Timestamp) -> Duration {
        now.since(self.seen_at(run))
    }

    pub(super) fn is_too_late(&self, run: Timestamp, now: Timestamp) -> bool {
        let deadline = self.cron_job.spec.starting_deadline_seconds;
        deadline
            .is_some_and(|most| self.lateness(run, now) > Duration::from_secs(most.unsigned_abs()))
    }

    pub(super) fn job_name(&self, run: Timestamp) -> String {
        let name = self.cron_job.metadata.name.as_deref().unwrap_or_default();
        format!("{name}-{}", run.unix_seconds().div_euclid(60))
    }

    /// The Job is gone, or another's. Returns whether it was this one's.
    pub(super) fn lose(&mut self, name: &str) -> bool {
        let Some(job) = self.jobs.remove(name) else { return false };
        self.lost.insert(name.to_owned(), job);
        true
    }

    /// How many runs that had not ended were lost with this step, which started another.
    pub(super) fn replaced(&self) -> u64 {
        let lost = self.lost.values().filter(|(_, _, ledger)| ledger.finished().is_none());
        if self.policy() == "Replace" { lost.count().try_into().unwrap_or_default() } else { 0 }
    }

    /// Whether the run's Job is there although the run is still to come: made by a clock that was ahead.
    pub(super) fn is_made(&self, run: Timestamp) -> bool {
        let name = self.job_name(run);
        let job = self.jobs.get(&name).or_else(|| self.lost.get(&name));
        !self.is_at_rest() && job.is_some_and(|(_, is_run, _)| *is_run)
    }

    /// The uids of the runs that have not ended.
    pub(super) fn active(&self) -> impl Iterator<Item = &String> {
        let runs = self.jobs.values().filter(|(_, is_run, _)| *is_run);
        runs.filter(|(_, _, ledger)| ledger.finished().is_none()).map(|(uid, _, _)| uid)
    }

    pub(super) fn remember_success(&mut self) {
        let complete = |ledger: &Ledger| {
            ledger
                .finished()
                .is_some_and(|end| end.type_ == "Complete")
                .then_some(ledger.completion_time)
                .flatten()
        };
        let newest = self.jobs.values().filter_map(|(_, _, ledger)| complete(ledger)).max();
        self.newest_success = self.newest_success.max(newest);
    }

    pub(super) fn check_status(&self) -> Result<(), String> {
        if self.cron_job.metadata.deletion_timestamp.is_some() {
            return Ok(());
        }
        let status = self.cron_job.status.clone().unwrap_or_default();
        let said: BTreeSet<String> =
            status.active.iter().flatten().filter_map(|one| one.uid.clone()).collect();
        let active: BTreeSet<String> = self.active().cloned().collect();
        if said != active {
            return Err(format!("status.active has {said:?}, {active:?} are active"));
        }
        if self.said_last() != self.last {
            return Err(format!(
                "lastScheduleTime is {:?}, the last run was {:?}",
                self.said_last(),
                self.last
            ));
        }
        let success = status.last_successful_time.as_ref().map(Timestamp::from);
        let newest = self.newest_success.map(Timestamp::unix_seconds);
        if success.map(Timestamp::unix_seconds) != newest {
            return Err(format!(
                "lastSuccessfulTime is {success:?}, the newest success {:?}",
                self.newest_success
            ));
        }
        Ok(())
    }

    pub(super) fn check_history(&self) -> Result<(), String> {
        let spec = &self.cron_job.spec;
        for (kind, limit) in [
            ("Complete", spec.successful_jobs_history_limit),
            ("Failed", spec.failed_jobs_history_limit),
        ] {
            let ends = self.jobs.values().filter_map(|(_, _, ledger)| ledger.finished());
            let kept = ends.filter(|end| end.type_ == kind).count();
            let most = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
            if kept > most {
                return Err(format!("{kept} Jobs are kept that are {kind}, {most} may be"));
            }
        }
        Ok(())
    }
}

fn schedule(cron_job: &CronJob) -> Result<Schedule, String> {
    let zone = cron_job.spec.time_zone.as_deref().unwrap_or("UTC");
    let zone = Zone::parse(zone).map_err(|error| error.to_string())?;
    let schedule =
        Schedule::parse(&cron_job.spec.schedule, zone).map_err(|error| error.to_string())?;
    let once = annotation(cron_job, FOLD) == Some("once");
    Ok(if once { schedule.with_fold(Fold::Once) } else { schedule })
}

fn spread(cron_job: &CronJob) -> Duration {
    let Some(most) = annotation(cron_job, SPREAD_SECONDS) else { return Duration::ZERO };
    let most: u64 = most.parse().unwrap_or_default();
    let name = cron_job.metadata.name.as_deref().unwrap_or_default();
    let digest = Sha256::digest(format!("default/{name}"));
    let drawn = digest[..4].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    Duration::from_secs(drawn % (most + 1))
}

fn annotation<'a>(cron_job: &'a CronJob, key: &str) -> Option<&'a str> {
    cron_job.metadata.annotations.as_ref()?.get(key).map(String::as_str)
}
