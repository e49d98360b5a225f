//! `/openapi/v3` and `/openapi/v2`: what the fields of the served kinds mean, as `kubectl explain` shows it,
//! and which parameters their paths take, by which clients leave the check of fields to the server.

use http::StatusCode;
use jobling_core::api::patch::{List, Shape};
use jobling_core::api::{ApiError, Kind, Reason};
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use serde_json::{Map, Value, json};

use crate::answer::{self, Answer};
use crate::own_schemas;
use crate::route::{GroupVersion, Resource};

/// Far more than any group's schemas take.
const MOST_BYTES: usize = 8 << 20;

const HTTP_TRIGGER: &str = "dev.jobling.v1alpha1.HTTPTrigger";

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
pub(crate) fn document(group: GroupVersion) -> Result<Answer, ApiError> {
    let document = json!({
        "openapi": "3.0.0",
        "info": info(),
        "paths": paths(group),
        "components": {"schemas": schemas(group)?},
    });
    Ok(answer::value(StatusCode::OK, &document))
}

/// Answers with the one document of all groups, for older clients. Its operations have no parameters:
/// what those clients need of it are the definitions.
pub(crate) fn combined() -> Result<Answer, ApiError> {
    let mut definitions = Map::new();
    for group in GroupVersion::ALL {
        definitions.extend(schemas(group)?);
    }
    let document = json!({
        "swagger": "2.0",
        "info": info(),
        "paths": {},
        "definitions": definitions,
    });
    let text = document.to_string().replace("#/components/schemas/", "#/definitions/");
    Ok(answer::json(StatusCode::OK, text.into_bytes()))
}

fn info() -> Value {
    json!({"title": "jobling", "version": env!("CARGO_PKG_VERSION")})
}

/// Returns the schemas of a group's kinds, by their names.
fn schemas(group: GroupVersion) -> Result<Map<String, Value>, ApiError> {
    let compressed: &[u8] = match group {
        GroupVersion::Core => include_bytes!(concat!(env!("OUT_DIR"), "/core.json.deflate")),
        GroupVersion::Batch => include_bytes!(concat!(env!("OUT_DIR"), "/batch.json.deflate")),
        GroupVersion::Events => include_bytes!(concat!(env!("OUT_DIR"), "/events.json.deflate")),
        GroupVersion::Authorization => {
            include_bytes!(concat!(env!("OUT_DIR"), "/authorization.json.deflate"))
        }
        GroupVersion::Authentication => {
            include_bytes!(concat!(env!("OUT_DIR"), "/authentication.json.deflate"))
        }
        GroupVersion::Apps | GroupVersion::Networking => return Ok(Map::new()),
        GroupVersion::Metrics => return Ok(own_schemas::metrics()),
        GroupVersion::Jobling => include_bytes!(concat!(env!("OUT_DIR"), "/jobling.json.deflate")),
    };
    let unreadable = |_| ApiError::new(Reason::InternalError, "the schemas cannot be unpacked");
    let text = decompress_to_vec_with_limit(compressed, MOST_BYTES).map_err(unreadable)?;
    let mut schemas: Map<String, Value> = serde_json::from_slice(&text)
        .map_err(|_| ApiError::new(Reason::InternalError, "the schemas are no JSON"))?;
    if group == GroupVersion::Jobling {
        tell_merge_keys(&mut schemas, HTTP_TRIGGER, Shape::of(Kind::HTTPTrigger));
        schemas.extend(own_schemas::jobling());
    }
    Ok(schemas)
}

/// Tells how the lists of a schema are merged, and of those that it refers to. kubectl knows it of
/// Kubernetes' own kinds.
fn tell_merge_keys(schemas: &mut Map<String, Value>, name: &str, shape: Shape) {
    let Some(fields) =
        schemas.get_mut(name).and_then(|schema| schema["properties"].as_object_mut())
    else {
        return;
    };
    let mut below = Vec::new();
    for (field, schema) in fields {
        if let Some(of) = referred(&schema["items"]).or_else(|| referred(schema)) {
            below.push((of, shape.below(field)));
        }
        match shape.list(field) {
            List::Replace => continue,
            List::ByKey(key) => schema["x-kubernetes-patch-merge-key"] = key.into(),
            List::AsSet => {}
        }
        schema["x-kubernetes-patch-strategy"] = "merge".into();
    }
    for (of, shape) in below {
        tell_merge_keys(schemas, &of, shape);
    }
}

/// Returns the name of the schema that one refers to, if it does.
fn referred(schema: &Value) -> Option<String> {
    let to = schema["$ref"].as_str().or_else(|| schema["allOf"][0]["$ref"].as_str())?;
    to.strip_prefix("#/components/schemas/").map(str::to_owned)
}

fn paths(group: GroupVersion) -> Map<String, Value> {
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
    paths
}

/// The parameters of every change.
const WRITE: [&str; 3] = ["dryRun", "fieldManager", "fieldValidation"];

/// Those of a patch.
const PATCH: [&str; 4] = ["dryRun", "fieldManager", "fieldValidation", "force"];

fn item(resource: Resource) -> Value {
    json!({
        "get": operation(resource, "get", &[]),
        "put": operation(resource, "put", &WRITE),
        "patch": operation(resource, "patch", &PATCH),
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
    let mut operation = json!({
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": {
            "group": resource.group.group(),
            "version": resource.group.version(),
            "kind": resource.kind.name(),
        },
        "parameters": parameters,
        "responses": {"200": {"description": "OK"}},
    });
    // By this kubectl chooses how it patches a kind that is not Kubernetes' own.
    if action == "patch" && resource.group == GroupVersion::Jobling {
        let types = ["json-patch+json", "merge-patch+json", "strategic-merge-patch+json"];
        let content = types.map(|of| (format!("application/{of}"), json!({})));
        operation["requestBody"] = json!({"content": Map::from_iter(content)});
    }
    operation
}

#[cfg(test)]
mod tests {
    use jobling_core::api::HTTPTrigger;

    use super::*;

    #[test]
    fn every_kind_is_explained() {
        for group in GroupVersion::ALL {
            let schemas = schemas(group).unwrap();
            for resource in group.resources() {
                let found = schemas.values().find(|schema| {
                    let kinds = schema["x-kubernetes-group-version-kind"].as_array();
                    kinds.is_some_and(|kinds| kinds[0]["kind"] == resource.kind.name())
                });
                assert!(found.is_some_and(|it| it["properties"]["metadata"].is_object()));
            }
        }
    }

    #[test]
    fn every_field_of_our_own_kinds_is_explained() {
        let secret = json!({"name": "s", "key": "k", "optional": false});
        let trigger: HTTPTrigger = serde_json::from_value(json!({
            "metadata": {},
            "spec": {
                "path": "/a", "methods": ["GET"], "response": "Sync", "timeoutSeconds": 1,
                "concurrencyPolicy": "Queue", "maxConcurrency": 1, "queueDepth": 1,
                "rateLimit": {"requestsPerSecond": 1, "burst": 1},
                "idempotency": {"header": "a", "retentionSeconds": 1},
                "bodyLimit": "1Mi", "record": "Always", "suspend": true,
                "successfulJobsHistoryLimit": 1, "failedJobsHistoryLimit": 1, "jobTemplate": {},
                "auth": {
                    "none": {},
                    "bearer": {"secretKeyRef": secret},
                    "hmac": {"secretKeyRef": secret, "header": "a", "algorithm": "a", "prefix": "a"},
                },
            },
            "status": {"lastRequestTime": "2026-11-23T10:00:00Z", "requests": 1, "failures": 1,
                "lastFailureTime": "2026-11-23T10:00:00Z", "active": 1, "queued": 1},
        }))
        .unwrap();
        let schemas = schemas(GroupVersion::Jobling).unwrap();
        let value = serde_json::to_value(&trigger).unwrap();
        let own = |schema: &str| schema.starts_with("dev.jobling.");
        let mut unseen = vec![("dev.jobling.v1alpha1.HTTPTrigger".to_owned(), value)];
        while let Some((name, value)) = unseen.pop() {
            let described = schemas[&name]["properties"].as_object().unwrap();
            let given = value.as_object().unwrap();
            assert!(described.keys().eq(given.keys()), "{name}: {described:?} and {given:?}");
            for (field, schema) in described {
                let of = schema["allOf"][0]["$ref"].as_str().unwrap_or_default();
                let of = of.trim_start_matches("#/components/schemas/");
                if own(of) {
                    unseen.push((of.to_owned(), given[field].clone()));
                }
            }
        }
    }

    #[test]
    fn clients_are_told_how_the_lists_of_a_trigger_merge() {
        let schemas = schemas(GroupVersion::Jobling).unwrap();
        let of = |name: &str, field: &str| {
            let field = &schemas[name]["properties"][field];
            let told = |key: &str| field[format!("x-kubernetes-patch-{key}")].as_str();
            (told("strategy"), told("merge-key"))
        };
        let pod = "io.k8s.api.core.v1.PodSpec";
        assert_eq!(of(pod, "containers"), (Some("merge"), Some("name")));
        assert_eq!(of("io.k8s.api.core.v1.Container", "args"), (None, None));
        let meta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
        assert_eq!(of(meta, "finalizers"), (Some("merge"), None));
    }

    #[test]
    fn every_reference_leads_to_a_schema() {
        for group in GroupVersion::ALL {
            let schemas = schemas(group).unwrap();
            let text = json!(schemas).to_string();
            for reference in text.split("#/components/schemas/").skip(1) {
                let name = reference.split('"').next().unwrap();
                assert!(schemas.contains_key(name), "{name}");
            }
        }
    }
}
