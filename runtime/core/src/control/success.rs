//! When an Indexed Job has succeeded before all of its indexes have: `spec.successPolicy`.
//!
//! As `pkg/controller/job/success_policy.go`: any rule that is met suffices, the first one is named.

use k8s_openapi::api::batch::v1::SuccessPolicy;

use super::IndexSet;

/// Returns the text that names the rule which `succeeded` meets; `None` while none is met.
#[must_use]
pub fn met(policy: &SuccessPolicy, completions: u32, succeeded: &IndexSet) -> Option<String> {
    policy.rules.iter().enumerate().find_map(|(position, rule)| {
        let wanted = rule.succeeded_indexes.as_deref().map(IndexSet::parse);
        let wanted = wanted.map(|wanted| wanted.below(completions));
        let had = wanted.as_ref().map_or(succeeded.len(), |wanted| wanted.overlap(succeeded));
        let needed = match (rule.succeeded_count, &wanted) {
            (Some(count), _) => u32::try_from(count).ok()?,
            (None, Some(wanted)) => wanted.len(),
            (None, None) => return None,
        };
        (had >= needed).then(|| format!("Matched rules at index {position}"))
    })
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::batch::v1::SuccessPolicyRule;

    use super::*;

    #[test]
    fn a_rule_is_met_by_count_by_indexes_or_by_a_count_among_indexes() {
        for (indexes, count, succeeded, met_rule) in [
            (Some("0,2-3"), None, "0,2", false),
            (Some("0,2-3"), None, "0,2,3,5", true),
            (None, Some(2), "7", false),
            (None, Some(2), "7,9", true),
            (Some("0-4"), Some(2), "4,9", false),
            (Some("0-4"), Some(2), "3,4", true),
        ] {
            let rule = SuccessPolicyRule {
                succeeded_count: count,
                succeeded_indexes: indexes.map(str::to_owned),
            };
            let policy = SuccessPolicy { rules: vec![rule] };
            let met = met(&policy, 10, &IndexSet::parse(succeeded));
            assert_eq!(met.is_some(), met_rule, "{indexes:?} {count:?} of {succeeded}");
        }
    }
}
