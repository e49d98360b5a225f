//! `delete`: objects go, and the command waits until they are gone.

use http::Method;
use serde_json::{Value, json};

use super::fetch::{self, Scope};
use super::manifests::targets_in;
use super::target::{Target, targets};
use super::wait::{Deadline, until_gone};
use super::{Exit, Failure};
use crate::args::{Cascade, Delete, OutputName};
use crate::client::{ClientError, Query, Resolver, Resource, Rest};
use crate::output::Output;

/// An object to be deleted.
struct Doomed {
    resource: Resource,
    namespace: String,
    name: String,
}

/// Deletes the objects that `args` name.
pub(crate) async fn delete(
    args: &Delete,
    rest: &Rest,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let doomed = doomed(args, rest).await?;
    if doomed.is_empty() {
        output.note("No resources found");
        return Ok(Exit::Success);
    }
    if args.force {
        output.note(
            "Warning: Immediate deletion does not wait for confirmation that the running resource \
             has been terminated. The resource may continue to run on the cluster indefinitely.",
        );
    }
    let mut exit = Exit::Success;
    let mut gone = Vec::new();
    for object in doomed {
        match delete_one(&object, args, rest).await {
            Ok(answer) => {
                output.line(&said(&object, args))?;
                gone.push((object, uid_of(&answer)));
            }
            Err(ClientError::Status(status)) if status.is("NotFound") && args.ignore_not_found => {}
            Err(ClientError::Status(status)) => {
                output.note(&status.to_string());
                exit = Exit::Failure;
            }
            Err(error) => return Err(error.into()),
        }
    }
    if args.wait {
        let deadline = Deadline::after(args.timeout.limit().filter(|limit| !limit.is_zero()));
        for (object, uid) in gone {
            until_gone(rest, &object.resource, &object.namespace, &object.name, uid, &deadline)
                .await?;
        }
    }
    Ok(exit)
}

async fn doomed(args: &Delete, rest: &Rest) -> Result<Vec<Doomed>, Failure> {
    let targets = match args.files.filename.is_empty() {
        true => targets(&args.words, &Resolver::new(rest)).await?,
        false => targets_in(&args.files, rest)?,
    };
    let mut doomed = Vec::new();
    for target in targets {
        if target.names.is_empty() {
            doomed.extend(every(&target, args, rest).await?);
        }
        for name in &target.names {
            doomed.push(Doomed {
                resource: target.resource.clone(),
                namespace: target.namespace(rest).to_owned(),
                name: name.clone(),
            });
        }
    }
    Ok(doomed)
}

async fn every(target: &Target, args: &Delete, rest: &Rest) -> Result<Vec<Doomed>, Failure> {
    let filter = &args.filter;
    if !args.all && filter.selector.is_none() && filter.field_selector.is_none() {
        return Err(Failure::Usage(
            "resource(s) were provided, but no name was specified; name them, or use --all or a \
             selector"
                .to_owned(),
        ));
    }
    let objects = fetch::objects(rest, &target.resource, &Scope::new(rest, filter)).await?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let doomed = objects.iter().map(|object| Doomed {
        resource: target.resource.clone(),
        namespace: text(&object["metadata"]["namespace"]),
        name: text(&object["metadata"]["name"]),
    });
    Ok(doomed.collect())
}

async fn delete_one(object: &Doomed, args: &Delete, rest: &Rest) -> Result<Value, ClientError> {
    let policy = match args.cascade {
        Cascade::Background => "Background",
        Cascade::Foreground => "Foreground",
        Cascade::Orphan => "Orphan",
    };
    let mut body =
        json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": policy});
    let grace = match (args.now, args.force) {
        (true, _) => 1,
        (false, true) => 0,
        (false, false) => args.grace_period,
    };
    if grace >= 0 {
        body["gracePeriodSeconds"] = Value::from(grace);
    }
    let path = object.resource.object(&object.namespace, &object.name);
    rest.send(Method::DELETE, &path, &Query::default(), "application/json", &body).await
}

fn said(object: &Doomed, args: &Delete) -> String {
    let Doomed { resource, namespace, name } = object;
    let kind = resource.qualified();
    if args.output == Some(OutputName::Name) {
        return format!("{kind}/{name}");
    }
    let verb = if args.force { "force deleted" } else { "deleted" };
    match resource.namespaced {
        true => format!("{kind} \"{name}\" {verb} from {namespace} namespace"),
        false => format!("{kind} \"{name}\" {verb}"),
    }
}

/// The answer is the object while it waits for its end, else a Status with the uid in its details.
fn uid_of(answer: &Value) -> Option<String> {
    let uid = answer["metadata"]["uid"].as_str().or_else(|| answer["details"]["uid"].as_str());
    uid.map(str::to_owned)
}
