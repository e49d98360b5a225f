//! A new object: admitted, given its identity and put on the stage; a Job is known to the engine from
//! here on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::batch::v1::{Job, JobStatus};
use k8s_openapi::api::core::v1::{
    NamespaceStatus, PersistentVolumeClaim, PersistentVolumeClaimStatus,
};
use serde_json::{Value, json};

use super::old_events::forgotten_at;
use super::state::Entry;
use super::turn::Turn;
use super::{DryRun, JobRecord, Reply, Subresource, WriteOptions};
use crate::api::managed::{self, Manager};
use crate::api::{
    Admitted, ApiError, FieldValidation, Identity, Kind, Object, ObjectKey, Reason, admit_create,
};
use crate::pods::{JobId, uuid};

/// So often is a generated name tried before the client is told that it is taken.
const NAME_ATTEMPTS: u8 = 8;
/// Keeps a claim until no pod uses it.
pub(super) const CLAIM_PROTECTION: &str = "kubernetes.io/pvc-protection";

impl Turn<'_> {
    /// Makes an object of what the client sent.
    pub(super) fn create(
        &mut self,
        kind: Kind,
        namespace: &str,
        body: &Value,
        options: &WriteOptions,
    ) -> Result<Reply, ApiError> {
        self.check_namespace(kind, namespace)?;
        let mut admitted = self.admit_new(kind, namespace, body, options.field_validation)?;
        if let Some(manager) = self.manager(options) {
            managed::claim_new(&mut admitted.object, &manager);
        }
        Ok(self.add_admitted(admitted, options.dry_run))
    }

    /// Puts a new object on the stage, unless it was only to be judged.
    pub(super) fn add_admitted(&mut self, admitted: Admitted, dry_run: DryRun) -> Reply {
        let Admitted { object, warnings } = admitted;
        let object = match dry_run {
            DryRun::All => Arc::new(object),
            DryRun::None => self.add(object),
        };
        Reply { object: Object::clone(&object), created: true, gone: false, warnings }
    }

    /// Returns who makes a change, where the client says so.
    pub(super) fn manager(&self, options: &WriteOptions) -> Option<Manager> {
        let name = options.field_manager.clone()?;
        let subresource = match options.subresource {
            None => "",
            Some(Subresource::Status) => "status",
        };
        Some(Manager { name, subresource, now: self.now })
    }

    pub(super) fn check_namespace(&self, kind: Kind, namespace: &str) -> Result<(), ApiError> {
        if !kind.is_namespaced() {
            return Ok(());
        }
        let key = ObjectKey::new(Kind::Namespace, "", namespace);
        let Some(found) = self.state.namespaces.get(namespace) else {
            return Err(ApiError::not_found(key));
        };
        if found.metadata().deletion_timestamp.is_some() {
            let why = format!(
                "unable to create new content in namespace {namespace} because it is being terminated"
            );
            return Err(ApiError::new(Reason::Forbidden, why));
        }
        Ok(())
    }

    pub(super) fn admit_new(
        &mut self,
        kind: Kind,
        namespace: &str,
        body: &Value,
        validation: FieldValidation,
    ) -> Result<Admitted, ApiError> {
        let mut attempt = 0;
        loop {
            let identity = self.identity(attempt);
            let mut admitted = admit_create(kind, namespace, body, validation, &identity)?;
            complete(&mut admitted.object);
            let key = admitted.object.key();
            if self.object(&key)?.is_none() {
                self.check_routes(&admitted.object)?;
                return Ok(admitted);
            }
            let generated = body.pointer("/metadata/name").is_none_or(Value::is_null);
            attempt += 1;
            if !generated || attempt == NAME_ATTEMPTS {
                return Err(ApiError::already_exists(key));
            }
        }
    }

    /// Draws an identity from what is stored and how often this was tried.
    fn identity(&self, attempt: u8) -> Identity {
        let revision = (self.stage.batch.revision + 1).to_be_bytes();
        let drawn = |what: &[u8]| uuid(&[&self.state.seed, &revision, what, &[attempt]]);
        let name = drawn(b"name");
        let suffix = name.bytes().filter(u8::is_ascii_hexdigit).map(letter).take(5).collect();
        Identity { uid: drawn(b"uid"), now: self.now, suffix }
    }

    /// Puts a new object on the stage.
    pub(super) fn add(&mut self, object: Object) -> Arc<Object> {
        match object {
            Object::Job(job) => self.add_job(job),
            Object::Namespace(_) => {
                let name = object.key().name;
                let object = self.stage.put(None, object, None);
                self.state.namespaces.insert(name.clone(), Arc::clone(&object));
                self.add_service_account(&name);
                object
            }
            Object::PersistentVolumeClaim(_) => {
                let key = object.key();
                let object = self.stage.put(None, object, None);
                self.state.claims.insert((key.namespace, key.name), Arc::clone(&object));
                self.stage.room = true;
                object
            }
            Object::CronJob(_) => {
                let object = self.stage.put(None, object, None);
                self.take_cron_job(&object);
                object
            }
            Object::HTTPTrigger(_) => {
                let object = self.stage.put(None, object, None);
                self.take_trigger(&object);
                object
            }
            Object::Event(_) => {
                let now = self.now;
                self.state.old_events_at.get_or_insert_with(|| forgotten_at(now));
                self.stage.put(None, object, None)
            }
            Object::ServiceAccount(_)
            | Object::ConfigMap(_)
            | Object::Secret(_)
            | Object::Pod(_) => self.stage.put(None, object, None),
        }
    }

    fn add_job(&mut self, mut job: Box<Job>) -> Arc<Object> {
        job.status = Some(JobStatus::default());
        let id = self.stage.batch.next_job;
        self.stage.batch.next_job = JobId(id.0 + 1);
        let object = self.stage.put(None, Object::Job(job.clone()), Some(id));
        let record = JobRecord {
            id,
            job,
            memory: Vec::new(),
            pods: Vec::new(),
            orphaned: false,
            call: None,
        };
        let mut entry = Entry::of(record);
        entry.object = Arc::clone(&object);
        self.state.names.insert(entry.name(), id);
        self.state.jobs.insert(id, entry);
        self.stage.touch(id);
        self.follow_job(None, Some(&object));
        object
    }

    /// Every namespace has the service account that its pods name.
    fn add_service_account(&mut self, namespace: &str) {
        let body = json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "default"}});
        let identity = self.identity(0);
        let validation = FieldValidation::Strict;
        // What is written here above is admissible; if a rule ever said otherwise, the namespace would
        // do without.
        if let Ok(admitted) =
            admit_create(Kind::ServiceAccount, namespace, &body, validation, &identity)
        {
            self.stage.put(None, admitted.object, None);
        }
    }

    /// Makes the namespace that is always there.
    pub(super) fn ensure_default_namespace(&mut self) {
        if self.state.namespaces.contains_key("default") {
            return;
        }
        let body =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}});
        let identity = self.identity(0);
        if let Ok(mut admitted) =
            admit_create(Kind::Namespace, "", &body, FieldValidation::Strict, &identity)
        {
            complete(&mut admitted.object);
            self.add(admitted.object);
        }
    }
}

/// Fills in what another controller would add to a new object: a claim is bound to its directory at once,
/// a namespace is active.
fn complete(object: &mut Object) {
    match object {
        Object::PersistentVolumeClaim(claim) => bind(claim),
        Object::Namespace(namespace) => {
            namespace.status =
                Some(NamespaceStatus { phase: Some("Active".into()), conditions: None });
            let name = namespace.metadata.name.clone().unwrap_or_default();
            let labels = namespace.metadata.labels.get_or_insert_default();
            labels.entry("kubernetes.io/metadata.name".into()).or_insert(name);
        }
        Object::ServiceAccount(_)
        | Object::ConfigMap(_)
        | Object::Secret(_)
        | Object::CronJob(_)
        | Object::HTTPTrigger(_)
        | Object::Job(_)
        | Object::Pod(_)
        | Object::Event(_) => {}
    }
}

fn bind(claim: &mut PersistentVolumeClaim) {
    let uid = claim.metadata.uid.clone().unwrap_or_default();
    let finalizers = claim.metadata.finalizers.get_or_insert_default();
    if !finalizers.iter().any(|finalizer| finalizer == CLAIM_PROTECTION) {
        finalizers.push(CLAIM_PROTECTION.into());
    }
    let spec = claim.spec.get_or_insert_default();
    spec.volume_name.get_or_insert(format!("pvc-{uid}"));
    let capacity: Option<BTreeMap<_, _>> =
        spec.resources.as_ref().and_then(|resources| resources.requests.clone());
    claim.status = Some(PersistentVolumeClaimStatus {
        phase: Some("Bound".into()),
        access_modes: spec.access_modes.clone(),
        capacity,
        ..PersistentVolumeClaimStatus::default()
    });
}

/// One of the letters that generated names are made of, for a hexadecimal digit.
fn letter(digit: u8) -> char {
    let value = char::from(digit).to_digit(16).unwrap_or_default();
    let letters = b"bcdfghjklmnpqrst";
    char::from(letters[usize::try_from(value).expect("a hexadecimal digit is below 16")])
}

/// Returns the names of the claims that a Job's pods mount.
pub(super) fn claims_of(
    template: &k8s_openapi::api::core::v1::PodTemplateSpec,
) -> BTreeSet<String> {
    let volumes = template.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    volumes
        .filter_map(|volume| volume.persistent_volume_claim.as_ref())
        .map(|source| source.claim_name.clone())
        .collect()
}
