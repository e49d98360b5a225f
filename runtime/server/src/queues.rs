//! The host's own work queues over the API, shaped as a namespaced resource of Kubernetes.
//!
//! | request | what it does |
//! |---|---|
//! | `GET …/namespaces/NAMESPACE/queues` | lists what the queues hold (Tables for those who ask) |
//! | `GET …/queues` | those of all namespaces |
//! | `GET …/queues/NAME` | shows one |
//! | `DELETE …/queues/NAME` | removes all of its items, dead letters too |
//! | `GET …/queues/NAME/items?shelf=live\|dead&limit=N` | looks at items, oldest first |
//! | `POST …/queues/NAME/items` | pushes `{"items": [BASE64, …]}`, all or none |
//! | `DELETE …/queues/NAME/items?shelf=live\|dead` | removes the items of that part |
//! | `POST …/queues/NAME/revive` | lets every dead letter wait again |
//!
//! All of it is below `/apis/jobling.dev/v1alpha1`. A slash in NAME is written `%2F`. A queue that holds
//! nothing is not there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{Method, StatusCode};
use jobling_core::api::{ApiError, Reason};
use jobling_core::queues::{
    Answer as Told, Buried, Item, Operation, QueueLimits, QueueName, QueueRow, Shelf,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{self, Answer};
use crate::backend::Backend;
use crate::media::Shape;
use crate::route::Query;
use crate::table::{self, Column};
use crate::write::Body;

const API_VERSION: &str = "jobling.dev/v1alpha1";
/// Items that one look shows at most: each may be a MiB.
const MOST_ITEMS: u64 = 100;

/// What is asked of the host's queues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum QueueRoute {
    /// What queues there are.
    List {
        /// `None`: in all namespaces.
        namespace: Option<String>,
    },
    /// One queue.
    One {
        /// Which.
        queue: QueueName,
        /// What is asked of it.
        verb: QueueVerb,
    },
}

/// What is asked of one queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QueueVerb {
    /// What it holds.
    Get,
    /// Remove it with all items.
    Delete,
    /// Look at items.
    Peek,
    /// Add items.
    Push,
    /// Remove the items of a part.
    Purge,
    /// Let dead letters wait again.
    Revive,
}

impl QueueRoute {
    /// Reads what follows the group's version, as `namespaces/NAMESPACE/queues/NAME`; `None` where that is no
    /// queue's path, or the method is none of its.
    pub(crate) fn read(method: &Method, rest: &[&str]) -> Option<Result<Self, ApiError>> {
        let is_get = matches!(*method, Method::GET | Method::HEAD);
        let verb = match (rest, method) {
            (["queues"], _) if is_get => return Some(Ok(Self::List { namespace: None })),
            (["namespaces", namespace, "queues"], _) if is_get => {
                return Some(Ok(Self::List { namespace: Some((*namespace).to_owned()) }));
            }
            ([_, _, "queues", _], _) if is_get => QueueVerb::Get,
            ([_, _, "queues", _], &Method::DELETE) => QueueVerb::Delete,
            ([_, _, "queues", _, "items"], _) if is_get => QueueVerb::Peek,
            ([_, _, "queues", _, "items"], &Method::POST) => QueueVerb::Push,
            ([_, _, "queues", _, "items"], &Method::DELETE) => QueueVerb::Purge,
            ([_, _, "queues", _, "revive"], &Method::POST) => QueueVerb::Revive,
            _ => return None,
        };
        let ["namespaces", namespace, _, name, ..] = *rest else { return None };
        let queue = full_name(namespace, name);
        Some(queue.map(|queue| Self::One { queue, verb }))
    }

    /// Returns whether a body belongs to it.
    pub(crate) fn takes_body(&self) -> bool {
        matches!(self, Self::One { verb: QueueVerb::Push, .. })
    }
}

/// Returns a queue's name on this host, of which each namespace has its own.
fn full_name(namespace: &str, name: &str) -> Result<QueueName, ApiError> {
    let checked = name.parse::<QueueName>().and_then(|_| format!("{namespace}/{name}").parse());
    checked.map_err(|error| ApiError::new(Reason::BadRequest, error.to_string()))
}

/// Answers a request.
pub(crate) async fn answer(
    backend: &dyn Backend,
    route: QueueRoute,
    query: &Query,
    shape: Shape,
    body: &Body,
) -> Result<Answer, ApiError> {
    match route {
        QueueRoute::List { namespace } => list(backend, namespace.as_deref(), shape).await,
        QueueRoute::One { queue, verb } => match verb {
            QueueVerb::Get => get(backend, &queue, shape).await,
            QueueVerb::Delete => delete(backend, queue).await,
            QueueVerb::Peek => peek(backend, queue, query).await,
            QueueVerb::Push => push(backend, queue, body).await,
            QueueVerb::Purge => {
                let shelf = shelf(query)?;
                change(backend, Operation::Purge { queue, shelf }).await
            }
            QueueVerb::Revive => change(backend, Operation::Revive(queue)).await,
        },
    }
}

async fn rows(backend: &dyn Backend) -> Result<Vec<QueueRow>, ApiError> {
    let told = backend.queue(Operation::List).await?;
    if let Told::Queues(rows) = told { Ok(rows) } else { Err(unexpected(&told)) }
}

async fn list(
    backend: &dyn Backend,
    namespace: Option<&str>,
    shape: Shape,
) -> Result<Answer, ApiError> {
    let mut rows = rows(backend).await?;
    rows.retain(|row| namespace.is_none_or(|namespace| names(row).0 == namespace));
    let body = match shape {
        Shape::Table(_) => table_of(&rows),
        Shape::Whole | Shape::Partial => json!({
            "kind": "QueueList",
            "apiVersion": API_VERSION,
            "metadata": {"resourceVersion": ""},
            "items": rows.iter().map(object).collect::<Vec<_>>(),
        }),
    };
    Ok(answer::value(StatusCode::OK, &body))
}

async fn get(backend: &dyn Backend, queue: &QueueName, shape: Shape) -> Result<Answer, ApiError> {
    let found = rows(backend).await?.into_iter().find(|row| row.queue == *queue);
    let row = found.ok_or_else(|| not_found(queue))?;
    let body = match shape {
        Shape::Table(_) => table_of(&[row]),
        Shape::Whole | Shape::Partial => object(&row),
    };
    Ok(answer::value(StatusCode::OK, &body))
}

async fn delete(backend: &dyn Backend, queue: QueueName) -> Result<Answer, ApiError> {
    if !rows(backend).await?.iter().any(|row| row.queue == queue) {
        return Err(not_found(&queue));
    }
    for shelf in [Shelf::Dead, Shelf::Live] {
        backend.queue(Operation::Purge { queue: queue.clone(), shelf }).await?;
    }
    let status = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": split(&queue).1, "group": "jobling.dev", "kind": "queues"},
    });
    Ok(answer::value(StatusCode::OK, &status))
}

async fn peek(backend: &dyn Backend, queue: QueueName, query: &Query) -> Result<Answer, ApiError> {
    let limit = query.number("limit")?.filter(|limit| *limit > 0).unwrap_or(MOST_ITEMS);
    let most = u32::try_from(limit.min(MOST_ITEMS)).unwrap_or(u32::MAX);
    let shelf = shelf(query)?;
    let told = backend.queue(Operation::Peek { queue, shelf, most }).await?;
    let Told::Items(items) = told else { return Err(unexpected(&told)) };
    let body = json!({
        "kind": "QueueItemList",
        "apiVersion": API_VERSION,
        "metadata": {},
        "items": items.iter().map(item).collect::<Vec<_>>(),
    });
    Ok(answer::value(StatusCode::OK, &body))
}

/// What a push brings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pushed {
    items: Vec<String>,
}

async fn push(backend: &dyn Backend, queue: QueueName, body: &Body) -> Result<Answer, ApiError> {
    let refused = |why: String| ApiError::new(Reason::BadRequest, why);
    let pushed: Pushed = serde_json::from_slice(&body.bytes).map_err(|error| {
        refused(format!("the body must be {{\"items\": [BASE64, …]}}: {error}"))
    })?;
    let decode = |text: &String| BASE64.decode(text);
    let bodies = pushed.items.iter().map(decode).collect::<Result<Vec<_>, _>>();
    let bodies = bodies.map_err(|error| refused(format!("an item is no base64: {error}")))?;
    let limits = QueueLimits::default();
    let most = limits.item_bytes;
    if let Some(long) = bodies.iter().map(|body| body.len() as u64).find(|bytes| *bytes > most) {
        let why = format!("an item has {long} bytes; it may have {most}");
        return Err(ApiError::new(Reason::RequestEntityTooLarge, why));
    }
    let count = bodies.len();
    match backend.queue(Operation::Push { queue: queue.clone(), bodies, limits }).await? {
        Told::Pushed => Ok(moved(StatusCode::CREATED, count as u64)),
        Told::Full(held) => {
            let why = format!(
                "queue {} is full: it holds {} items of {} bytes and may hold {} of {}",
                split(&queue).1,
                held.items,
                held.bytes,
                limits.items,
                limits.bytes
            );
            Err(ApiError::new(Reason::InsufficientStorage, why))
        }
        told @ (Told::Delivered(_)
        | Told::Empty { .. }
        | Told::Lease(_)
        | Told::Moved(_)
        | Told::Items(_)
        | Told::Queues(_)) => Err(unexpected(&told)),
    }
}

async fn change(backend: &dyn Backend, operation: Operation) -> Result<Answer, ApiError> {
    let told = backend.queue(operation).await?;
    match told {
        Told::Moved(items) => Ok(moved(StatusCode::OK, items)),
        Told::Pushed
        | Told::Full(_)
        | Told::Delivered(_)
        | Told::Empty { .. }
        | Told::Lease(_)
        | Told::Items(_)
        | Told::Queues(_) => Err(unexpected(&told)),
    }
}

/// Says how many items were touched.
fn moved(status: StatusCode, items: u64) -> Answer {
    let change = json!({"kind": "QueueChange", "apiVersion": API_VERSION, "items": items});
    answer::value(status, &change)
}

fn shelf(query: &Query) -> Result<Shelf, ApiError> {
    match query.get("shelf") {
        None | Some("live") => Ok(Shelf::Live),
        Some("dead") => Ok(Shelf::Dead),
        Some(other) => {
            let why = format!("the parameter shelf is {other:?}; it must be live or dead");
            Err(ApiError::new(Reason::BadRequest, why))
        }
    }
}

/// Returns a queue's namespace and name.
fn split(queue: &QueueName) -> (&str, &str) {
    queue.as_str().split_once('/').unwrap_or(("", queue.as_str()))
}

fn names(row: &QueueRow) -> (&str, &str) {
    split(&row.queue)
}

fn object(row: &QueueRow) -> Value {
    let (namespace, name) = names(row);
    json!({
        "kind": "Queue",
        "apiVersion": API_VERSION,
        "metadata": {"name": name, "namespace": namespace},
        "status": {
            "waiting": row.waiting,
            "leased": row.leased,
            "dead": row.dead,
            "bytes": row.bytes,
        },
    })
}

fn item((item, buried): &(Item, Option<Buried>)) -> Value {
    let mut value = json!({
        "id": item.lease.item.0,
        "attempts": item.lease.attempt,
        "data": BASE64.encode(&item.body),
    });
    if let Some(buried) = buried {
        value["buriedAt"] = json!(buried.at.to_time());
        value["why"] = json!(buried.why);
    }
    value
}

fn table_of(rows: &[QueueRow]) -> Value {
    let row = |row: &QueueRow| json!({"cells": table::queue_cells(row), "object": object(row)});
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": ""},
        "columnDefinitions": table::QUEUE.map(Column::to_value),
        "rows": rows.iter().map(row).collect::<Vec<_>>(),
    })
}

fn not_found(queue: &QueueName) -> ApiError {
    let name = split(queue).1;
    ApiError::new(Reason::NotFound, format!("queues.jobling.dev \"{name}\" not found"))
}

fn unexpected(told: &Told) -> ApiError {
    let message = format!("the queues answered something else than was asked: {told:?}");
    ApiError::new(Reason::InternalError, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_and_a_method_say_what_is_asked_of_which_queue() {
        let one = |verb| format!("One {{ queue: QueueName(\"a/q\"), verb: {verb} }}");
        for (method, path, asked) in [
            (Method::GET, "queues", "List { namespace: None }".to_owned()),
            (Method::GET, "namespaces/a/queues", "List { namespace: Some(\"a\") }".to_owned()),
            (Method::GET, "namespaces/a/queues/q", one("Get")),
            (Method::DELETE, "namespaces/a/queues/q", one("Delete")),
            (Method::GET, "namespaces/a/queues/q/items", one("Peek")),
            (Method::POST, "namespaces/a/queues/q/items", one("Push")),
            (Method::DELETE, "namespaces/a/queues/q/items", one("Purge")),
            (Method::POST, "namespaces/a/queues/q/revive", one("Revive")),
        ] {
            let rest: Vec<&str> = path.split('/').collect();
            let read = QueueRoute::read(&method, &rest).expect(path).expect(path);
            assert_eq!(format!("{read:?}"), asked, "{method} {path}");
        }
        for (method, path) in [
            (Method::POST, "queues"),
            (Method::PUT, "namespaces/a/queues/q"),
            (Method::GET, "namespaces/a/queues/q/other"),
            (Method::GET, "images"),
        ] {
            let rest: Vec<&str> = path.split('/').collect();
            assert!(QueueRoute::read(&method, &rest).is_none(), "{method} {path}");
        }
        let refused = QueueRoute::read(&Method::GET, &["namespaces", "a", "queues", "two words"]);
        assert!(refused.is_some_and(|read| read.is_err()));
    }
}
