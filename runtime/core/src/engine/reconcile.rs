//! Jobs that something happened to: their plans are made and carried out on the stage, until none calls
//! for more.

use std::sync::Arc;
use std::time::Duration;

use super::stage::Effect;
use super::tell::{About, Source};
use super::turn::Turn;
use crate::control::job::{
    ConditionKind, Ending, EventKind, Fate, NewEvent, NewPod, Plan, Presence, StartTime, plan,
};
use crate::pods::{Deletion, JobId, Pod, PodId, PodPhase, PodStatus, Stop, Tally};

/// A plan settles in three rounds (ends, then conditions, then nothing); more is a mistake here.
const MOST_ROUNDS: u8 = 8;

impl Turn<'_> {
    /// Plans for every Job, CronJob and HTTPTrigger that was touched and carries the plans out. The Jobs come
    /// first: their ends are what the others wait for.
    pub(super) fn reconcile(&mut self) {
        loop {
            while let Some(id) = self.stage.touched.pop_first() {
                self.reconcile_job(id);
            }
            if let Some(name) = self.stage.touched_cron_jobs.pop_first() {
                self.advance_cron_job(&name);
            } else if let Some(name) = self.stage.touched_triggers.pop_first() {
                self.advance_trigger(&name);
            } else {
                return;
            }
        }
    }

    fn reconcile_job(&mut self, id: JobId) {
        for _ in 0..MOST_ROUNDS {
            if !self.advance(id) {
                break;
            }
        }
        self.answer_call(id);
        self.follow_ledger(id);
        self.finish_deleting(id);
    }

    /// Carries out one plan. Returns whether another one may be called for.
    fn advance(&mut self, id: JobId) -> bool {
        let Some(entry) = self.state.jobs.get(&id) else { return false };
        let plan = plan(&entry.state, &self.settings.backoff, self.now);
        let settled = plan.end.is_empty()
            && plan.conditions.is_empty()
            && plan.create.is_empty()
            && plan.start_time == StartTime::Keep;
        self.state.wake(id, plan.wake_at);
        if settled {
            return false;
        }
        self.carry_out(id, plan);
        true
    }

    fn carry_out(&mut self, id: JobId, plan: Plan) {
        let now = self.now;
        self.stage.dirty.insert(id);
        let Some(entry) = self.state.jobs.get_mut(&id) else { return };
        let ledger = &mut entry.state.ledger;
        match plan.start_time {
            StartTime::Keep => {}
            StartTime::Now => ledger.start_time = Some(now),
            StartTime::Clear => ledger.start_time = None,
        }
        for condition in plan.conditions {
            if condition.kind == ConditionKind::Complete {
                ledger.completion_time = Some(now);
            }
            ledger.set(condition, now);
        }
        for ending in plan.end {
            self.end_as_planned(id, ending);
        }
        for new in plan.create {
            self.create_pod(id, new);
        }
        for event in plan.events {
            self.tell_of_job(id, &event);
        }
    }

    fn end_as_planned(&mut self, id: JobId, ending: Ending) {
        let now = self.now;
        let Some(entry) = self.state.jobs.get(&id) else { return };
        let Some(pod) = entry.state.pods.get(&ending.ordinal).map(Arc::clone) else { return };
        let grace = entry.state.rules.grace;
        let scheduled = pod.scheduled_at.is_some();
        match ending.fate {
            Fate::Removed => {
                self.edit_pod(id, ending.ordinal, |pod| {
                    pod.deletion = Some(Deletion { asked_at: now, grace });
                    if pod.tally == Tally::Open {
                        pod.tally = Tally::Exempt;
                    }
                });
                self.tell_of_deletion(id, &pod);
                if scheduled {
                    self.stage.effects.push(Effect::Stop(pod.id, ending.cause, grace));
                } else {
                    self.end_pod(id, ending.ordinal, None);
                }
            }
            Fate::Kept => {
                let grace = Duration::ZERO;
                let stop = Stop { cause: ending.cause, asked_at: now, grace };
                self.edit_pod(id, ending.ordinal, |pod| pod.stop = Some(stop));
                if scheduled {
                    self.stage.effects.push(Effect::Stop(pod.id, ending.cause, grace));
                } else {
                    self.end_unstarted(id, ending.ordinal);
                }
            }
        }
    }

    /// A pod that never ran and counts as failed leaves nothing to be looked at.
    fn end_unstarted(&mut self, id: JobId, ordinal: u32) {
        let now = self.now;
        self.edit_pod(id, ordinal, |pod| {
            pod.status = PodStatus {
                phase: PodPhase::Failed,
                finished_at: Some(now),
                ..PodStatus::default()
            };
        });
        self.count_pod(id, ordinal);
        self.end_pod(id, ordinal, None);
    }

    pub(super) fn create_pod(&mut self, id: JobId, new: NewPod) {
        let now = self.now;
        let Some(entry) = self.state.jobs.get_mut(&id) else { return };
        let ordinal = entry.state.memory.next_ordinal;
        if ordinal > PodId::MAX_ORDINAL {
            let message = format!("a Job has at most {} pods", PodId::MAX_ORDINAL);
            let event =
                NewEvent { kind: EventKind::Warning, reason: "FailedCreate".into(), message };
            return self.tell_of_job(id, &event);
        }
        entry.state.memory.next_ordinal += 1;
        let pod = Arc::new(Pod {
            id: PodId::new(id, ordinal),
            revision: 0,
            index: new.index,
            index_failures: new.index_failures,
            created_at: now,
            scheduled_at: None,
            stop: None,
            deletion: None,
            tally: Tally::Open,
            status: PodStatus::default(),
        });
        let name = pod.name(&entry.state.info);
        entry.state.pods.insert(ordinal, Arc::clone(&pod));
        entry.pending.insert(ordinal);
        let info = Arc::clone(&entry.state.info);
        self.stage.note_pod(None, Some(pod), &info);
        self.stage.room = true;
        let event = NewEvent {
            kind: EventKind::Normal,
            reason: "SuccessfulCreate".into(),
            message: format!("Created pod: {name}"),
        };
        self.tell_of_job(id, &event);
    }

    fn tell_of_deletion(&mut self, id: JobId, pod: &Pod) {
        let Some(entry) = self.state.jobs.get(&id) else { return };
        let event = NewEvent {
            kind: EventKind::Normal,
            reason: "SuccessfulDelete".into(),
            message: format!("Deleted pod: {}", pod.name(&entry.state.info)),
        };
        self.tell_of_job(id, &event);
    }

    fn tell_of_job(&mut self, id: JobId, event: &NewEvent) {
        let Some(entry) = self.state.jobs.get(&id) else { return };
        if matches!(entry.state.presence, Presence::Gone | Presence::Orphaned) {
            return;
        }
        let about = About::job(&entry.state.info);
        self.tell(&about, Source::JobController, event.kind, &event.reason, &event.message);
    }
}
