//! The last of a step before its commit: each pod and each Job that changed gets one revision, one write
//! and one change.

use std::sync::Arc;

use k8s_openapi::api::batch::v1::JobStatus;

use super::stage::PodEdit;
use super::turn::Turn;
use super::{Change, Snapshot, Write};
use crate::api::{Kind, Object, ObjectKey};
use crate::control::job::Presence;
use crate::pods::{JobId, PodId};

impl Turn<'_> {
    /// Turns all that was noted into writes and changes.
    pub(super) fn seal(&mut self) {
        self.stage_events();
        self.seal_pods();
        for id in std::mem::take(&mut self.stage.dirty) {
            self.seal_job(id);
            self.stage.sealed.push(id);
        }
        self.plan_old_pods();
        self.state.revision = self.stage.batch.revision;
        self.state.next_job = self.stage.batch.next_job;
    }

    fn seal_pods(&mut self) {
        let mut pods = std::mem::take(&mut self.stage.pods);
        for (id, edit) in &mut pods {
            self.seal_pod(*id, edit);
        }
        self.stage.pods = pods;
    }

    fn seal_pod(&mut self, id: PodId, edit: &mut PodEdit) {
        if edit.before.is_none() && edit.after.is_none() || edit.before == edit.after {
            return;
        }
        self.state.ended_pods.note(edit.before.as_deref(), edit.after.as_deref());
        let revision = self.stage.next_revision();
        match &mut edit.after {
            Some(after) => {
                let entry = self.state.jobs.get_mut(&id.job());
                let pods = entry.map(|entry| &mut entry.state.pods);
                // The state lets go of its copy first, so that the row need not be copied.
                let live = pods.and_then(|pods| pods.remove(&id.ordinal()).map(|_| pods));
                Arc::make_mut(after).revision = revision;
                if let Some(pods) = live {
                    pods.insert(id.ordinal(), Arc::clone(after));
                }
                self.stage.batch.writes.push(Write::Pod(Arc::clone(after)));
            }
            None if self.stage.swept.contains(&id.job()) => {}
            None => self.stage.batch.writes.push(Write::ForgetPod(id)),
        }
        let snapshot =
            |pod: &Arc<_>| Snapshot::Pod { pod: Arc::clone(pod), job: Arc::clone(&edit.info) };
        self.stage.batch.changes.push(Change {
            revision,
            kind: Kind::Pod,
            namespace: edit.info.namespace.clone(),
            before: edit.last.as_ref().or(edit.before.as_ref()).map(snapshot),
            after: edit.after.as_ref().map(snapshot),
        });
    }

    /// Writes the Job's status as it is now, where that is another than before.
    pub(super) fn seal_job(&mut self, id: JobId) {
        let Some(entry) = self.state.jobs.get(&id) else { return };
        let state = &entry.state;
        if matches!(state.presence, Presence::Gone | Presence::Orphaned) {
            return;
        }
        let untouched = state.rules.managed_elsewhere;
        let Object::Job(old) = &*entry.object else { return };
        let status = if untouched {
            old.status.clone().unwrap_or_default()
        } else {
            let counts_indexes = state.rules.backoff_limit_per_index.is_some();
            let live = state.pods.values().map(|pod| &**pod);
            state.ledger.to_status(state.rules.indexed, counts_indexes, live)
        };
        if old.status.as_ref() == Some(&status) && entry.memory == state.memory
            || untouched && old.status.is_none()
        {
            return;
        }
        self.write_status(id, status);
    }

    /// Gives a Job its status, with a revision of its own.
    pub(super) fn write_status(&mut self, id: JobId, status: JobStatus) {
        let revision = self.stage.next_revision();
        let Some(entry) = self.state.jobs.get_mut(&id) else { return };
        let Object::Job(old) = &*entry.object else { return };
        self.stage.batch.writes.push(Write::JobStatus {
            job: id,
            revision,
            status: Arc::new(serde_json::to_vec(&status).expect("API types are JSON")),
            memory: Arc::new(
                serde_json::to_vec(&entry.state.memory).expect("integer keys are JSON"),
            ),
        });
        let mut job = old.clone();
        job.status = Some(status);
        job.metadata.resource_version = Some(revision.to_string());
        let object = Arc::new(Object::Job(job));
        let before = std::mem::replace(&mut entry.object, Arc::clone(&object));
        entry.memory = entry.state.memory.clone();
        self.stage.batch.changes.push(Change {
            revision,
            kind: Kind::Job,
            namespace: entry.state.info.namespace.clone(),
            before: Some(Snapshot::Object(before)),
            after: Some(Snapshot::Object(Arc::clone(&object))),
        });
        let (name, rules) = (entry.name(), entry.state.rules.clone());
        if entry.state.ledger.finished().is_some() {
            let key = ObjectKey::new(Kind::Job, name.0, name.1);
            let Object::Job(job) = &*object else { return };
            self.set_expiry(&key, &rules, job.status.as_ref());
        }
    }
}
