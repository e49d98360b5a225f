//! `describe`: all there is to know of objects, for people, with the events that are about them.

use serde_json::Value;

use super::fetch::{self, Scope};
use super::manifests::targets_in;
use super::target::{Target, targets};
use super::trigger::trigger_endpoint;
use super::{Exit, Failure};
use crate::args::{Describe, Filter};
use crate::client::{ClientError, Resolver, Resource, Rest};
use crate::clock;
use crate::output::Output;
use crate::print::{Related, describe_object};
use jobling_core::api::Kind;

/// Prints the descriptions of the objects that `args` name.
pub(crate) async fn describe(
    args: &Describe,
    rest: &Rest,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let targets = match args.files.filename.is_empty() {
        true => targets(&args.words, &Resolver::new(rest)).await?,
        false => targets_in(&args.files, rest)?,
    };
    let mut exit = Exit::Success;
    let mut described = 0;
    for target in &targets {
        let mut objects = Vec::new();
        if target.names.is_empty() {
            let scope = Scope::new(rest, &args.filter);
            objects = fetch::objects(rest, &target.resource, &scope).await?;
        }
        for name in &target.names {
            match named(target, name, rest).await {
                Ok(found) => objects.extend(found),
                Err(ClientError::Status(status)) => {
                    output.note(&status.to_string());
                    exit = Exit::Failure;
                }
                Err(error) => return Err(error.into()),
            }
        }
        for object in objects {
            let related = related_to(&object, &target.resource, args, rest).await?;
            let gap = if described > 0 { "\n\n" } else { "" };
            described += 1;
            let text = describe_object(&object, &related, clock::now());
            output.print(&format!("{gap}{text}"))?;
        }
    }
    if described == 0 && exit == Exit::Success {
        match args.filter.all_namespaces {
            true => output.note("No resources found"),
            false => output.note(&format!("No resources found in {} namespace.", rest.namespace())),
        }
    }
    Ok(exit)
}

/// Returns the object of that name, or those whose names begin with it.
async fn named(target: &Target, name: &str, rest: &Rest) -> Result<Vec<Value>, ClientError> {
    let namespace = target.namespace(rest);
    match rest.read::<Value>(&target.resource.object(namespace, name)).await {
        Ok(object) => Ok(vec![object]),
        Err(ClientError::Status(status)) if status.is("NotFound") => {
            let filter = Filter::default();
            let scope = Scope { namespace: Some(namespace), filter: &filter };
            let all = fetch::objects(rest, &target.resource, &scope).await?;
            let begins = |object: &Value| {
                object["metadata"]["name"].as_str().is_some_and(|is| is.starts_with(name))
            };
            let found: Vec<Value> = all.into_iter().filter(begins).collect();
            if found.is_empty() { Err(ClientError::Status(status)) } else { Ok(found) }
        }
        Err(error) => Err(error),
    }
}

/// Returns what is told of an object besides itself.
async fn related_to(
    object: &Value,
    resource: &Resource,
    args: &Describe,
    rest: &Rest,
) -> Result<Related, ClientError> {
    let mut related = Related::default();
    let is_trigger = resource.kind == Kind::HTTPTrigger.name();
    if is_trigger || resource.kind == Kind::CronJob.name() {
        related.jobs = jobs_of(object, rest).await?;
    }
    if is_trigger {
        related.endpoint = trigger_endpoint(rest).await?;
    }
    if args.show_events {
        related.events = Some(events_of(object, resource, rest).await?);
    }
    Ok(related)
}

/// Returns the Jobs that a CronJob or an HTTPTrigger made.
async fn jobs_of(owner: &Value, rest: &Rest) -> Result<Vec<Value>, ClientError> {
    let filter = Filter::default();
    let namespace = owner["metadata"]["namespace"].as_str();
    let scope = Scope { namespace, filter: &filter };
    let mut jobs = fetch::objects(rest, &Resource::from(Kind::Job), &scope).await?;
    jobs.retain(|job| {
        let owners = job["metadata"]["ownerReferences"].as_array();
        let is_its = |reference: &Value| reference["uid"] == owner["metadata"]["uid"];
        owners.is_some_and(|owners| owners.iter().any(is_its))
    });
    Ok(jobs)
}

/// Returns the events about an object, oldest first.
async fn events_of(
    object: &Value,
    resource: &Resource,
    rest: &Rest,
) -> Result<Vec<Value>, ClientError> {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
    let selector = format!(
        "involvedObject.name={},involvedObject.namespace={},involvedObject.kind={},involvedObject.uid={}",
        text("name"),
        text("namespace"),
        resource.kind,
        text("uid"),
    );
    let filter = Filter { field_selector: Some(selector), ..Filter::default() };
    let namespace = Some(text("namespace")).filter(|namespace| !namespace.is_empty());
    let scope = Scope { namespace, filter: &filter };
    let mut events = fetch::objects(rest, &Resource::from(Kind::Event), &scope).await?;
    events.sort_by_key(last_seen);
    Ok(events)
}

fn last_seen(event: &Value) -> String {
    ["lastTimestamp", "eventTime", "firstTimestamp"]
        .iter()
        .find_map(|field| event[*field].as_str())
        .unwrap_or_default()
        .to_owned()
}
