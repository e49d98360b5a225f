//! `suspend` and `resume`: `spec.suspend` of Jobs, CronJobs and HTTPTriggers.

use http::Method;
use serde_json::json;

use super::fetch::{self, Scope};
use super::target::targets;
use super::{Exit, Failure};
use crate::args::Switch;
use crate::client::{Query, Resolver, Resource, Rest};
use crate::output::Output;

/// Which way it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Switched {
    /// `spec.suspend` becomes true.
    Suspended,
    /// `spec.suspend` becomes false.
    Resumed,
}

/// Suspends or resumes what `args` name.
pub(crate) async fn switch(
    args: &Switch,
    to: Switched,
    rest: &Rest,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let mut exit = Exit::Success;
    for target in targets(&args.words, &Resolver::new(rest)).await? {
        if !matches!(target.resource.plural.as_str(), "jobs" | "cronjobs" | "httptriggers") {
            let kind = &target.resource.plural;
            return Err(Failure::Usage(format!(
                "{kind} cannot be suspended; jobs, cronjobs and httptriggers can"
            )));
        }
        let mut named: Vec<(String, String)> = Vec::new();
        let namespace = target.namespace(rest).to_owned();
        named.extend(target.names.iter().map(|name| (namespace.clone(), name.clone())));
        if target.names.is_empty() {
            named = every(&target.resource, args, rest).await?;
        }
        for (namespace, name) in named {
            match set(&target.resource, &namespace, &name, to, rest).await {
                Ok(verb) => {
                    output.line(&format!("{}/{name} {verb}", target.resource.qualified()))?;
                }
                Err(crate::client::ClientError::Status(status)) => {
                    output.note(&status.to_string());
                    exit = Exit::Failure;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(exit)
}

async fn every(
    resource: &Resource,
    args: &Switch,
    rest: &Rest,
) -> Result<Vec<(String, String)>, Failure> {
    let filter = &args.filter;
    if !args.all && filter.selector.is_none() && filter.field_selector.is_none() {
        return Err(Failure::Usage("name what is meant, or use --all or a selector".to_owned()));
    }
    let objects = fetch::objects(rest, resource, &Scope::new(rest, filter)).await?;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let pair = |object: &serde_json::Value| {
        (text(&object["metadata"]["namespace"]), text(&object["metadata"]["name"]))
    };
    Ok(objects.iter().map(pair).collect())
}

async fn set(
    resource: &Resource,
    namespace: &str,
    name: &str,
    to: Switched,
    rest: &Rest,
) -> Result<&'static str, crate::client::ClientError> {
    let path = resource.object(namespace, name);
    let (suspend, verb, already) = match to {
        Switched::Suspended => (true, "suspended", "suspended (no change)"),
        Switched::Resumed => (false, "resumed", "resumed (no change)"),
    };
    let now: serde_json::Value = rest.read(&path).await?;
    if now["spec"]["suspend"].as_bool().unwrap_or(false) == suspend {
        return Ok(already);
    }
    let patch = json!({"spec": {"suspend": suspend}});
    let query = Query::default().with("fieldManager", "jobling");
    rest.send(Method::PATCH, &path, &query, "application/merge-patch+json", &patch).await?;
    Ok(verb)
}
