//! Objects, pods and batches to begin with.

use std::sync::Arc;

use jobling_core::Timestamp;
use jobling_core::api::{Kind, Object, ObjectKey};
use jobling_core::engine::{Batch, Change, Snapshot, Store, Write};
use jobling_core::pods::{JobId, Pod, PodId, PodPhase, PodStatus, Tally};
use jobling_store::testing::MemoryDisk;
use jobling_store::{Readers, Settings, Writer};
use k8s_openapi::api::batch::v1::Job;
use serde_json::{Value, json};

pub(crate) const SEED: [u8; 16] = [7; 16];

pub(crate) fn disk() -> MemoryDisk {
    MemoryDisk::new(SEED, Settings::default()).unwrap()
}

/// An empty store, and what keeps it in memory.
pub(crate) fn store() -> (Writer, Readers, MemoryDisk) {
    let disk = disk();
    let (writer, readers) = disk.open().unwrap();
    (writer, readers, disk)
}

/// Commits `writes` as of `revision`; Job numbers up to 99 count as given.
pub(crate) fn commit(writer: &mut Writer, revision: u64, writes: Vec<Write>) {
    writer.commit(&batch(revision, writes)).unwrap();
}

pub(crate) fn batch(revision: u64, writes: Vec<Write>) -> Batch {
    Batch { writes, changes: Vec::new(), revision, next_job: JobId(100) }
}

pub(crate) fn key(kind: Kind, name: &str) -> ObjectKey {
    ObjectKey::new(kind, "default", name)
}

pub(crate) fn config_map(namespace: &str, name: &str, revision: u64, value: &str) -> Object {
    let value = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "namespace": namespace,
            "name": name,
            "resourceVersion": revision.to_string(),
        },
        "data": { "value": value },
    });
    Object::from_value(Kind::ConfigMap, &value).unwrap()
}

pub(crate) fn job(namespace: &str, name: &str, revision: u64) -> Job {
    job_with(namespace, name, revision, json!({}))
}

/// A Job whose spec has the fields of `spec` besides a template.
pub(crate) fn job_with(namespace: &str, name: &str, revision: u64, spec: Value) -> Job {
    let mut value = json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "namespace": namespace,
            "name": name,
            "uid": format!("uid-of-{namespace}-{name}-{revision}"),
            "resourceVersion": revision.to_string(),
        },
        "spec": { "template": { "spec": { "containers": [{ "name": "main", "image": "hello" }] } } },
    });
    value["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    serde_json::from_value(value).unwrap()
}

pub(crate) fn write_object(object: Object) -> Write {
    Write::Object { object: Arc::new(object), job: None }
}

pub(crate) fn write_job(id: u64, job: Job) -> Write {
    Write::Object { object: Arc::new(Object::Job(Box::new(job))), job: Some(JobId(id)) }
}

pub(crate) fn write_status(id: u64, revision: u64, status: &Value) -> Write {
    Write::JobStatus {
        job: JobId(id),
        revision,
        status: Arc::new(status.to_string().into_bytes()),
        memory: Arc::new(format!("{{\"as_of\":{revision}}}").into_bytes()),
    }
}

pub(crate) fn write_pod(pod: Pod) -> Write {
    Write::Pod(Arc::new(pod))
}

/// A finished Job's status, as of a second.
pub(crate) fn complete(second: i64) -> Value {
    let at = Timestamp::from_unix_seconds(second).to_string();
    json!({ "conditions": [
        { "type": "SuccessCriteriaMet", "status": "True", "lastTransitionTime": at },
        { "type": "Complete", "status": "True", "lastTransitionTime": at },
    ] })
}

pub(crate) fn pod(job: u64, ordinal: u32, revision: u64, phase: PodPhase) -> Pod {
    Pod {
        id: PodId::new(JobId(job), ordinal),
        revision,
        index: None,
        index_failures: None,
        created_at: Timestamp::from_unix_seconds(1_700_000_000),
        scheduled_at: None,
        stop: None,
        deletion: None,
        tally: Tally::Open,
        status: PodStatus { phase, ..PodStatus::default() },
    }
}

pub(crate) fn change(revision: u64, before: Option<Object>, after: Option<Object>) -> Change {
    let snapshot = |object: Object| Snapshot::Object(Arc::new(object));
    let key = after.as_ref().or(before.as_ref()).unwrap().key();
    Change {
        revision,
        kind: key.kind,
        namespace: key.namespace,
        before: before.map(snapshot),
        after: after.map(snapshot),
    }
}
