//! What must always hold of CronJobs, checked on the change feed after every step:
//!
//! 1. A run is started at most once, at or after its time, and only the latest of those that are due.
//! 2. Each run that is due is started by the step that finds it due, unless it is too late for
//!    `startingDeadlineSeconds`, another run is active under Forbid, or a Job of its name is in the way.
//! 3. A run that was passed over was found in one of these ways before, or the daemon could not see its time:
//!    it was off, the clock jumped, or the CronJob was suspended or changed.
//! 4. The engine never wants to sleep longer than until the next run.
//! 5. Under Forbid and Replace one run is active at most.
//! 6. No more ended Jobs are kept than the history limits say.
//! 7. `status.active` is the runs that have not ended, `lastScheduleTime` the last run that was started, and
//!    `lastSuccessfulTime` the newest success.
//! 8. No Job is left of a CronJob that is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jobling_core::Timestamp;
use jobling_core::api::{Kind, Object, ObjectKey};
use jobling_core::control::controller;
use jobling_core::control::cronjob::SCHEDULED_TIMESTAMP;
use jobling_core::control::job::Ledger;
use jobling_core::engine::{Change, Snapshot};
use k8s_openapi::api::batch::v1::{CronJob, Job};

use super::watched::{Run, Watched, Why};

/// What became of all runs that were due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Started.
    pub started: u64,
    /// Passed over while the daemon could not see their time.
    pub missed: u64,
    /// Found too late to be started.
    pub too_late: u64,
    /// Not started because another was active under Forbid.
    pub skipped: u64,
    /// Not started because a Job of another had the name.
    pub in_the_way: u64,
    /// Started, and then replaced by the next.
    pub replaced: u64,
}

/// Everything as the feed told it.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    pub tally: Tally,
    watched: BTreeMap<String, Watched>,
    /// By name: every Job that is there.
    jobs: BTreeMap<String, Arc<Object>>,
    /// The times of the next runs, by CronJob.
    due: BTreeSet<(Timestamp, String)>,
    /// Times that no step has seen.
    unseen: Vec<(Timestamp, Timestamp)>,
}

impl Accounts {
    /// Notes that nobody saw the time from `from` until `until`.
    pub(super) fn unseen(&mut self, from: Timestamp, until: Timestamp) {
        self.unseen.push((from, until));
    }

    /// Returns the CronJobs that are there.
    pub(super) fn cron_jobs(&self) -> impl Iterator<Item = (&str, &CronJob)> {
        self.watched.iter().map(|(name, watched)| (name.as_str(), watched.cron_job()))
    }

    /// Returns the names of the Jobs that are there.
    pub(super) fn jobs(&self) -> impl Iterator<Item = &str> {
        self.jobs.keys().map(String::as_str)
    }

    /// Returns when the next run of any CronJob is due.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Returns the time of the CronJob's next run.
    pub(super) fn next_run(&self, name: &str) -> Option<Timestamp> {
        let watched = self.watched.get(name)?;
        watched.next_run()
    }

    /// Takes what a step committed, and checks all that must hold after it.
    pub(super) fn take(&mut self, changes: &[Arc<Change>], now: Timestamp) -> Result<(), String> {
        let mut touched = BTreeSet::new();
        let mut started = Vec::new();
        for change in changes.iter().filter(|c| matches!(c.kind, Kind::CronJob | Kind::Job)) {
            match (&change.before, &change.after) {
                (_, Some(Snapshot::Object(object))) => match &**object {
                    Object::CronJob(cron_job) => touched.extend(self.take_cron_job(cron_job, now)?),
                    Object::Job(job) => {
                        touched.extend(self.take_job(object, job, &mut started)?);
                    }
                    Object::Namespace(_)
                    | Object::ServiceAccount(_)
                    | Object::ConfigMap(_)
                    | Object::Secret(_)
                    | Object::PersistentVolumeClaim(_)
                    | Object::HTTPTrigger(_)
                    | Object::Pod(_)
                    | Object::Event(_) => {}
                },
                (Some(Snapshot::Object(object)), None) => touched.extend(self.lose(object)?),
                (_, _) => {}
            }
        }
        for run in started {
            self.check_start(&run, now)?;
            self.tally.replaced += self.watched.get(&run.cron_job).map_or(0, Watched::replaced);
        }
        touched.extend(self.due.iter().take_while(|(at, _)| *at <= now).map(|(_, n)| n.clone()));
        for name in touched {
            self.check(&name, now).map_err(|error| format!("cron job {name}: {error}"))?;
            if let Some(watched) = self.watched.get_mut(&name) {
                watched.lost.clear();
            }
        }
        Ok(())
    }

    fn take_cron_job(
        &mut self,
        cron_job: &CronJob,
        now: Timestamp,
    ) -> Result<Option<String>, String> {
        let name = cron_job.metadata.name.clone().unwrap_or_default();
        match self.watched.get_mut(&name) {
            Some(watched) if watched.uid() == cron_job.metadata.uid => {
                watched.change(cron_job, now)?;
            }
            Some(_) => return Err(format!("cron job {name} was made twice")),
            None => {
                self.watched.insert(name.clone(), Watched::new(cron_job)?);
            }
        }
        Ok(Some(name))
    }

    fn take_job(
        &mut self,
        object: &Arc<Object>,
        job: &Job,
        started: &mut Vec<Run>,
    ) -> Result<Option<String>, String> {
        let name = job.metadata.name.clone().unwrap_or_default();
        let is_new = self.jobs.insert(name.clone(), Arc::clone(object)).is_none();
        let Some(owner) = controller(&job.metadata) else {
            return Ok(self.disown(&name));
        };
        let Some(watched) = self.watched.get_mut(&owner.name) else { return Ok(None) };
        if watched.uid().as_ref() != Some(&owner.uid) {
            return Ok(None);
        }
        let scheduled = job.metadata.annotations.iter().flatten();
        let is_run = scheduled.into_iter().any(|(key, _)| key == SCHEDULED_TIMESTAMP);
        if is_new && is_run {
            started.push(Run::of(&owner.name, job)?);
        }
        let ledger = Ledger::of(&job.status.clone().unwrap_or_default());
        watched.jobs.insert(name, (job.metadata.uid.clone().unwrap_or_default(), is_run, ledger));
        watched.remember_success();
        Ok(Some(owner.name.clone()))
    }

    /// The Job lost its owner, if it had one.
    fn disown(&mut self, name: &str) -> Option<String> {
        let mut all = self.watched.iter_mut();
        all.find_map(|(owner, watched)| watched.lose(name).then(|| owner.clone()))
    }

    fn lose(&mut self, object: &Object) -> Result<Option<String>, String> {
        let name = object.key().name;
        if object.kind() == Kind::CronJob {
            self.due.retain(|(_, had)| *had != name);
            let gone = self.watched.remove(&name).ok_or(format!("cron job {name} went twice"))?;
            let uid = gone.uid();
            let left = self
                .jobs
                .values()
                .find(|job| controller(job.metadata()).map(|owner| &owner.uid) == uid.as_ref());
            return left.map_or(Ok(None), |job| {
                Err(format!("job {} outlives cron job {name}", job.key().name))
            });
        }
        self.jobs.remove(&name).ok_or(format!("job {name} went twice"))?;
        Ok(self.disown(&name))
    }

    /// Checks a run that this step started, and accounts for those that it passed over.
    fn check_start(&mut self, run: &Run, now: Timestamp) -> Result<(), String> {
        let Run { cron_job, at, .. } = run;
        let Some(watched) = self.watched.get_mut(cron_job) else { return Ok(()) };
        let said = |why: &str| format!("cron job {cron_job}: run {at} at {now}: {why}");
        if watched.latest_due(now) != Some(*at) {
            return Err(said(&format!("the latest that is due is {:?}", watched.latest_due(now))));
        }
        if watched.is_too_late(*at, now) {
            return Err(said("it is too late"));
        }
        if !watched.started.insert(*at) {
            return Err(said("it was started before"));
        }
        let late = watched.lateness(*at, now);
        if run.lateness.as_millis() != late.as_millis() {
            return Err(said(&format!("it is {late:?} late and says {:?}", run.lateness)));
        }
        self.tally.started += 1;
        self.advance(cron_job, *at, now)
    }

    /// The last run of the CronJob is the one of `at`: accounts for those that it passed over.
    fn advance(&mut self, cron_job: &str, at: Timestamp, now: Timestamp) -> Result<(), String> {
        let Some(watched) = self.watched.get_mut(cron_job) else { return Ok(()) };
        for passed in watched.passed_over(at) {
            match watched.found.remove(&passed) {
                Some(Why::TooLate) => self.tally.too_late += 1,
                Some(Why::Active) => self.tally.skipped += 1,
                Some(Why::InTheWay) => self.tally.in_the_way += 1,
                None => {
                    let seen_at = watched.seen_at(passed);
                    let unseen = self.unseen.iter().chain(&watched.unseen);
                    if !unseen.into_iter().any(|(from, to)| *from <= seen_at && seen_at <= *to) {
                        return Err(format!(
                            "cron job {cron_job}: run {passed} was passed over at {now}"
                        ));
                    }
                    self.tally.missed += 1;
                }
            }
        }
        watched.last = Some(at);
        watched.found.remove(&at);
        Ok(())
    }

    /// A run whose Job was made before the clock was put back is not started again.
    fn take_over(&mut self, name: &str, now: Timestamp) -> Result<(), String> {
        let Some(watched) = self.watched.get(name) else { return Ok(()) };
        let due = watched.latest_due(now).filter(|due| watched.is_made(*due));
        due.map_or(Ok(()), |due| self.advance(name, due, now))
    }

    /// Checks one CronJob as the step has left it, and when its next run is due.
    fn check(&mut self, name: &str, now: Timestamp) -> Result<(), String> {
        self.due.retain(|(_, had)| had != name);
        self.take_over(name, now)?;
        let Some(watched) = self.watched.get_mut(name) else { return Ok(()) };
        watched.check_status()?;
        watched.check_history()?;
        let active = watched.active().count();
        if active > 1 && watched.policy() != "Allow" {
            return Err(format!("{active} runs are active under {}", watched.policy()));
        }
        let due = watched.latest_due(now).filter(|_| !watched.is_at_rest());
        if let Some(due) = due {
            let taken = self.jobs.contains_key(&watched.job_name(due));
            let why = if watched.is_too_late(due, now) {
                Why::TooLate
            } else if watched.policy() == "Forbid" && active > 0 {
                Why::Active
            } else if taken {
                Why::InTheWay
            } else {
                return Err(format!("run {due} is due at {now} and not started"));
            };
            watched.found.insert(due, why);
        }
        if let Some(next) = watched.next_due(due) {
            self.due.insert((next, name.to_owned()));
        }
        Ok(())
    }

    /// Checks that the feed's picture is what the store lists.
    pub(super) fn check_store(&self, cron_jobs: &[Object], jobs: &[Object]) -> Result<(), String> {
        let told: BTreeSet<ObjectKey> = self.jobs.values().map(|job| job.key()).collect();
        let stored: BTreeSet<ObjectKey> = jobs.iter().map(Object::key).collect();
        if told != stored {
            let other: Vec<_> = told.symmetric_difference(&stored).collect();
            return Err(format!("the store and the feed differ: {other:?}"));
        }
        for object in cron_jobs {
            let Object::CronJob(stored) = object else { continue };
            let name = stored.metadata.name.as_deref().unwrap_or_default();
            if self.watched.get(name).map(Watched::cron_job) != Some(stored) {
                return Err(format!("cron job {name} is stored as {stored:?}"));
            }
        }
        Ok(())
    }
}
