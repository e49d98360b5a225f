//! `metrics.k8s.io`: what running pods use, for `kubectl top pods`.
//!
//! The share of a core is reckoned when it is asked for, over the window that the answer tells: nothing is
//! sampled in between.

use std::time::Duration;

use http::StatusCode;
use jobling_core::api::{ApiError, Kind, Object, ObjectKey, Reason};
use serde_json::{Value, json};

use crate::answer::{self, Answer, blocking, unreadable};
use crate::backend::{Backend, ContainerUsage, PodUsage};
use crate::media::Shape;
use crate::route::{ListQuery, Query};
use crate::table::{self, Column};

const API_VERSION: &str = "metrics.k8s.io/v1beta1";

/// A running pod, and what it uses.
struct Measured {
    pod: Object,
    usage: PodUsage,
}

/// Answers with all running pods that are selected.
pub(crate) async fn list(
    backend: &dyn Backend,
    namespace: Option<String>,
    query: &Query,
    shape: Shape,
) -> Result<Answer, ApiError> {
    let query = ListQuery::parse(query, Kind::Pod)?;
    let in_scope =
        |usage: &PodUsage| namespace.as_ref().is_none_or(|only| *only == usage.namespace);
    let usages = backend.usage().into_iter().filter(in_scope).collect();
    let mut measured = measure(backend, usages).await?;
    measured.retain(|it| query.labels.matches(&it.pod) && query.fields.matches(&it.pod));
    let body = match shape {
        Shape::Table(_) => table_of(&measured, backend),
        Shape::Whole | Shape::Partial => json!({
            "kind": "PodMetricsList",
            "apiVersion": API_VERSION,
            "metadata": {},
            "items": measured.iter().map(|it| object(it, backend)).collect::<Vec<_>>(),
        }),
    };
    Ok(answer::value(StatusCode::OK, &body))
}

/// Answers with one running pod.
pub(crate) async fn get(
    backend: &dyn Backend,
    namespace: &str,
    name: &str,
    shape: Shape,
) -> Result<Answer, ApiError> {
    let usages = backend.usage().into_iter();
    let usages = usages.filter(|it| it.namespace == namespace && it.name == name).collect();
    let measured = measure(backend, usages).await?;
    let Some(found) = measured.first() else {
        let message = format!("podmetrics.metrics.k8s.io \"{namespace}/{name}\" not found");
        return Err(ApiError::new(Reason::NotFound, message));
    };
    let body = match shape {
        Shape::Table(_) => table_of(&measured, backend),
        Shape::Whole | Shape::Partial => object(found, backend),
    };
    Ok(answer::value(StatusCode::OK, &body))
}

/// Looks up the pods of `usages`; one that went meanwhile is left out, and so is a container that has only
/// just begun: nothing can be said of it yet.
async fn measure(backend: &dyn Backend, usages: Vec<PodUsage>) -> Result<Vec<Measured>, ApiError> {
    let reader = backend.reader();
    blocking(move || {
        let mut measured = Vec::new();
        for mut usage in usages {
            usage.containers.retain(|container| !container.window.is_zero());
            let key = ObjectKey::new(Kind::Pod, usage.namespace.clone(), usage.name.clone());
            let pod = reader.get(&key).map_err(|error| unreadable(&error))?;
            if let Some(pod) = pod.filter(|_| !usage.containers.is_empty()) {
                measured.push(Measured { pod, usage });
            }
        }
        Ok(measured)
    })
    .await
}

fn object(measured: &Measured, backend: &dyn Backend) -> Value {
    let Measured { pod, usage } = measured;
    let container = |container: &ContainerUsage| {
        json!({
            "name": container.name,
            "usage": {
                "cpu": format!("{}n", nano_cores(container)),
                "memory": format!("{}Ki", container.memory_bytes.div_ceil(1024)),
            },
        })
    };
    let now = backend.now().to_time();
    json!({
        "kind": "PodMetrics",
        "apiVersion": API_VERSION,
        "metadata": {
            "name": usage.name,
            "namespace": usage.namespace,
            "creationTimestamp": now,
            "labels": pod.metadata().labels,
        },
        "timestamp": now,
        "window": format!("{}ms", window(usage).as_millis()),
        "containers": usage.containers.iter().map(container).collect::<Vec<_>>(),
    })
}

/// Returns how long the shortest of the windows is.
fn window(usage: &PodUsage) -> Duration {
    usage.containers.iter().map(|container| container.window).min().unwrap_or_default()
}

/// Returns the share of a core, in billionths.
fn nano_cores(container: &ContainerUsage) -> u128 {
    container.cpu.as_nanos() * 1_000_000_000 / container.window.as_nanos().max(1)
}

fn table_of(measured: &[Measured], backend: &dyn Backend) -> Value {
    let row = |measured: &Measured| {
        let usage = &measured.usage;
        let cores: u128 = usage.containers.iter().map(nano_cores).sum();
        let bytes: u64 = usage.containers.iter().map(|container| container.memory_bytes).sum();
        let cells = json!([
            usage.name,
            format!("{}m", cores.div_ceil(1_000_000)),
            format!("{}Ki", bytes.div_ceil(1024)),
            format!("{}s", window(usage).as_secs()),
        ]);
        json!({"cells": cells, "object": object(measured, backend)})
    };
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {},
        "columnDefinitions": table::POD_METRICS.map(Column::to_value),
        "rows": measured.iter().map(row).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_a_core_is_time_on_it_by_the_time_that_passed() {
        let millis = Duration::from_millis;
        for (cpu, window, share) in [
            (millis(500), millis(1000), 500_000_000),
            (millis(1), millis(15_000), 66_666),
            (millis(0), millis(15_000), 0),
            (Duration::from_hours(100), Duration::from_hours(100), 1_000_000_000),
        ] {
            let used = ContainerUsage { name: String::new(), cpu, window, memory_bytes: 0 };
            assert_eq!(nano_cores(&used), share, "{cpu:?} of {window:?}");
        }
    }
}
