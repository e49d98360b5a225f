//! What the API server warns of and takes all the same: pkg/registry/batch's strategies.

use k8s_openapi::api::batch::v1::JobSpec;

use super::{names, pod_warnings};
use crate::api::Object;
use crate::api::field::Path;

// Above these, a Job may have more failed indexes than its status can hold.
const MANY_COMPLETIONS: i32 = 100_000;
const MANY_PARALLEL: i32 = 10_000;

/// Returns a sentence for everything in the new `object` that a person may not have meant.
pub(crate) fn warnings(object: &Object) -> Vec<String> {
    let mut found = Vec::new();
    if matches!(object, Object::Job(_) | Object::CronJob(_) | Object::HTTPTrigger(_)) {
        name(&mut found, object.metadata().name.as_deref().unwrap_or_default());
    }
    found.extend(spec_warnings(object));
    found
}

/// Returns those of [`warnings`] that a changed spec gives again.
pub(crate) fn spec_warnings(object: &Object) -> Vec<String> {
    let mut found = Vec::new();
    let path = Path::new("spec");
    match object {
        Object::Job(job) => {
            if let Some(spec) = &job.spec {
                job_spec(&mut found, &path, spec);
            }
        }
        Object::CronJob(cron_job) => {
            if let Some(spec) = &cron_job.spec.job_template.spec {
                job_spec(&mut found, &path.child("jobTemplate").child("spec"), spec);
            }
        }
        Object::HTTPTrigger(trigger) => {
            if let Some(spec) = &trigger.spec.job_template.spec {
                job_spec(&mut found, &path.child("jobTemplate").child("spec"), spec);
            }
        }
        Object::Pod(_)
        | Object::Namespace(_)
        | Object::ServiceAccount(_)
        | Object::ConfigMap(_)
        | Object::Secret(_)
        | Object::PersistentVolumeClaim(_)
        | Object::Event(_) => {}
    }
    found
}

fn name(found: &mut Vec<String>, name: &str) {
    let wrong = names::dns_label(name);
    if wrong.is_empty() {
        return;
    }
    let why = if name.contains('.') { vec!["must not contain dots".to_owned()] } else { wrong };
    found.push(format!(
        "metadata.name: this is used in Pod names and hostnames, which can result in surprising \
         behavior; a DNS label is recommended: [{}]",
        why.join(" ")
    ));
}

fn job_spec(found: &mut Vec<String>, path: &Path, spec: &JobSpec) {
    let indexed = spec.completion_mode.as_deref() == Some("Indexed");
    let many = spec.completions.is_some_and(|count| count > MANY_COMPLETIONS)
        && spec.parallelism.is_some_and(|count| count > MANY_PARALLEL);
    if indexed && many {
        found.push(
            "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism \
             higher than 10^4, Kubernetes might not be able to track completedIndexes when a big \
             number of indexes fail"
                .to_owned(),
        );
    }
    pod_warnings::warn(found, &path.child("template"), &spec.template);
}
