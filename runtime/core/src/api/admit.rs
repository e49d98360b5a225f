//! The way of an object into the store: read, filled in, prepared and checked, in the order of
//! pkg/registry/batch/job/strategy.go and apimachinery's `rest.BeforeCreate` and `rest.BeforeUpdate`.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use serde_json::Value;

use super::decode::{FieldValidation, decode};
use super::default::default;
use super::validate::{
    self, CONTROLLER_UID, JOB_NAME, LEGACY_CONTROLLER_UID, LEGACY_JOB_NAME, spec_warnings, warnings,
};
use super::{ApiError, Kind, Object, ObjectKey, Reason};
use crate::Timestamp;

/// A generated name is cut so that its suffix fits into a label's 63 bytes.
const GENERATED_PREFIX_BYTES: usize = 58;

/// A pod of its own would be retried, counted and cleaned up by nobody.
const PODS_ARE_MADE_BY_JOBS: &str =
    "this host makes pods for Jobs only; put the pod's spec into a Job's spec.template";

/// What only the engine can give a new object: chance and time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The uid.
    pub uid: String,
    /// The time of creation.
    pub now: Timestamp,
    /// Five letters that a `generateName` is made whole with.
    pub suffix: String,
}

/// An object that may be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Admitted {
    /// The object; its resourceVersion is still the client's.
    pub object: Object,
    /// What the client should be warned of, a sentence each.
    pub warnings: Vec<String>,
}

/// Returns the new object of `kind` that `body` describes, in the URL's `namespace`.
///
/// # Errors
/// `BadRequest` where the body cannot be read or names another namespace, `Invalid` with every wrong
/// field, `Forbidden` for a Pod.
pub fn admit_create(
    kind: Kind,
    namespace: &str,
    body: &Value,
    validation: FieldValidation,
    identity: &Identity,
) -> Result<Admitted, ApiError> {
    if kind == Kind::Pod {
        return Err(ApiError::forbidden(key_of(kind, namespace, body), PODS_ARE_MADE_BY_JOBS));
    }
    let (mut object, mut found) = decode(kind, body, validation)?;
    check_namespace(object.metadata(), kind, namespace)?;
    prepare_metadata(object.metadata_mut(), kind, namespace, identity);
    clear_status(&mut object);
    let labels = object.metadata().labels.clone();
    default(&mut object);
    if let Object::Job(job) = &mut object {
        generate_selector(job);
        follow_template_labels(job, labels.as_ref());
    }
    let causes = validate::validate_create(&object);
    if !causes.is_empty() {
        return Err(ApiError::invalid(object.key(), causes));
    }
    // Kubernetes fills in again whatever it reads back from its store: a Job without labels shows those
    // that were generated for its pods.
    default(&mut object);
    found.extend(warnings(&object));
    Ok(Admitted { object, warnings: found })
}

/// Returns what `old` becomes by the whole new object in `body`. The body's resourceVersion is kept for
/// the caller to compare; without one the change is unconditional.
///
/// # Errors
/// As [`admit_create`].
pub fn admit_update(
    old: &Object,
    body: &Value,
    validation: FieldValidation,
) -> Result<Admitted, ApiError> {
    let (mut object, mut found) = decode(old.kind(), body, validation)?;
    check_same(old, object.metadata())?;
    keep_metadata(object.metadata_mut(), old.metadata());
    keep_status(&mut object, old);
    default(&mut object);
    let causes = validate::validate_update(&object, old);
    if !causes.is_empty() {
        return Err(ApiError::invalid(old.key(), causes));
    }
    if spec_changed(&object, old) {
        let generation = old.metadata().generation.unwrap_or_default() + 1;
        object.metadata_mut().generation = Some(generation);
        found.extend(spec_warnings(&object));
    }
    Ok(Admitted { object, warnings: found })
}

/// Returns `old` with the status that `body` gives: a write to the `status` subresource.
///
/// # Errors
/// As [`admit_create`].
pub fn admit_status_update(
    old: &Object,
    body: &Value,
    validation: FieldValidation,
) -> Result<Admitted, ApiError> {
    let (mut given, found) = decode(old.kind(), body, validation)?;
    check_same(old, given.metadata())?;
    default(&mut given);
    let mut object = old.clone();
    keep_status(&mut object, &given);
    object.metadata_mut().resource_version.clone_from(&given.metadata().resource_version);
    if let (Object::Job(new), Object::Job(old)) = (&object, old) {
        let causes = validate::validate_status_update(new, old);
        if !causes.is_empty() {
            return Err(ApiError::invalid(object.key(), causes));
        }
    }
    Ok(Admitted { object, warnings: found })
}

fn check_namespace(meta: &ObjectMeta, kind: Kind, namespace: &str) -> Result<(), ApiError> {
    let given = meta.namespace.as_deref().unwrap_or_default();
    if !kind.is_namespaced() || given.is_empty() || given == namespace {
        return Ok(());
    }
    Err(ApiError::new(
        Reason::BadRequest,
        "the namespace of the provided object does not match the namespace sent on the request",
    ))
}

/// The body of a change must mean the object of the URL.
fn check_same(old: &Object, meta: &ObjectMeta) -> Result<(), ApiError> {
    let key = old.key();
    check_namespace(meta, key.kind, &key.namespace)?;
    let name = meta.name.as_deref().unwrap_or_default();
    if !name.is_empty() && name != key.name {
        return Err(ApiError::new(
            Reason::BadRequest,
            format!(
                "the name of the object ({name}) does not match the name on the URL ({})",
                key.name
            ),
        ));
    }
    let uid = meta.uid.as_deref().unwrap_or_default();
    let known = old.metadata().uid.as_deref().unwrap_or_default();
    if !uid.is_empty() && uid != known {
        let why =
            format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {known}");
        return Err(ApiError::conflict(key, &why));
    }
    Ok(())
}

fn prepare_metadata(meta: &mut ObjectMeta, kind: Kind, namespace: &str, identity: &Identity) {
    meta.namespace = kind.is_namespaced().then(|| namespace.to_owned());
    meta.uid = Some(identity.uid.clone());
    meta.creation_timestamp = Some(identity.now.to_time());
    meta.deletion_timestamp = None;
    meta.deletion_grace_period_seconds = None;
    meta.resource_version = None;
    meta.self_link = None;
    meta.generation = has_generation(kind).then_some(1);
    let prefix = meta.generate_name.as_deref().unwrap_or_default();
    if meta.name.as_deref().unwrap_or_default().is_empty() && !prefix.is_empty() {
        let cut = prefix.floor_char_boundary(GENERATED_PREFIX_BYTES);
        meta.name = Some(format!("{}{}", &prefix[..cut], identity.suffix));
    }
}

/// Kinds whose spec is counted in `metadata.generation`.
const fn has_generation(kind: Kind) -> bool {
    match kind {
        Kind::Job | Kind::CronJob | Kind::HTTPTrigger | Kind::Pod => true,
        Kind::Namespace
        | Kind::ServiceAccount
        | Kind::ConfigMap
        | Kind::Secret
        | Kind::PersistentVolumeClaim
        | Kind::Event => false,
    }
}

fn clear_status(object: &mut Object) {
    match object {
        Object::Job(job) => job.status = None,
        Object::CronJob(cron_job) => cron_job.status = None,
        Object::HTTPTrigger(trigger) => trigger.status = None,
        Object::Pod(pod) => pod.status = None,
        Object::PersistentVolumeClaim(claim) => claim.status = None,
        Object::Namespace(namespace) => namespace.status = None,
        Object::ServiceAccount(_) | Object::ConfigMap(_) | Object::Secret(_) | Object::Event(_) => {
        }
    }
}

/// Gives `object` the status of `from`, which is of the same kind.
fn keep_status(object: &mut Object, from: &Object) {
    match (object, from) {
        (Object::Job(new), Object::Job(old)) => new.status.clone_from(&old.status),
        (Object::CronJob(new), Object::CronJob(old)) => new.status.clone_from(&old.status),
        (Object::HTTPTrigger(new), Object::HTTPTrigger(old)) => {
            new.status.clone_from(&old.status);
        }
        (Object::Pod(new), Object::Pod(old)) => new.status.clone_from(&old.status),
        (Object::PersistentVolumeClaim(new), Object::PersistentVolumeClaim(old)) => {
            new.status.clone_from(&old.status);
        }
        (Object::Namespace(new), Object::Namespace(old)) => new.status.clone_from(&old.status),
        _ => {}
    }
}

/// What an object has from its creation or its deletion, whatever a client sends.
fn keep_metadata(meta: &mut ObjectMeta, old: &ObjectMeta) {
    meta.name.clone_from(&old.name);
    meta.namespace.clone_from(&old.namespace);
    meta.uid.clone_from(&old.uid);
    meta.creation_timestamp.clone_from(&old.creation_timestamp);
    meta.deletion_timestamp.clone_from(&old.deletion_timestamp);
    meta.deletion_grace_period_seconds = old.deletion_grace_period_seconds;
    meta.generation = old.generation;
    meta.self_link.clone_from(&old.self_link);
    if meta.generate_name.is_none() {
        meta.generate_name.clone_from(&old.generate_name);
    }
    if meta.managed_fields.is_none() {
        meta.managed_fields.clone_from(&old.managed_fields);
    }
}

fn spec_changed(new: &Object, old: &Object) -> bool {
    match (new, old) {
        (Object::Job(new), Object::Job(old)) => new.spec != old.spec,
        (Object::CronJob(new), Object::CronJob(old)) => new.spec != old.spec,
        (Object::HTTPTrigger(new), Object::HTTPTrigger(old)) => new.spec != old.spec,
        (Object::Pod(new), Object::Pod(old)) => new.spec != old.spec,
        _ => false,
    }
}

/// Gives a Job the labels by which its pods are found, and the selector of them, unless the client
/// chose its own with `manualSelector`.
fn generate_selector(job: &mut Job) {
    let name = job.metadata.name.clone().unwrap_or_default();
    let uid = job.metadata.uid.clone().unwrap_or_default();
    let spec = job.spec.get_or_insert_default();
    if spec.manual_selector == Some(true) {
        return;
    }
    let meta = spec.template.metadata.get_or_insert_default();
    let labels = meta.labels.get_or_insert_default();
    for (key, value) in [
        (CONTROLLER_UID, &uid),
        (JOB_NAME, &name),
        (LEGACY_CONTROLLER_UID, &uid),
        (LEGACY_JOB_NAME, &name),
    ] {
        // A client's own value stays, to be refused with its reason.
        labels.entry(key.to_owned()).or_insert_with(|| value.clone());
    }
    let selector = spec.selector.get_or_insert_with(LabelSelector::default);
    let labels = selector.match_labels.get_or_insert_default();
    labels.entry(CONTROLLER_UID.to_owned()).or_insert(uid);
}

/// A Job that took its labels over from its template (`given` had none) has those that were generated
/// for its pods as well.
fn follow_template_labels(job: &mut Job, given: Option<&BTreeMap<String, String>>) {
    if given.is_none_or(BTreeMap::is_empty) && job.metadata.labels.is_some() {
        let template = job.spec.as_ref().and_then(|spec| spec.template.metadata.as_ref());
        job.metadata.labels = template.and_then(|meta| meta.labels.clone());
    }
}

/// Returns the key that a body is about, for an error before it is an object.
#[must_use]
pub fn key_of(kind: Kind, namespace: &str, body: &Value) -> ObjectKey {
    let name = body.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    ObjectKey::new(kind, namespace, name)
}
