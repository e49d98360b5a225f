//! What the tests ask of a host, and how they wait for it.

use std::path::Path;
use std::time::Duration;

use jobling_core::api::{ApiError, Kind, Object, ObjectKey};
use jobling_core::control::Backoff;
use jobling_core::engine::{Reply, Request, Verb, WriteOptions};
use jobling_sandbox::Compiler;
use k8s_openapi::api::batch::v1::Job;
use serde_json::{Value, json};

use crate::host::{Handle, HostSettings};

pub(super) fn settings(data: &Path) -> HostSettings {
    let node = jobling_node::Host { node_name: "edge-1".into(), ip: "192.0.2.7".into() };
    let mut settings = HostSettings::new(data.to_owned(), node, Compiler::InProcess);
    settings.engine.backoff = Backoff { first: Duration::ZERO, longest: Duration::ZERO };
    settings
}

pub(super) fn creation(name: &str, spec: Value) -> Request {
    let mut job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [
            {"name": "main", "image": "hello:1"},
        ]}}},
    });
    for (field, value) in spec.as_object().unwrap() {
        job["spec"][field] = value.clone();
    }
    Request {
        kind: Kind::Job,
        namespace: "default".into(),
        name: String::new(),
        verb: Verb::Create(job),
        options: WriteOptions::default(),
    }
}

pub(super) async fn create(handle: &Handle, name: &str, spec: Value) -> Result<Reply, ApiError> {
    within(handle.submit(creation(name, spec))).await
}

pub(super) fn job(handle: &Handle, name: &str) -> Job {
    let key = ObjectKey::new(Kind::Job, "default", name);
    let Some(Object::Job(job)) = handle.reader().get(&key).unwrap() else { panic!("no {name}") };
    *job
}

/// Waits for the Job's terminal condition and returns its type.
pub(super) async fn end_of(handle: &Handle, name: &str) -> String {
    let mut revisions = handle.revisions();
    loop {
        revisions.mark_unchanged();
        let conditions = job(handle, name).status.and_then(|status| status.conditions);
        let terminal = |kind: &str| matches!(kind, "Complete" | "Failed");
        let kinds = conditions.into_iter().flatten().map(|condition| condition.type_);
        if let Some(kind) = kinds.into_iter().find(|kind| terminal(kind)) {
            return kind;
        }
        within(revisions.changed()).await.expect("the engine runs");
    }
}

/// Nothing here may take long: what hangs fails.
pub(super) async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), work).await.expect("within 20 s")
}
