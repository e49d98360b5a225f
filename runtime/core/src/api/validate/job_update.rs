//! What may change in a Job: pkg/apis/batch/validation's `ValidateJobSpecUpdate`.

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{Affinity, Container, PodSpec, PodTemplateSpec};
use serde::Serialize;

use super::job;
use crate::api::field::{Errors, Path};

/// Checks the new Job and what differs from the old one.
pub(super) fn validate(errors: &mut Errors, new: &Job, old: &Job) {
    let default = JobSpec::default();
    let (spec, old_spec) =
        (new.spec.as_ref().unwrap_or(&default), old.spec.as_ref().unwrap_or(&default));
    let path = Path::new("spec");
    job::validate(errors, new);
    // Once as what it is and once as what it became: the reference names such an error twice.
    job::validate_spec(errors, spec);
    completions(errors, &path.child("completions"), spec, old_spec);
    same(errors, &path.child("selector"), &spec.selector, &old_spec.selector);
    template(errors, &path.child("template"), spec, old);
    same(errors, &path.child("completionMode"), &spec.completion_mode, &old_spec.completion_mode);
    let field = path.child("podFailurePolicy");
    same(errors, &field, &spec.pod_failure_policy, &old_spec.pod_failure_policy);
    let field = path.child("backoffLimitPerIndex");
    same(errors, &field, &spec.backoff_limit_per_index, &old_spec.backoff_limit_per_index);
    same(errors, &path.child("managedBy"), &spec.managed_by, &old_spec.managed_by);
    same(errors, &path.child("successPolicy"), &spec.success_policy, &old_spec.success_policy);
}

fn same<T: PartialEq + Serialize>(errors: &mut Errors, path: &Path, new: &T, old: &T) {
    if new != old {
        errors.invalid(path, new, "field is immutable");
    }
}

/// An Indexed Job may grow and shrink: completions and parallelism together.
fn completions(errors: &mut Errors, path: &Path, spec: &JobSpec, old: &JobSpec) {
    if !job::is_indexed(spec) {
        same(errors, path, &spec.completions, &old.completions);
    } else if let Some(completions) = spec.completions
        && spec.completions != old.completions
        && spec.completions != spec.parallelism
    {
        let why = "can only be modified in tandem with spec.parallelism";
        errors.invalid(path, completions, why);
    }
}

fn template(errors: &mut Errors, path: &Path, spec: &JobSpec, old: &Job) {
    let old_spec = old.spec.clone().unwrap_or_default();
    let mut expected = old_spec.template;
    let started = old.status.as_ref().is_some_and(|status| status.start_time.is_some());
    if old_spec.suspend == Some(true) && !started {
        take_what_a_suspended_job_may_change(&mut expected, &spec.template);
    }
    same(errors, path, &spec.template, &expected);
}

/// Before its pods start, where they may run and what they ask for can still change: a queue's part.
fn take_what_a_suspended_job_may_change(expected: &mut PodTemplateSpec, new: &PodTemplateSpec) {
    let (meta, new_meta) =
        (expected.metadata.get_or_insert_default(), new.metadata.clone().unwrap_or_default());
    meta.labels = new_meta.labels;
    meta.annotations = new_meta.annotations;
    let (Some(spec), Some(new)) = (&mut expected.spec, &new.spec) else { return };
    spec.node_selector.clone_from(&new.node_selector);
    spec.tolerations.clone_from(&new.tolerations);
    spec.scheduling_gates.clone_from(&new.scheduling_gates);
    take_node_affinity(spec, new);
    take_resources(&mut spec.containers, &new.containers);
    if let (Some(init), Some(new)) = (&mut spec.init_containers, &new.init_containers) {
        take_resources(init, new);
    }
}

fn take_node_affinity(spec: &mut PodSpec, new: &PodSpec) {
    let node = new.affinity.as_ref().and_then(|affinity| affinity.node_affinity.clone());
    let mut affinity = spec.affinity.take().unwrap_or_default();
    affinity.node_affinity = node;
    let unset = affinity == Affinity::default() && new.affinity.is_none();
    spec.affinity = (!unset).then_some(affinity);
}

fn take_resources(containers: &mut [Container], new: &[Container]) {
    for (container, new) in containers.iter_mut().zip(new).filter(|(old, new)| old.name == new.name)
    {
        container.resources.clone_from(&new.resources);
    }
}
