//! `/openapi/v3`: what clients need to know of the served paths, so that `kubectl apply` and `create`
//! leave the check of fields to the server (`fieldValidation`) instead of refusing to go on.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::answer::{self, Answer};
use crate::route::{GroupVersion, Resource};

/// Answers where each group's document is.
pub(crate) fn index() -> Answer {
    let mut paths = Map::new();
    for group in GroupVersion::ALL {
        let path = group.path();
        // Clients keep what they have fetched for as long as its address stays the same.
        let url = format!("/openapi/v3/{path}?hash={}", env!("CARGO_PKG_VERSION"));
        paths.insert(path, json!({"serverRelativeURL": url}));
    }
    answer::value(StatusCode::OK, &json!({"paths": paths}))
}

/// Answers with a group's document.
pub(crate) fn document(group: GroupVersion) -> Answer {
    let mut paths = Map::new();
    for resource in group.resources() {
        let base = format!("/{}", group.path());
        let plural = resource.kind.plural();
        let collection = if resource.kind.is_namespaced() {
            format!("{base}/namespaces/{{namespace}}/{plural}")
        } else {
            format!("{base}/{plural}")
        };
        paths.insert(format!("{collection}/{{name}}"), item(resource));
        paths.insert(
            collection,
            json!({
                "get": operation(resource, "list", &[]),
                "post": operation(resource, "post", &WRITE),
                "delete": operation(resource, "deletecollection", &["dryRun"]),
            }),
        );
    }
    let document = json!({
        "openapi": "3.0.0",
        "info": {"title": "jobling", "version": env!("CARGO_PKG_VERSION")},
        "paths": paths,
        "components": {"schemas": {}},
    });
    answer::value(StatusCode::OK, &document)
}

/// The parameters of every change.
const WRITE: [&str; 3] = ["dryRun", "fieldManager", "fieldValidation"];

fn item(resource: Resource) -> Value {
    json!({
        "get": operation(resource, "get", &[]),
        "put": operation(resource, "put", &WRITE),
        "patch": operation(resource, "patch", &WRITE),
        "delete": operation(
            resource,
            "delete",
            &["dryRun", "gracePeriodSeconds", "propagationPolicy"],
        ),
    })
}

fn operation(resource: Resource, action: &str, parameters: &[&str]) -> Value {
    let parameters: Vec<Value> = parameters
        .iter()
        .map(|name| json!({"name": name, "in": "query", "schema": {"type": "string"}}))
        .collect();
    json!({
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": {
            "group": resource.group.group(),
            "version": resource.group.version(),
            "kind": resource.kind.name(),
        },
        "parameters": parameters,
        "responses": {"200": {"description": "OK"}},
    })
}
