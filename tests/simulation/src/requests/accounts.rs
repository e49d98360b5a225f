//! What the triggers have done, from the change feed alone, and what of that may not be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jobling_core::api::{HTTPTrigger, HTTPTriggerStatus, Object};
use jobling_core::control::trigger::{QUEUED, REQUEST_NUMBER};
use jobling_core::engine::{Change, Snapshot};
use k8s_openapi::api::batch::v1::Job;

/// What became of the requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Jobs made.
    pub jobs: u64,
    /// Jobs that failed.
    pub failures: u64,
    /// Jobs that had to wait.
    pub queued: u64,
}

/// One Job that is there.
#[derive(Debug, Clone, Copy)]
struct Request {
    number: u64,
    queued: bool,
    end: Option<bool>,
}

#[derive(Debug, Default)]
struct Account {
    trigger: HTTPTrigger,
    jobs: BTreeMap<String, Request>,
    /// Every number that a Job ever had.
    numbers: BTreeSet<u64>,
    counted: u64,
    failed: u64,
}

/// The accounts of all triggers, by name.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    accounts: BTreeMap<String, Account>,
    pub(super) tally: Tally,
}

impl Accounts {
    /// Takes what a step changed, and says what of it may not be. Returns the names of new Jobs.
    pub(super) fn take(&mut self, changes: &[Arc<Change>]) -> Result<Vec<String>, String> {
        let mut made = Vec::new();
        for change in changes {
            let object = |snapshot: &Option<Snapshot>| match snapshot {
                Some(Snapshot::Object(object)) => Some(Arc::clone(object)),
                Some(Snapshot::Pod { .. }) | None => None,
            };
            match (object(&change.before).as_deref(), object(&change.after).as_deref()) {
                (_, Some(Object::HTTPTrigger(trigger))) => {
                    let name = trigger.metadata.name.clone().unwrap_or_default();
                    self.accounts.entry(name).or_default().trigger = HTTPTrigger::clone(trigger);
                }
                (before, Some(Object::Job(job))) => {
                    made.extend(self.take_job(job, before.is_none())?);
                }
                (Some(Object::Job(job)), None) => self.lose_job(job),
                _ => {}
            }
        }
        self.check()?;
        Ok(made)
    }

    /// Takes note of a request that a trigger was told of and that has no Job.
    pub(super) fn counted(&mut self, trigger: &str, requests: u64) {
        if let Some(account) = self.accounts.get_mut(trigger) {
            account.counted += requests;
        }
    }

    fn account(&mut self, job: &Job) -> Option<(&mut Account, &mut Tally)> {
        let owner = job.metadata.owner_references.iter().flatten().next()?;
        Some((self.accounts.get_mut(&owner.name)?, &mut self.tally))
    }

    /// Returns the Job's name, where it is new.
    fn take_job(&mut self, job: &Job, is_new: bool) -> Result<Option<String>, String> {
        let name = job.metadata.name.clone().unwrap_or_default();
        let annotation = |key| job.metadata.annotations.as_ref().and_then(|all| all.get(key));
        let Some(number) = annotation(REQUEST_NUMBER).and_then(|text| text.parse().ok()) else {
            return Ok(None);
        };
        let queued = annotation(QUEUED).is_some();
        let Some((account, tally)) = self.account(job) else {
            return Err(format!("{name} is nobody's"));
        };
        if is_new && !account.numbers.insert(number) {
            return Err(format!("{name} has the number {number} of another"));
        }
        let conditions = job.status.iter().flat_map(|status| status.conditions.iter().flatten());
        let end = conditions.filter(|it| it.status == "True").find_map(|it| match &*it.type_ {
            "Complete" => Some(true),
            "Failed" => Some(false),
            _ => None,
        });
        let had = account.jobs.insert(name.clone(), Request { number, queued, end });
        if end == Some(false) && had.is_none_or(|had| had.end.is_none()) {
            account.failed += 1;
            tally.failures += 1;
        }
        if is_new {
            tally.jobs += 1;
            tally.queued += u64::from(queued);
        }
        Ok(is_new.then_some(name))
    }

    fn lose_job(&mut self, job: &Job) {
        let name = job.metadata.name.clone().unwrap_or_default();
        if let Some((account, _)) = self.account(job) {
            account.jobs.remove(&name);
        }
    }

    fn check(&self) -> Result<(), String> {
        for (name, account) in &self.accounts {
            account.check().map_err(|error| format!("{name}: {error}"))?;
        }
        Ok(())
    }
}

impl Account {
    fn check(&self) -> Result<(), String> {
        let under_way = || self.jobs.values().filter(|job| job.end.is_none());
        let active = under_way().filter(|job| !job.queued).count();
        let waiting = under_way().filter(|job| job.queued);
        let spec = &self.trigger.spec;
        // A smaller maxConcurrency ends nobody: it holds for those who come.
        let first = waiting.clone().map(|job| job.number).min();
        let last = under_way().filter(|job| !job.queued).map(|job| job.number).max();
        if let (Some(first), Some(last)) = (first, last)
            && last > first
        {
            return Err(format!("request {last} was let in before request {first}"));
        }
        for (end, limit) in
            [(true, spec.successful_jobs_history_limit), (false, spec.failed_jobs_history_limit)]
        {
            let kept = self.jobs.values().filter(|job| job.end == Some(end)).count();
            let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
            if kept > limit {
                return Err(format!("{kept} Jobs are kept of at most {limit}"));
            }
        }
        let status = self.trigger.status.clone().unwrap_or_default();
        let waiting = waiting.count();
        self.check_status(&status, active, waiting)
    }

    fn check_status(
        &self,
        status: &HTTPTriggerStatus,
        active: usize,
        waiting: usize,
    ) -> Result<(), String> {
        let told = |count: Option<i32>| usize::try_from(count.unwrap_or_default());
        if told(status.active) != Ok(active) || told(status.queued) != Ok(waiting) {
            return Err(format!("{status:?} while {active} run and {waiting} wait"));
        }
        let requests = u64::try_from(self.numbers.len()).unwrap_or_default() + self.counted;
        let told = |count: Option<i64>| u64::try_from(count.unwrap_or_default());
        if told(status.requests) != Ok(requests) || told(status.failures) != Ok(self.failed) {
            let failed = self.failed;
            return Err(format!("{status:?} after {requests} requests of which {failed} failed"));
        }
        Ok(())
    }

    /// Returns how many are under way that count.
    fn active(&self) -> usize {
        self.jobs.values().filter(|job| job.end.is_none() && !job.queued).count()
    }
}

impl Accounts {
    /// Returns how many Jobs of a trigger may run and have not ended.
    pub(super) fn active(&self, trigger: &str) -> usize {
        self.accounts.get(trigger).map_or(0, Account::active)
    }

    /// Returns how many may, as its spec says.
    pub(super) fn most(&self, trigger: &str) -> usize {
        let most = self.accounts.get(trigger).and_then(|it| it.trigger.spec.max_concurrency);
        most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX)
    }

    /// Returns the uid of a trigger.
    pub(super) fn uid(&self, trigger: &str) -> String {
        let found = self.accounts.get(trigger).and_then(|it| it.trigger.metadata.uid.clone());
        found.unwrap_or_default()
    }
}
