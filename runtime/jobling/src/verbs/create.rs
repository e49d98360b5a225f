//! `create`: the objects of manifests are made; one that exists is an error.

use http::Method;

use super::create_job::create_job;
use super::manifests::{Prepared, Report, change_query, prepare, with_last_applied};
use super::{Exit, Failure};
use crate::args::{Create, DryRunArg};
use crate::client::Rest;
use crate::output::Output;

/// Makes every object of the files of `args`; one that is refused does not keep the others back.
pub(crate) async fn create(
    args: &Create,
    rest: &Rest,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let report = Report { output: args.output, dry_run: args.dry_run };
    if !args.words.is_empty() {
        let made = create_job(args, rest).await?;
        report.print(&made, "created", output)?;
        return Ok(Exit::Success);
    }
    let mut exit = Exit::Success;
    for prepared in prepare(&args.files, rest)? {
        match create_one(&prepared, args, rest).await {
            Ok(object) => report.print(&object, "created", output)?,
            Err(failure) if failure.is_about_one_object() => {
                output.note(&failure.to_string());
                exit = Exit::Failure;
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(exit)
}

async fn create_one(
    prepared: &Prepared,
    args: &Create,
    rest: &Rest,
) -> Result<serde_json::Value, Failure> {
    let object = match args.save_config {
        true => with_last_applied(&prepared.object),
        false => prepared.object.clone(),
    };
    if args.dry_run == DryRunArg::Client {
        return Ok(object);
    }
    if args.dry_run == DryRunArg::None {
        prepared.send_modules(rest).await?;
    }
    let path = prepared.resource.collection(Some(&prepared.namespace));
    let query = change_query("kubectl-create", args.dry_run);
    let made = rest.send(Method::POST, &path, &query, "application/json", &object).await;
    made.map_err(|error| prepared.refused(error, "creating"))
}
