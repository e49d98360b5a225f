//! Which pods may start: those whose claims exist and whose memory this host can promise, the Jobs that
//! wait longest first. As a scheduler with one node.

use std::sync::Arc;

use super::PodStart;
use super::create::claims_of;
use super::stage::Effect;
use super::tell::{About, Source};
use super::turn::Turn;
use crate::Timestamp;
use crate::control::job::EventKind;
use crate::pods::{Condition, JobId, JobInfo};

/// Why a pod cannot start now.
enum Hurdle {
    /// For no pod of the Job this changes until something else does.
    Claim(String),
    Memory {
        wanted: u64,
    },
    Pods,
}

impl Turn<'_> {
    /// Schedules what fits.
    pub(super) fn place(&mut self) {
        let mut waiting: Vec<(Timestamp, JobId)> = Vec::new();
        for (&id, entry) in &self.state.jobs {
            let first = entry.pending.first().and_then(|ordinal| entry.state.pods.get(ordinal));
            if let Some(pod) = first {
                waiting.push((pod.created_at, id));
            }
        }
        waiting.sort_unstable();
        for (_, id) in waiting {
            self.place_job(id);
        }
    }

    fn place_job(&mut self, id: JobId) {
        let Some(entry) = self.state.jobs.get(&id) else { return };
        let info = Arc::clone(&entry.state.info);
        let pending: Vec<u32> = entry.pending.iter().copied().collect();
        let memory = self.settings.memory_request(&info);
        let claim = self.missing_claim(&info);
        for ordinal in pending {
            match self.hurdle(claim.as_ref(), memory) {
                None => self.schedule(id, ordinal, memory),
                Some(hurdle) => {
                    let message = self.describe_hurdle(&hurdle);
                    self.leave_pending(id, ordinal, &info, &message);
                }
            }
        }
    }

    fn hurdle(&self, claim: Option<&String>, memory: u64) -> Option<Hurdle> {
        if let Some(claim) = claim {
            return Some(Hurdle::Claim(claim.clone()));
        }
        let promised = self.state.promised;
        if promised.pods >= self.settings.most_pods {
            return Some(Hurdle::Pods);
        }
        let fits = promised.memory_bytes.saturating_add(memory) <= self.settings.memory_bytes;
        (!fits).then_some(Hurdle::Memory { wanted: memory })
    }

    fn missing_claim(&self, info: &JobInfo) -> Option<String> {
        claims_of(&info.template).into_iter().find(|name| {
            let claim = self.state.claims.get(&(info.namespace.clone(), name.clone()));
            claim.is_none_or(|claim| claim.metadata().deletion_timestamp.is_some())
        })
    }

    fn describe_hurdle(&self, hurdle: &Hurdle) -> String {
        let node = "0/1 nodes are available";
        match hurdle {
            Hurdle::Claim(name) => {
                format!("{node}: persistentvolumeclaim \"{name}\" not found.")
            }
            Hurdle::Pods => {
                format!(
                    "{node}: 1 Too many pods (this host runs {} at once).",
                    self.settings.most_pods
                )
            }
            Hurdle::Memory { wanted } => {
                let budget = self.settings.memory_bytes >> 20;
                let wanted = wanted.div_ceil(1 << 20);
                format!(
                    "{node}: 1 Insufficient memory (the pod requests {wanted}Mi; this host has {budget}Mi for pods)."
                )
            }
        }
    }

    fn schedule(&mut self, id: JobId, ordinal: u32, memory: u64) {
        let now = self.now;
        self.promise(memory);
        self.edit_pod(id, ordinal, |pod| {
            pod.scheduled_at = Some(now);
            pod.status.conditions.retain(|condition| condition.kind != "PodScheduled");
        });
        let Some(entry) = self.state.jobs.get_mut(&id) else { return };
        entry.pending.remove(&ordinal);
        let Some(pod) = entry.state.pods.get(&ordinal) else { return };
        let start = PodStart {
            pod: Arc::clone(pod),
            job: Arc::clone(&entry.state.info),
            call: entry.call.as_ref().map(|open| Arc::clone(&open.call)),
        };
        self.stage.effects.push(Effect::Start(start));
    }

    /// Promises a pod of the Job its resources, whether or not there are any left.
    pub(super) fn promise_to(&mut self, id: JobId) {
        let Some(entry) = self.state.jobs.get(&id) else { return };
        let memory = self.settings.memory_request(&entry.state.info);
        self.promise(memory);
    }

    fn promise(&mut self, memory: u64) {
        let promised = &mut self.state.promised;
        promised.memory_bytes = promised.memory_bytes.saturating_add(memory);
        promised.pods += 1;
    }

    /// Says once why a pod waits, and again only where the reason changes.
    fn leave_pending(&mut self, id: JobId, ordinal: u32, info: &Arc<JobInfo>, message: &str) {
        let Some(entry) = self.state.jobs.get(&id) else { return };
        let Some(pod) = entry.state.pods.get(&ordinal).map(Arc::clone) else { return };
        let said = pod.status.conditions.iter().find(|had| had.kind == "PodScheduled");
        if said.is_some_and(|said| said.message == message) {
            return;
        }
        let condition = Condition {
            kind: "PodScheduled".into(),
            status: "False".into(),
            reason: "Unschedulable".into(),
            message: message.to_owned(),
            at: said.map_or(self.now, |said| said.at),
        };
        self.edit_pod(id, ordinal, |pod| {
            pod.status.conditions.retain(|had| had.kind != "PodScheduled");
            pod.status.conditions.push(condition);
        });
        let about = About::pod(&pod, Some(info));
        self.tell(&about, Source::Scheduler, EventKind::Warning, "FailedScheduling", message);
    }
}
