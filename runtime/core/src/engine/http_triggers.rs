//! The HTTPTriggers, as they are known between steps: whole, as each request asks for them, with a few words
//! of each Job of theirs and what is remembered of their requests.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::TriggerRecord;
use super::owned_jobs::OwnedJobs;
use super::state::Name;
use crate::Timestamp;
use crate::api::{HTTPTrigger, HTTPTriggerSpec, HTTPTriggerStatus, Object};
use crate::control::trigger::{Load, Rules};
use crate::pods::JobId;

/// So many answers to requests without a key are remembered of each trigger; the oldest are forgotten
/// before their time.
const MOST_ANSWERS: usize = 1_000;

/// What has happened since the status was written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct News {
    pub requests: u64,
    pub failures: u64,
    pub last_request: Option<Timestamp>,
    pub last_failure: Option<Timestamp>,
}

/// One HTTPTrigger.
#[derive(Debug)]
pub(super) struct TriggerEntry {
    /// As this step has left it.
    pub object: Arc<Object>,
    /// What its spec says.
    pub rules: Rules,
    /// The Jobs that it controls.
    pub jobs: OwnedJobs,
    /// What its status does not tell yet.
    pub news: News,
    /// How many keys are remembered.
    pub keys: u32,
    /// The Jobs whose answers to requests without a key are remembered, oldest first.
    answers: VecDeque<JobId>,
}

/// Every HTTPTrigger that is there.
#[derive(Debug, Default)]
pub(super) struct HTTPTriggers {
    entries: BTreeMap<Arc<Name>, TriggerEntry>,
    by_uid: BTreeMap<String, Arc<Name>>,
}

impl HTTPTriggers {
    /// Takes in what was remembered of a trigger.
    pub(super) fn take(&mut self, record: TriggerRecord) {
        let TriggerRecord { trigger, jobs, keys, answers } = record;
        let entry = self.put(&Arc::new(Object::HTTPTrigger(trigger)));
        if let Some(entry) = self.entries.get_mut(&entry) {
            (entry.jobs, entry.keys, entry.answers) = (OwnedJobs::of(jobs), keys, answers.into());
        }
    }

    /// Takes in a trigger that is new or changed.
    pub(super) fn put(&mut self, object: &Arc<Object>) -> Arc<Name> {
        let key = object.key();
        let rules = trigger_of(object).map(|trigger| Rules::of(&trigger.spec));
        let rules = rules.unwrap_or_else(|| Rules::of(&HTTPTriggerSpec::default()));
        let name = Arc::new((key.namespace, key.name));
        if let Some(entry) = self.entries.get_mut(&name) {
            (entry.object, entry.rules) = (Arc::clone(object), rules);
            return self.name(&name).unwrap_or(name);
        }
        let entry = TriggerEntry {
            object: Arc::clone(object),
            rules,
            jobs: OwnedJobs::default(),
            news: News::default(),
            keys: 0,
            answers: VecDeque::new(),
        };
        let uid = object.metadata().uid.clone().unwrap_or_default();
        self.entries.insert(Arc::clone(&name), entry);
        self.by_uid.insert(uid, Arc::clone(&name));
        name
    }

    /// Lets go of a trigger.
    pub(super) fn forget(&mut self, name: &Name) {
        if let Some(entry) = self.entries.remove(name) {
            self.by_uid.remove(entry.uid());
        }
    }

    /// Returns the trigger of that name.
    pub(super) fn get(&self, name: &Name) -> Option<&TriggerEntry> {
        self.entries.get(name)
    }

    /// Returns the trigger of that name, to be changed.
    pub(super) fn get_mut(&mut self, name: &Name) -> Option<&mut TriggerEntry> {
        self.entries.get_mut(name)
    }

    /// Returns the trigger of that uid.
    pub(super) fn of_uid(&mut self, uid: &str) -> Option<&mut TriggerEntry> {
        self.entries.get_mut(self.by_uid.get(uid)?)
    }

    /// Returns every trigger.
    pub(super) fn all(&self) -> impl Iterator<Item = &HTTPTrigger> {
        self.entries.values().filter_map(TriggerEntry::trigger)
    }

    /// Returns every name.
    pub(super) fn names(&self) -> impl Iterator<Item = Arc<Name>> {
        self.entries.keys().map(Arc::clone)
    }

    /// Returns a name as it is kept here.
    pub(super) fn name(&self, name: &Name) -> Option<Arc<Name>> {
        self.entries.get_key_value(name).map(|(name, _)| Arc::clone(name))
    }

    /// Returns the Jobs of the trigger of that name and uid, if it is there.
    pub(super) fn jobs_of(
        &mut self,
        name: &Name,
        uid: &str,
    ) -> Option<(Arc<Name>, &mut OwnedJobs)> {
        let name = self.name(name)?;
        let entry = self.entries.get_mut(&name)?;
        (entry.uid() == uid).then_some((name, &mut entry.jobs))
    }
}

impl TriggerEntry {
    /// Returns the trigger.
    pub(super) fn trigger(&self) -> Option<&HTTPTrigger> {
        trigger_of(&self.object)
    }

    /// Returns its uid.
    pub(super) fn uid(&self) -> &str {
        self.object.metadata().uid.as_deref().unwrap_or_default()
    }

    /// Returns the number of the next request.
    pub(super) fn next_number(&self) -> u64 {
        let status = self.trigger().and_then(|trigger| trigger.status.as_ref());
        let told = status.and_then(|status| status.requests).unwrap_or_default();
        u64::try_from(told).unwrap_or_default().saturating_add(self.news.requests).saturating_add(1)
    }

    /// Counts requests of which the newest came at `last`.
    pub(super) fn count(&mut self, requests: u64, last: Timestamp) {
        self.news.requests = self.news.requests.saturating_add(requests);
        self.news.last_request = self.news.last_request.max(Some(last));
    }

    /// Remembers that an answer to a request without a key is kept. Returns the one to be forgotten for it.
    pub(super) fn keep_answer(&mut self, job: JobId) -> Option<JobId> {
        self.answers.push_back(job);
        if self.answers.len() > MOST_ANSWERS { self.answers.pop_front() } else { None }
    }

    /// Takes note that the answer of that Job is forgotten.
    pub(super) fn answer_forgotten(&mut self, job: JobId) {
        self.answers.retain(|kept| *kept != job);
    }

    /// Returns the status with the news and as many Jobs under way as `load` says.
    pub(super) fn status_with(&self, load: Load) -> HTTPTriggerStatus {
        let before = self.trigger().and_then(|trigger| trigger.status.clone()).unwrap_or_default();
        let News { requests, failures, last_request, last_failure } = self.news;
        let sum = |before: Option<i64>, more: u64| {
            let more = i64::try_from(more).unwrap_or(i64::MAX);
            if more > 0 { Some(before.unwrap_or_default().saturating_add(more)) } else { before }
        };
        let count = |count: u32| i32::try_from(count).ok().filter(|count| *count > 0);
        HTTPTriggerStatus {
            last_request_time: last_request.map(Timestamp::to_time).max(before.last_request_time),
            last_failure_time: last_failure.map(Timestamp::to_time).max(before.last_failure_time),
            requests: sum(before.requests, requests),
            failures: sum(before.failures, failures),
            active: count(load.active),
            queued: count(load.queued),
        }
    }
}

fn trigger_of(object: &Object) -> Option<&HTTPTrigger> {
    if let Object::HTTPTrigger(trigger) = object { Some(trigger) } else { None }
}
