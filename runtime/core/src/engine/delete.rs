//! How an object goes: at once, after its finalizers, or after what depends on it.

use std::sync::Arc;

use super::create::{CLAIM_PROTECTION, claims_of};
use super::stage::Effect;
use super::turn::Turn;
use super::{DeleteOptions, DryRun, Reply, Write, WriteOptions};
use crate::api::{ApiError, Kind, Object, ObjectKey, Reason};
use crate::pods::{Deletion, EndCause, JobInfo, Pod};

impl Turn<'_> {
    /// Removes an object, or has it go as soon as it may.
    pub(super) fn delete(
        &mut self,
        key: &ObjectKey,
        asked: &DeleteOptions,
        options: &WriteOptions,
    ) -> Result<Reply, ApiError> {
        if key.kind == Kind::Pod {
            return self.delete_pod(key, asked, options);
        }
        let old = self.existing(key)?;
        check_preconditions(&old, asked)?;
        if options.dry_run == DryRun::All {
            return Ok(reply(&old, true));
        }
        match key.kind {
            Kind::Job => self.delete_job(&old, asked.propagation),
            Kind::Namespace => self.delete_namespace(&old),
            Kind::CronJob | Kind::HTTPTrigger => self.delete_owner(&old, asked.propagation),
            Kind::ServiceAccount
            | Kind::ConfigMap
            | Kind::Secret
            | Kind::PersistentVolumeClaim
            | Kind::Event
            | Kind::Pod => self.delete_plain(&old),
        }
    }

    /// An object that nothing depends on, but for a claim's pods.
    fn delete_plain(&mut self, old: &Arc<Object>) -> Result<Reply, ApiError> {
        let key = old.key();
        let in_use = key.kind == Kind::PersistentVolumeClaim && self.claim_in_use(&key);
        let finalizers = old.metadata().finalizers.iter().flatten();
        let held = finalizers.filter(|finalizer| *finalizer != CLAIM_PROTECTION).count() > 0;
        if in_use || held {
            let object = self.mark_deleted(old, None)?;
            return Ok(reply(&object, false));
        }
        self.forget(old);
        Ok(reply(old, true))
    }

    /// Gives an object its deletionTimestamp.
    pub(super) fn mark_deleted(
        &mut self,
        old: &Arc<Object>,
        finalizer: Option<&str>,
    ) -> Result<Arc<Object>, ApiError> {
        let mut object = Object::clone(old);
        let metadata = object.metadata_mut();
        if metadata.deletion_timestamp.is_some() && finalizer.is_none() {
            return Ok(Arc::clone(old));
        }
        metadata.deletion_timestamp.get_or_insert(self.now.to_time());
        metadata.deletion_grace_period_seconds.get_or_insert(0);
        if let Some(finalizer) = finalizer {
            let finalizers = metadata.finalizers.get_or_insert_default();
            if !finalizers.iter().any(|had| had == finalizer) {
                finalizers.push(finalizer.to_owned());
            }
        }
        self.replace(old, object)
    }

    /// Takes away an object that is no Job.
    pub(super) fn forget(&mut self, old: &Arc<Object>) {
        let key = old.key();
        let name = (key.namespace.clone(), key.name.clone());
        match key.kind {
            Kind::PersistentVolumeClaim => {
                self.state.claims.remove(&name);
            }
            Kind::Namespace => {
                self.state.namespaces.remove(&key.name);
            }
            Kind::CronJob => self.state.cron_jobs.forget(&name),
            Kind::HTTPTrigger => self.state.triggers.forget(&name),
            Kind::ServiceAccount
            | Kind::ConfigMap
            | Kind::Secret
            | Kind::Job
            | Kind::Pod
            | Kind::Event => {}
        }
        self.stage.batch.writes.push(Write::Forget { key, job: None });
        self.stage.gone(Arc::clone(old));
    }

    /// Takes away an object whose last finalizer was taken off.
    pub(super) fn remove_released(&mut self, old: &Arc<Object>) -> Result<Arc<Object>, ApiError> {
        let key = old.key();
        match key.kind {
            Kind::Job => self.release_job(old)?,
            Kind::CronJob | Kind::HTTPTrigger => self.release_owner(old)?,
            Kind::PersistentVolumeClaim if self.claim_in_use(&key) => {
                // Its own finalizer was taken off by force; the directory goes with the last pod.
                self.forget(old);
            }
            Kind::Namespace
            | Kind::ServiceAccount
            | Kind::ConfigMap
            | Kind::Secret
            | Kind::PersistentVolumeClaim
            | Kind::Pod
            | Kind::Event => self.forget(old),
        }
        Ok(Arc::clone(old))
    }

    /// Returns whether a pod that has not ended mounts the claim.
    fn claim_in_use(&self, key: &ObjectKey) -> bool {
        self.state.jobs.values().any(|entry| {
            entry.state.info.namespace == key.namespace
                && entry.state.pods.values().any(|pod| pod.scheduled_at.is_some())
                && claims_of(&entry.state.info.template).contains(&key.name)
        })
    }

    /// Lets the claims go that are being deleted and that no pod uses any more.
    pub(super) fn release_claims(&mut self) {
        let released: Vec<Arc<Object>> = self
            .state
            .claims
            .values()
            .filter(|claim| claim.metadata().deletion_timestamp.is_some())
            .filter(|claim| {
                let finalizers = claim.metadata().finalizers.iter().flatten();
                finalizers.filter(|finalizer| *finalizer != CLAIM_PROTECTION).count() == 0
                    && !self.claim_in_use(&claim.key())
            })
            .map(Arc::clone)
            .collect();
        for claim in released {
            self.forget(&claim);
        }
    }

    fn delete_pod(
        &mut self,
        key: &ObjectKey,
        asked: &DeleteOptions,
        options: &WriteOptions,
    ) -> Result<Reply, ApiError> {
        let found = self.store.pod(&key.namespace, &key.name);
        let found = found.map_err(super::turn::unreadable)?;
        let Some((stored, info)) = found else { return Err(ApiError::not_found(key.clone())) };
        let (job, ordinal) = (stored.id.job(), stored.id.ordinal());
        let live = self.state.jobs.get(&job).and_then(|entry| entry.state.pods.get(&ordinal));
        let pod = live.map_or_else(|| Arc::new(stored), Arc::clone);
        let object = Arc::new(Object::Pod(Box::new(pod.to_object(&info))));
        check_preconditions(&object, asked)?;
        if options.dry_run == DryRun::All {
            return Ok(reply(&object, true));
        }
        if !pod.is_live() {
            let gone = self.stage.pods.get(&pod.id).is_some_and(|edit| edit.after.is_none());
            if gone {
                return Err(ApiError::not_found(key.clone()));
            }
            self.drop_pod(&pod, &info);
            return Ok(reply(&object, true));
        }
        let grace = self.grace(job, asked);
        self.end_deleted(&pod, grace);
        let gone = self.stage.pods.get(&pod.id).is_some_and(|edit| edit.after.is_none());
        let now = self.state.jobs.get(&job).and_then(|entry| entry.state.pods.get(&ordinal));
        let object =
            now.map_or(object, |pod| Arc::new(Object::Pod(Box::new(pod.to_object(&info)))));
        Ok(reply(&object, gone))
    }

    fn grace(&self, job: crate::pods::JobId, asked: &DeleteOptions) -> std::time::Duration {
        let given = asked
            .grace_period_seconds
            .map(|seconds| std::time::Duration::from_secs(u64::from(seconds)));
        let own = self.state.jobs.get(&job).map(|entry| entry.state.rules.grace);
        given.or(own).unwrap_or_default()
    }

    /// Ends a live pod that is to be forgotten. It counts as its Job's policy says.
    pub(super) fn end_deleted(&mut self, pod: &Pod, grace: std::time::Duration) {
        let (job, ordinal, now) = (pod.id.job(), pod.id.ordinal(), self.now);
        let deletion = Deletion { asked_at: now, grace };
        let sooner = |had: Deletion| {
            if had.asked_at.plus(had.grace) <= now.plus(grace) { had } else { deletion }
        };
        self.edit_pod(job, ordinal, |pod| {
            pod.deletion = Some(pod.deletion.map_or(deletion, sooner));
        });
        self.count_pod(job, ordinal);
        self.stage.touch(job);
        if pod.scheduled_at.is_none() {
            self.end_pod(job, ordinal, None);
        } else {
            self.stage.effects.push(Effect::Stop(pod.id, EndCause::Deleted, grace));
        }
    }

    /// Forgets a pod that has ended.
    pub(super) fn drop_pod(&mut self, pod: &Arc<Pod>, info: &Arc<JobInfo>) {
        self.stage.note_pod(Some(Arc::clone(pod)), None, info);
        self.stage.effects.push(Effect::Remove(pod.id));
    }

    fn delete_namespace(&mut self, old: &Arc<Object>) -> Result<Reply, ApiError> {
        let name = old.key().name;
        if name == "default" {
            let why = "namespaces \"default\" is forbidden: this namespace may not be deleted";
            return Err(ApiError::new(Reason::Forbidden, why));
        }
        if old.metadata().deletion_timestamp.is_some() {
            return Ok(reply(old, false));
        }
        let mut object = Object::clone(old);
        object.metadata_mut().deletion_timestamp = Some(self.now.to_time());
        if let Object::Namespace(namespace) = &mut object {
            namespace.status.get_or_insert_default().phase = Some("Terminating".into());
        }
        let object = self.replace(old, object)?;
        for key in self.store.keys(&name).map_err(super::turn::unreadable)? {
            let Some(inner) = self.object(&key)? else { continue };
            match key.kind {
                Kind::Job => {
                    self.delete_job(&inner, super::Propagation::Background)?;
                }
                Kind::CronJob | Kind::HTTPTrigger => {
                    self.delete_owner(&inner, super::Propagation::Background)?;
                }
                Kind::Pod | Kind::Namespace => {}
                Kind::ServiceAccount
                | Kind::ConfigMap
                | Kind::Secret
                | Kind::PersistentVolumeClaim
                | Kind::Event => {
                    self.delete_plain(&inner)?;
                }
            }
        }
        self.stage.room = true;
        Ok(reply(&object, false))
    }

    /// Lets the namespaces go that are being deleted and are empty.
    pub(super) fn release_namespaces(&mut self) {
        let leaving: Vec<Arc<Object>> = self
            .state
            .namespaces
            .values()
            .filter(|namespace| namespace.metadata().deletion_timestamp.is_some())
            .map(Arc::clone)
            .collect();
        for namespace in leaving {
            let name = namespace.key().name;
            let busy = self.state.jobs.values().any(|entry| entry.state.info.namespace == name)
                || self.state.claims.keys().any(|(within, _)| *within == name);
            if !busy && self.sweep(&name) {
                self.forget(&namespace);
            }
        }
    }

    /// Takes away what is left in a namespace. Returns whether nothing holds it any more.
    fn sweep(&mut self, namespace: &str) -> bool {
        let Ok(keys) = self.store.keys(namespace) else { return false };
        let mut empty = true;
        for key in keys {
            if self.stage.objects.get(&key).is_some_and(Option::is_none) || key.kind == Kind::Pod {
                continue;
            }
            match self.object(&key) {
                Ok(Some(object))
                    if object.metadata().finalizers.iter().flatten().count() == 0
                        && key.kind != Kind::Job =>
                {
                    self.forget(&object);
                }
                Ok(None) => {}
                Ok(Some(_)) | Err(_) => empty = false,
            }
        }
        // Events that this very step told of are not in the store yet.
        let staged: Vec<Arc<Object>> = self
            .stage
            .objects
            .iter()
            .filter(|(key, _)| key.namespace == namespace && key.kind == Kind::Event)
            .filter_map(|(_, object)| object.clone())
            .collect();
        for event in staged {
            self.forget(&event);
        }
        // Nor are those that are still to be written.
        self.stage.events.retain(|(within, _), _| within != namespace);
        self.state.repeats.forget(namespace);
        empty
    }
}

pub(super) fn reply(object: &Arc<Object>, gone: bool) -> Reply {
    Reply { object: Object::clone(object), created: false, gone, warnings: Vec::new() }
}

fn check_preconditions(object: &Object, asked: &DeleteOptions) -> Result<(), ApiError> {
    let metadata = object.metadata();
    let wanted = &asked.preconditions;
    for (what, wanted, had) in [
        ("UID", &wanted.uid, &metadata.uid),
        ("ResourceVersion", &wanted.resource_version, &metadata.resource_version),
    ] {
        if let Some(wanted) = wanted
            && Some(wanted) != had.as_ref()
        {
            let had = had.as_deref().unwrap_or_default();
            let why = format!(
                "Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {had}"
            );
            return Err(ApiError::conflict(object.key(), &why));
        }
    }
    Ok(())
}
