//! What the API server warns of and takes all the same: pkg/api/pod's and pkg/api/job's warnings.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, PodSpec, PodTemplateSpec};

use super::names;
use crate::api::Object;
use crate::api::field::Path;

/// Returns a sentence for everything in `object` that a person may not have meant.
pub(crate) fn warnings(object: &Object) -> Vec<String> {
    let mut found = Vec::new();
    let path = Path::new("spec");
    match object {
        Object::Job(job) => {
            name(&mut found, job.metadata.name.as_deref().unwrap_or_default());
            if let Some(spec) = &job.spec {
                template(&mut found, &path.child("template"), &spec.template);
            }
        }
        Object::CronJob(cron_job) => {
            let name_text = cron_job.metadata.name.as_deref().unwrap_or_default();
            name(&mut found, name_text);
            if let Some(spec) = &cron_job.spec.job_template.spec {
                let path = path.child("jobTemplate").child("spec").child("template");
                template(&mut found, &path, &spec.template);
            }
        }
        Object::Pod(pod) => {
            if let Some(spec) = &pod.spec {
                pod_spec(&mut found, &path, spec);
            }
        }
        Object::Namespace(_)
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

fn template(found: &mut Vec<String>, path: &Path, template: &PodTemplateSpec) {
    if let Some(spec) = &template.spec {
        pod_spec(found, &path.child("spec"), spec);
    }
}

fn pod_spec(found: &mut Vec<String>, path: &Path, spec: &PodSpec) {
    if spec.termination_grace_period_seconds.is_some_and(|seconds| seconds < 0) {
        let field = path.child("terminationGracePeriodSeconds");
        found.push(format!(
            "{field}: must be >= 0; negative values are invalid and will be treated as 1"
        ));
    }
    let init = spec.init_containers.iter().flatten();
    for (index, container) in init.enumerate() {
        environment(found, &path.child("initContainers").index(index), container);
    }
    for (index, container) in spec.containers.iter().enumerate() {
        environment(found, &path.child("containers").index(index), container);
    }
}

fn environment(found: &mut Vec<String>, path: &Path, container: &Container) {
    let mut seen = BTreeSet::new();
    for (index, var) in container.env.iter().flatten().enumerate() {
        if !seen.insert(&var.name) {
            let field = path.child("env").index(index);
            found.push(format!(
                "{field}: hides previous definition of \"{}\", which may be dropped when using apply",
                var.name
            ));
        }
    }
}
