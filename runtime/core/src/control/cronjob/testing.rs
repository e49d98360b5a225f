//! A CronJob with its Jobs, played: plans are carried out as the engine would.

use k8s_openapi::api::batch::v1::{CronJob, Job, JobCondition};
use serde_json::{Value, json};

use super::plan::{CronState, Plan, plan};
use crate::Timestamp;
use crate::control::OwnedJob;

/// A Monday, nine o'clock in UTC.
pub(super) const NINE: i64 = 1_795_424_400;

/// `second` seconds after nine.
pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_seconds(NINE + second)
}

/// A CronJob, its Jobs, and what was told and started.
pub(super) struct World {
    pub(super) cron_job: CronJob,
    pub(super) jobs: Vec<Job>,
    /// Names of Jobs, in the order in which they were made.
    pub(super) started: Vec<String>,
    /// Reasons of events, in order.
    pub(super) told: Vec<String>,
    /// The events in full, in order.
    pub(super) said: Vec<String>,
    made: usize,
}

/// Returns a world in which the CronJob `backup` with this spec was made one second before nine.
pub(super) fn given(spec: &Value) -> World {
    let mut all = json!({
        "schedule": "0 * * * *",
        "concurrencyPolicy": "Allow",
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
        "jobTemplate": {"spec": {"template": {}}},
    });
    all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    let cron_job = serde_json::from_value(json!({
        "metadata": {
            "name": "backup", "namespace": "default", "uid": "u-1",
            "creationTimestamp": at(-1).to_string(),
        },
        "spec": all,
    }));
    World {
        cron_job: cron_job.unwrap(),
        jobs: Vec::new(),
        started: Vec::new(),
        told: Vec::new(),
        said: Vec::new(),
        made: 0,
    }
}

impl World {
    /// Plans without carrying anything out.
    pub(super) fn plan(&self, now: Timestamp) -> Plan {
        let jobs: Vec<OwnedJob> = self.jobs.iter().map(OwnedJob::of).collect();
        plan(&CronState { cron_job: &self.cron_job, jobs: &jobs }, now)
    }

    /// Plans and carries it out. Returns the plan.
    pub(super) fn step(&mut self, now: Timestamp) -> Plan {
        let plan = self.plan(now);
        self.told.extend(plan.events.iter().map(|event| event.reason.clone()));
        self.said.extend(
            plan.events
                .iter()
                .map(|event| format!("{:?} {}: {}", event.kind, event.reason, event.message)),
        );
        self.jobs.retain(|job| !plan.delete.contains(job.metadata.name.as_ref().unwrap()));
        let mut status = plan.status.as_deref().cloned();
        if let Some(job) = &plan.create {
            self.made += 1;
            let mut job = job.as_ref().clone();
            job.metadata.uid = Some(format!("j-{}", self.made));
            job.status.get_or_insert_default().start_time = Some(now.to_time());
            self.started.push(job.metadata.name.clone().unwrap());
            status = plan.status_with(&job);
            self.jobs.push(job);
        }
        if status.is_some() {
            self.cron_job.status = status;
        }
        plan
    }

    /// The Job of that name has ended so.
    pub(super) fn when_ended(&mut self, name: &str, condition: &str, now: Timestamp) {
        let job = self.jobs.iter_mut().find(|job| job.metadata.name.as_deref() == Some(name));
        let status = job.expect("the Job is there").status.get_or_insert_default();
        if condition == "Complete" {
            status.completion_time = Some(now.to_time());
        }
        status.conditions = Some(vec![JobCondition {
            type_: condition.to_owned(),
            status: "True".to_owned(),
            ..JobCondition::default()
        }]);
    }

    /// Names of the Jobs in `status.active`.
    pub(super) fn active(&self) -> Vec<&str> {
        let active = self.cron_job.status.as_ref().and_then(|status| status.active.as_ref());
        active.into_iter().flatten().filter_map(|one| one.name.as_deref()).collect()
    }

    /// `status.lastScheduleTime`.
    pub(super) fn last(&self) -> Option<Timestamp> {
        self.cron_job.status.as_ref()?.last_schedule_time.as_ref().map(Timestamp::from)
    }
}

/// Returns the name of the Job of the run at this moment.
pub(super) fn run(at: Timestamp) -> String {
    format!("backup-{}", at.unix_seconds() / 60)
}
