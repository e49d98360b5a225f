//! A host with a trigger, and what is asked of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jobling_core::Timestamp;
use jobling_core::api::{HTTPTrigger, Kind, Object};
use jobling_core::trigger::{
    IdempotencyKey, TriggerCall, TriggerReply, TriggerRequest, TriggerVerb,
};
use jobling_simulation::{Host, Stepped};
use k8s_openapi::api::batch::v1::Job;
use serde_json::{Value, json};

const NINE: i64 = 1_795_424_400;

/// A host with the trigger `t`, whose requests take no more than ten minutes.
pub(crate) fn given(spec: &Value) -> Host {
    let mut host = Host::new(1, Timestamp::from_unix_seconds(NINE)).unwrap();
    host.create(Kind::HTTPTrigger, trigger("t", spec));
    assert!(host.step().unwrap().answers[0].is_ok());
    host
}

pub(crate) fn trigger(name: &str, spec: &Value) -> Value {
    let mut all = json!({
        "path": format!("/{name}"),
        "auth": {"none": {}},
        "response": "Async",
        "idempotency": {"retentionSeconds": 3_600},
        "jobTemplate": {
            "metadata": {"annotations": {"seconds": "1"}},
            "spec": {"template": {"spec": {
                "restartPolicy": "Never", "containers": [{"name": "main", "image": "guest"}],
            }}},
        },
    });
    all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    json!({"apiVersion": "jobling.dev/v1alpha1", "kind": "HTTPTrigger",
        "metadata": {"name": name}, "spec": all})
}

/// A template of requests that never end by themselves.
pub(crate) fn endless() -> Value {
    let mut template = trigger("", &json!({}))["spec"]["jobTemplate"].take();
    template["metadata"]["annotations"]["seconds"] = json!("100000000");
    template["metadata"]["annotations"]["failures"] = json!("100");
    template["spec"]["backoffLimit"] = json!(1_000_000);
    template
}

pub(crate) fn call(host: &Host, key: Option<&str>, body: &str) -> Arc<TriggerCall> {
    let mut fingerprint = [0; 32];
    fingerprint[..body.len()].copy_from_slice(body.as_bytes());
    Arc::new(TriggerCall {
        method: "POST".into(),
        path: "/t".into(),
        query: String::new(),
        segments: BTreeMap::new(),
        headers: Vec::new(),
        body: body.as_bytes().to_vec(),
        remote: None,
        received: host.now(),
        idempotency: key.map(|key| IdempotencyKey { key: key.to_owned(), fingerprint }),
    })
}

pub(crate) fn ask(host: &mut Host, verb: TriggerVerb) {
    let uid = the_trigger(host).unwrap().metadata.uid.unwrap();
    host.ask_trigger(TriggerRequest { namespace: "default".into(), name: "t".into(), uid, verb });
}

/// Sends a request and returns what it is told.
pub(crate) fn send(host: &mut Host, key: Option<&str>, body: &str) -> TriggerReply {
    let call = call(host, key, body);
    ask(host, TriggerVerb::Run(call));
    reply(host.step().unwrap())
}

pub(crate) fn reply(mut stepped: Stepped) -> TriggerReply {
    stepped.trigger_answers.pop().unwrap().unwrap()
}

pub(crate) fn accepted(reply: TriggerReply) -> String {
    match reply {
        TriggerReply::Accepted { job, .. } => job,
        other => panic!("the request was not taken: {other:?}"),
    }
}

pub(crate) fn jobs(host: &Host) -> Vec<Job> {
    let all = host.list(Kind::Job).unwrap();
    let job = |object| match object {
        Object::Job(job) => Some(*job),
        _ => None,
    };
    all.into_iter().filter_map(job).collect()
}

pub(crate) fn the_trigger(host: &Host) -> Option<HTTPTrigger> {
    host.list(Kind::HTTPTrigger).unwrap().into_iter().find_map(|object| match object {
        Object::HTTPTrigger(trigger) => Some(*trigger),
        _ => None,
    })
}

pub(crate) fn counts(host: &Host) -> (i64, i64, i32, i32) {
    let status = the_trigger(host).unwrap().status.unwrap_or_default();
    (
        status.requests.unwrap_or_default(),
        status.failures.unwrap_or_default(),
        status.active.unwrap_or_default(),
        status.queued.unwrap_or_default(),
    )
}

pub(crate) fn suspended(host: &Host, name: &str) -> Option<bool> {
    let all = jobs(host);
    let job = all.iter().find(|job| job.metadata.name.as_deref() == Some(name))?;
    job.spec.as_ref()?.suspend
}
