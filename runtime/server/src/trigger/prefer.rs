//! What a client prefers (RFC 7240): to be answered at once, or to wait so long.

use std::time::Duration;

use http::{HeaderMap, HeaderName};

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// The preferences that are heeded here; every other is none of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Prefer {
    /// Answer with 202 rather than have the client wait.
    pub(super) respond_async: bool,
    /// Wait so long for the result, then answer with 202.
    pub(super) wait: Option<Duration>,
}

impl Prefer {
    /// Returns whether the client may be answered with 202 where a request takes up to `most`.
    pub(super) fn takes_long(self, most: Duration) -> bool {
        self.respond_async || self.wait.is_some_and(|wait| wait < most)
    }

    /// Reads the preferences of a request. Of one that is given twice the first counts; one that cannot
    /// be read is passed over, as the RFC has it.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut prefer = Self::default();
        let texts = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
        for preference in texts.flat_map(preferences) {
            // Parameters of a preference follow a semicolon; ours have none.
            let preference = preference.split(';').next().unwrap_or_default();
            let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "respond-async" => prefer.respond_async = true,
                "wait" if prefer.wait.is_none() => {
                    let seconds = value.trim().trim_matches('"').parse().ok();
                    prefer.wait = seconds.map(|seconds: u32| Duration::from_secs(seconds.into()));
                }
                _ => {}
            }
        }
        prefer
    }
}

/// Splits a header at the commas that are not within quotes.
fn preferences(text: &str) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(|c: char| {
        let separates = c == ',' && !quoted;
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && quoted && !escaped;
        separates
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_and_respond_async_are_found_among_others() {
        for (lines, respond_async, wait) in [
            (vec![], false, None),
            (vec!["respond-async"], true, None),
            (vec!["wait=10"], false, Some(10)),
            (vec!["Respond-Async, WAIT = \"10\""], true, Some(10)),
            (vec!["respond-async; x=1", "wait=0; y"], true, Some(0)),
            (vec!["wait=10, wait=20"], false, Some(10)),
            (vec!["wait=soon, handling=lenient"], false, None),
            (vec!["wait=-1"], false, None),
            (vec!["x=\"a, respond-async, \\\", wait=5\""], false, None),
            (vec!["x=\"a\",wait=5"], false, Some(5)),
        ] {
            let headers = lines.iter().map(|line| (PREFER, line.parse().unwrap())).collect();
            let wait = wait.map(Duration::from_secs);
            assert_eq!(Prefer::of(&headers), Prefer { respond_async, wait }, "{lines:?}");
        }
    }
}
