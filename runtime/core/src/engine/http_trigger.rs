//! HTTPTriggers that something happened to: those that waited are let in, history is kept short, and the
//! status tells what this step counted.

use std::sync::Arc;

use super::Propagation;
use super::owners::Owner;
use super::state::Name;
use super::tell::{About, Source};
use super::turn::Turn;
use crate::api::{ApiError, Cause, HTTPTrigger, Kind, Object, ObjectKey};
use crate::control::job::EventKind;
use crate::control::trigger::{self, Plan, TriggerState, plan};
use crate::pods::JobId;

impl Turn<'_> {
    /// Refuses a trigger that takes the very requests of another one.
    pub(super) fn check_routes(&self, object: &Object) -> Result<(), ApiError> {
        let Object::HTTPTrigger(new) = object else { return Ok(()) };
        for other in self.state.triggers.all() {
            if other.metadata.uid == new.metadata.uid {
                continue;
            }
            if let Some(method) = trigger::conflict(new, other) {
                return Err(ApiError::invalid(object.key(), vec![taken(new, &method, other)]));
            }
        }
        Ok(())
    }

    /// Has a new or changed trigger known and looked at.
    pub(super) fn take_trigger(&mut self, object: &Arc<Object>) {
        let name = self.state.triggers.put(object);
        self.stage.touched_triggers.insert(name);
    }

    /// Carries out the plan of a trigger and writes its status.
    pub(super) fn advance_trigger(&mut self, name: &Arc<Name>) {
        let Some(entry) = self.state.triggers.get(name) else { return };
        let Some(trigger) = entry.trigger() else { return };
        let plan = plan(&TriggerState { trigger, jobs: entry.jobs.all() });
        if self.carry_out_for_trigger(name, &plan).is_err() {
            self.state.look_again(self.now);
        }
        self.write_trigger_status(name);
        // What was carried out was planned with all that is known.
        self.stage.touched_triggers.remove(name);
        let is_going = self
            .state
            .triggers
            .get(name)
            .is_some_and(|entry| entry.object.metadata().deletion_timestamp.is_some());
        if is_going {
            self.finish_deleting_owner(&Owner::HTTPTrigger(Arc::clone(name)));
        }
    }

    fn carry_out_for_trigger(&mut self, name: &Name, plan: &Plan) -> Result<(), ApiError> {
        for job in &plan.delete {
            self.delete_request(name, job)?;
        }
        for job in &plan.release {
            let old = self.existing(&ObjectKey::new(Kind::Job, name.0.clone(), job.clone()))?;
            let mut object = Object::clone(&old);
            if let Object::Job(job) = &mut object {
                trigger::release(job);
            }
            self.replace(&old, object)?;
        }
        Ok(())
    }

    /// Takes away a request's Job, with whatever of it runs.
    pub(super) fn delete_request(&mut self, name: &Name, job: &str) -> Result<(), ApiError> {
        let key = ObjectKey::new(Kind::Job, name.0.clone(), job);
        if let Some(id) = self.state.job_id(&key) {
            // Where no history is kept, the end is told before the Job goes with the same commit.
            self.seal_job(id);
        }
        let job = self.existing(&key)?;
        self.delete_job(&job, Propagation::Background).map(drop)
    }

    fn write_trigger_status(&mut self, name: &Name) {
        let Some(entry) = self.state.triggers.get_mut(name) else { return };
        let Some(old) = entry.trigger() else { return };
        let status = entry.status_with(trigger::load(entry.jobs.all()));
        if old.status.as_ref() == Some(&status) {
            return;
        }
        let mut object = old.clone();
        object.status = Some(status);
        entry.news = super::http_triggers::News::default();
        let before = Arc::clone(&entry.object);
        let object = self.stage.put(Some(before), Object::HTTPTrigger(Box::new(object)), None);
        self.state.triggers.put(&object);
    }

    /// Counts a request whose Job has failed, and tells of it.
    pub(super) fn count_failure(&mut self, name: &Name, id: JobId) {
        let now = self.now;
        let Some(entry) = self.state.triggers.get_mut(name) else { return };
        entry.news.failures = entry.news.failures.saturating_add(1);
        entry.news.last_failure = Some(now);
        let about = About::http_trigger(&entry.object);
        let Some(job) = self.state.jobs.get(&id) else { return };
        let why = job.state.ledger.finished();
        let why = why.and_then(|end| end.message.clone()).unwrap_or_default();
        let message = format!("Job {} failed: {why}", job.state.info.name);
        self.tell(&about, Source::TriggerController, EventKind::Warning, "JobFailed", &message);
    }
}

fn taken(new: &HTTPTrigger, method: &str, other: &HTTPTrigger) -> Cause {
    let (namespace, name) = (&other.metadata.namespace, &other.metadata.name);
    let message = format!(
        "Duplicate value: {:?}: {method} on this path is taken by httptrigger {}/{}",
        new.spec.path,
        namespace.as_deref().unwrap_or_default(),
        name.as_deref().unwrap_or_default(),
    );
    Cause { reason: "FieldValueDuplicate", field: "spec.path".to_owned(), message }
}
