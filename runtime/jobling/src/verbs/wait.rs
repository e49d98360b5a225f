//! `wait`: until objects are in a state, told by watches.

use std::future::Future;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::fetch::{self, Scope};
use super::manifests::targets_in;
use super::target::targets;
use super::watch::{EventKind, Watch};
use super::{Exit, Failure};
use crate::args::{GoDuration, Wait};
use crate::client::{Accept, ClientError, Query, Resolver, Resource, Rest};
use crate::jsonpath::{JsonPath, relaxed, text_of};
use crate::output::Output;

/// kubectl's "for ever".
const WEEK: Duration = Duration::from_hours(7 * 24);

/// When waiting is over.
pub(super) struct Deadline(Option<Instant>);

impl Deadline {
    /// Returns the moment so long from now; never if `None`.
    pub(super) fn after(limit: Option<Duration>) -> Self {
        Self(limit.map(|limit| Instant::now() + limit))
    }

    /// Returns what `work` came to; `None` if the deadline came first.
    pub(super) async fn bound<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        match self.0 {
            Some(at) => tokio::time::timeout_at(at, work).await.ok(),
            None => Some(work.await),
        }
    }
}

/// A state that is waited for.
#[derive(Debug, Clone, PartialEq)]
enum State {
    /// The object is gone.
    Deleted,
    /// The object is there.
    Created,
    /// The Job has ended, well or not.
    Finished,
    /// A condition has a value.
    Condition { name: String, value: String },
    /// A path finds a value; any, if none is given.
    Path { path: JsonPath, value: Option<String> },
}

/// How an object stands to what is waited for.
#[derive(Debug, Clone, PartialEq)]
enum Verdict {
    /// It is in the state, and kubectl's words for it.
    Met(String),
    /// It ended otherwise: the Job failed.
    Failed(String),
    /// Not yet.
    NotYet,
}

impl State {
    fn parse(given: &str) -> Result<Self, Failure> {
        let fault = || {
            Failure::Usage(format!(
                "unrecognized condition: \"{given}\"; write --for=delete, create, finished, \
                 condition=NAME or jsonpath='{{PATH}}'=VALUE"
            ))
        };
        match given.split_once('=') {
            None => match given.to_ascii_lowercase().as_str() {
                "delete" => Ok(Self::Deleted),
                "create" => Ok(Self::Created),
                "finished" => Ok(Self::Finished),
                _ => Err(fault()),
            },
            Some(("condition", condition)) => {
                let (name, value) = condition.split_once('=').unwrap_or((condition, "True"));
                Ok(Self::Condition { name: name.to_owned(), value: value.to_owned() })
            }
            Some(("jsonpath", rest)) => Self::parse_path(rest),
            Some(_) => Err(fault()),
        }
    }

    fn parse_path(given: &str) -> Result<Self, Failure> {
        let (path, value) = match given.rfind("}=") {
            Some(at) => (&given[..=at], Some(given[at + 2..].to_owned())),
            None if given.ends_with('}') => (given, None),
            None => match given.split_once('=') {
                Some((path, value)) => (path, Some(value.to_owned())),
                None => (given, None),
            },
        };
        let parsed = JsonPath::parse(&relaxed(path)).map_err(|source| {
            crate::print::FormatError::JsonPath { template: path.to_owned(), source }
        })?;
        Ok(Self::Path { path: parsed, value })
    }

    /// Judges an object; `None` for one that is not there.
    fn judge(&self, object: Option<&Value>) -> Verdict {
        let met = || Verdict::Met("condition met".to_owned());
        match (self, object) {
            (Self::Deleted, None) | (Self::Created, Some(_)) => met(),
            (Self::Finished, Some(job)) => finished(job),
            (Self::Condition { name, value }, Some(object)) => {
                let holds = conditions(object).iter().any(|condition| {
                    let is = |field: &str, wanted: &str| {
                        condition[field].as_str().is_some_and(|is| is.eq_ignore_ascii_case(wanted))
                    };
                    is("type", name) && is("status", value)
                });
                if holds { met() } else { Verdict::NotYet }
            }
            (Self::Path { path, value }, Some(object)) => {
                let found = path.find(object).unwrap_or_default();
                let holds = match value {
                    Some(value) => found.first().is_some_and(|found| text_of(found) == *value),
                    None => !found.is_empty(),
                };
                if holds { met() } else { Verdict::NotYet }
            }
            _ => Verdict::NotYet,
        }
    }
}

fn conditions(object: &Value) -> &[Value] {
    object["status"]["conditions"].as_array().map_or(&[], Vec::as_slice)
}

fn finished(job: &Value) -> Verdict {
    let condition =
        |name: &str| conditions(job).iter().find(|c| c["type"] == name && c["status"] == "True");
    if condition("Complete").is_some() {
        return Verdict::Met("complete".to_owned());
    }
    match condition("Failed") {
        Some(failed) => {
            let text = |field: &str| failed[field].as_str().unwrap_or_default();
            Verdict::Failed(format!("failed: {}: {}", text("reason"), text("message")))
        }
        None => Verdict::NotYet,
    }
}

/// Waits until every object that `args` name is in one of the states.
pub(crate) async fn wait(args: &Wait, rest: &Rest, output: &mut Output) -> Result<Exit, Failure> {
    let states: Vec<State> =
        args.states.iter().map(|given| State::parse(given)).collect::<Result<_, _>>()?;
    let limit = match args.timeout {
        GoDuration::For(limit) => limit,
        GoDuration::Negative => WEEK,
    };
    let deadline = Deadline::after(Some(limit));
    let mut exit = Exit::Success;
    for (resource, namespace, name) in named(args, rest).await? {
        let waiting = settle(rest, &resource, &namespace, &name, &states);
        // A limit of zero is one look, which takes its time.
        let verdict = match limit.is_zero() {
            true => Some(look(rest, &resource, &namespace, &name, &states).await?),
            false => deadline.bound(waiting).await.transpose()?,
        };
        let kind = resource.qualified();
        match verdict {
            Some(Verdict::Met(words)) => output.line(&format!("{kind}/{name} {words}"))?,
            Some(Verdict::Failed(words)) => {
                output.line(&format!("{kind}/{name} {words}"))?;
                exit = Exit::Failure;
            }
            Some(Verdict::NotYet) | None => {
                let plural = &resource.plural;
                output.note(&format!(
                    "error: timed out waiting for the condition on {plural}/{name}"
                ));
                exit = Exit::Failure;
            }
        }
    }
    Ok(exit)
}

async fn named(args: &Wait, rest: &Rest) -> Result<Vec<(Resource, String, String)>, Failure> {
    let targets = match args.files.filename.is_empty() {
        true => targets(&args.words, &Resolver::new(rest)).await?,
        false => targets_in(&args.files, rest)?,
    };
    let filter = &args.filter;
    let selected = args.all || filter.selector.is_some() || filter.field_selector.is_some();
    let mut named = Vec::new();
    for target in targets {
        if target.names.is_empty() {
            if !selected {
                return Err(Failure::Usage(
                    "resource(s) were provided, but no name was specified; name them, or use --all \
                     or a selector"
                        .to_owned(),
                ));
            }
            let scope = Scope::new(rest, filter);
            for object in fetch::objects(rest, &target.resource, &scope).await? {
                let text =
                    |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
                named.push((target.resource.clone(), text("namespace"), text("name")));
            }
        }
        let namespace = target.namespace(rest).to_owned();
        let these = target
            .names
            .iter()
            .map(|name| (target.resource.clone(), namespace.clone(), name.clone()));
        named.extend(these);
    }
    let for_deletion = args.states.iter().any(|state| state.eq_ignore_ascii_case("delete"));
    if named.is_empty() && !for_deletion {
        return Err(Failure::Usage("no matching resources found".to_owned()));
    }
    Ok(named)
}

/// Judges the object as it is.
async fn look(
    rest: &Rest,
    resource: &Resource,
    namespace: &str,
    name: &str,
    states: &[State],
) -> Result<Verdict, ClientError> {
    let object = rest.find(&resource.object(namespace, name)).await?;
    Ok(judge(states, object.as_ref()))
}

/// Any of the states is enough.
fn judge(states: &[State], object: Option<&Value>) -> Verdict {
    let verdicts = states.iter().map(|state| state.judge(object));
    verdicts.into_iter().find(|verdict| *verdict != Verdict::NotYet).unwrap_or(Verdict::NotYet)
}

/// Judges the object as it is and as it becomes, until there is a verdict.
///
/// # Errors
/// `NotFound` where the object is not there, or goes, and none of the states is one of that.
async fn settle(
    rest: &Rest,
    resource: &Resource,
    namespace: &str,
    name: &str,
    states: &[State],
) -> Result<Verdict, ClientError> {
    let may_be_absent = states.iter().any(|state| matches!(state, State::Deleted | State::Created));
    let by_name = Query::default().with("fieldSelector", format!("metadata.name={name}"));
    let collection = resource.collection(Some(namespace));
    loop {
        let list: Value = rest.get(&collection, &by_name, Accept::Json).await?;
        let object = list["items"].get(0);
        let verdict = judge(states, object);
        if verdict != Verdict::NotYet {
            return Ok(verdict);
        }
        if object.is_none() && !may_be_absent {
            // The server's own words for an object that is not there.
            rest.read::<Value>(&resource.object(namespace, name)).await?;
        }
        let revision = list["metadata"]["resourceVersion"].as_str().unwrap_or_default();
        let query = by_name.clone().with("resourceVersion", revision);
        let mut watch = Watch::open(rest, &collection, query, Accept::Json).await?;
        loop {
            let event = match watch.next().await {
                Ok(Some(event)) => event,
                // The server ends a watch now and then; one that is too old begins anew.
                Ok(None) => break,
                Err(ClientError::Status(status)) if status.is("Expired") || status.is("Gone") => {
                    break;
                }
                Err(error) => return Err(error),
            };
            let object = (event.kind != EventKind::Deleted).then_some(&event.object);
            let verdict = judge(states, object);
            if verdict != Verdict::NotYet {
                return Ok(verdict);
            }
            if object.is_none() && !may_be_absent {
                break;
            }
        }
    }
}

/// Waits until the object of that uid is gone; another one of its name counts as gone.
pub(super) async fn until_gone(
    rest: &Rest,
    resource: &Resource,
    namespace: &str,
    name: &str,
    uid: Option<String>,
    deadline: &Deadline,
) -> Result<(), Failure> {
    let path = resource.object(namespace, name);
    match rest.find(&path).await? {
        None => return Ok(()),
        Some(now) if uid.is_some() && now["metadata"]["uid"].as_str() != uid.as_deref() => {
            return Ok(());
        }
        Some(_) => {}
    }
    let states = [State::Deleted];
    let waiting = settle(rest, resource, namespace, name, &states);
    match deadline.bound(waiting).await {
        Some(verdict) => verdict.map(drop).map_err(Failure::from),
        None => Err(Failure::Usage(format!(
            "timed out waiting for the condition on {}/{name}",
            resource.plural
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_state_holds_as_kubectl_judges_it() {
        let job = json!({"status": {"succeeded": 3, "conditions": [
            {"type": "Complete", "status": "True"}, {"type": "Suspended", "status": "False"}]}});
        for (state, holds) in [
            ("condition=complete", true),
            ("condition=Complete=true", true),
            ("condition=failed", false),
            ("condition=suspended", false),
            ("condition=suspended=false", true),
            ("jsonpath={.status.succeeded}=3", true),
            ("jsonpath={.status.succeeded}=4", false),
            ("jsonpath={.status.succeeded}", true),
            ("jsonpath=.status.none", false),
            ("jsonpath={.status.conditions[?(@.type==\"Complete\")].status}=True", true),
            ("create", true),
            ("delete", false),
        ] {
            let verdict = State::parse(state).unwrap().judge(Some(&job));
            assert_eq!(verdict != Verdict::NotYet, holds, "{state}");
        }
        assert_ne!(State::Deleted.judge(None), Verdict::NotYet);
        assert!(State::parse("complete").is_err());
    }

    #[test]
    fn finished_tells_a_failed_job_from_a_complete_one() {
        let job = |condition: &str| {
            json!({"status": {"conditions": [{"type": condition,
            "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"}]}})
        };
        assert_eq!(State::Finished.judge(Some(&job("Complete"))), Verdict::Met("complete".into()));
        assert_eq!(
            State::Finished.judge(Some(&job("Failed"))),
            Verdict::Failed("failed: BackoffLimitExceeded: too often".into())
        );
        assert_eq!(State::Finished.judge(Some(&job("FailureTarget"))), Verdict::NotYet);
    }
}
