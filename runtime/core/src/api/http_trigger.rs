//! `HTTPTrigger` (`jobling.dev/v1alpha1`): what a schedule is to a `CronJob`, a request is to an
//! `HTTPTrigger`. Shaped as `CronJob` is, with the conventions of k8s-openapi's types.

use k8s_openapi::api::batch::v1::JobTemplateSpec;
use k8s_openapi::api::core::v1::SecretKeySelector;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use serde::{Deserialize, Serialize};

/// Runs a Job for a request to an address of this host's trigger endpoint.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HTTPTrigger {
    #[serde(default)]
    api_version: ApiVersion,
    #[serde(default)]
    kind: KindName,
    /// Standard object's metadata.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// Which requests are taken, and what is done with them.
    #[serde(default)]
    pub spec: HTTPTriggerSpec,
    /// What has become of the requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<HTTPTriggerStatus>,
}

/// Which requests are taken, and what is done with them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HTTPTriggerSpec {
    /// The path on the endpoint, such as `/users/{name}/report`: a segment in braces takes any text.
    #[serde(default)]
    pub path: String,
    /// The methods that are taken; POST alone where unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<String>>,
    /// Who may ask. Required: that anybody may is said by `none: {}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<TriggerAuth>,
    /// `Sync`: the answer is what the pod prints. `Async`: the answer is where to look later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
    /// How long a request whose response is `Sync` may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<i32>,
    /// What becomes of a request while others are under way: `Allow`, `Forbid`, `Replace` or `Queue`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency_policy: Option<String>,
    /// How many requests may be under way at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<i32>,
    /// How many requests may wait under `Queue`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_depth: Option<i32>,
    /// How many requests are taken in a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// How a repeat of a request is known; unset: it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<Idempotency>,
    /// The longest body that is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_limit: Option<Quantity>,
    /// Which requests become Jobs that are kept: `Always` each, `Failures` those that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// Whether requests are turned away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,
    /// How many Jobs that succeeded are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successful_jobs_history_limit: Option<i32>,
    /// How many Jobs that failed are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_jobs_history_limit: Option<i32>,
    /// The Job that a request runs.
    #[serde(default)]
    pub job_template: JobTemplateSpec,
}

/// Who may ask; one of these.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TriggerAuth {
    /// Anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub none: Option<NoAuth>,
    /// Who knows a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bearer: Option<BearerAuth>,
    /// Who can sign the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hmac: Option<HMACAuth>,
}

/// That anybody may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NoAuth {}

/// That who asks has a token (RFC 6750).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BearerAuth {
    /// The Secret's key that holds the token.
    #[serde(default)]
    pub secret_key_ref: SecretKeySelector,
}

/// That who asks signs the body (RFC 2104), as webhooks do.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HMACAuth {
    /// The Secret's key that holds the secret of the signature.
    #[serde(default)]
    pub secret_key_ref: SecretKeySelector,
    /// The header with the signature in hexadecimal digits, such as `X-Hub-Signature-256`.
    #[serde(default)]
    pub header: String,
    /// The hash: `sha256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
    /// What precedes the digits, such as `sha256=`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
}

/// How many requests are taken in a time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimit {
    /// So many each second, over time.
    #[serde(default)]
    pub requests_per_second: i32,
    /// So many at once; as many as each second where unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<i32>,
}

/// How a repeat of a request is known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Idempotency {
    /// The header with the client's key; `Idempotency-Key` where unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// How long a key and its answer are remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_seconds: Option<i32>,
}

/// What has become of an `HTTPTrigger`'s requests.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HTTPTriggerStatus {
    /// When the newest request was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_request_time: Option<Time>,
    /// When the newest request failed that did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure_time: Option<Time>,
    /// How many requests were taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<i64>,
    /// How many of them failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failures: Option<i64>,
    /// How many Jobs are under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<i32>,
    /// How many Jobs wait for their turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued: Option<i32>,
}

/// A constant of the type, written as text; what was read was compared with the URL before.
macro_rules! constant_text {
    ($name:ident, $text:literal) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        struct $name;

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str($text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(|_| Self)
            }
        }
    };
}

constant_text!(ApiVersion, "jobling.dev/v1alpha1");
constant_text!(KindName, "HTTPTrigger");

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_what_was_read_with_its_type() {
        let text = json!({
            "apiVersion": "jobling.dev/v1alpha1",
            "kind": "HTTPTrigger",
            "metadata": {"name": "thumbnail"},
            "spec": {
                "path": "/thumbnail/{size}",
                "methods": ["POST"],
                "auth": {"none": {}},
                "rateLimit": {"requestsPerSecond": 5},
                "bodyLimit": "1Mi",
                "jobTemplate": {"metadata": {"labels": {"a": "b"}}},
            },
            "status": {"requests": 7},
        });
        let read: HTTPTrigger = serde_json::from_value(text.clone()).unwrap();
        assert_eq!(
            read.spec.auth,
            Some(TriggerAuth { none: Some(NoAuth {}), ..Default::default() })
        );
        assert_eq!(serde_json::to_value(&read).unwrap(), text);
    }
}
