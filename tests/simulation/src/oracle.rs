//! What must always hold, checked on the change feed after every step:
//!
//! 1. Revisions rise from change to change, and the feed alone rebuilds what the store lists.
//! 2. A pod's tally is set once and never changes; a Job's `succeeded` and `failed` are the number of its
//!    pods that were ever tallied so: nothing is lost or counted twice, whatever crashed in between.
//! 3. No more pods are active than `parallelism`; each index has one active pod at most; with
//!    `podReplacementPolicy` Failed no pod is created while as many live as may run.
//! 4. `status.active` and `status.terminating` are the number of such rows.
//! 5. A terminal condition never changes, comes after its forerunner (`FailureTarget`, `SuccessCriteriaMet`)
//!    and while no pod lives; `completedIndexes` never lose an index but by a smaller `completions`.
//! 6. A Job with more failures than backoffLimit is failing; one that completed had its successes.
//! 7. While the clock goes forward, no pod is created sooner after a failure than the back-off says; ends
//!    that one recovery found are one failure in a row.
//! 8. An acknowledged object exists until its deletion is acknowledged or its time to live is over.
//! 9. The pods that the node runs are those that the store says are scheduled and have not ended; their
//!    memory and number stay within the host's budget; a pod whose claim is missing does not run.
//! 10. With nothing more to happen a step writes nothing; with time given, every Job that may finish does,
//!     and no more pods that have ended are kept than the operator wants.

mod checks;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jobling_core::Timestamp;
use jobling_core::api::{Kind, Object, ObjectKey};
use jobling_core::control::IndexSet;
use jobling_core::control::job::{Ledger, Rules};
use jobling_core::engine::{Change, ListScope, Reader, Settings, Snapshot};
use jobling_core::pods::{JobInfo, Pod, PodId, Tally};
use k8s_openapi::api::batch::v1::Job;

/// What the feed told of one Job's pods.
#[derive(Debug, Default)]
struct Tallies {
    succeeded: u32,
    failed: u32,
    streak: u32,
    last_failure: Option<Timestamp>,
    /// Whether the clock was put back, or the Job resized, so that a rule cannot be told from outside.
    clock_went_back: bool,
    resized: bool,
    /// Whether one step counted a success and a failure: which came first is not told.
    mixed: bool,
}

/// Everything as the feed told it.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    revision: u64,
    objects: BTreeMap<ObjectKey, Arc<Object>>,
    pods: BTreeMap<PodId, (Arc<Pod>, Arc<JobInfo>)>,
    /// By uid.
    tallies: BTreeMap<String, Tallies>,
    ever_tallied: BTreeMap<PodId, Tally>,
    ended: BTreeMap<String, String>,
    /// What was acknowledged as there.
    acknowledged: BTreeSet<ObjectKey>,
    /// How many failures in a row each Job had when the daemon died, until the first step after it.
    recovering: Option<BTreeMap<String, u32>>,
}

impl Oracle {
    /// Notes that the client was told that the object exists.
    pub(crate) fn acknowledge(&mut self, key: ObjectKey) {
        self.acknowledged.insert(key);
    }

    /// Notes that the client was told that the object went, or is about to.
    pub(crate) fn release(&mut self, key: &ObjectKey) {
        self.acknowledged.remove(key);
    }

    /// Notes that the clock was put back.
    pub(crate) fn clock_went_back(&mut self) {
        for tallies in self.tallies.values_mut() {
            tallies.clock_went_back = true;
        }
    }

    /// Notes that the daemon died.
    pub(crate) fn crashed(&mut self) {
        let streaks = self.tallies.iter().map(|(uid, tallies)| (uid.clone(), tallies.streak));
        self.recovering = Some(streaks.collect());
    }

    /// Notes that what became of its pods is committed.
    pub(crate) fn recovered(&mut self) {
        self.recovering = None;
    }

    /// Returns the Jobs that are there.
    pub(crate) fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.objects.values().filter_map(|object| match &**object {
            Object::Job(job) => Some(&**job),
            Object::Namespace(_)
            | Object::ServiceAccount(_)
            | Object::ConfigMap(_)
            | Object::Secret(_)
            | Object::PersistentVolumeClaim(_)
            | Object::CronJob(_)
            | Object::HTTPTrigger(_)
            | Object::Pod(_)
            | Object::Event(_) => None,
        })
    }

    /// Returns the names of the pods that are there.
    pub(crate) fn pod_names(&self) -> Vec<String> {
        self.pods.values().map(|(pod, info)| pod.name(info)).collect()
    }

    /// Returns how many pods have ended and are kept.
    pub(crate) fn ended_pods(&self) -> usize {
        self.pods.values().filter(|(pod, _)| !pod.is_live()).count()
    }

    /// Takes what a step committed, and checks all that must hold after it.
    pub(crate) fn take(
        &mut self,
        changes: &[Arc<Change>],
        settings: &Settings,
        now: Timestamp,
    ) -> Result<(), String> {
        let mut created = Vec::new();
        self.note_mixed(changes);
        for change in changes {
            if change.revision <= self.revision {
                return Err(format!("revision {} after {}", change.revision, self.revision));
            }
            self.revision = change.revision;
            self.take_change(change, now, &mut created)?;
        }
        if let Some(before) = &self.recovering {
            for (uid, tallies) in &mut self.tallies {
                let streak = before.get(uid).copied().unwrap_or_default();
                tallies.streak = tallies.streak.min(streak + 1);
            }
        }
        self.check_pods(settings)?;
        self.check_jobs()?;
        self.check_created(&created, settings, now)
    }

    /// Notes the Jobs of which one step counted both a success and a failure.
    fn note_mixed(&mut self, changes: &[Arc<Change>]) {
        let mut seen: BTreeMap<&str, BTreeSet<bool>> = BTreeMap::new();
        for change in changes {
            let snapshot = change.after.as_ref().or(change.before.as_ref());
            if let Some(Snapshot::Pod { pod, job }) = snapshot
                && !self.ever_tallied.contains_key(&pod.id)
                && matches!(pod.tally, Tally::Succeeded | Tally::Failed | Tally::Ignored)
            {
                seen.entry(&job.uid).or_default().insert(pod.tally == Tally::Succeeded);
            }
        }
        for (uid, _) in seen.into_iter().filter(|(_, ends)| ends.len() > 1) {
            self.tallies.entry(uid.to_owned()).or_default().mixed = true;
        }
    }

    fn take_change(
        &mut self,
        change: &Change,
        now: Timestamp,
        created: &mut Vec<PodId>,
    ) -> Result<(), String> {
        match (&change.before, &change.after) {
            (_, Some(Snapshot::Object(object))) => self.take_object(object),
            (_, Some(Snapshot::Pod { pod, job })) => {
                if pod.revision != change.revision {
                    return Err(format!("pod {} has revision {}", pod.id, pod.revision));
                }
                if change.before.is_none() {
                    created.push(pod.id);
                }
                self.take_tally(pod, job, now)?;
                self.pods.insert(pod.id, (Arc::clone(pod), Arc::clone(job)));
                Ok(())
            }
            (Some(Snapshot::Object(object)), None) => {
                let key = object.key();
                self.objects.remove(&key).map(|_| ()).ok_or(format!("{key:?} went twice"))
            }
            (Some(Snapshot::Pod { pod, job }), None) => {
                self.take_tally(pod, job, now)?;
                self.pods.remove(&pod.id).map(|_| ()).ok_or(format!("pod {} went twice", pod.id))
            }
            (None, None) => Err("a change of nothing".into()),
        }
    }

    fn take_object(&mut self, object: &Arc<Object>) -> Result<(), String> {
        if let Object::Job(job) = &**object {
            let old = self.objects.get(&object.key()).map(Arc::clone);
            let old = match old.as_deref() {
                Some(Object::Job(old)) if old.metadata.uid == job.metadata.uid => Some(&**old),
                _ => None,
            };
            self.check_terminal(job)?;
            self.check_indexes(old, job)?;
        }
        self.objects.insert(object.key(), Arc::clone(object));
        Ok(())
    }

    fn take_tally(&mut self, pod: &Pod, job: &JobInfo, now: Timestamp) -> Result<(), String> {
        let had = self.ever_tallied.get(&pod.id).copied().unwrap_or_default();
        if had == pod.tally {
            return Ok(());
        }
        if had != Tally::Open {
            return Err(format!("pod {} was tallied {had:?}, then {:?}", pod.id, pod.tally));
        }
        self.ever_tallied.insert(pod.id, pod.tally);
        let tallies = self.tallies.entry(job.uid.clone()).or_default();
        match pod.tally {
            Tally::Succeeded => {
                tallies.succeeded += 1;
                (tallies.streak, tallies.last_failure) = (0, None);
            }
            Tally::Failed | Tally::Ignored => {
                tallies.failed += u32::from(pod.tally == Tally::Failed);
                tallies.streak += 1;
                let at = pod.status.finished_at.unwrap_or(now).min(now);
                tallies.last_failure = Some(tallies.last_failure.map_or(at, |had| had.max(at)));
            }
            Tally::Open | Tally::Exempt => {}
        }
        Ok(())
    }

    fn check_terminal(&mut self, job: &Job) -> Result<(), String> {
        let uid = job.metadata.uid.clone().unwrap_or_default();
        let ledger = Ledger::of(&job.status.clone().unwrap_or_default());
        let Some(end) = ledger.finished() else {
            return match self.ended.get(&uid) {
                Some(end) => Err(format!("{:?} was {end} and is not", job.metadata.name)),
                None => Ok(()),
            };
        };
        let now = format!("{} {:?} {:?}", end.type_, end.reason, end.last_transition_time);
        let forerunner = if end.type_ == "Failed" { "FailureTarget" } else { "SuccessCriteriaMet" };
        let order = |kind: &str| ledger.conditions.iter().position(|had| had.type_ == kind);
        if order(forerunner).is_none() || order(forerunner) > order(&end.type_) {
            return Err(format!("{:?} is {} without {forerunner}", job.metadata.name, end.type_));
        }
        match self.ended.insert(uid, now.clone()) {
            Some(had) if had != now => Err(format!("an end changed from {had} to {now}")),
            _ => Ok(()),
        }
    }

    fn check_indexes(&mut self, old: Option<&Job>, new: &Job) -> Result<(), String> {
        let Some(old) = old else { return Ok(()) };
        let completions = |job: &Job| job.spec.as_ref().and_then(|spec| spec.completions);
        if completions(old) != completions(new) {
            let uid = new.metadata.uid.clone().unwrap_or_default();
            self.tallies.entry(uid).or_default().resized = true;
            return Ok(());
        }
        let done = |job: &Job| {
            let status = job.status.as_ref();
            let text = status.and_then(|status| status.completed_indexes.clone());
            IndexSet::parse(&text.unwrap_or_default())
        };
        let (before, after) = (done(old), done(new));
        let uid = new.metadata.uid.as_deref().unwrap_or_default();
        let resized = self.tallies.get(uid).is_some_and(|tallies| tallies.resized);
        if before.overlap(&after) != before.len() && !resized {
            return Err(format!("completedIndexes went from {before} to {after}"));
        }
        Ok(())
    }

    /// Checks that the feed's picture is what the store lists, and that nothing acknowledged is lost.
    pub(crate) fn check_store(&self, reader: &impl Reader) -> Result<(), String> {
        for kind in [Kind::Job, Kind::PersistentVolumeClaim, Kind::Namespace, Kind::Event] {
            let listing =
                reader.list(kind, &ListScope::default()).map_err(|error| error.to_string())?;
            let listed: Vec<&Object> = listing.items.iter().filter(|item| !derived(item)).collect();
            let told: Vec<&Object> = self
                .objects
                .iter()
                .filter(|(key, _)| key.kind == kind)
                .map(|(_, object)| &**object)
                .collect();
            if listed != told {
                let other = listed.iter().zip(&told).find(|(stored, told)| stored != told);
                let (stored, said) = other.map_or((None, None), |(a, b)| (Some(a), Some(b)));
                return Err(format!(
                    "{kind:?}: the store lists {stored:?}, the feed told {said:?}"
                ));
            }
        }
        let listing =
            reader.list(Kind::Pod, &ListScope::default()).map_err(|error| error.to_string())?;
        if listing.items.len() != self.pods.len() {
            let (stored, told) = (listing.items.len(), self.pods.len());
            return Err(format!("the store lists {stored} pods, the feed told {told}"));
        }
        match self.acknowledged.iter().find(|key| !self.objects.contains_key(key)) {
            Some(lost) => Err(format!("{lost:?} was acknowledged and is lost")),
            None => Ok(()),
        }
    }

    /// Checks that the node runs what is scheduled.
    pub(crate) fn check_node(&self, running: &BTreeSet<PodId>) -> Result<(), String> {
        let live =
            self.pods.values().filter(|(pod, _)| pod.is_live() && pod.scheduled_at.is_some());
        let scheduled: BTreeSet<PodId> = live.map(|(pod, _)| pod.id).collect();
        if *running != scheduled {
            return Err(format!("{scheduled:?} are scheduled, the node knows {running:?}"));
        }
        Ok(())
    }

    /// Lets go of what the time to live took.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        let due: Vec<ObjectKey> = self
            .jobs()
            .filter(|job| {
                let spec = job.spec.as_ref();
                let ttl = spec.and_then(|spec| spec.ttl_seconds_after_finished);
                let ledger = Ledger::of(&job.status.clone().unwrap_or_default());
                let ttl = ttl.and_then(|ttl| u64::try_from(ttl).ok()).map(Duration::from_secs);
                let due = ledger.finished_at().zip(ttl).map(|(at, ttl)| at.plus(ttl));
                due.is_some_and(|due| due <= now)
            })
            .map(|job| {
                let name = job.metadata.name.clone().unwrap_or_default();
                ObjectKey::new(Kind::Job, "default", name)
            })
            .collect();
        for key in due {
            self.acknowledged.remove(&key);
        }
    }

    /// Returns the Jobs that should have finished by now and have not.
    pub(crate) fn unfinished(&self) -> Vec<String> {
        let may_finish = |job: &&Job| {
            let rules = Rules::of(&job.spec.clone().unwrap_or_default());
            let ledger = Ledger::of(&job.status.clone().unwrap_or_default());
            let annotations = job.metadata.annotations.iter().flatten();
            let hopeless = annotations.into_iter().any(|(_, failures)| failures == "100");
            let for_ever = hopeless && rules.failure_policy.is_some();
            ledger.finished().is_none()
                && !for_ever
                && !rules.managed_elsewhere
                && !rules.suspended
                && rules.parallelism > 0
        };
        let name = |job: &Job| {
            let name = job.metadata.name.as_deref().unwrap_or_default();
            let status = serde_json::to_string(&job.status).unwrap_or_default();
            let mut spec = serde_json::to_value(&job.spec).unwrap_or_default();
            let volumes = !spec["template"]["spec"]["volumes"].is_null();
            let restart = spec["template"]["spec"]["restartPolicy"].take();
            spec["template"].take();
            let failures = job.metadata.annotations.as_ref().map(|all| &all["failures"]);
            format!("{name} {spec} {restart} volumes {volumes}, failures {failures:?}: {status}")
        };
        self.jobs().filter(may_finish).map(name).collect()
    }
}

/// An event that the store makes of a pod's row: no change told of it.
fn derived(object: &Object) -> bool {
    object.kind() == Kind::Event && object.metadata().resource_version.is_none()
}
