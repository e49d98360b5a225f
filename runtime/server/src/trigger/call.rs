//! From a request to what is remembered and told of it: no header that is the connection's business, none
//! that carries a password.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONNECTION, EXPECT, HeaderMap, HeaderName, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::request::Parts;
use jobling_core::Timestamp;
use jobling_core::trigger::{IdempotencyKey, TriggerCall};

/// Headers that nobody is told of; and those that `Connection` names.
const NOT_TOLD: [HeaderName; 10] = [
    AUTHORIZATION,
    PROXY_AUTHORIZATION,
    CONNECTION,
    EXPECT,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// What is known of a request besides its head.
pub(super) struct Rest {
    pub(super) segments: BTreeMap<String, String>,
    pub(super) body: Bytes,
    pub(super) remote: IpAddr,
    pub(super) received: Timestamp,
    pub(super) idempotency: Option<IdempotencyKey>,
}

/// Returns the request as it is remembered.
pub(super) fn call(parts: &Parts, rest: Rest) -> TriggerCall {
    TriggerCall {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        segments: rest.segments,
        headers: headers(&parts.headers),
        body: rest.body.into(),
        // An IPv4 client of a socket that takes both is told as what it is.
        remote: Some(rest.remote.to_canonical().to_string()),
        received: rest.received,
        idempotency: rest.idempotency,
    }
}

fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let named: BTreeSet<String> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|names| names.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    headers
        .iter()
        .filter(|(name, _)| !NOT_TOLD.contains(name) && !named.contains(name.as_str()))
        .map(|(name, value)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_what_is_the_connections_are_left_out() {
        let lines = [
            ("host", "edge"),
            ("authorization", "Bearer secret"),
            ("connection", "close, X-Hop"),
            ("x-hop", "1"),
            ("transfer-encoding", "chunked"),
            ("x-a", "1"),
            ("x-a", "2"),
        ];
        let given =
            lines.map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        let told = headers(&given.into_iter().collect());
        let expected = [("host", "edge"), ("x-a", "1"), ("x-a", "2")];
        assert_eq!(told, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
