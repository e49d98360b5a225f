//! `selfsubjectaccessreviews`: whether the caller may do something, which is what is asked for by
//! `kubectl auth can-i`. Whoever got this far holds the token or owns the socket, and may do all that is
//! served.

use http::StatusCode;
use jobling_core::api::{ApiError, Reason};
use k8s_openapi::api::authorization::v1::{SelfSubjectAccessReview, SubjectAccessReviewStatus};

use crate::answer::{self, Answer};
use crate::media;
use crate::route::{GroupVersion, Resource};
use crate::write::Body;

/// Answers whether the caller may do what `body` names.
pub(crate) fn review(body: &Body) -> Result<Answer, ApiError> {
    let (value, _) = media::decode(body.content_type.as_deref(), &body.bytes)?;
    let mut review: SelfSubjectAccessReview = serde_json::from_value(value).map_err(|error| {
        ApiError::new(Reason::BadRequest, format!("the body is no access review: {error}"))
    })?;
    review.status = Some(judge(&review));
    let body = serde_json::to_vec(&review).unwrap_or_default();
    Ok(answer::json(StatusCode::CREATED, body))
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
