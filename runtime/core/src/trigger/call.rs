//! A request as it is remembered with its Job, and as the pod is told of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A request that was found to be an `HTTPTrigger`'s, whose sender may ask and whose size is within its
/// limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerCall {
    /// The method, in capitals.
    pub method: String,
    /// The path as it came, without the query.
    pub path: String,
    /// The query as it came, without the question mark; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
    /// What the path has in the place of each `{name}`, decoded.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub segments: BTreeMap<String, String>,
    /// The headers that the pod is told, in the order in which they came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The body. It is kept beside the rest, as the bytes that it is.
    #[serde(skip)]
    pub body: Vec<u8>,
    /// The sender's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// When it came.
    pub received: Timestamp,
    /// By what a repeat of it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<IdempotencyKey>,
}

/// By what a repeat of a request is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IdempotencyKey {
    /// The client's key. It is the trigger's: two triggers know nothing of each other's.
    pub key: String,
    /// The hash of all that must be the same in a repeat.
    pub fingerprint: [u8; 32],
}

impl TriggerCall {
    /// Returns how many bytes it takes in memory, about.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        let pair = |(name, value): (&String, &String)| name.len() + value.len();
        let headers: usize =
            self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        let segments: usize = self.segments.iter().map(pair).sum();
        let text = self.method.len() + self.path.len() + self.query.len();
        u64::try_from(text + headers + segments + self.body.len()).unwrap_or(u64::MAX)
    }
}
