//! What a Job's status may become: pkg/apis/batch/validation's `ValidateJobStatusUpdate`.

use std::collections::BTreeSet;

use k8s_openapi::api::batch::v1::{Job, JobSpec, JobStatus};

use super::{indexes, job};
use crate::api::Cause;
use crate::api::field::{Errors, Path};

/// Returns everything that is wrong with the status of `new` after that of `old`.
pub(crate) fn validate_status_update(new: &Job, old: &Job) -> Vec<Cause> {
    let mut errors = Errors::default();
    let default_spec = JobSpec::default();
    let spec = new.spec.as_ref().unwrap_or(&default_spec);
    let status = new.status.clone().unwrap_or_default();
    let old_status = old.status.clone().unwrap_or_default();
    let path = Path::new("status");
    counters(&mut errors, &path, &status);
    uncounted(&mut errors, &path, &status);
    ending(&mut errors, &path, &status);
    finished(&mut errors, &path, &status);
    index_lists(&mut errors, &path, &status, spec);
    if status.ready.unwrap_or_default() > status.active.unwrap_or_default() {
        let why = "cannot set more ready pods than active";
        errors.invalid(&path.child("ready"), status.ready, why);
    }
    exclusive(&mut errors, &path, &status, spec);
    changes(&mut errors, &path, &status, &old_status, spec);
    errors.into_causes()
}

fn is(status: &JobStatus, condition: &str) -> bool {
    let conditions = status.conditions.iter().flatten();
    conditions.into_iter().any(|c| c.type_ == condition && c.status == "True")
}

fn counters(errors: &mut Errors, path: &Path, status: &JobStatus) {
    for (field, count) in [
        ("active", status.active),
        ("succeeded", status.succeeded),
        ("failed", status.failed),
        ("ready", status.ready),
        ("terminating", status.terminating),
    ] {
        job::nonnegative(errors, &path.child(field), count);
    }
}

fn uncounted(errors: &mut Errors, path: &Path, status: &JobStatus) {
    let Some(pods) = &status.uncounted_terminated_pods else { return };
    let path = path.child("uncountedTerminatedPods");
    let mut seen = BTreeSet::new();
    for (field, list) in [("succeeded", &pods.succeeded), ("failed", &pods.failed)] {
        for (index, uid) in list.iter().flatten().enumerate() {
            let path = path.child(field).index(index);
            if uid.is_empty() {
                errors.invalid(&path, uid, "must not be empty");
            } else if !seen.insert(uid) {
                errors.duplicate(&path, uid);
            }
        }
    }
}

fn ending(errors: &mut Errors, path: &Path, status: &JobStatus) {
    let conditions = path.child("conditions");
    let (complete, failed) = (is(status, "Complete"), is(status, "Failed"));
    if complete && failed {
        errors.invalid_here(&conditions, "cannot set Complete=True and Failed=true conditions");
    }
    if complete && is(status, "FailureTarget") {
        let why = "cannot set Complete=True and FailureTarget=true conditions";
        errors.invalid_here(&conditions, why);
    }
    let field = path.child("completionTime");
    match &status.completion_time {
        Some(time) if !complete => {
            let why = "cannot set completionTime when there is no Complete=True condition";
            errors.invalid(&field, time, why);
        }
        None if complete => {
            errors.required(&field, "completionTime is required for Complete jobs");
        }
        Some(_) | None => {}
    }
    if let (Some(start), Some(end)) = (&status.start_time, &status.completion_time)
        && end.0 < start.0
    {
        errors.invalid(&field, end, "must be equal to or after `startTime`");
    }
    if failed && !is(status, "FailureTarget") {
        let why = "cannot set Failed=True condition without the FailureTarget=true condition";
        errors.invalid_here(&conditions, why);
    }
    if complete && !is(status, "SuccessCriteriaMet") {
        let why =
            "cannot set Complete=True condition without the SuccessCriteriaMet=true condition";
        errors.invalid_here(&conditions, why);
    }
}

fn finished(errors: &mut Errors, path: &Path, status: &JobStatus) {
    if !is(status, "Complete") && !is(status, "Failed") {
        return;
    }
    if let Some(active) = status.active.filter(|count| *count > 0) {
        errors.invalid(&path.child("active"), active, "active>0 is invalid for finished job");
    }
    if status.start_time.is_none() {
        errors.required(&path.child("startTime"), "startTime is required for finished job");
    }
    if let Some(pods) = &status.uncounted_terminated_pods
        && pods.failed.iter().flatten().chain(pods.succeeded.iter().flatten()).next().is_some()
    {
        let why = "uncountedTerminatedPods needs to be empty for finished job";
        errors.invalid(&path.child("uncountedTerminatedPods"), pods, why);
    }
    if let Some(terminating) = status.terminating.filter(|count| *count > 0) {
        let why = "terminating>0 is invalid for finished job";
        errors.invalid(&path.child("terminating"), terminating, why);
    }
}

fn index_lists(errors: &mut Errors, path: &Path, status: &JobStatus, spec: &JobSpec) {
    let completed = status.completed_indexes.as_deref().unwrap_or_default();
    let failed = status.failed_indexes.as_deref();
    let per_index = spec.backoff_limit_per_index.is_some();
    let lists =
        [("completedIndexes", Some(completed)), ("failedIndexes", failed.filter(|_| per_index))];
    for (field, text) in lists {
        let (Some(text), Some(completions)) = (text, spec.completions) else { continue };
        if let Err(why) = indexes::count(text, completions) {
            errors.invalid(&path.child(field), text, &format!("error parsing {field}: {why}"));
        }
    }
    if !completed.is_empty() && !job::is_indexed(spec) {
        let why = "cannot set non-empty completedIndexes when non-indexed completion mode";
        errors.invalid(&path.child("completedIndexes"), completed, why);
    }
    let Some(failed) = failed else { return };
    let field = path.child("failedIndexes");
    if !per_index {
        let why = "cannot set non-null failedIndexes when backoffLimitPerIndex is null";
        errors.invalid(&field, failed, why);
    }
    if let Some(index) = spec.completions.and_then(|n| indexes::overlap(completed, failed, n)) {
        let why = format!("failedIndexes and completedIndexes overlap at index: {index}");
        errors.invalid(&field, failed, &why);
    }
}

fn exclusive(errors: &mut Errors, path: &Path, status: &JobStatus, spec: &JobSpec) {
    let path = path.child("conditions");
    if is(status, "SuccessCriteriaMet") {
        for other in ["Failed", "FailureTarget"] {
            if is(status, other) {
                let why = format!("cannot set SuccessCriteriaMet=True and {other}=true conditions");
                errors.invalid_here(&path, &why);
            }
        }
    } else if spec.success_policy.is_some() && is(status, "Complete") {
        let why = "cannot set Complete=True for Job with SuccessPolicy unless \
                   SuccessCriteriaMet=True";
        errors.invalid_here(&path, why);
    }
}

fn changes(errors: &mut Errors, path: &Path, new: &JobStatus, old: &JobStatus, spec: &JobSpec) {
    let conditions = path.child("conditions");
    for condition in ["Failed", "Complete", "FailureTarget"] {
        if is(old, condition) && !is(new, condition) {
            let why = format!("cannot disable the terminal {condition}=True condition");
            errors.invalid_here(&conditions, &why);
        }
    }
    for (field, new, old) in
        [("failed", new.failed, old.failed), ("succeeded", new.succeeded, old.succeeded)]
    {
        let (new, old) = (new.unwrap_or_default(), old.unwrap_or_default());
        if new < old {
            let why = format!("cannot decrease the {field} counter");
            errors.invalid(&path.child(field), new, &why);
        }
    }
    if let (Some(new), Some(old)) = (&new.completion_time, &old.completion_time)
        && new != old
    {
        errors.invalid(&path.child("completionTime"), new, "completionTime cannot be mutated");
    }
    let running = spec.suspend != Some(true);
    if running && old.start_time.is_some() && old.start_time != new.start_time {
        let why = "startTime cannot be removed for unsuspended job";
        errors.required(&path.child("startTime"), why);
    }
    if is(old, "SuccessCriteriaMet") && !is(new, "SuccessCriteriaMet") {
        let why = "cannot disable the SuccessCriteriaMet=True condition";
        errors.invalid_here(&conditions, why);
    }
}
