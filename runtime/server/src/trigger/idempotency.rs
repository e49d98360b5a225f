//! What makes two requests the same: the key that a client gives them, and the fingerprint of all that a
//! guest could tell them apart by.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use ring::digest::{Context, SHA256};

/// The longest key, in bytes.
pub(super) const KEY_BYTES: usize = 255;

/// A key that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadKey;

/// Returns the key that a request gives in `header`; `None` where it gives none.
///
/// # Errors
/// Where it is empty, too long, given twice or no visible ASCII.
pub(super) fn key(headers: &HeaderMap, header: &HeaderName) -> Result<Option<String>, BadKey> {
    let mut values = headers.get_all(header).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().map_err(|_| BadKey)?.trim();
    let good = values.next().is_none() && !text.is_empty() && text.len() <= KEY_BYTES;
    if good { Ok(Some(text.to_owned())) } else { Err(BadKey) }
}

/// Returns the SHA-256 of a request's method, path, query, content type and body.
pub(super) fn fingerprint(
    method: &str,
    path: &str,
    query: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> [u8; 32] {
    let content_type = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let mut context = Context::new(&SHA256);
    for part in [method.as_bytes(), path.as_bytes(), query.as_bytes(), content_type, body] {
        // With its length, so that no two requests read alike.
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(context.finish().as_ref());
    fingerprint
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

    #[test]
    fn a_key_is_one_short_visible_text() {
        let long = "k".repeat(KEY_BYTES);
        for (values, expected) in [
            (vec![], Ok(None)),
            (vec!["a b"], Ok(Some("a b".to_owned()))),
            (vec![long.as_str()], Ok(Some(long.clone()))),
            (vec![""], Err(BadKey)),
            (vec!["a", "a"], Err(BadKey)),
            (vec!["ä"], Err(BadKey)),
        ] {
            let headers = values
                .iter()
                .map(|value| (HEADER, HeaderValue::from_bytes(value.as_bytes()).unwrap()))
                .collect();
            assert_eq!(key(&headers, &HEADER), expected, "{values:?}");
        }
        let headers = [(HEADER, HeaderValue::try_from(format!("{long}k")).unwrap())];
        assert_eq!(key(&headers.into_iter().collect(), &HEADER), Err(BadKey));
    }

    #[test]
    fn whatever_differs_changes_the_fingerprint() {
        let typed = |media: &'static str| [(CONTENT_TYPE, HeaderValue::from_static(media))];
        let of = |method, path, query, media, body: &str| {
            fingerprint(method, path, query, &typed(media).into_iter().collect(), body.as_bytes())
        };
        let all = [
            of("POST", "/a", "q", "t", "body"),
            of("PUT", "/a", "q", "t", "body"),
            of("POST", "/aq", "", "t", "body"),
            of("POST", "/a", "qt", "", "body"),
            of("POST", "/a", "q", "tb", "ody"),
            of("POST", "/a", "q", "t", "bodY"),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[..at].contains(one), "row {at}");
        }
        assert_eq!(all[0], of("POST", "/a", "q", "t", "body"));
    }
}
