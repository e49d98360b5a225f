//! Tokens over the API, shaped as a cluster-wide resource of Kubernetes. Only an admin gets here.
//!
//! | request | what it does |
//! |---|---|
//! | `GET /apis/jobling.dev/v1alpha1/tokens` | lists the tokens that are out (Tables for those who ask) |
//! | `GET …/tokens/NAME` | shows one |
//! | `POST …/tokens` | gives one out; its secret is in `status.token` of this answer and nowhere else |
//! | `DELETE …/tokens/NAME` | takes it back: it opens nothing from then on, and what it holds open ends |

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use jobling_core::Timestamp;
use jobling_core::api::validate::is_name;
use jobling_core::api::{ApiError, Kind, Reason};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::access::{Access, Grant, Role, Wanted};
use crate::answer::{self, Answer, blocking};
use crate::audit::CreatedName;
use crate::media::{self, Shape};
use crate::table::{self, Column};
use crate::write::Body;

const API_VERSION: &str = "jobling.dev/v1alpha1";

/// What of a `Token` object is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    metadata: AskedMetadata,
    spec: AskedSpec,
}

#[derive(Debug, Deserialize)]
struct AskedMetadata {
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AskedSpec {
    role: String,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    expiration_seconds: Option<u32>,
}

/// Answers with all tokens that are out.
pub(crate) fn list(access: &Access, shape: Shape, now: Timestamp) -> Answer {
    let grants = access.grants().all();
    let body = match shape {
        Shape::Table(_) => table_of(&grants, now),
        Shape::Whole | Shape::Partial => json!({
            "kind": "TokenList",
            "apiVersion": API_VERSION,
            "metadata": {"resourceVersion": ""},
            "items": grants.iter().map(object).collect::<Vec<_>>(),
        }),
    };
    answer::value(StatusCode::OK, &body)
}

/// Answers with one token, without its secret.
pub(crate) fn get(
    access: &Access,
    name: &str,
    shape: Shape,
    now: Timestamp,
) -> Result<Answer, ApiError> {
    let grants = access.grants().all();
    let grant = grants.iter().find(|grant| grant.name == name).ok_or_else(|| not_found(name))?;
    let body = match shape {
        Shape::Table(_) => table_of(std::slice::from_ref(grant), now),
        Shape::Whole | Shape::Partial => object(grant),
    };
    Ok(answer::value(StatusCode::OK, &body))
}

/// Gives out the token that `body` describes.
pub(crate) async fn create(
    access: &Arc<Access>,
    body: &Body,
    now: Timestamp,
) -> Result<Answer, ApiError> {
    let wanted = read(body, now)?;
    let access = Arc::clone(access);
    let (grant, token, kubeconfig) = blocking(move || {
        let (grant, token) = access.grants().give(wanted, now)?;
        let kubeconfig = access.kubeconfig(&token, grant.namespace.as_deref());
        Ok((grant, token, kubeconfig))
    })
    .await?;
    let mut made = object(&grant);
    made["status"]["token"] = json!(token.reveal());
    if let Some(kubeconfig) = kubeconfig {
        made["status"]["kubeconfig"] = json!(kubeconfig);
    }
    let mut answer = answer::value(StatusCode::CREATED, &made);
    answer.extensions_mut().insert(CreatedName(grant.name));
    Ok(answer)
}

/// Takes the token `name` back.
pub(crate) async fn revoke(access: &Arc<Access>, name: String) -> Result<Answer, ApiError> {
    let access = Arc::clone(access);
    let taken = blocking(move || access.grants().take_back(&name)?.ok_or_else(|| not_found(&name)));
    let grant = taken.await?;
    let status = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": grant.name, "group": "jobling.dev", "kind": "tokens"},
    });
    Ok(answer::value(StatusCode::OK, &status))
}

fn read(body: &Body, now: Timestamp) -> Result<Wanted, ApiError> {
    let refuse = |message: String| ApiError::new(Reason::Invalid, message);
    let (value, _) = media::decode(body.content_type.as_deref(), &body.bytes)?;
    let asked: Asked = serde_json::from_value(value).map_err(|error| {
        ApiError::new(Reason::BadRequest, format!("the body is no Token: {error}"))
    })?;
    let name = asked.metadata.name;
    let named = |field: &str, given: &str| {
        refuse(format!(
            "Token {name:?} is invalid: {field}: Invalid value: {given:?}: a lowercase RFC 1123 label \
             must consist of lower case alphanumeric characters or '-', and must start and end with \
             an alphanumeric character"
        ))
    };
    let is_label = |text: &str| is_name(Kind::Namespace, text);
    if !is_label(&name) {
        return Err(named("metadata.name", &name));
    }
    let namespace = asked.spec.namespace.filter(|namespace| !namespace.is_empty());
    if let Some(namespace) = namespace.as_deref().filter(|namespace| !is_label(namespace)) {
        return Err(named("spec.namespace", namespace));
    }
    let role: Role = asked.spec.role.parse().map_err(|_| {
        refuse(format!(
            "Token {name:?} is invalid: spec.role: Unsupported value: {:?}: supported values: \
             \"admin\", \"edit\", \"view\"",
            asked.spec.role
        ))
    })?;
    let life = asked.spec.expiration_seconds.map(|seconds| Duration::from_secs(seconds.into()));
    Ok(Wanted { name, role, namespace, expires_at: life.map(|life| now.plus(life)) })
}

fn object(grant: &Grant) -> Value {
    let mut spec = json!({"role": grant.role});
    if let Some(namespace) = &grant.namespace {
        spec["namespace"] = json!(namespace);
    }
    let mut status = json!({});
    if let Some(end) = grant.expires_at {
        status["expirationTimestamp"] = json!(end.to_time());
    }
    json!({
        "kind": "Token",
        "apiVersion": API_VERSION,
        "metadata": {"name": grant.name, "creationTimestamp": grant.created_at.to_time()},
        "spec": spec,
        "status": status,
    })
}

fn table_of(grants: &[Grant], now: Timestamp) -> Value {
    let row = |grant: &Grant| {
        let cells = json!([
            grant.name,
            grant.role,
            grant.namespace.as_deref().unwrap_or("<all>"),
            match grant.expires_at {
                None => "<never>".to_owned(),
                Some(end) if end <= now => "<expired>".to_owned(),
                Some(end) => table::span(now, end),
            },
            table::span(grant.created_at, now),
        ]);
        json!({"cells": cells, "object": object(grant)})
    };
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": ""},
        "columnDefinitions": table::TOKEN.map(Column::to_value),
        "rows": grants.iter().map(row).collect::<Vec<_>>(),
    })
}

fn not_found(name: &str) -> ApiError {
    ApiError::new(Reason::NotFound, format!("tokens.jobling.dev {name:?} not found"))
}
