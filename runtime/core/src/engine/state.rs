//! What the engine knows between steps: exactly what was committed, indexed for the decisions.
//!
//! Finished Jobs are not here: the store has them, and they are looked up when somebody asks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::cron_jobs::CronJobs;
use super::http_triggers::HTTPTriggers;
use super::old_pods::EndedPods;
use super::repeats::Repeats;
use super::tell::Correlator;
use super::{JobRecord, Recovered, old_events};
use crate::Timestamp;
use crate::api::{Kind, Object, ObjectKey};
use crate::control::job::{JobState, Ledger, Memory, Presence, Rules};
use crate::pods::{JobId, JobInfo, PodId};
use crate::trigger::OpenCall;

/// Where the store could not be read, so long until the next try.
const RETRY: Duration = Duration::from_secs(1);

/// A namespace and a name.
pub(super) type Name = (String, String);

/// One Job that is not over: unfinished, being deleted, or with pods that have not ended.
#[derive(Debug)]
pub(super) struct Entry {
    /// What decisions look at.
    pub state: JobState,
    /// The Job as it was last committed.
    pub object: Arc<Object>,
    /// The controller's memory as it was last committed.
    pub memory: Memory,
    /// When it is to be looked at again.
    pub wake_at: Option<Timestamp>,
    /// Its pods that wait to be scheduled.
    pub pending: BTreeSet<u32>,
    /// The request that it answers, while that has no answer.
    pub call: Option<Arc<OpenCall>>,
}

/// What is promised to the pods that run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Promised {
    pub memory_bytes: u64,
    pub pods: u32,
}

/// Everything that was committed and is not over.
#[derive(Debug, Default)]
pub(super) struct State {
    pub seed: [u8; 16],
    pub revision: u64,
    pub next_job: JobId,
    pub jobs: BTreeMap<JobId, Entry>,
    /// Those of `jobs` that are there.
    pub names: BTreeMap<Name, JobId>,
    /// Jobs that are to be looked at again, and when.
    pub timers: BTreeSet<(Timestamp, JobId)>,
    pub cron_jobs: CronJobs,
    pub triggers: HTTPTriggers,
    /// What requests without an answer take, in bytes.
    pub call_bytes: u64,
    /// When answers that are too old are to be forgotten.
    pub old_answers_at: Option<Timestamp>,
    /// When every HTTPTrigger is to be looked at again, as the store could not be read.
    pub triggers_at: Option<Timestamp>,
    pub claims: BTreeMap<Name, Arc<Object>>,
    pub namespaces: BTreeMap<String, Arc<Object>>,
    /// Finished Jobs that go by themselves, and when.
    pub expiring: BTreeMap<Name, Timestamp>,
    pub expiry: BTreeSet<(Timestamp, Name)>,
    pub promised: Promised,
    pub correlator: Correlator,
    pub repeats: Repeats,
    /// When events that are too old are to be forgotten.
    pub old_events_at: Option<Timestamp>,
    pub ended_pods: EndedPods,
}

impl State {
    /// Returns the state that was remembered.
    pub(super) fn load(recovered: Recovered) -> Self {
        let mut state = Self {
            seed: recovered.seed,
            revision: recovered.revision,
            next_job: recovered.next_job,
            old_events_at: recovered.oldest_event.map(old_events::forgotten_at),
            ended_pods: EndedPods { kept: recovered.ended_pods, forget_at: None },
            old_answers_at: recovered.oldest_answer.map(old_events::together),
            ..Self::default()
        };
        for object in recovered.objects {
            state.take_object(Arc::new(object));
        }
        for (key, at) in recovered.expiring {
            state.expire_at((key.namespace, key.name), at);
        }
        for record in recovered.cron_jobs {
            state.cron_jobs.take(record);
        }
        for record in recovered.triggers {
            state.triggers.take(record);
        }
        for record in recovered.unfinished {
            state.take_job(record);
        }
        state
    }

    fn take_object(&mut self, object: Arc<Object>) {
        let key = object.key();
        match key.kind {
            Kind::Namespace => {
                self.namespaces.insert(key.name, object);
            }
            Kind::PersistentVolumeClaim => {
                self.claims.insert((key.namespace, key.name), object);
            }
            Kind::ServiceAccount
            | Kind::ConfigMap
            | Kind::Secret
            | Kind::CronJob
            | Kind::HTTPTrigger
            | Kind::Job
            | Kind::Pod
            | Kind::Event => {}
        }
    }

    fn take_job(&mut self, record: JobRecord) {
        let id = record.id;
        let entry = Entry::of(record);
        if let Some(open) = &entry.call {
            self.call_bytes = self.call_bytes.saturating_add(open.call.size_bytes());
        }
        if entry.state.presence != Presence::Orphaned {
            self.names.insert(entry.name(), id);
        }
        self.jobs.insert(id, entry);
    }

    /// Has the finished Job of that name go at `at`.
    pub(super) fn expire_at(&mut self, name: Name, at: Timestamp) {
        self.expire_never(&name);
        self.expiry.insert((at, name.clone()));
        self.expiring.insert(name, at);
    }

    /// Has the Job of that name stay.
    pub(super) fn expire_never(&mut self, name: &Name) {
        if let Some(at) = self.expiring.remove(name) {
            self.expiry.remove(&(at, name.clone()));
        }
    }

    /// Returns the Job of that key, if it is there and not over.
    pub(super) fn job_id(&self, key: &ObjectKey) -> Option<JobId> {
        self.names.get(&(key.namespace.clone(), key.name.clone())).copied()
    }

    /// Has a Job looked at again at `at`, and not before unless something happens to it.
    pub(super) fn wake(&mut self, id: JobId, at: Option<Timestamp>) {
        let Some(entry) = self.jobs.get_mut(&id) else { return };
        if let Some(had) = entry.wake_at.take() {
            self.timers.remove(&(had, id));
        }
        entry.wake_at = at;
        if let Some(at) = at {
            self.timers.insert((at, id));
        }
    }

    /// Returns when something is due without anything else happening.
    pub(super) fn wake_at(&self) -> Option<Timestamp> {
        let timer = self.timers.first().map(|(at, _)| *at);
        let expiry = self.expiry.first().map(|(at, _)| *at);
        let old =
            [self.old_events_at, self.old_answers_at, self.triggers_at, self.ended_pods.forget_at];
        let repeats = self.repeats.due();
        let due = [timer, self.cron_jobs.next(), expiry, repeats].into_iter().chain(old);
        due.flatten().min()
    }

    /// Has every HTTPTrigger looked at again a little later, as the store could not be read.
    pub(super) fn look_again(&mut self, now: Timestamp) {
        self.triggers_at.get_or_insert(now.plus(RETRY));
    }

    /// Lets go of a Job that is over.
    pub(super) fn evict(&mut self, id: JobId) {
        self.wake(id, None);
        if let Some(entry) = self.jobs.remove(&id) {
            let name = entry.name();
            if self.names.get(&name) == Some(&id) {
                self.names.remove(&name);
            }
        }
    }

    /// Returns the pods that were told to start and have not ended.
    pub(super) fn scheduled(&self) -> impl Iterator<Item = PodId> {
        let pods = self.jobs.values().flat_map(|entry| entry.state.pods.values());
        pods.filter(|pod| pod.scheduled_at.is_some()).map(|pod| pod.id)
    }
}

impl Entry {
    /// Returns the entry of a remembered Job.
    pub(super) fn of(record: JobRecord) -> Self {
        let spec = record.job.spec.clone().unwrap_or_default();
        let status = record.job.status.clone().unwrap_or_default();
        let memory: Memory = serde_json::from_slice(&record.memory).unwrap_or_default();
        let mut info = JobInfo::of(record.id, &record.job);
        info.orphaned = record.orphaned;
        let presence = match (record.orphaned, &record.job.metadata.deletion_timestamp) {
            (true, _) => Presence::Orphaned,
            (false, Some(_)) => Presence::Deleting,
            (false, None) => Presence::Present,
        };
        let live = record.pods.into_iter().filter(crate::pods::Pod::is_live);
        let pods: BTreeMap<u32, _> = live.map(|pod| (pod.id.ordinal(), Arc::new(pod))).collect();
        let unscheduled = pods.values().filter(|pod| pod.scheduled_at.is_none());
        Self {
            pending: unscheduled.map(|pod| pod.id.ordinal()).collect(),
            memory: memory.clone(),
            wake_at: None,
            call: record.call,
            state: JobState {
                info: Arc::new(info),
                rules: Rules::of(&spec),
                ledger: Ledger::of(&status),
                memory,
                pods,
                presence,
            },
            object: Arc::new(Object::Job(record.job)),
        }
    }

    /// Returns the Job's namespace and name.
    pub(super) fn name(&self) -> Name {
        (self.state.info.namespace.clone(), self.state.info.name.clone())
    }

    /// Returns whether the Job needs to be known no longer.
    pub(super) fn is_over(&self) -> bool {
        self.state.pods.is_empty()
            && match self.state.presence {
                Presence::Present => self.state.ledger.finished().is_some(),
                Presence::Deleting => false,
                Presence::Gone | Presence::Orphaned => true,
            }
    }
}
