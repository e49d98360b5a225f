//! A request that ran without a Job, and failed: it gets its Job now, with the pod that has ended.

use super::state::Name;
use super::turn::Turn;
use crate::api::ApiError;
use crate::control::job::NewPod;
use crate::control::trigger::failed_job;
use crate::pods::{JobId, PodId};
use crate::trigger::{TriggerFailure, TriggerReply};

impl Turn<'_> {
    /// Keeps the failed request as a Job with one pod. That ends with this step, and counts.
    pub(super) fn keep_failure(
        &mut self,
        name: &Name,
        failure: TriggerFailure,
    ) -> Result<TriggerReply, ApiError> {
        let Some(entry) = self.state.triggers.get(name) else { return Ok(TriggerReply::Gone) };
        let Some(trigger) = entry.trigger() else { return Ok(TriggerReply::Gone) };
        let job = failed_job(trigger, &failure.call, entry.next_number(), &self.state.seed);
        let (id, made) = self.make_request_job(name, &job)?;
        if let Some(entry) = self.state.triggers.get_mut(name) {
            entry.count(1, failure.call.received);
        }
        let pod = self.add_ended_pod(id, failure);
        Ok(TriggerReply::Recorded { job: made.key().name, pod })
    }

    /// Gives the Job a pod that ran: promised, started and ended, as if it had been told so.
    fn add_ended_pod(&mut self, id: JobId, failure: TriggerFailure) -> PodId {
        let pod = PodId::new(id, 0);
        self.create_pod(id, NewPod { index: None, index_failures: None });
        self.promise_to(id);
        let TriggerFailure { status, started, call: _ } = failure;
        if let Some(entry) = self.entry(id) {
            entry.pending.remove(&pod.ordinal());
        }
        self.edit_pod(id, pod.ordinal(), |pod| {
            pod.scheduled_at = Some(started);
            pod.status = status;
        });
        self.take_end(id, pod.ordinal());
        pod
    }
}
