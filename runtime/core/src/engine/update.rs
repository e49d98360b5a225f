//! A changed object: replaced or patched, judged against what it was, and put on the stage.

use std::sync::Arc;

use serde_json::Value;

use super::turn::Turn;
use super::{DryRun, Patch, Reply, Subresource, WriteOptions};
use crate::api::{
    Admitted, ApiError, Kind, Object, ObjectKey, Reason, admit_update, managed, patch,
};
use crate::control::job::Rules;
use crate::control::trigger::let_in;
use crate::pods::{JobId, JobInfo};

const CHANGED_MEANWHILE: &str = "the object has been modified; please apply your changes to the \
    latest version and try again";

impl Turn<'_> {
    /// Replaces an object by what the client sent.
    pub(super) fn update(
        &mut self,
        key: &ObjectKey,
        body: &Value,
        options: &WriteOptions,
    ) -> Result<Reply, ApiError> {
        refuse_pods(key)?;
        let old = self.existing(key)?;
        self.change(&old, body, options)
    }

    fn change(
        &mut self,
        old: &Arc<Object>,
        body: &Value,
        options: &WriteOptions,
    ) -> Result<Reply, ApiError> {
        if options.subresource == Some(Subresource::Status) {
            return self.change_status(old, body, options);
        }
        let mut admitted = admit_update(old, body, options.field_validation)?;
        if let Some(manager) = self.manager(options) {
            managed::claim_changes(&mut admitted.object, old, &manager);
        }
        self.change_to(old, admitted, options.dry_run)
    }

    /// Changes parts of an object.
    pub(super) fn patch(
        &mut self,
        key: &ObjectKey,
        patch: &Patch,
        options: &WriteOptions,
    ) -> Result<Reply, ApiError> {
        refuse_pods(key)?;
        let old = self.existing(key)?;
        let mut body = patch::apply(key.kind, &old.to_value(), patch)?;
        if !names_revision(patch)
            && let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut)
        {
            // Only a revision that the client itself names is a condition.
            metadata.remove("resourceVersion");
        }
        self.change(&old, &body, options)
    }

    /// Puts what was admitted in the place of `old`, unless it was only to be judged.
    pub(super) fn change_to(
        &mut self,
        old: &Arc<Object>,
        admitted: Admitted,
        dry_run: DryRun,
    ) -> Result<Reply, ApiError> {
        let Admitted { mut object, warnings } = admitted;
        check_revision(old, &mut object)?;
        self.check_routes(&object)?;
        let changed = |object, gone| Reply { object, created: false, gone, warnings };
        if object == **old || dry_run == DryRun::All {
            return Ok(changed(object, false));
        }
        if is_released(&object) {
            let object = self.remove_released(old)?;
            return Ok(changed(Object::clone(&object), true));
        }
        let object = self.replace(old, object)?;
        Ok(changed(Object::clone(&object), false))
    }

    /// Puts the changed object on the stage and has what depends on it looked at.
    pub(super) fn replace(
        &mut self,
        old: &Arc<Object>,
        object: Object,
    ) -> Result<Arc<Object>, ApiError> {
        let key = object.key();
        let name = (key.namespace.clone(), key.name.clone());
        if key.kind == Kind::Job {
            return self.replace_job(old, object);
        }
        let object = self.stage.put(Some(Arc::clone(old)), object, None);
        match key.kind {
            Kind::Namespace => {
                self.state.namespaces.insert(key.name, Arc::clone(&object));
            }
            Kind::PersistentVolumeClaim => {
                self.state.claims.insert(name, Arc::clone(&object));
                self.stage.room = true;
            }
            Kind::CronJob => self.touch_cron_job(&key),
            Kind::HTTPTrigger => self.take_trigger(&object),
            Kind::ServiceAccount
            | Kind::ConfigMap
            | Kind::Secret
            | Kind::Job
            | Kind::Pod
            | Kind::Event => {}
        }
        Ok(object)
    }

    fn replace_job(
        &mut self,
        old: &Arc<Object>,
        mut object: Object,
    ) -> Result<Arc<Object>, ApiError> {
        if let Object::Job(job) = &mut object {
            let_in(job);
        }
        let key = object.key();
        let id = self.job_id(&key)?;
        let object = self.stage.put(Some(Arc::clone(old)), object, Some(id));
        self.follow_job(Some(old), Some(&object));
        let Object::Job(job) = &*object else { return Ok(object) };
        let rules = Rules::of(&job.spec.clone().unwrap_or_default());
        self.set_expiry(&key, &rules, job.status.as_ref());
        let info = JobInfo::of(id, job);
        self.refresh_entry(id, &object, info, rules);
        Ok(object)
    }

    fn refresh_entry(&mut self, id: JobId, object: &Arc<Object>, info: JobInfo, rules: Rules) {
        let Some(entry) = self.state.jobs.get_mut(&id) else { return };
        entry.object = Arc::clone(object);
        // The promises of pods that run were reckoned by the template that they were made of.
        let unchanged = entry.state.info.template == info.template;
        if !unchanged {
            let settings = self.settings;
            let running = entry.state.pods.values().filter(|pod| pod.scheduled_at.is_some());
            let running = u64::try_from(running.count()).unwrap_or(u64::MAX);
            let before = settings.memory_request(&entry.state.info).saturating_mul(running);
            let after = settings.memory_request(&info).saturating_mul(running);
            let promised = &mut self.state.promised.memory_bytes;
            *promised = promised.saturating_sub(before).saturating_add(after);
        }
        entry.state.info = Arc::new(info);
        entry.state.set_rules(rules);
        self.stage.touch(id);
        self.stage.room = true;
    }
}

/// Refuses a change that was made of another revision than the one that is there; gives the object that one.
pub(super) fn check_revision(old: &Object, object: &mut Object) -> Result<(), ApiError> {
    let asked = object.metadata().resource_version.clone().unwrap_or_default();
    let current = old.metadata().resource_version.clone();
    if !asked.is_empty() && Some(&asked) != current.as_ref() {
        return Err(ApiError::conflict(old.key(), CHANGED_MEANWHILE));
    }
    object.metadata_mut().resource_version = current;
    Ok(())
}

/// Whether the last finalizer of an object that is being deleted was taken off.
fn is_released(object: &Object) -> bool {
    let metadata = object.metadata();
    metadata.deletion_timestamp.is_some() && metadata.finalizers.as_ref().is_none_or(Vec::is_empty)
}

/// Whether the client made the change conditional.
fn names_revision(patch: &Patch) -> bool {
    let Some(operations) = patch.body.as_array() else {
        return patch.body.pointer("/metadata/resourceVersion").is_some();
    };
    operations.iter().any(|operation| operation["path"] == "/metadata/resourceVersion")
}

pub(super) fn refuse_pods(key: &ObjectKey) -> Result<(), ApiError> {
    if key.kind != Kind::Pod {
        return Ok(());
    }
    let why = "a pod is what its Job's template says; change the Job (a pod's own labels and \
        annotations are not kept on this host)";
    Err(ApiError::new(Reason::MethodNotAllowed, why))
}
