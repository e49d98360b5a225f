//! What a container is told of the request that its Job answers: the variables of CGI/1.1 (RFC 3875, 4.1)
//! and where the body is. Nothing of a request becomes the name of a variable without the prefix `HTTP_`.

use jobling_core::engine::PodStart;
use jobling_core::trigger::TriggerCall;

/// The directory in which the body of a request is a file.
pub(crate) const DIRECTORY: &str = "/run/jobling/request";
/// The file's name.
pub(crate) const BODY: &str = "body";
/// The kind of a Job's owner whose request it answers.
const TRIGGER: &str = "HTTPTrigger";
/// Headers that are told by variables of their own, and the one that would redirect a guest's own
/// requests (CVE-2016-5385). What carries a password does not come this far.
const NOT_PASSED_ON: [&str; 3] = ["content-type", "content-length", "proxy"];

/// Returns the variables that tell of the request which the pod of `start` answers; none where it answers
/// none.
pub(crate) fn request_variables(start: &PodStart) -> Vec<(String, String)> {
    let Some(call) = start.call.as_deref() else { return Vec::new() };
    let mut variables = fixed(call);
    let trigger = start.job.owner.as_ref().filter(|owner| owner.kind == TRIGGER);
    if let Some(trigger) = trigger {
        variables.push(("JOBLING_TRIGGER".to_owned(), trigger.name.clone()));
    }
    for (name, value) in &call.headers {
        if let Some(variable) = header_variable(name) {
            join(&mut variables, variable, value);
        }
    }
    variables
}

/// Returns the variables that are no header's.
fn fixed(call: &TriggerCall) -> Vec<(String, String)> {
    let host = header(call, "host").unwrap_or_default();
    let (name, port) = name_and_port(host);
    let path = percent_decoded(&call.path);
    let mut variables: Vec<(&str, &str)> = vec![
        ("GATEWAY_INTERFACE", "CGI/1.1"),
        ("SERVER_PROTOCOL", "HTTP/1.1"),
        ("SERVER_SOFTWARE", "jobling"),
        ("SERVER_NAME", name),
        ("SERVER_PORT", port),
        ("REQUEST_METHOD", call.method.as_str()),
        ("SCRIPT_NAME", ""),
        ("PATH_INFO", path.as_str()),
        ("QUERY_STRING", call.query.as_str()),
        ("REMOTE_ADDR", call.remote.as_deref().unwrap_or_default()),
    ];
    let length = call.body.len().to_string();
    if !call.body.is_empty() {
        variables.push(("CONTENT_LENGTH", &length));
    }
    if let Some(media) = header(call, "content-type") {
        variables.push(("CONTENT_TYPE", media));
    }
    let file = format!("{DIRECTORY}/{BODY}");
    variables.push(("JOBLING_REQUEST_BODY", &file));
    variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Returns the first value of a header of the request; its name in any case.
pub(crate) fn header<'c>(call: &'c TriggerCall, name: &str) -> Option<&'c str> {
    let mut named = call.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
    named.next().map(|(_, value)| value.as_str())
}

/// Returns the variable of a header. Of `X_A` and `X-A` only the latter has one, so that nobody can pass
/// one off as the other.
fn header_variable(name: &str) -> Option<String> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let told = plain && !NOT_PASSED_ON.iter().any(|not| name.eq_ignore_ascii_case(not));
    told.then(|| format!("HTTP_{}", name.to_ascii_uppercase().replace('-', "_")))
}

/// Adds a variable; one that is there already goes on behind a comma (RFC 3875, 4.1.18), or as cookies do.
fn join(variables: &mut Vec<(String, String)>, name: String, value: &str) {
    match variables.iter_mut().find(|(own, _)| *own == name) {
        Some((name, before)) => {
            before.push_str(if name == "HTTP_COOKIE" { "; " } else { ", " });
            before.push_str(value);
        }
        None => variables.push((name, value.to_owned())),
    }
}

/// Splits what a Host header says.
fn name_and_port(host: &str) -> (&str, &str) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port),
        Some(_) | None => (host, "80"),
    }
}

/// Returns `path` with its escapes decoded. Whether they can be was asked at the door.
fn percent_decoded(path: &str) -> String {
    percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{call, job, pod_start};
    use jobling_core::pods::{JobInfo, Owner};
    use std::sync::Arc;

    fn told(call: TriggerCall) -> Vec<String> {
        let owner = Some(Owner { kind: TRIGGER.into(), name: "thumbnail".into() });
        let start = pod_start(JobInfo { owner, ..job("thumbnail-x") });
        let start = PodStart { call: Some(Arc::new(call)), ..start };
        let variables = request_variables(&start).into_iter();
        variables.map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn a_request_is_told_as_cgi_has_it() {
        let call = TriggerCall {
            method: "POST".into(),
            path: "/a%20b/c".into(),
            query: "x=%20y&z".into(),
            body: b"12345".to_vec(),
            remote: Some("192.0.2.9".into()),
            ..call(&[
                ("Host", "edge:8080"),
                ("Content-Type", "text/csv"),
                ("X-A", "1"),
                ("x-a", "2"),
            ])
        };
        let expected = [
            "GATEWAY_INTERFACE=CGI/1.1",
            "SERVER_PROTOCOL=HTTP/1.1",
            "SERVER_SOFTWARE=jobling",
            "SERVER_NAME=edge",
            "SERVER_PORT=8080",
            "REQUEST_METHOD=POST",
            "SCRIPT_NAME=",
            "PATH_INFO=/a b/c",
            "QUERY_STRING=x=%20y&z",
            "REMOTE_ADDR=192.0.2.9",
            "CONTENT_LENGTH=5",
            "CONTENT_TYPE=text/csv",
            "JOBLING_REQUEST_BODY=/run/jobling/request/body",
            "JOBLING_TRIGGER=thumbnail",
            "HTTP_HOST=edge:8080",
            "HTTP_X_A=1, 2",
        ];
        assert_eq!(told(call), expected);
    }

    #[test]
    fn no_header_becomes_a_variable_of_another_meaning() {
        for (name, variable) in [
            ("Proxy", None),
            ("PROXY", None),
            ("X_A", None),
            ("content-length", None),
            ("path", Some("HTTP_PATH=v")),
            ("request-method", Some("HTTP_REQUEST_METHOD=v")),
            ("a=b", None),
        ] {
            let before = told(call(&[]));
            let with: Vec<_> = told(call(&[(name, "v")]));
            let new: Vec<_> = with.iter().filter(|line| !before.contains(line)).collect();
            assert_eq!(new, variable.iter().collect::<Vec<_>>(), "{name}");
        }
    }

    #[test]
    fn cookies_are_joined_as_cookies_are() {
        let lines = told(call(&[("cookie", "a=1"), ("cookie", "b=2")]));
        assert!(lines.contains(&"HTTP_COOKIE=a=1; b=2".to_owned()), "{lines:?}");
    }

    #[test]
    fn the_host_names_the_server() {
        for (host, name, port) in [
            ("edge", "edge", "80"),
            ("edge:1", "edge", "1"),
            ("[::1]", "[::1]", "80"),
            ("[::1]:8080", "[::1]", "8080"),
            ("", "", "80"),
        ] {
            assert_eq!(name_and_port(host), (name, port), "{host}");
        }
    }

    #[test]
    fn a_job_that_answers_no_request_is_told_of_none() {
        assert_eq!(request_variables(&pod_start(job("report"))), []);
    }
}
