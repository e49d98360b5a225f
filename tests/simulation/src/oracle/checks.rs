//! What must hold of Jobs and pods after every step.

use std::collections::BTreeSet;

use jobling_core::Timestamp;
use jobling_core::api::{Kind, Object, ObjectKey};
use jobling_core::control::job::{Ledger, Replacement, Restart, Rules};
use jobling_core::control::{Backoff, memory_request};
use jobling_core::engine::Settings;
use jobling_core::pods::{JobInfo, Pod, PodId};
use k8s_openapi::api::batch::v1::Job;

use super::{Oracle, Tallies};

impl Oracle {
    pub(super) fn check_jobs(&self) -> Result<(), String> {
        for job in self.jobs() {
            let name = job.metadata.name.as_deref().unwrap_or_default();
            self.check_job(job).map_err(|error| format!("job {name}: {error}"))?;
        }
        Ok(())
    }

    fn check_job(&self, job: &Job) -> Result<(), String> {
        let uid = job.metadata.uid.as_deref().unwrap_or_default();
        let rules = Rules::of(&job.spec.clone().unwrap_or_default());
        if rules.managed_elsewhere {
            return Ok(());
        }
        let status = job.status.clone().unwrap_or_default();
        let ledger = Ledger::of(&status);
        let rows = self.pods.values().filter(|(_, info)| info.uid == uid && !info.orphaned);
        let live: Vec<&Pod> = rows.map(|(pod, _)| &**pod).filter(|pod| pod.is_live()).collect();
        let ending = |pod: &&&Pod| pod.deletion.is_some() || pod.stop.is_some();
        let terminating = live.iter().filter(ending).count();
        let active: Vec<&&Pod> = live.iter().filter(|pod| !ending(pod)).collect();
        let count = |number: Option<i32>| usize::try_from(number.unwrap_or_default()).unwrap_or(0);
        if job.status.is_some() && count(status.active) != active.len() {
            return Err(format!("{} rows are active, status: {:?}", active.len(), status.active));
        }
        if job.status.is_some() && count(status.terminating) != terminating {
            return Err(format!("{terminating} rows terminate, status: {:?}", status.terminating));
        }
        if active.len() > usize::try_from(rules.parallelism).unwrap_or(usize::MAX) {
            return Err(format!("{} pods are active", active.len()));
        }
        let mut indexes = BTreeSet::new();
        if let Some(twice) =
            active.iter().filter_map(|pod| pod.index).find(|index| !indexes.insert(*index))
        {
            return Err(format!("index {twice} has two active pods"));
        }
        if ledger.finished().is_some() && !live.is_empty() {
            return Err(format!("it has finished and {} pods live", live.len()));
        }
        let leaving = job.metadata.deletion_timestamp.is_some();
        self.check_counters(uid, &rules, &ledger, leaving)
    }

    fn check_counters(
        &self,
        uid: &str,
        rules: &Rules,
        ledger: &Ledger,
        leaving: bool,
    ) -> Result<(), String> {
        let none = Tallies::default();
        let tallies = self.tallies.get(uid).unwrap_or(&none);
        if ledger.failed != tallies.failed {
            return Err(format!(
                "failed is {}, tallied {} {rules:?}",
                ledger.failed, tallies.failed
            ));
        }
        if ledger.succeeded != tallies.succeeded && !tallies.resized {
            return Err(format!(
                "succeeded is {}, tallied {}",
                ledger.succeeded, tallies.succeeded
            ));
        }
        let failing = ledger.conditions.iter().any(|had| had.type_ == "FailureTarget");
        let succeeding = ledger.conditions.iter().any(|had| had.type_ == "SuccessCriteriaMet");
        if ledger.failed > rules.backoff_limit && !leaving && !failing && !succeeding {
            return Err(format!("{} failures and it goes on", ledger.failed));
        }
        let complete = ledger.finished().is_some_and(|end| end.type_ == "Complete");
        let reached = rules.completions.map_or(ledger.succeeded > 0, |n| ledger.succeeded >= n);
        if complete && rules.success_policy.is_none() && !reached && !tallies.resized {
            return Err(format!("complete with {} successes", ledger.succeeded));
        }
        Ok(())
    }

    pub(super) fn check_pods(&self, settings: &Settings) -> Result<(), String> {
        let (mut memory, mut pods) = (0, 0);
        for (pod, info) in self.pods.values() {
            if pod.is_live() && pod.scheduled_at.is_some() {
                memory += memory_request(&info.template, settings.default_memory_bytes);
                pods += 1;
            }
        }
        if memory > settings.memory_bytes || pods > settings.most_pods {
            return Err(format!("{pods} pods are promised {memory} bytes"));
        }
        Ok(())
    }

    pub(super) fn check_created(
        &self,
        created: &[PodId],
        settings: &Settings,
        now: Timestamp,
    ) -> Result<(), String> {
        for id in created {
            let Some((pod, info)) = self.pods.get(id) else { continue };
            let key = ObjectKey::new(Kind::Job, info.namespace.clone(), info.name.clone());
            let Some(Object::Job(job)) = self.objects.get(&key).map(|object| &**object) else {
                continue;
            };
            if job.metadata.uid.as_ref() != Some(&info.uid) {
                continue;
            }
            let rules = Rules::of(&job.spec.clone().unwrap_or_default());
            self.check_backoff(pod, info, &rules, settings.backoff, now)?;
            let live = self.pods.values().filter(|(pod, had)| had.uid == info.uid && pod.is_live());
            let most = usize::try_from(rules.parallelism).unwrap_or(usize::MAX);
            if rules.replacement == Replacement::Failed && live.count() > most {
                return Err(format!("pod {id} replaces one that has not ended"));
            }
        }
        Ok(())
    }

    fn check_backoff(
        &self,
        pod: &Pod,
        info: &JobInfo,
        rules: &Rules,
        backoff: Backoff,
        now: Timestamp,
    ) -> Result<(), String> {
        let Some(tallies) = self.tallies.get(&info.uid) else { return Ok(()) };
        let told =
            rules.backoff_limit_per_index.is_none() && !tallies.clock_went_back && !tallies.mixed;
        // A pod that lives on after a restart policy's own back-off is no replacement.
        let last = tallies.last_failure.filter(|_| told && rules.restart == Restart::Never);
        let Some(last) = last else { return Ok(()) };
        let due = last.plus(backoff.after(tallies.streak));
        if now < due {
            let early = due.since(now);
            return Err(format!("pod {} was created {early:?} too soon", pod.id));
        }
        Ok(())
    }
}
