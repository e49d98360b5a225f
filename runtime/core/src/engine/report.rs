//! What the node says of a pod, taken into its row and, at its end, into its Job's counters.

use std::sync::Arc;

use super::PodReport;
use super::stage::Effect;
use super::tell::{About, Source};
use super::turn::Turn;
use crate::control::job::{EventKind, Presence};
use crate::pods::{JobId, Pod};

impl Turn<'_> {
    /// Takes a report. One of a pod that is not known, or whose end is committed, is answered by having
    /// the node forget the pod.
    pub(super) fn report(&mut self, report: PodReport) {
        let (job, ordinal) = (report.id.job(), report.id.ordinal());
        let known = self.state.jobs.get(&job);
        let pod = known.and_then(|entry| entry.state.pods.get(&ordinal)).map(Arc::clone);
        let Some(pod) = pod.filter(|pod| pod.scheduled_at.is_some()) else {
            self.stage.effects.push(Effect::Forget(report.id));
            return;
        };
        let info = known.map(|entry| Arc::clone(&entry.state.info));
        for event in &report.events {
            let kind = if event.kind == "Normal" { EventKind::Normal } else { EventKind::Warning };
            let container = event.container.as_deref();
            let about = About::pod(&pod, info.as_ref()).with_container(container);
            self.tell(&about, Source::Node, kind, event.reason, &event.message);
        }
        let ended = report.status.phase.is_terminal();
        self.edit_pod(job, ordinal, |pod| pod.status = report.status);
        self.stage.touched.insert(job);
        if ended {
            if let Some(output) = report.output {
                self.take_output(job, output);
            }
            self.take_end(job, ordinal);
            self.stage.effects.push(Effect::Forget(pod.id));
        }
    }

    /// Counts a pod that has ended and takes it off the live ones.
    pub(super) fn take_end(&mut self, job: JobId, ordinal: u32) {
        self.count_pod(job, ordinal);
        let Some(entry) = self.entry(job) else { return };
        let Some(pod) = entry.state.pods.get(&ordinal).map(Arc::clone) else { return };
        let stays = row_stays(&pod, entry.state.presence);
        let id = pod.id;
        self.end_pod(job, ordinal, stays.then_some(pod));
        if !stays {
            self.stage.effects.push(Effect::Remove(id));
        }
    }
}

/// Whether a pod that has ended is still to be seen.
fn row_stays(pod: &Pod, presence: Presence) -> bool {
    pod.deletion.is_none()
        && match presence {
            Presence::Present | Presence::Orphaned => true,
            Presence::Deleting | Presence::Gone => false,
        }
}
