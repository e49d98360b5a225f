//! The requests that Jobs answer: each has its answer in the commit that ends its Job, and is forgotten a
//! time after that.

use std::sync::Arc;
use std::time::Duration;

use super::old_events::together;
use super::turn::Turn;
use super::{OldAnswer, Write};
use crate::api::ObjectKey;
use crate::control::job::ConditionKind;
use crate::pods::{ContainerState, JobId, Pod, PodPhase};
use crate::trigger::{CallOutput, OpenCall, Outcome};

/// So many answers are forgotten in one step; while there are more, other things are done in between.
const MOST_FORGOTTEN: usize = 500;
/// Where the store could not be read, so long until the next try.
const RETRY: Duration = Duration::from_secs(1);

impl Turn<'_> {
    /// Remembers what a pod printed, where its Job answers a request.
    pub(super) fn take_output(&mut self, id: JobId, output: CallOutput) {
        if self.state.jobs.get(&id).is_some_and(|entry| entry.call.is_some()) {
            self.stage.batch.writes.push(Write::CallOutput { job: id, output });
        }
    }

    /// Answers the request of a Job that has ended.
    pub(super) fn answer_call(&mut self, id: JobId) {
        let Some(entry) = self.state.jobs.get(&id).filter(|entry| entry.call.is_some()) else {
            return;
        };
        let ledger = &entry.state.ledger;
        let outcome = if ledger.holding(ConditionKind::Complete).is_some() {
            Outcome::Succeeded
        } else if let Some(failed) = ledger.holding(ConditionKind::Failed) {
            let reason = failed.reason.clone().unwrap_or_default();
            let message = failed.message.clone().unwrap_or_default();
            if reason == "DeadlineExceeded" {
                Outcome::DeadlineExceeded
            } else {
                let key = entry.object.key();
                let of_pod = self.failure_of_pods(id, &key);
                of_pod.unwrap_or(Outcome::Failed { reason, message, exit_code: None })
            }
        } else {
            return;
        };
        self.end_call(id, outcome);
    }

    /// Returns how the pod failed that failed last, if one did.
    fn failure_of_pods(&mut self, id: JobId, key: &ObjectKey) -> Option<Outcome> {
        let ended = self.ended_pods(id, key).ok()?;
        let failed = ended.iter().filter(|pod| pod.status.phase == PodPhase::Failed);
        failed.max_by_key(|pod| (pod.status.finished_at, pod.id)).and_then(|pod| failure(pod))
    }

    /// Answers the request of a Job, if it has one without an answer.
    pub(super) fn end_call(&mut self, id: JobId, outcome: Outcome) {
        let Some(open) = self.state.jobs.get_mut(&id).and_then(|entry| entry.call.take()) else {
            return;
        };
        let OpenCall { trigger_uid, retention, call } = &*open;
        self.state.call_bytes = self.state.call_bytes.saturating_sub(call.size_bytes());
        let until = self.now.plus(*retention);
        let outcome = Arc::new(outcome);
        self.stage.batch.writes.push(Write::CallEnded { job: id, outcome, until });
        self.stage.remembered_until = self.stage.remembered_until.into_iter().chain([until]).min();
        let forgotten_at = together(until);
        self.state.old_answers_at =
            self.state.old_answers_at.into_iter().chain([forgotten_at]).min();
        if call.idempotency.is_none()
            && let Some(trigger) = self.state.triggers.of_uid(trigger_uid)
            && let Some(surplus) = trigger.keep_answer(id)
        {
            self.stage.batch.writes.push(Write::ForgetCall(surplus));
            self.stage.forgotten_calls.insert(surplus);
        }
    }

    /// Forgets a request whose time is over.
    pub(super) fn forget_call(&mut self, answer: &OldAnswer) {
        let OldAnswer { job: id, trigger_uid, keyed } = answer;
        let id = *id;
        if !self.stage.forgotten_calls.insert(id) {
            return;
        }
        self.stage.batch.writes.push(Write::ForgetCall(id));
        let Some(trigger) = self.state.triggers.of_uid(trigger_uid) else { return };
        if *keyed {
            trigger.keys = trigger.keys.saturating_sub(1);
        } else {
            trigger.answer_forgotten(id);
        }
    }

    /// Forgets the answers whose time is over, if it is time to.
    pub(super) fn forget_old_answers(&mut self) {
        if self.state.old_answers_at.is_none_or(|at| at > self.now) {
            return;
        }
        let Ok(old) = self.store.answers_until(self.now, MOST_FORGOTTEN) else {
            self.state.old_answers_at = Some(self.now.plus(RETRY));
            return;
        };
        self.state.old_answers_at = match self.store.oldest_answer(self.now) {
            _ if old.len() == MOST_FORGOTTEN => Some(self.now),
            // Those that this step has given are not in the store yet.
            Ok(oldest) => oldest.into_iter().chain(self.stage.remembered_until).min().map(together),
            Err(_) => Some(self.now.plus(RETRY)),
        };
        for answer in old {
            self.forget_call(&answer);
        }
    }
}

/// Returns how a pod failed: its first container that did says most.
fn failure(pod: &Pod) -> Option<Outcome> {
    let containers = pod.status.init_containers.iter().chain(&pod.status.containers);
    let ended = containers.filter_map(|container| match &container.state {
        ContainerState::Terminated(end) if end.exit_code != 0 => Some(end),
        ContainerState::Terminated(_)
        | ContainerState::Running { .. }
        | ContainerState::Waiting(_) => None,
    });
    if let Some(end) = ended.min_by_key(|end| end.finished_at) {
        let (reason, message) = (end.reason.clone(), end.message.clone());
        return Some(Outcome::Failed { reason, message, exit_code: Some(end.exit_code) });
    }
    let status = &pod.status;
    let said = !status.reason.is_empty();
    said.then(|| Outcome::Failed {
        reason: status.reason.clone(),
        message: status.message.clone(),
        exit_code: None,
    })
}
