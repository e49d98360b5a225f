//! The host stops: every pod that runs is ended, and none is started.

use std::time::Duration;

use super::stage::Effect;
use super::turn::Turn;
use crate::pods::{EndCause, Pod, PodId, Stop};

impl Turn<'_> {
    /// Ends every pod that runs within `grace` from now. What is being ended sooner anyway stays as it is;
    /// what is being ended later keeps its cause.
    pub(super) fn drain(&mut self, grace: Duration) {
        let now = self.now;
        let scheduled: Vec<PodId> = self.state.scheduled().collect();
        for id in scheduled {
            let entry = self.state.jobs.get(&id.job());
            let pod = entry.and_then(|entry| entry.state.pods.get(&id.ordinal()));
            let Some(cause) = pod.and_then(|pod| cause(pod, now.plus(grace))) else { continue };
            let stop = Stop { cause, asked_at: now, grace };
            self.edit_pod(id.job(), id.ordinal(), |pod| pod.stop = Some(stop));
            self.stage.effects.push(Effect::Stop(id, cause, grace));
        }
    }
}

/// Returns why `pod` is to be ended until `latest`; `None` where it is being ended by then.
fn cause(pod: &Pod, latest: crate::Timestamp) -> Option<EndCause> {
    match pod.stop {
        None => Some(EndCause::Shutdown),
        Some(stop) if stop.asked_at.plus(stop.grace) > latest => Some(stop.cause),
        Some(_) => None,
    }
}
