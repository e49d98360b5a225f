//! What a failed pod means for its Job: `spec.podFailurePolicy`, rule by rule.
//!
//! As `pkg/controller/job/pod_failure_policy.go`: the first rule that matches decides; none: Count.

use k8s_openapi::api::batch::v1::{PodFailurePolicy, PodFailurePolicyOnExitCodesRequirement};

use crate::pods::{ContainerState, JobInfo, Pod};

/// What a failed pod means for its Job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It counts towards backoffLimit.
    Count,
    /// It does not count and is replaced.
    Ignore,
    /// Its index has failed for good.
    FailIndex,
    /// The Job has failed, and this is why.
    FailJob(String),
}

/// Returns what the failure of `pod` means under `policy`.
#[must_use]
pub fn verdict(policy: Option<&PodFailurePolicy>, pod: &Pod, job: &JobInfo) -> Verdict {
    let rules = policy.map(|policy| policy.rules.as_slice()).unwrap_or_default();
    for (position, rule) in rules.iter().enumerate() {
        let by_code = rule.on_exit_codes.as_ref().and_then(|on| exit_code_match(on, pod, job));
        let by_condition = || {
            let patterns = rule.on_pod_conditions.as_deref().unwrap_or_default();
            patterns.iter().find(|pattern| {
                let wanted = pattern.status.as_deref().unwrap_or("True");
                pod.status
                    .conditions
                    .iter()
                    .any(|had| had.kind == pattern.type_ && had.status == wanted)
            })
        };
        let why = match by_code {
            Some((container, code)) => format!(
                "Container {container} for pod {}/{} failed with exit code {code} matching {} rule at index {position}",
                job.namespace,
                pod.name(job),
                rule.action
            ),
            None => match by_condition() {
                Some(pattern) => format!(
                    "Pod {}/{} has condition {} matching {} rule at index {position}",
                    job.namespace,
                    pod.name(job),
                    pattern.type_,
                    rule.action
                ),
                None => continue,
            },
        };
        return match rule.action.as_str() {
            "FailJob" => Verdict::FailJob(why),
            "FailIndex" => Verdict::FailIndex,
            "Ignore" => Verdict::Ignore,
            _ => Verdict::Count,
        };
    }
    Verdict::Count
}

/// Returns the first container whose exit code the rule speaks of, with that code.
fn exit_code_match(
    on: &PodFailurePolicyOnExitCodesRequirement,
    pod: &Pod,
    job: &JobInfo,
) -> Option<(String, i32)> {
    let spec = job.template.spec.as_ref()?;
    let mains = spec.containers.iter().zip(&pod.status.containers);
    let inits = spec.init_containers.iter().flatten().zip(&pod.status.init_containers);
    mains.chain(inits).find_map(|(container, status)| {
        if on.container_name.as_ref().is_some_and(|name| *name != container.name) {
            return None;
        }
        let ContainerState::Terminated(end) = &status.state else { return None };
        // Success is no failure, whatever NotIn says.
        let listed = on.values.contains(&end.exit_code);
        let matches = end.exit_code != 0
            && match on.operator.as_str() {
                "In" => listed,
                "NotIn" => !listed,
                _ => false,
            };
        matches.then(|| (container.name.clone(), end.exit_code))
    })
}
