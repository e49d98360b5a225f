//! CronJobs that something happened to: their plans are made and carried out on the stage, so that a run's
//! Job, what it replaces and what the CronJob's status says of it are one commit.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::batch::v1::{CronJob, CronJobStatus, Job};

use super::owners::Owner;
use super::state::Name;
use super::tell::{About, Source};
use super::turn::Turn;
use super::{CronJobRecord, FieldValidation, Propagation};
use crate::api::{ApiError, Kind, Object, ObjectKey, Reason};
use crate::control::cronjob::{CronState, Plan, plan};
use crate::control::job::{EventKind, NewEvent};

/// Where the store could not be read, so long until the next try.
const RETRY: Duration = Duration::from_secs(1);

impl Turn<'_> {
    /// Has a new CronJob known.
    pub(super) fn take_cron_job(&mut self, object: &Object) {
        let key = object.key();
        let name = self.state.cron_jobs.take(CronJobRecord {
            namespace: key.namespace,
            name: key.name,
            uid: object.metadata().uid.clone().unwrap_or_default(),
            jobs: Vec::new(),
        });
        self.stage.touched_cron_jobs.insert(name);
    }

    /// Has the CronJob of that key looked at.
    pub(super) fn touch_cron_job(&mut self, key: &ObjectKey) {
        let name = self.state.cron_jobs.name(&(key.namespace.clone(), key.name.clone()));
        self.stage.touched_cron_jobs.extend(name);
    }

    /// Carries out the plan of a CronJob.
    pub(super) fn advance_cron_job(&mut self, name: &Arc<Name>) {
        let key = ObjectKey::new(Kind::CronJob, name.0.clone(), name.1.clone());
        let old = match self.object(&key) {
            Ok(Some(object)) => object,
            Ok(None) => return self.state.cron_jobs.forget(name),
            Err(_) => return self.state.cron_jobs.wake(name, Some(self.now.plus(RETRY))),
        };
        let Object::CronJob(cron_job) = &*old else { return };
        let Some(entry) = self.state.cron_jobs.get(name) else { return };
        let plan = plan(&CronState { cron_job, jobs: entry.jobs.all() }, self.now);
        self.state.cron_jobs.wake(name, plan.wake_at);
        if self.carry_out_run(&old, cron_job, plan).is_err() {
            self.state.cron_jobs.wake(name, Some(self.now.plus(RETRY)));
        }
        // What was carried out was planned with all that is known.
        self.stage.touched_cron_jobs.remove(name);
        if cron_job.metadata.deletion_timestamp.is_some() {
            self.finish_deleting_owner(&Owner::CronJob(Arc::clone(name)));
        }
    }

    /// Deletes, then makes, then tells, then writes the status.
    fn carry_out_run(
        &mut self,
        old: &Arc<Object>,
        cron_job: &CronJob,
        mut plan: Plan,
    ) -> Result<(), ApiError> {
        let namespace = old.key().namespace;
        for job in &plan.delete {
            let key = ObjectKey::new(Kind::Job, namespace.clone(), job.clone());
            if let Some(id) = self.state.job_id(&key) {
                // Where no history is kept, the end is told before the Job goes with the same commit.
                self.seal_job(id);
            }
            let job = self.existing(&key)?;
            self.delete_job(&job, Propagation::Background)?;
        }
        let made = plan.create.take().map(|job| self.create_run(&namespace, &job));
        let (mut status, mut trouble) = (plan.status.as_deref().cloned(), None);
        match made {
            Some(Ok(object)) => {
                if let Object::Job(made) = &*object {
                    status = plan.status_with(made);
                }
            }
            Some(Err(error)) => {
                status = status.map(|status| without_run(status, cron_job));
                refuse_run(&mut plan, &error);
                trouble = (error.reason == Reason::InternalError).then_some(error);
            }
            None => {}
        }
        let about = About::cron_job(&old.key(), cron_job);
        for NewEvent { kind, reason, message } in &plan.events {
            self.tell(&about, Source::CronJobController, *kind, reason, message);
        }
        let changed =
            status.filter(|status| *status != cron_job.status.clone().unwrap_or_default());
        if let Some(status) = changed {
            let object = CronJob { status: Some(status), ..cron_job.clone() };
            self.stage.put(Some(Arc::clone(old)), Object::CronJob(Box::new(object)), None);
        }
        trouble.map_or(Ok(()), Err)
    }

    /// Makes a run's Job as a client would have.
    fn create_run(&mut self, namespace: &str, job: &Job) -> Result<Arc<Object>, ApiError> {
        self.check_namespace(Kind::Job, namespace)?;
        let body = serde_json::to_value(job).expect("API types are JSON");
        // What the CronJob's own admission let through is not refused for a field that nobody knows.
        let admitted = self.admit_new(Kind::Job, namespace, &body, FieldValidation::Ignore)?;
        Ok(self.add(admitted.object))
    }
}

/// Takes back what a status says of a run that was not started.
fn without_run(status: CronJobStatus, cron_job: &CronJob) -> CronJobStatus {
    let before = cron_job.status.as_ref();
    let last_schedule_time = before.and_then(|status| status.last_schedule_time.clone());
    CronJobStatus { last_schedule_time, ..status }
}

/// Has the plan tell that its Job could not be made.
fn refuse_run(plan: &mut Plan, error: &ApiError) {
    plan.events.retain(|event| event.reason != "SuccessfulCreate");
    plan.events.push(NewEvent {
        kind: EventKind::Warning,
        reason: "FailedCreate".into(),
        message: format!("Error creating job: {error}"),
    });
}
