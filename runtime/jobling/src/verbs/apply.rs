//! `apply`: objects are made, or changed to what a manifest says, by kubectl's client-side rules: what
//! the last apply set and this one leaves out is removed, what others set stays.

use http::Method;
use jobling_core::api::patch::three_way;
use serde_json::{Value, json};

use super::manifests::{
    LAST_APPLIED, Prepared, Report, change_query, last_applied, prepare, with_last_applied,
};
use super::{Exit, Failure};
use crate::args::{Apply, DryRunArg};
use crate::client::{ClientError, Rest};
use crate::output::Output;

const MANAGER: &str = "kubectl-client-side-apply";

/// Applies every object of the files of `args`; one that is refused does not keep the others back.
pub(crate) async fn apply(args: &Apply, rest: &Rest, output: &mut Output) -> Result<Exit, Failure> {
    let report = Report { output: args.output, dry_run: args.dry_run };
    let mut exit = Exit::Success;
    for prepared in prepare(&args.files, rest)? {
        match apply_one(&prepared, args.dry_run, rest, output).await {
            Ok((object, verb)) => report.print(&object, verb, output)?,
            Err(failure) if failure.is_about_one_object() => {
                output.note(&failure.to_string());
                exit = Exit::Failure;
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(exit)
}

async fn apply_one(
    prepared: &Prepared,
    dry_run: DryRunArg,
    rest: &Rest,
    output: &mut Output,
) -> Result<(Value, &'static str), Failure> {
    if prepared.name().is_empty() {
        let prefix = prepared.object["metadata"]["generateName"].as_str().unwrap_or_default();
        return Err(Failure::Refused(format!(
            "error: {}: from {prefix}: cannot use generate name with apply; use create",
            prepared.manifest.file
        )));
    }
    let path = prepared.resource.object(&prepared.namespace, prepared.name());
    let current = rest.find(&path).await.map_err(|error| prepared.refused(error, "retrieving"))?;
    let wanted = with_last_applied(&prepared.object);
    if dry_run == DryRunArg::None {
        prepared.send_modules(rest).await?;
    }
    let Some(current) = current else {
        return created(prepared, &wanted, dry_run, rest).await.map(|object| (object, "created"));
    };
    if current["metadata"]["annotations"][LAST_APPLIED].is_null() {
        warn_of_foreign(prepared, output);
    }
    let original = last_applied(&current).unwrap_or_else(|| json!({}));
    let patch = three_way(prepared.manifest.document.kind, &original, &wanted, &current);
    if patch.as_object().is_none_or(serde_json::Map::is_empty) {
        return Ok((current, "unchanged"));
    }
    if dry_run == DryRunArg::Client {
        return Ok((wanted, "configured"));
    }
    let query = change_query(MANAGER, dry_run);
    let content = "application/strategic-merge-patch+json";
    let patched = rest.send(Method::PATCH, &path, &query, content, &patch).await;
    let patched = patched.map_err(|error| prepared.refused(error, "applying patch from"))?;
    let same = patched["metadata"]["resourceVersion"] == current["metadata"]["resourceVersion"];
    Ok((patched, if same && dry_run == DryRunArg::None { "unchanged" } else { "configured" }))
}

async fn created(
    prepared: &Prepared,
    wanted: &Value,
    dry_run: DryRunArg,
    rest: &Rest,
) -> Result<Value, Failure> {
    if dry_run == DryRunArg::Client {
        return Ok(wanted.clone());
    }
    let path = prepared.resource.collection(Some(&prepared.namespace));
    let query = change_query(MANAGER, dry_run);
    let made = rest.send(Method::POST, &path, &query, "application/json", wanted).await;
    made.map_err(|error: ClientError| prepared.refused(error, "creating"))
}

fn warn_of_foreign(prepared: &Prepared, output: &mut Output) {
    let (plural, name) = (&prepared.resource.plural, prepared.name());
    output.note(&format!(
        "Warning: resource {plural}/{name} is missing the {LAST_APPLIED} annotation which is required \
         by apply. apply should only be used on resources created declaratively by either create \
         --save-config or apply. The missing annotation will be patched automatically."
    ));
}
