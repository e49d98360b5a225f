//! The defaults of each kind, and of the Jobs among them.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::batch::v1::{CronJob, Job, JobSpec};
use k8s_openapi::api::core::v1::{Namespace, PersistentVolumeClaim, Secret};

use super::{http_trigger, pod};
use crate::api::Object;

/// The label that names a Namespace among its own labels.
const NAMESPACE_NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Fills in the defaults of `object`.
pub fn default(object: &mut Object) {
    match object {
        Object::Job(job) => default_job(job),
        Object::CronJob(cron_job) => default_cron_job(cron_job),
        Object::HTTPTrigger(trigger) => http_trigger::default(trigger),
        Object::Pod(pod) => pod::default_pod(pod),
        Object::Secret(secret) => default_secret(secret),
        Object::PersistentVolumeClaim(claim) => default_claim(claim),
        Object::Namespace(namespace) => default_namespace(namespace),
        Object::ServiceAccount(_) | Object::ConfigMap(_) | Object::Event(_) => {}
    }
}

fn default_job(job: &mut Job) {
    let spec = job.spec.get_or_insert_default();
    if spec.completions.is_none() && spec.parallelism.is_none() {
        spec.completions = Some(1);
    }
    spec.parallelism.get_or_insert(1);
    let unlimited = spec.backoff_limit_per_index.is_some();
    spec.backoff_limit.get_or_insert(if unlimited { i32::MAX } else { 6 });
    spec.completion_mode.get_or_insert_with(|| "NonIndexed".to_owned());
    spec.suspend.get_or_insert(false);
    spec.manual_selector.get_or_insert(false);
    let replacement = match spec.pod_failure_policy {
        Some(_) => "Failed",
        None => "TerminatingOrFailed",
    };
    spec.pod_replacement_policy.get_or_insert_with(|| replacement.to_owned());
    default_job_template(spec);
    let template_labels = spec.template.metadata.as_ref().and_then(|meta| meta.labels.clone());
    if job.metadata.labels.as_ref().is_none_or(BTreeMap::is_empty) {
        job.metadata.labels = template_labels.filter(|labels| !labels.is_empty());
    }
    job.status.get_or_insert_default();
}

/// What is filled in for a Job and for a `CronJob`'s template alike.
pub(super) fn default_job_template(spec: &mut JobSpec) {
    let rules = spec.pod_failure_policy.iter_mut().flat_map(|policy| &mut policy.rules);
    for condition in rules.flat_map(|rule| rule.on_pod_conditions.iter_mut().flatten()) {
        condition.status.get_or_insert_with(|| "True".to_owned());
    }
    pod::default_template(&mut spec.template);
}

fn default_cron_job(cron_job: &mut CronJob) {
    let spec = &mut cron_job.spec;
    spec.concurrency_policy.get_or_insert_with(|| "Allow".to_owned());
    spec.suspend.get_or_insert(false);
    spec.successful_jobs_history_limit.get_or_insert(3);
    spec.failed_jobs_history_limit.get_or_insert(1);
    spec.job_template.metadata.get_or_insert_default();
    default_job_template(spec.job_template.spec.get_or_insert_default());
    cron_job.status.get_or_insert_default();
}

/// `stringData` is for writing only: its entries become `data`, over those already there.
fn default_secret(secret: &mut Secret) {
    secret.type_.get_or_insert_with(|| "Opaque".to_owned());
    if let Some(text) = secret.string_data.take() {
        let data = secret.data.get_or_insert_default();
        data.extend(text.into_iter().map(|(key, value)| (key, ByteString(value.into_bytes()))));
    }
}

fn default_claim(claim: &mut PersistentVolumeClaim) {
    let spec = claim.spec.get_or_insert_default();
    spec.volume_mode.get_or_insert_with(|| "Filesystem".to_owned());
    claim.status.get_or_insert_default().phase.get_or_insert_with(|| "Pending".to_owned());
}

fn default_namespace(namespace: &mut Namespace) {
    if let Some(name) = namespace.metadata.name.clone() {
        let labels = namespace.metadata.labels.get_or_insert_default();
        labels.insert(NAMESPACE_NAME_LABEL.to_owned(), name);
    }
    namespace.status.get_or_insert_default().phase.get_or_insert_with(|| "Active".to_owned());
}
