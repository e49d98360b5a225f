//! What a caller asks of itself: whether it may do something (`kubectl auth can-i`), what it may do
//! (`auth can-i --list`) and who it is (`auth whoami`). Whoever got this far holds the token or owns the
//! socket, and may do all that is served.

use http::StatusCode;
use jobling_core::api::{ApiError, Kind, Reason};
use k8s_openapi::api::authentication::v1::{SelfSubjectReview, SelfSubjectReviewStatus, UserInfo};
use k8s_openapi::api::authorization::v1::{
    NonResourceRule, ResourceRule, SelfSubjectAccessReview, SelfSubjectRulesReview,
    SubjectAccessReviewStatus, SubjectRulesReviewStatus,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::answer::{self, Answer};
use crate::media;
use crate::route::{GroupVersion, Resource, Review};
use crate::write::Body;

/// Who everybody is that is let in.
const USER: &str = "jobling-admin";
/// What such a caller belongs to, as Kubernetes calls it.
const GROUPS: [&str; 2] = ["system:masters", "system:authenticated"];

/// Answers what `body` asks.
pub(crate) fn answer(review: Review, body: &Body) -> Result<Answer, ApiError> {
    match review {
        Review::Access => {
            let mut review: SelfSubjectAccessReview = read(body)?;
            review.status = Some(judge(&review));
            Ok(written(&review))
        }
        Review::Rules => {
            let mut review: SelfSubjectRulesReview = read(body)?;
            review.status = Some(rules());
            Ok(written(&review))
        }
        Review::Identity => {
            let mut review: SelfSubjectReview = read(body)?;
            review.status = Some(SelfSubjectReviewStatus { user_info: Some(caller()) });
            Ok(written(&review))
        }
    }
}

fn read<T: DeserializeOwned>(body: &Body) -> Result<T, ApiError> {
    let (value, _) = media::decode(body.content_type.as_deref(), &body.bytes)?;
    serde_json::from_value(value).map_err(|error| {
        ApiError::new(Reason::BadRequest, format!("the body is no such review: {error}"))
    })
}

fn written(review: &impl Serialize) -> Answer {
    answer::json(StatusCode::CREATED, serde_json::to_vec(review).unwrap_or_default())
}

fn caller() -> UserInfo {
    UserInfo {
        username: Some(USER.to_owned()),
        groups: Some(GROUPS.map(str::to_owned).to_vec()),
        ..UserInfo::default()
    }
}

fn rules() -> SubjectRulesReviewStatus {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let of_kind = |kind: Kind| ResourceRule {
        api_groups: Some(words(&[kind.group()])),
        resources: Some(words(&[kind.plural()])),
        verbs: words(match kind {
            Kind::Pod => &["delete", "deletecollection", "get", "list", "watch"],
            Kind::Namespace
            | Kind::ServiceAccount
            | Kind::ConfigMap
            | Kind::Secret
            | Kind::PersistentVolumeClaim
            | Kind::CronJob
            | Kind::HTTPTrigger
            | Kind::Job
            | Kind::Event => &["*"],
        }),
        resource_names: None,
    };
    let mut resource_rules: Vec<ResourceRule> = Kind::ALL.into_iter().map(of_kind).collect();
    resource_rules.push(ResourceRule {
        api_groups: Some(words(&["jobling.dev"])),
        resources: Some(words(&["images"])),
        verbs: words(&["*"]),
        resource_names: None,
    });
    SubjectRulesReviewStatus {
        resource_rules,
        non_resource_rules: vec![NonResourceRule {
            non_resource_urls: Some(words(&["*"])),
            verbs: words(&["get"]),
        }],
        incomplete: false,
        evaluation_error: None,
    }
}

fn judge(review: &SelfSubjectAccessReview) -> SubjectAccessReviewStatus {
    let attributes = review.spec.resource_attributes.as_ref();
    let served = attributes.is_none_or(|asked| {
        let group = asked.group.as_deref().unwrap_or_default();
        let plural = asked.resource.as_deref().unwrap_or_default();
        is_served(group, plural, asked.subresource.as_deref().unwrap_or_default())
    });
    let reason = if served { "the caller administers this host" } else { "it is not served here" };
    SubjectAccessReviewStatus {
        allowed: served,
        reason: Some(reason.to_owned()),
        ..SubjectAccessReviewStatus::default()
    }
}

fn is_served(group: &str, plural: &str, subresource: &str) -> bool {
    if matches!(subresource, "exec" | "attach" | "portforward" | "proxy" | "ephemeralcontainers") {
        return false;
    }
    let groups =
        GroupVersion::ALL.into_iter().filter(|known| group == "*" || known.group() == group);
    let mut groups = groups.peekable();
    match plural {
        "*" => groups.peek().is_some(),
        "images" => groups.any(|known| known == GroupVersion::Jobling),
        plural => groups.any(|known| Resource::of(known, plural).is_some()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_caller_may_do_whatever_is_served() {
        for (attributes, allowed) in [
            (json!({"verb": "create", "group": "batch", "resource": "jobs"}), true),
            (json!({"verb": "get", "resource": "pods", "subresource": "log"}), true),
            (json!({"verb": "create", "resource": "pods", "subresource": "exec"}), false),
            (json!({"verb": "*", "group": "*", "resource": "*"}), true),
            (json!({"verb": "list", "group": "apps", "resource": "deployments"}), false),
        ] {
            let review = json!({"spec": {"resourceAttributes": attributes}});
            let review: SelfSubjectAccessReview = serde_json::from_value(review).unwrap();
            assert_eq!(judge(&review).allowed, allowed, "{attributes}");
        }
    }
}
