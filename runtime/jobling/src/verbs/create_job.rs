//! `create job`: one run of a CronJob or an HTTPTrigger now, or a Job of one container, as kubectl makes them.

use http::Method;
use jobling_core::Timestamp;
use jobling_core::api::Kind;
use serde_json::{Value, json};

use super::Failure;
use super::manifests::change_query;
use crate::args::{Create, DryRunArg};
use crate::client::{Resolver, Rest};
use crate::clock;
use crate::manifest::instance_of;

/// Makes the Job that `args` describe, and returns it.
pub(super) async fn create_job(args: &Create, rest: &Rest) -> Result<Value, Failure> {
    let [kind, name] = &args.words[..] else { return Err(unclear()) };
    let resource = Resolver::new(rest).word(kind).await?;
    if resource.kind != Kind::Job.name() {
        return Err(Failure::Usage(format!(
            "a {kind} is made from a manifest: jobling create -f FILE"
        )));
    }
    let mut job = match (&args.from, &args.image) {
        (Some(from), _) => {
            from_owner(&owner(from, rest).await?, name, &args.arguments, clock::moment())
        }
        (None, Some(image)) => from_image(image, name, &args.arguments),
        (None, None) => return Err(unclear()),
    };
    job["metadata"]["namespace"] = rest.namespace().into();
    if args.dry_run == DryRunArg::Client {
        return Ok(job);
    }
    let path = resource.collection(Some(rest.namespace()));
    let query = change_query("kubectl-create", args.dry_run);
    Ok(rest.send(Method::POST, &path, &query, "application/json", &job).await?)
}

fn unclear() -> Failure {
    Failure::Usage(
        "say what the Job is made from: create job NAME --from=cronjob/NAME, --from=httptrigger/NAME, \
         or --image=IMAGE"
            .to_owned(),
    )
}

/// Returns the CronJob or the HTTPTrigger that `from` names.
async fn owner(from: &str, rest: &Rest) -> Result<Value, Failure> {
    let whole = || {
        let why = format!("--from is \"{from}\"; it must be cronjob/NAME or httptrigger/NAME");
        Failure::Usage(why)
    };
    let (kind, name) = from.split_once('/').ok_or_else(whole)?;
    let resource = Resolver::new(rest).word(kind).await?;
    if ![Kind::CronJob.name(), Kind::HTTPTrigger.name()].contains(&resource.kind.as_str()) {
        return Err(whole());
    }
    Ok(rest.read(&resource.object(rest.namespace(), name)).await?)
}

/// Returns the Job of one run of `owner`; `arguments`, if there are any, are its first container's.
fn from_owner(owner: &Value, name: &str, arguments: &[String], now: Timestamp) -> Value {
    let metadata = &owner["metadata"];
    let mut job = instance_of(owner, name, now);
    job["metadata"]["ownerReferences"] = json!([{
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": true,
    }]);
    if !arguments.is_empty() {
        job["spec"]["template"]["spec"]["containers"][0]["args"] = json!(arguments);
    }
    job
}

/// Returns a Job of one container, whose command is `command`, if there is one.
fn from_image(image: &str, name: &str, command: &[String]) -> Value {
    let mut container = json!({"name": name, "image": image});
    if !command.is_empty() {
        container["command"] = json!(command);
    }
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": {"spec": {"containers": [container], "restartPolicy": "Never"}}},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_the_templates_spec_and_its_own_arguments() {
        let cron_job = json!({"apiVersion": "batch/v1", "kind": "CronJob",
            "metadata": {"name": "report", "uid": "u"}, "spec": {"jobTemplate": {
            "metadata": {"labels": {"app": "report"}, "annotations": {"note": "kept"}},
            "spec": {"template": {"spec": {"containers": [
                {"name": "main", "args": ["today"]}, {"name": "other", "args": ["as it is"]}]}}}}}});
        let run =
            |arguments: &[String]| from_owner(&cron_job, "now", arguments, Timestamp::default());
        let container = |job: &Value, at: usize| {
            job["spec"]["template"]["spec"]["containers"][at]["args"].clone()
        };
        let job = run(&[]);
        assert_eq!(container(&job, 0), json!(["today"]));
        let owner = &job["metadata"]["ownerReferences"][0];
        assert_eq!((&owner["name"], &owner["uid"]), (&json!("report"), &json!("u")));
        let job = run(&["yesterday".to_owned()]);
        assert_eq!(container(&job, 0), json!(["yesterday"]));
        assert_eq!(container(&job, 1), json!(["as it is"]));
    }

    #[test]
    fn a_job_of_an_image_is_named_as_its_container() {
        let job = from_image("busybox", "once", &["echo".to_owned(), "hello".to_owned()]);
        let container = &job["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(
            *container,
            json!({"name": "once", "image": "busybox", "command": ["echo", "hello"]})
        );
    }
}
