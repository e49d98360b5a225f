//! A request to a trigger: known or new, taken or turned away, in the commit that makes its Job.

use std::sync::Arc;

use k8s_openapi::api::batch::v1::Job;

use super::state::Name;
use super::tell::{About, Source};
use super::turn::{Turn, unreadable};
use super::{FieldValidation, OldAnswer, Write};
use crate::api::{ApiError, Kind, Object, ObjectKey};
use crate::control::job::EventKind;
use crate::control::trigger::{
    Admission, MOST_KEYS, QUEUED, RETRY_AFTER, admit, job, load, to_be_replaced,
};
use crate::pods::JobId;
use crate::trigger::{
    IdempotencyKey, OpenCall, TriggerCall, TriggerReply, TriggerRequest, TriggerVerb,
};

/// Whether a request's Job may run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turns {
    Now,
    Later,
}

impl Turn<'_> {
    /// Carries out what the endpoint asks of a trigger.
    pub(super) fn ask_trigger(
        &mut self,
        request: TriggerRequest,
    ) -> Result<TriggerReply, ApiError> {
        let TriggerRequest { namespace, name, uid, verb } = request;
        let name = (namespace, name);
        let Some(entry) = self.state.triggers.get_mut(&name) else { return Ok(TriggerReply::Gone) };
        let is_going = entry.object.metadata().deletion_timestamp.is_some();
        if entry.uid() != uid || is_going {
            return Ok(TriggerReply::Gone);
        }
        match verb {
            TriggerVerb::Run(call) => self.run_request(&name, &call),
            TriggerVerb::Failed(failure) => self.keep_failure(&name, *failure),
            TriggerVerb::Count(counts) => {
                entry.count(counts.requests, counts.last);
                self.touch_trigger(&name);
                Ok(TriggerReply::Counted)
            }
        }
    }

    fn run_request(
        &mut self,
        name: &Name,
        call: &Arc<TriggerCall>,
    ) -> Result<TriggerReply, ApiError> {
        if let Some(key) = &call.idempotency
            && let Some(reply) = self.repeat(name, key)?
        {
            return Ok(reply);
        }
        let Some(entry) = self.state.triggers.get(name) else { return Ok(TriggerReply::Gone) };
        let admission = admit(&entry.rules, load(entry.jobs.all()));
        let no_room =
            self.has_no_room_for(call) || call.idempotency.is_some() && entry.keys >= MOST_KEYS;
        match admission {
            Admission::Suspended => Ok(TriggerReply::Suspended),
            Admission::Busy => Ok(TriggerReply::Busy { retry_after: RETRY_AFTER }),
            Admission::QueueFull => Ok(TriggerReply::QueueFull { retry_after: RETRY_AFTER }),
            Admission::Run | Admission::Replace(_) | Admission::Queue if no_room => {
                Ok(TriggerReply::QueueFull { retry_after: RETRY_AFTER })
            }
            Admission::Run => self.take_request(name, call, Turns::Now),
            Admission::Queue => self.take_request(name, call, Turns::Later),
            Admission::Replace(count) => {
                for job in to_be_replaced(entry.jobs.all(), count) {
                    self.delete_request(name, &job)?;
                    self.tell_of_replacement(name, &job);
                }
                self.take_request(name, call, Turns::Now)
            }
        }
    }

    /// Returns what a request is told whose key is known; `None` where it is new.
    fn repeat(
        &mut self,
        name: &Name,
        key: &IdempotencyKey,
    ) -> Result<Option<TriggerReply>, ApiError> {
        let Some(entry) = self.state.triggers.get(name) else { return Ok(None) };
        let uid = entry.uid().to_owned();
        if let Some((fingerprint, job)) = self.stage.keys.get(&(uid.clone(), key.key.clone())) {
            let job = job.clone();
            return Ok(Some(match *fingerprint == key.fingerprint {
                true => TriggerReply::InProgress { job },
                false => TriggerReply::Mismatch,
            }));
        }
        let Some(known) = self.store.call_with_key(&uid, &key.key).map_err(unreadable)? else {
            return Ok(None);
        };
        if known.until.is_some_and(|until| until <= self.now) {
            self.forget_call(&OldAnswer { job: known.id, trigger_uid: uid, keyed: true });
            return Ok(None);
        }
        Ok(Some(match (known.fingerprint == Some(key.fingerprint), known.answer) {
            (false, _) => TriggerReply::Mismatch,
            (true, Some(answer)) => TriggerReply::Replayed { job: known.job, answer },
            (true, None) => TriggerReply::InProgress { job: known.job },
        }))
    }

    /// Makes a Job for the request, and remembers both.
    fn take_request(
        &mut self,
        name: &Name,
        call: &Arc<TriggerCall>,
        turns: Turns,
    ) -> Result<TriggerReply, ApiError> {
        let Some(entry) = self.state.triggers.get(name) else { return Ok(TriggerReply::Gone) };
        let Some(trigger) = entry.trigger() else { return Ok(TriggerReply::Gone) };
        let mut job = job(trigger, call, entry.next_number(), &self.state.seed);
        if turns == Turns::Later {
            job.spec.get_or_insert_default().suspend = Some(true);
            let annotations = job.metadata.annotations.get_or_insert_default();
            annotations.insert(QUEUED.to_owned(), "true".to_owned());
        }
        let trigger_uid = entry.uid().to_owned();
        let retention =
            entry.rules.retention(call.idempotency.as_ref().map(|given| given.key.as_str()));
        let open = Arc::new(OpenCall { trigger_uid, retention, call: Arc::clone(call) });
        let (id, made) = self.make_request_job(name, &job)?;
        let key = made.key();
        self.remember_call(id, &key, open);
        if let Some(entry) = self.state.triggers.get_mut(name) {
            entry.count(1, call.received);
        }
        let uid = made.metadata().uid.clone().unwrap_or_default();
        Ok(TriggerReply::Accepted { job: key.name, uid })
    }

    /// Makes a request's Job as a client would have.
    pub(super) fn make_request_job(
        &mut self,
        name: &Name,
        job: &Job,
    ) -> Result<(JobId, Arc<Object>), ApiError> {
        self.check_namespace(Kind::Job, &name.0)?;
        let body = serde_json::to_value(job).expect("API types are JSON");
        // What the trigger's own admission let through is not refused for a field that nobody knows.
        let admitted = self.admit_new(Kind::Job, &name.0, &body, FieldValidation::Ignore);
        let made = match admitted {
            Ok(admitted) => self.add(admitted.object),
            Err(error) => {
                self.tell_of_trigger(name, "FailedCreate", &format!("Error creating job: {error}"));
                return Err(error);
            }
        };
        let id = self.job_id(&made.key())?;
        self.touch_trigger(name);
        Ok((id, made))
    }

    fn remember_call(&mut self, id: JobId, key: &ObjectKey, open: Arc<OpenCall>) {
        if let Some(given) = &open.call.idempotency {
            let place = (open.trigger_uid.clone(), given.key.clone());
            self.stage.keys.insert(place, (given.fingerprint, key.name.clone()));
            if let Some(entry) = self.state.triggers.of_uid(&open.trigger_uid) {
                entry.keys = entry.keys.saturating_add(1);
            }
        }
        self.state.call_bytes = self.state.call_bytes.saturating_add(open.call.size_bytes());
        self.stage.batch.writes.push(Write::Call {
            job: id,
            key: key.clone(),
            call: Arc::clone(&open),
        });
        if let Some(entry) = self.entry(id) {
            entry.call = Some(open);
        }
    }

    fn has_no_room_for(&self, call: &TriggerCall) -> bool {
        self.state.call_bytes.saturating_add(call.size_bytes()) > self.settings.call_bytes
    }

    pub(super) fn touch_trigger(&mut self, name: &Name) {
        self.stage.touched_triggers.extend(self.state.triggers.name(name));
    }

    fn tell_of_replacement(&mut self, name: &Name, job: &str) {
        let Some(entry) = self.state.triggers.get(name) else { return };
        let about = About::http_trigger(&entry.object);
        let message = format!("Deleted job {job}: a newer request takes its place");
        self.tell(
            &about,
            Source::TriggerController,
            EventKind::Normal,
            "SuccessfulDelete",
            &message,
        );
    }

    fn tell_of_trigger(&mut self, name: &Name, reason: &str, message: &str) {
        let Some(entry) = self.state.triggers.get(name) else { return };
        let about = About::http_trigger(&entry.object);
        self.tell(&about, Source::TriggerController, EventKind::Warning, reason, message);
    }
}
