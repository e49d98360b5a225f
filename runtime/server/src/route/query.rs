//! The parameters after the question mark, each checked once: selectors, pages, resourceVersions.
//!
//! The rules of resourceVersion are those of apimachinery's `ValidateListOptions`.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jobling_core::api::select::{FieldSelector, LabelSelector};
use jobling_core::api::{ApiError, Cause, Kind, Reason};
use serde::{Deserialize, Serialize};

/// The parameters of a request. Where one is given several times the first counts; an empty one counts
/// as not given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Returns the parameters in the text after the question mark.
    #[must_use]
    pub(crate) fn parse(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// Returns the value of `name`.
    #[must_use]
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Returns every value of `name`.
    pub(crate) fn all<'q>(&'q self, name: &'q str) -> impl Iterator<Item = &'q str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns whether `name` is given as true (`true` or `1`).
    ///
    /// # Errors
    /// Where it is neither true nor false.
    pub(crate) fn is_set(&self, name: &str) -> Result<bool, ApiError> {
        match self.get(name) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(other) => Err(bad(name, other, "true or false")),
        }
    }

    /// Returns the whole number in `name`.
    ///
    /// # Errors
    /// Where it is none, or below zero.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, ApiError> {
        let parse = |value: &str| {
            value.parse().map_err(|_| bad(name, value, "a whole number that is not negative"))
        };
        self.get(name).map(parse).transpose()
    }
}

/// As of when a list must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AsOf {
    /// Now.
    Newest,
    /// That revision or any later one.
    NotOlderThan(u64),
    /// That revision.
    Exactly(u64),
}

/// Where a list goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// The revision of the first page, which is that of the whole list: a watch from there on tells of
    /// everything that later pages may have missed.
    #[serde(rename = "rv")]
    pub(crate) revision: u64,
    /// The namespace and name of the last object of the page before.
    pub(crate) after: (String, String),
}

impl Cursor {
    /// Returns the token that a client hands back.
    ///
    /// # Panics
    /// Never: a number and two texts are JSON.
    #[must_use]
    pub(crate) fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).expect("texts and a number are JSON"))
    }

    fn of_token(token: &str) -> Option<Self> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).ok()?).ok()
    }
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Page {
    /// At most so many.
    pub(crate) limit: Option<usize>,
    /// Where it goes on.
    pub(crate) cursor: Option<Cursor>,
}

/// What of a kind's objects is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListQuery {
    /// By label.
    pub(crate) labels: LabelSelector,
    /// By field.
    pub(crate) fields: FieldSelector,
    /// As of when.
    pub(crate) as_of: AsOf,
    /// Which part.
    pub(crate) page: Page,
}

impl ListQuery {
    /// Returns what `query` asks of the objects of `kind`.
    ///
    /// # Errors
    /// The first parameter that is wrong.
    pub(crate) fn parse(query: &Query, kind: Kind) -> Result<Self, ApiError> {
        let (labels, fields) = selectors(query, kind)?;
        let cursor = match query.get("continue") {
            None => None,
            Some(token) => Some(Cursor::of_token(token).ok_or_else(|| {
                ApiError::new(Reason::BadRequest, "continue key is not valid: it was not given out")
            })?),
        };
        let limit = query.number("limit")?.filter(|limit| *limit > 0);
        let limit = limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let as_of = as_of(query, cursor.is_some())?;
        Ok(Self { labels, fields, as_of, page: Page { limit, cursor } })
    }
}

fn as_of(query: &Query, continued: bool) -> Result<AsOf, ApiError> {
    let version = query.number("resourceVersion")?;
    let forbidden = |why: &str| Err(forbidden("resourceVersionMatch", why));
    match (query.get("resourceVersionMatch"), version) {
        (Some(_), _) if continued => {
            forbidden("resourceVersionMatch is forbidden when continue is provided")
        }
        (Some(_), None) => {
            forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided")
        }
        (Some("Exact"), Some(0)) => {
            forbidden("resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"")
        }
        (Some("Exact"), Some(version)) => Ok(AsOf::Exactly(version)),
        (Some("NotOlderThan"), Some(version)) => Ok(AsOf::NotOlderThan(version)),
        (Some(other), _) => Err(unknown_match(other)),
        (None, _) if continued => Ok(AsOf::Newest),
        (None, Some(version)) if version > 0 => Ok(AsOf::NotOlderThan(version)),
        (None, _) => Ok(AsOf::Newest),
    }
}

/// From where a watch tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WatchStart {
    /// What there is now as ADDED, then the changes. With `bookmark` the end of what there was is told
    /// by one (`sendInitialEvents`).
    Everything {
        /// Not before this revision is reached.
        not_before: u64,
        /// Whether the end of what there was is told.
        bookmark: bool,
    },
    /// The changes after that revision.
    After(u64),
}

/// What a watch is to tell of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WatchQuery {
    /// By label.
    pub(crate) labels: LabelSelector,
    /// By field.
    pub(crate) fields: FieldSelector,
    /// From where.
    pub(crate) start: WatchStart,
    /// Whether the client wants to be told of how far it is.
    pub(crate) bookmarks: bool,
    /// After how long it ends, if the client says.
    pub(crate) timeout: Option<Duration>,
}

impl WatchQuery {
    /// Returns what `query` asks of a watch of objects of `kind`.
    ///
    /// # Errors
    /// The first parameter that is wrong.
    pub(crate) fn parse(query: &Query, kind: Kind) -> Result<Self, ApiError> {
        let (labels, fields) = selectors(query, kind)?;
        let timeout = query.number("timeoutSeconds")?.filter(|seconds| *seconds > 0);
        Ok(Self {
            labels,
            fields,
            start: watch_start(query)?,
            bookmarks: query.is_set("allowWatchBookmarks")?,
            timeout: timeout.map(Duration::from_secs),
        })
    }
}

fn watch_start(query: &Query) -> Result<WatchStart, ApiError> {
    let version = query.number("resourceVersion")?;
    let matching = query.get("resourceVersionMatch");
    let forbidden = |why: &str| Err(forbidden("resourceVersionMatch", why));
    match query.get("sendInitialEvents") {
        None if matching.is_some() => forbidden(
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        ),
        Some(_) if matching != Some("NotOlderThan") => {
            forbidden("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
        }
        Some(_) if query.is_set("sendInitialEvents")? => Ok(WatchStart::Everything {
            not_before: version.unwrap_or_default(),
            bookmark: query.is_set("allowWatchBookmarks")?,
        }),
        None | Some(_) => Ok(match version {
            None | Some(0) => WatchStart::Everything { not_before: 0, bookmark: false },
            Some(version) => WatchStart::After(version),
        }),
    }
}

fn selectors(query: &Query, kind: Kind) -> Result<(LabelSelector, FieldSelector), ApiError> {
    let refuse = |error: String| ApiError::new(Reason::BadRequest, error);
    let labels = query.get("labelSelector").unwrap_or_default().parse::<LabelSelector>();
    let fields = query.get("fieldSelector").unwrap_or_default().parse::<FieldSelector>();
    let (labels, fields) = (
        labels.map_err(|error| refuse(error.to_string()))?,
        fields.map_err(|error| refuse(error.to_string()))?,
    );
    fields.check(kind).map_err(|error| refuse(error.to_string()))?;
    Ok((labels, fields))
}

fn forbidden(field: &str, why: &str) -> ApiError {
    invalid("FieldValueForbidden", field, format!("Forbidden: {why}"))
}

fn unknown_match(given: &str) -> ApiError {
    let message = format!(
        "Unsupported value: {given:?}: supported values: \"\", \"Exact\", \"NotOlderThan\""
    );
    invalid("FieldValueNotSupported", "resourceVersionMatch", message)
}

fn invalid(reason: &'static str, field: &str, message: String) -> ApiError {
    let cause = Cause { reason, field: field.to_owned(), message };
    ApiError::invalid_options("ListOptions", vec![cause])
}

fn bad(name: &str, given: &str, rule: &str) -> ApiError {
    ApiError::new(
        Reason::BadRequest,
        format!("the parameter {name} is {given:?}; it must be {rule}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_as_new_as_its_resource_version_asks() {
        let cursor = Cursor { revision: 7, after: ("a".into(), "b".into()) };
        let continued = format!("continue={}", cursor.token());
        for (text, expected) in [
            ("", Some(AsOf::Newest)),
            ("resourceVersion=", Some(AsOf::Newest)),
            ("resourceVersion=0", Some(AsOf::Newest)),
            ("resourceVersion=5", Some(AsOf::NotOlderThan(5))),
            ("resourceVersion=5&resourceVersionMatch=Exact", Some(AsOf::Exactly(5))),
            ("resourceVersion=5&resourceVersionMatch=NotOlderThan", Some(AsOf::NotOlderThan(5))),
            ("resourceVersionMatch=Exact", None),
            ("resourceVersion=0&resourceVersionMatch=Exact", None),
            ("resourceVersion=5&resourceVersionMatch=Perhaps", None),
            ("resourceVersion=x", None),
            (&continued, Some(AsOf::Newest)),
            (&format!("{continued}&resourceVersion=5&resourceVersionMatch=Exact"), None),
        ] {
            let read = ListQuery::parse(&Query::parse(text), Kind::Job).ok();
            assert_eq!(read.map(|query| query.as_of), expected, "{text}");
        }
    }

    #[test]
    fn a_watch_starts_where_its_parameters_say() {
        let everything =
            |not_before, bookmark| Some(WatchStart::Everything { not_before, bookmark });
        let matching = "resourceVersionMatch=NotOlderThan";
        for (text, expected) in [
            (String::new(), everything(0, false)),
            ("resourceVersion=0".into(), everything(0, false)),
            ("resourceVersion=9".into(), Some(WatchStart::After(9))),
            (matching.into(), None),
            ("sendInitialEvents=true".into(), None),
            (
                format!("sendInitialEvents=true&{matching}&allowWatchBookmarks=1"),
                everything(0, true),
            ),
            (format!("sendInitialEvents=true&resourceVersion=4&{matching}"), everything(4, false)),
            (
                format!("sendInitialEvents=false&resourceVersion=4&{matching}"),
                Some(WatchStart::After(4)),
            ),
        ] {
            let read = WatchQuery::parse(&Query::parse(&text), Kind::Job).ok();
            assert_eq!(read.map(|query| query.start), expected, "{text}");
        }
    }

    #[test]
    fn a_page_goes_on_where_the_last_one_ended() {
        let cursor = Cursor { revision: 7, after: ("a".into(), "b/c".into()) };
        let text = format!("limit=2&continue={}", cursor.token());
        let page = ListQuery::parse(&Query::parse(&text), Kind::Pod).unwrap().page;
        assert_eq!(page, Page { limit: Some(2), cursor: Some(cursor) });
        assert!(ListQuery::parse(&Query::parse("continue=abc"), Kind::Pod).is_err());
    }

    #[test]
    fn selectors_are_checked_for_the_kind() {
        for (text, right) in [
            ("labelSelector=a%3Db", true),
            ("labelSelector=a+in+(b,c)", true),
            ("labelSelector=a+near+b", false),
            ("fieldSelector=status.phase%3DFailed", true),
            ("fieldSelector=spec.suspend%3Dtrue", false),
        ] {
            let read = ListQuery::parse(&Query::parse(text), Kind::Pod);
            assert_eq!(read.is_ok(), right, "{text}");
        }
    }
}
