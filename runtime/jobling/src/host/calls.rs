//! Requests that run without a Job: on the node at once, and with the engine only where one failed or when
//! it is time to tell how many there were.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use jobling_core::Timestamp;
use jobling_core::api::{ApiError, HTTPTrigger, Reason};
use jobling_core::control::trigger::Rules;
use jobling_core::pods::{JobId, JobInfo, Owner, PodPhase};
use jobling_core::trigger::{
    Counts, Outcome, TriggerAnswer, TriggerCall, TriggerFailure, TriggerReply, TriggerRequest,
    TriggerVerb,
};
use jobling_node::{CallEnd, Node};
use jobling_server::{CallRefused, TriggerBackend};

use super::Handle;

/// How long counted requests wait to be told: one commit is told of all of them.
const COUNT_EVERY: Duration = Duration::from_secs(3);
/// When it is worth to try again where there was no memory.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The requests that went well and are not told yet.
#[derive(Debug, Default)]
pub(super) struct Untold(Mutex<HashMap<Whose, Counts>>);

/// Whose requests they are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Whose {
    namespace: String,
    name: String,
    uid: String,
}

impl TriggerBackend for Handle {
    fn trigger(
        &self,
        request: TriggerRequest,
    ) -> BoxFuture<'static, Result<TriggerReply, ApiError>> {
        self.submit_to_trigger(request)
    }

    fn call(
        &self,
        trigger: Arc<HTTPTrigger>,
        call: Arc<TriggerCall>,
    ) -> BoxFuture<'static, Result<TriggerAnswer, CallRefused>> {
        let handle = self.clone();
        Box::pin(async move { handle.run_directly(&trigger, call).await })
    }
}

impl Handle {
    async fn run_directly(
        &self,
        trigger: &HTTPTrigger,
        call: Arc<TriggerCall>,
    ) -> Result<TriggerAnswer, CallRefused> {
        let node = self.0.node.as_ref().ok_or_else(no_node)?;
        let ended = node.call(job(trigger), Arc::clone(&call)).await.map_err(refused)?;
        if ended.status.phase == PodPhase::Succeeded {
            self.count(trigger, call.received);
            return Ok(TriggerAnswer { outcome: Outcome::Succeeded, output: ended.output });
        }
        self.keep_failure(node, trigger, call, ended).await.map_err(CallRefused::Failed)
    }

    /// Has the failure remembered, with what was printed, before it is told.
    async fn keep_failure(
        &self,
        node: &Node,
        trigger: &HTTPTrigger,
        call: Arc<TriggerCall>,
        ended: CallEnd,
    ) -> Result<TriggerAnswer, ApiError> {
        let CallEnd { status, started, output, log } = ended;
        let outcome = Outcome::of_failed_pod(&status);
        let failure = TriggerFailure { call, status, started };
        let verb = TriggerVerb::Failed(Box::new(failure));
        let reply = self.submit_to_trigger(whose(trigger).asks(verb)).await?;
        if let TriggerReply::Recorded { pod, .. } = reply {
            log.give(node.logs(), pod);
        } else {
            tracing::debug!(?reply, "a failed request has no Job");
        }
        Ok(TriggerAnswer { outcome, output })
    }

    /// Counts a request that went well.
    fn count(&self, trigger: &HTTPTrigger, received: Timestamp) {
        let is_first = {
            let mut untold = self.0.untold.all();
            let is_first = untold.is_empty();
            let counts = untold.entry(whose(trigger)).or_default();
            counts.requests += 1;
            counts.last = counts.last.max(received);
            is_first
        };
        if is_first {
            let handle = self.clone();
            drop(tokio::spawn(async move {
                tokio::time::sleep(COUNT_EVERY).await;
                handle.tell_counts().await;
            }));
        }
    }

    /// Tells the engine of the requests that were counted. Where it takes nothing they are counted no
    /// more: a failure is never among them.
    pub(crate) async fn tell_counts(&self) {
        let untold = std::mem::take(&mut *self.0.untold.all());
        let told = untold
            .into_iter()
            .map(|(whose, counts)| self.submit_to_trigger(whose.asks(TriggerVerb::Count(counts))));
        for told in futures::future::join_all(told).await {
            if let Err(error) = told {
                tracing::warn!(%error, "requests are not counted");
            }
        }
    }
}

impl Untold {
    /// A panic while the lock was held leaves a whole map.
    fn all(&self) -> MutexGuard<'_, HashMap<Whose, Counts>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Whose {
    fn asks(self, verb: TriggerVerb) -> TriggerRequest {
        TriggerRequest { namespace: self.namespace, name: self.name, uid: self.uid, verb }
    }
}

fn whose(trigger: &HTTPTrigger) -> Whose {
    let metadata = &trigger.metadata;
    Whose {
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
        uid: metadata.uid.clone().unwrap_or_default(),
    }
}

/// Returns what the trigger's Job would say of its pod, which has one attempt and as long as the shortest
/// of the limits says.
fn job(trigger: &HTTPTrigger) -> JobInfo {
    let Whose { namespace, name, uid } = whose(trigger);
    let template = &trigger.spec.job_template;
    let annotations = template.metadata.as_ref().and_then(|metadata| metadata.annotations.clone());
    let spec = template.spec.as_ref();
    let mut pods = spec.map(|spec| spec.template.clone()).unwrap_or_default();
    if let Some(pod) = &mut pods.spec {
        let timeout = Rules::of(&trigger.spec).timeout.as_secs();
        let timeout = i64::try_from(timeout).unwrap_or(i64::MAX);
        let of_job = spec.and_then(|spec| spec.active_deadline_seconds);
        let limits = [Some(timeout), of_job, pod.active_deadline_seconds];
        pod.active_deadline_seconds = limits.into_iter().flatten().min();
    }
    JobInfo {
        id: JobId::default(),
        namespace,
        name: name.clone(),
        uid,
        annotations: annotations.unwrap_or_default(),
        owner: Some(Owner { kind: "HTTPTrigger".to_owned(), name }),
        completions: None,
        orphaned: false,
        template: pods,
    }
}

fn refused(refused: jobling_node::CallRefused) -> CallRefused {
    match refused {
        jobling_node::CallRefused::NoRoom => CallRefused::NoRoom { retry_after: RETRY_AFTER },
        jobling_node::CallRefused::TooLarge { .. } => {
            CallRefused::Failed(ApiError::new(Reason::InternalError, refused.to_string()))
        }
    }
}

fn no_node() -> CallRefused {
    CallRefused::Failed(ApiError::new(Reason::ServiceUnavailable, "no pods are run here"))
}
