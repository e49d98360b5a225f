//! What a guest printed, as the answer to the request: in CGI's manner (RFC 3875, 6) where it begins so,
//! else as the body that it is.

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION,
    TE, TRAILER, TRANSFER_ENCODING, UPGRADE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use jobling_core::trigger::{Outcome, TriggerAnswer};

use super::refusal::Refusal;

/// Most bytes that the headers may take; what is longer is a body.
const HEAD_BYTES: usize = 32 << 10;
const STATUS: HeaderName = HeaderName::from_static("status");
/// What is the connection's business, or is reckoned here.
const NOT_PASSED_ON: [HeaderName; 11] = [
    STATUS,
    CONNECTION,
    CONTENT_LENGTH,
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// The guest's `Status` is no status that an answer can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the status {0:?} is none; it must be from 200 to 599")]
struct BadStatus(String);

/// Returns what a client is told of a request that has ended.
///
/// # Errors
/// Where it did not end well.
pub(super) fn told(ended: &TriggerAnswer) -> Result<Response<Bytes>, Refusal> {
    match &ended.outcome {
        Outcome::Succeeded if ended.output.truncated => {
            Err(Refusal::BadAnswer { why: "it is longer than what is kept".to_owned() })
        }
        Outcome::Succeeded => answer(Bytes::from_owner(ended.output.bytes.clone()))
            .map_err(|error| Refusal::BadAnswer { why: error.to_string() }),
        Outcome::Failed { reason, exit_code, .. } => {
            Err(Refusal::Failed { reason: reason.clone(), exit_code: *exit_code })
        }
        Outcome::DeadlineExceeded => Err(Refusal::Deadline),
        Outcome::Cancelled => Err(Refusal::Cancelled),
    }
}

/// Returns the answer that `output` stands for.
///
/// # Errors
/// Where it begins with headers whose status is none.
fn answer(output: Bytes) -> Result<Response<Bytes>, BadStatus> {
    let (mut headers, body) = match head(&output) {
        Some((headers, length)) => (headers, output.slice(length..)),
        None => (HeaderMap::new(), output),
    };
    let status = status(&headers)?;
    for name in &NOT_PASSED_ON {
        headers.remove(name);
    }
    let bare = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let body = if bare { Bytes::new() } else { body };
    if !bare && !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(guessed(&body)));
    }
    // What was guessed must not be guessed again, nor what the guest says be doubted.
    headers.entry(X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    Ok(answer)
}

fn status(headers: &HeaderMap) -> Result<StatusCode, BadStatus> {
    let Some(given) = headers.get(STATUS) else {
        let redirects = headers.contains_key(LOCATION);
        return Ok(if redirects { StatusCode::FOUND } else { StatusCode::OK });
    };
    let text = String::from_utf8_lossy(given.as_bytes()).into_owned();
    let code = text.split(' ').next().and_then(|code| code.parse().ok());
    match code {
        Some(code @ 200..=599) => StatusCode::from_u16(code).map_err(|_| BadStatus(text)),
        Some(_) | None => Err(BadStatus(text)),
    }
}

/// Returns the headers that `output` begins with, and how long they are with the empty line after them;
/// `None` where it begins with something else. One of CGI's own must be there: text with colons is text.
fn head(output: &[u8]) -> Option<(HeaderMap, usize)> {
    let mut headers = HeaderMap::new();
    let mut length = 0;
    loop {
        let rest = output.get(length..HEAD_BYTES.min(output.len()))?;
        let end = rest.iter().position(|&byte| byte == b'\n')?;
        length += end + 1;
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|&byte| byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        headers.try_append(name, value).ok()?;
    }
    let own = [STATUS, CONTENT_TYPE, LOCATION];
    own.iter().any(|name| headers.contains_key(name)).then_some((headers, length))
}

fn guessed(body: &[u8]) -> &'static str {
    match std::str::from_utf8(body) {
        Ok(_) => "text/plain; charset=utf-8",
        Err(_) => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(output: &[u8]) -> String {
        match answer(Bytes::copy_from_slice(output)) {
            Ok(answer) => {
                let mut lines: Vec<_> = answer
                    .headers()
                    .iter()
                    .filter(|(name, _)| **name != X_CONTENT_TYPE_OPTIONS)
                    .map(|(name, value)| format!("{name}={}", value.to_str().unwrap()))
                    .collect();
                lines.sort();
                let body = String::from_utf8_lossy(answer.body()).into_owned();
                format!("{} {} {body:?}", answer.status().as_u16(), lines.join(" "))
            }
            Err(BadStatus(given)) => format!("bad {given}"),
        }
    }

    #[test]
    fn headers_are_headers_where_one_is_cgis_own_and_all_else_is_the_body() {
        let text = "content-type=text/plain; charset=utf-8";
        for (output, expected) in [
            ("", format!("200 {text} \"\"")),
            ("hello", format!("200 {text} \"hello\"")),
            ("a: b\n\nc", format!("200 {text} \"a: b\\n\\nc\"")),
            ("Status: 404\n\n", format!("404 {text} \"\"")),
            ("Status: 201 Made\r\nX-A: 1\r\n\r\nb", format!("201 {text} x-a=1 \"b\"")),
            ("Content-Type: image/png\n\n\n", "200 content-type=image/png \"\\n\"".to_owned()),
            (
                "content-type:a/b\nno colon\n\nx",
                format!("200 {text} \"content-type:a/b\\nno colon\\n\\nx\""),
            ),
            ("Content-Type: a/b\nX: 1", format!("200 {text} \"Content-Type: a/b\\nX: 1\"")),
            ("Location: /x\n\n", format!("302 {text} location=/x \"\"")),
            ("Status: 303\nLocation: /x\n\n", format!("303 {text} location=/x \"\"")),
            ("Status: 204\n\nbody", "204  \"\"".to_owned()),
            ("Status: 99\n\n", "bad 99".to_owned()),
            ("Status: 101\n\n", "bad 101".to_owned()),
            ("Status: fine\n\n", "bad fine".to_owned()),
            (
                "Status: 200\nTransfer-Encoding: chunked\nContent-Length: 9\nConnection: close\n\nx",
                format!("200 {text} \"x\""),
            ),
        ] {
            assert_eq!(told(output.as_bytes()), expected, "{output:?}");
        }
        assert_eq!(told(b"\xff\x00"), "200 content-type=application/octet-stream \"\u{fffd}\\0\"");
    }

    #[test]
    fn headers_have_a_bound() {
        let long = format!("Status: 404\nX: {}\n\n", "x".repeat(HEAD_BYTES));
        assert!(told(long.as_bytes()).starts_with("200 "));
    }
}
