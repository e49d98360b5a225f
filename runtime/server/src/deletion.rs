//! How something is to be deleted: `metav1.DeleteOptions` in the body or in the query, and the default
//! of each kind.

use jobling_core::api::{ApiError, Kind, Reason};
use jobling_core::engine::{DeleteOptions, DryRun, Preconditions, Propagation};
use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;

use crate::media;
use crate::route::Query;
use crate::write::Body;

/// How something is to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deletion {
    pub(crate) options: DeleteOptions,
    pub(crate) dry_run: DryRun,
    /// What the client should be warned of.
    pub(crate) warnings: Vec<String>,
}

/// Returns how an object of `kind` is to be deleted: as the body says, or the query where there is none.
pub(crate) fn read(kind: Kind, query: &Query, body: &Body) -> Result<Deletion, ApiError> {
    let given = if body.bytes.is_empty() { of_query(query)? } else { of_body(body)? };
    let (propagation, warnings) = propagation(kind, &given)?;
    let preconditions = given.preconditions.unwrap_or_default();
    let dry_run = given.dry_run.iter().flatten().any(|value| value == "All");
    let options = DeleteOptions {
        propagation,
        grace_period_seconds: given.grace_period_seconds.map(grace),
        preconditions: Preconditions {
            uid: preconditions.uid,
            resource_version: preconditions.resource_version,
        },
    };
    let dry_run = if dry_run { DryRun::All } else { DryRun::None };
    Ok(Deletion { options, dry_run, warnings })
}

/// A negative grace period means one second, as `rest.BeforeDelete` has it.
fn grace(seconds: i64) -> u32 {
    if seconds < 0 { 1 } else { u32::try_from(seconds).unwrap_or(u32::MAX) }
}

fn of_body(body: &Body) -> Result<meta::DeleteOptions, ApiError> {
    let (value, _) = media::decode(body.content_type.as_deref(), &body.bytes)?;
    serde_json::from_value(value).map_err(|error| {
        ApiError::new(Reason::BadRequest, format!("the body is no DeleteOptions: {error}"))
    })
}

fn of_query(query: &Query) -> Result<meta::DeleteOptions, ApiError> {
    let orphan = match query.get("orphanDependents") {
        None => None,
        Some(_) => Some(query.is_set("orphanDependents")?),
    };
    let grace = query.number("gracePeriodSeconds")?;
    let dry_run: Vec<String> = query.all("dryRun").map(str::to_owned).collect();
    Ok(meta::DeleteOptions {
        orphan_dependents: orphan,
        propagation_policy: query.get("propagationPolicy").map(str::to_owned),
        grace_period_seconds: grace.map(|seconds| i64::try_from(seconds).unwrap_or(i64::MAX)),
        dry_run: Some(dry_run),
        ..meta::DeleteOptions::default()
    })
}

fn propagation(
    kind: Kind,
    given: &meta::DeleteOptions,
) -> Result<(Propagation, Vec<String>), ApiError> {
    let refuse = |message: &str| Err(ApiError::new(Reason::BadRequest, message));
    let policy = match (given.propagation_policy.as_deref(), given.orphan_dependents) {
        (Some(_), Some(_)) => {
            return refuse(
                "orphanDependents and propagationPolicy cannot be both set: use propagationPolicy",
            );
        }
        (Some("Background"), None) | (None, Some(false)) => Propagation::Background,
        (Some("Foreground"), None) => Propagation::Foreground,
        (Some("Orphan"), None) | (None, Some(true)) => Propagation::Orphan,
        (Some(_), None) => {
            return refuse(
                "propagationPolicy must be one of \"Background\", \"Foreground\", \"Orphan\"",
            );
        }
        (None, None) => return Ok(default_propagation(kind)),
    };
    Ok((policy, Vec::new()))
}

/// A Job's pods stay when nobody says otherwise: pkg/registry/batch/job/strategy.go keeps what clients
/// older than garbage collection rely on, and warns.
fn default_propagation(kind: Kind) -> (Propagation, Vec<String>) {
    match kind {
        Kind::Job => (
            Propagation::Orphan,
            vec![
                "child pods are preserved by default when jobs are deleted; set \
                 propagationPolicy=Background to remove them or set propagationPolicy=Orphan to \
                 suppress this warning"
                    .to_owned(),
            ],
        ),
        Kind::Namespace
        | Kind::ServiceAccount
        | Kind::ConfigMap
        | Kind::Secret
        | Kind::PersistentVolumeClaim
        | Kind::CronJob
        | Kind::HTTPTrigger
        | Kind::Pod
        | Kind::Event => (Propagation::Background, Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependents_go_as_the_client_says_or_the_kind_has_it() {
        for (kind, query, body, expected) in [
            (Kind::Job, "", "", Some(Propagation::Orphan)),
            (Kind::CronJob, "", "", Some(Propagation::Background)),
            (Kind::HTTPTrigger, "", "", Some(Propagation::Background)),
            (Kind::Job, "propagationPolicy=Foreground", "", Some(Propagation::Foreground)),
            (Kind::Job, "orphanDependents=false", "", Some(Propagation::Background)),
            (Kind::Job, "", r#"{"propagationPolicy":"Background"}"#, Some(Propagation::Background)),
            (
                Kind::Job,
                "propagationPolicy=Orphan",
                r#"{"orphanDependents":false}"#,
                Some(Propagation::Background),
            ),
            (Kind::Job, "propagationPolicy=Never", "", None),
            (Kind::Job, "propagationPolicy=Orphan&orphanDependents=true", "", None),
            (Kind::Job, "", "[]", None),
        ] {
            let read = read(kind, &Query::parse(query), &body_of(body)).ok();
            assert_eq!(read.map(|it| it.options.propagation), expected, "{kind} {query} {body}");
        }
    }

    #[test]
    fn everything_that_a_deletion_can_say_is_read() {
        let body = r#"{"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0,
            "preconditions":{"uid":"u","resourceVersion":"7"},"dryRun":["All"]}"#;
        let deletion = read(Kind::Pod, &Query::default(), &body_of(body)).unwrap();
        assert_eq!(
            deletion,
            Deletion {
                options: DeleteOptions {
                    propagation: Propagation::Background,
                    grace_period_seconds: Some(0),
                    preconditions: Preconditions {
                        uid: Some("u".into()),
                        resource_version: Some("7".into()),
                    },
                },
                dry_run: DryRun::All,
                warnings: Vec::new(),
            }
        );
    }

    #[test]
    fn only_the_silent_deletion_of_a_job_is_warned_of() {
        for (query, warnings) in [("", 1), ("propagationPolicy=Orphan", 0)] {
            let deletion = read(Kind::Job, &Query::parse(query), &Body::default()).unwrap();
            assert_eq!(deletion.warnings.len(), warnings, "{query}");
        }
    }

    fn body_of(text: &str) -> Body {
        Body { content_type: None, bytes: text.to_owned().into() }
    }
}
