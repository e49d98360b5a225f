//! What a caller asks of itself: whether it may do something (`kubectl auth can-i`), what it may do
//! (`auth can-i --list`) and who it is (`auth whoami`). The answers come from the function that decides
//! about requests.

use http::StatusCode;
use jobling_core::api::{ApiError, Reason};
use k8s_openapi::api::authentication::v1::{SelfSubjectReview, SelfSubjectReviewStatus, UserInfo};
use k8s_openapi::api::authorization::v1::{
    SelfSubjectAccessReview, SelfSubjectAccessReviewSpec, SelfSubjectRulesReview,
    SubjectAccessReviewStatus,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::access::{Asked, Caller, Decision, OnResource, decide, rules};
use crate::answer::{self, Answer};
use crate::media;
use crate::route::Review;
use crate::write::Body;

/// Answers what `body` asks.
pub(crate) fn answer(review: Review, caller: &Caller, body: &Body) -> Result<Answer, ApiError> {
    match review {
        Review::Access => {
            let mut review: SelfSubjectAccessReview = read(body)?;
            review.status = Some(judge(caller, &review.spec));
            Ok(written(&review))
        }
        Review::Rules => {
            let mut review: SelfSubjectRulesReview = read(body)?;
            let namespace = review.spec.namespace.clone().unwrap_or_default();
            review.status = Some(rules(caller, &namespace));
            Ok(written(&review))
        }
        Review::Identity => {
            let mut review: SelfSubjectReview = read(body)?;
            review.status = Some(SelfSubjectReviewStatus { user_info: Some(user(caller)) });
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

fn user(caller: &Caller) -> UserInfo {
    UserInfo {
        username: Some(caller.name().to_owned()),
        groups: Some(caller.groups()),
        ..UserInfo::default()
    }
}

fn judge(caller: &Caller, spec: &SelfSubjectAccessReviewSpec) -> SubjectAccessReviewStatus {
    let word = |word: &'_ Option<String>| word.clone().unwrap_or_default();
    let decision = match (&spec.resource_attributes, &spec.non_resource_attributes) {
        (Some(on), _) => {
            let (verb, group, resource) = (word(&on.verb), word(&on.group), word(&on.resource));
            let (subresource, namespace, name) =
                (word(&on.subresource), word(&on.namespace), word(&on.name));
            decide(
                caller,
                &Asked::Resource(OnResource {
                    verb: &verb,
                    group: &group,
                    resource: &resource,
                    subresource: &subresource,
                    namespace: &namespace,
                    name: &name,
                }),
            )
        }
        (None, Some(on)) => {
            decide(caller, &Asked::Path { verb: &word(&on.verb), path: &word(&on.path) })
        }
        (None, None) => Decision::Denied,
    };
    let reason = match decision {
        Decision::Allowed => "the caller's role allows it",
        Decision::Denied => "the caller's role does not allow it",
        Decision::NotServed => "it is not served here",
    };
    SubjectAccessReviewStatus {
        allowed: decision == Decision::Allowed,
        reason: Some(reason.to_owned()),
        ..SubjectAccessReviewStatus::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::access::Role;

    #[test]
    fn a_caller_is_told_what_it_may_do() {
        let spec = |attributes: serde_json::Value| {
            serde_json::from_value::<SelfSubjectAccessReviewSpec>(attributes).unwrap()
        };
        let on = |attributes| spec(json!({"resourceAttributes": attributes}));
        let jobs = json!({"verb": "create", "group": "batch", "resource": "jobs"});
        let exec = json!({"verb": "create", "resource": "pods", "subresource": "exec"});
        let path = json!({"nonResourceAttributes": {"verb": "get", "path": "/apis"}});
        let viewer = Caller::holder("ci".into(), Role::View, None);
        for (caller, asked, allowed, reason) in [
            (Caller::owner(), on(jobs.clone()), true, "the caller's role allows it"),
            (Caller::owner(), on(exec), false, "it is not served here"),
            (viewer.clone(), on(jobs), false, "the caller's role does not allow it"),
            (viewer, spec(path), true, "the caller's role allows it"),
            (Caller::owner(), spec(json!({})), false, "the caller's role does not allow it"),
        ] {
            let judged = judge(&caller, &asked);
            assert_eq!((judged.allowed, judged.reason.as_deref()), (allowed, Some(reason)));
        }
    }
}
