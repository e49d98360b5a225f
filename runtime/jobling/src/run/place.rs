//! A plan's objects into the engine; what is there already is brought up to date, kept or gone on with.

use jobling_core::api::{ApiError, Kind, Object, ObjectKey, Reason};
use jobling_core::engine::{DeleteOptions, FieldValidation, Reply, Request, Verb, WriteOptions};
use serde_json::{Value, json};

use super::plan::{Plan, Planned};
use super::printer::Printer;
use super::stage::Stage;
use crate::verbs::Failure;

/// The namespace that is always there.
const DEFAULT_NAMESPACE: &str = "default";

/// Makes every object of the plan. Returns the Jobs that were there and have not ended: they go on.
pub(super) async fn place(
    plan: &Plan,
    stage: &dyn Stage,
    printer: &mut Printer<'_>,
) -> Result<Vec<ObjectKey>, Failure> {
    for namespace in namespaces(plan) {
        let object =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        let key = ObjectKey::new(Kind::Namespace, "", namespace);
        keep(create(&key, object, stage).await)?;
    }
    for claim in &plan.claims {
        keep(create(&claim.key, claim.object.clone(), stage).await)?;
    }
    let mut continued = Vec::new();
    for planned in &plan.objects {
        match create(&planned.key, planned.object.clone(), stage).await {
            Ok(reply) => reply.warnings.iter().for_each(|w| printer.note(&format!("Warning: {w}"))),
            Err(error) if error.reason == Reason::AlreadyExists => {
                if renew(planned, stage).await? == Renewed::GoesOn {
                    printer.note(&format!("job/{} goes on from before", planned.key.name));
                    continued.push(planned.key.clone());
                }
            }
            Err(error) => return Err(refused(&planned.key, &error)),
        }
    }
    Ok(continued)
}

/// The namespaces that the objects are in and that need to be made.
fn namespaces(plan: &Plan) -> Vec<String> {
    let all = plan.objects.iter().map(|planned| planned.key.namespace.clone());
    let mut needed: Vec<String> =
        all.filter(|name| !name.is_empty() && name != DEFAULT_NAMESPACE).collect();
    needed.sort();
    needed.dedup();
    needed
}

/// What became of an object that was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Renewed {
    /// It is as the manifest says.
    UpToDate,
    /// It is a Job that has not ended.
    GoesOn,
}

async fn renew(planned: &Planned, stage: &dyn Stage) -> Result<Renewed, Failure> {
    match planned.key.kind {
        Kind::Job => renew_job(planned, stage).await,
        Kind::ConfigMap | Kind::Secret => {
            let update = Verb::Update(planned.object.clone());
            let done = stage.submit(request(&planned.key, update)).await;
            done.map_err(|error| refused(&planned.key, &error))?;
            Ok(Renewed::UpToDate)
        }
        Kind::Namespace
        | Kind::ServiceAccount
        | Kind::PersistentVolumeClaim
        | Kind::CronJob
        | Kind::HTTPTrigger
        | Kind::Pod
        | Kind::Event => Ok(Renewed::UpToDate),
    }
}

/// A Job that ended is made anew; one that has not goes on.
async fn renew_job(planned: &Planned, stage: &dyn Stage) -> Result<Renewed, Failure> {
    let reader = stage.reader();
    let found = reader.get(&planned.key).map_err(|e| Failure::Refused(format!("error: {e}")))?;
    match found {
        Some(Object::Job(job)) if !has_ended(&job) => return Ok(Renewed::GoesOn),
        Some(_) => {
            let mut revisions = stage.revisions();
            let delete = Verb::Delete(DeleteOptions::default());
            let done = stage.submit(request(&planned.key, delete)).await;
            done.map_err(|error| refused(&planned.key, &error))?;
            let there = |key| reader.get(key).is_ok_and(|found| found.is_some());
            while there(&planned.key) && revisions.changed().await.is_ok() {}
        }
        None => {}
    }
    let made = create(&planned.key, planned.object.clone(), stage).await;
    made.map(|_| Renewed::UpToDate).map_err(|error| refused(&planned.key, &error))
}

fn has_ended(job: &k8s_openapi::api::batch::v1::Job) -> bool {
    let conditions = job.status.as_ref().and_then(|status| status.conditions.as_deref());
    conditions.unwrap_or_default().iter().any(|condition| {
        matches!(condition.type_.as_str(), "Complete" | "Failed") && condition.status == "True"
    })
}

async fn create(key: &ObjectKey, object: Value, stage: &dyn Stage) -> Result<Reply, ApiError> {
    let mut request = request(key, Verb::Create(object));
    request.name.clear();
    stage.submit(request).await
}

fn request(key: &ObjectKey, verb: Verb) -> Request {
    Request {
        kind: key.kind,
        namespace: key.namespace.clone(),
        name: key.name.clone(),
        verb,
        options: WriteOptions {
            field_validation: FieldValidation::Strict,
            field_manager: Some("jobling".to_owned()),
            ..WriteOptions::default()
        },
    }
}

/// What is there is kept.
fn keep(made: Result<Reply, ApiError>) -> Result<(), Failure> {
    match made {
        Ok(_) => Ok(()),
        Err(error) if error.reason == Reason::AlreadyExists => Ok(()),
        Err(error) => Err(Failure::BadInput(error.to_string())),
    }
}

fn refused(key: &ObjectKey, error: &ApiError) -> Failure {
    Failure::BadInput(format!("{}/{}: {error}", key.kind.singular(), key.name))
}
