//! What the tests of this crate share: Jobs, pods, objects and a clock that are played.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jobling_core::Timestamp;
use jobling_core::api::{Kind, Object, ObjectKey};
use jobling_core::engine::PodStart;
use jobling_core::pods::{JobId, JobInfo, Pod, PodId, PodStatus, Tally};
use jobling_core::trigger::TriggerCall;
use jobling_queues::{OpenQueues, Opening, QueueError, Session};
use k8s_openapi::api::core::v1::{Container, PodTemplateSpec, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use serde_json::{Value, json};

use crate::ports::{
    Clock, ImageError, ImageSource, Images, LocalImage, Objects, ObjectsError, Pull, PullSecret,
    PulledImage,
};
use crate::settings::Host;

pub(crate) fn job(name: &str) -> JobInfo {
    JobInfo {
        id: JobId(7),
        namespace: "default".into(),
        name: name.into(),
        uid: "5e3c5c2e-2f5b-8aaa-9bbb-123456789abc".into(),
        annotations: BTreeMap::new(),
        owner: None,
        completions: None,
        orphaned: false,
        template: PodTemplateSpec::default(),
    }
}

/// A request with these headers.
pub(crate) fn call(headers: &[(&str, &str)]) -> TriggerCall {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    TriggerCall {
        method: "GET".into(),
        path: "/".into(),
        query: String::new(),
        segments: BTreeMap::new(),
        headers: headers.iter().map(pair).collect(),
        body: Vec::new(),
        remote: None,
        received: Timestamp::default(),
        idempotency: None,
    }
}

pub(crate) fn pod_start(job: JobInfo) -> PodStart {
    let pod = Pod {
        id: PodId::new(job.id, 0),
        revision: 1,
        index: None,
        index_failures: None,
        created_at: Timestamp::default(),
        scheduled_at: Some(Timestamp::default()),
        stop: None,
        deletion: None,
        tally: Tally::Open,
        status: PodStatus::default(),
    };
    PodStart { pod: Arc::new(pod), job: Arc::new(job), call: None }
}

pub(crate) fn host() -> Host {
    Host { node_name: "edge-1".into(), ip: "192.0.2.7".into() }
}

pub(crate) fn limited(limits: &[(&str, &str)]) -> Container {
    let limits = limits.iter().map(|(k, v)| ((*k).to_owned(), Quantity((*v).to_owned()))).collect();
    let resources =
        ResourceRequirements { limits: Some(limits), ..ResourceRequirements::default() };
    Container { name: "main".into(), resources: Some(resources), ..Container::default() }
}

/// Objects that a test makes and changes.
#[derive(Debug, Clone, Default)]
pub(crate) struct FakeObjects(Arc<Mutex<BTreeMap<ObjectKey, Object>>>);

impl FakeObjects {
    pub(crate) fn config_map(self, name: &str, data: &[(&str, &str)]) -> Self {
        let data: BTreeMap<_, _> = data.iter().copied().collect();
        self.put(
            Kind::ConfigMap,
            json!({"metadata": {"name": name, "namespace": "default"}, "data": data}),
        )
    }

    pub(crate) fn secret(self, name: &str, data: &[(&str, &[u8])]) -> Self {
        let data: BTreeMap<_, _> = data
            .iter()
            .map(|(key, bytes)| (*key, k8s_openapi::ByteString(bytes.to_vec())))
            .collect();
        self.put(
            Kind::Secret,
            json!({"metadata": {"name": name, "namespace": "default"}, "data": data}),
        )
    }

    pub(crate) fn claim(self, name: &str, uid: &str, storage: &str) -> Self {
        let spec = json!({"resources": {"requests": {"storage": storage}}});
        self.put(
            Kind::PersistentVolumeClaim,
            json!({"metadata": {"name": name, "namespace": "default", "uid": uid}, "spec": spec}),
        )
    }

    pub(crate) fn remove(&self, kind: Kind, name: &str) {
        self.0.lock().unwrap().remove(&ObjectKey::new(kind, "default", name));
    }

    fn put(self, kind: Kind, value: Value) -> Self {
        let object = Object::from_value(kind, &value).unwrap();
        self.0.lock().unwrap().insert(object.key(), object);
        self
    }
}

impl Objects for FakeObjects {
    fn get(&self, key: &ObjectKey) -> Result<Option<Object>, ObjectsError> {
        Ok(self.0.lock().unwrap().get(key).cloned())
    }
}

/// A clock that stands where tokio's paused one does.
#[derive(Debug)]
pub(crate) struct PlayedClock(std::sync::OnceLock<tokio::time::Instant>);

impl Default for PlayedClock {
    fn default() -> Self {
        Self(std::sync::OnceLock::new())
    }
}

impl Clock for PlayedClock {
    fn now(&self) -> Timestamp {
        let start = *self.0.get_or_init(tokio::time::Instant::now);
        Timestamp::from_unix_seconds(1_000).plus(start.elapsed())
    }
}

/// Queues that are closed.
pub(crate) struct NoQueues;

impl OpenQueues for NoQueues {
    fn open(&self, _: Opening<'_>) -> Result<Box<dyn Session>, QueueError> {
        Err(QueueError::Closed)
    }
}

/// Images that a test puts there.
#[derive(Debug, Clone, Default)]
pub(crate) struct PlayedImages(pub(crate) Arc<Mutex<std::collections::BTreeSet<String>>>);

impl PlayedImages {
    pub(crate) fn put(&self, image: &str) {
        self.0.lock().unwrap().insert(image.to_owned());
    }
}

impl Images for PlayedImages {
    fn local(&self, image: &str) -> Result<Option<LocalImage>, ImageError> {
        if image.contains(' ') {
            let why = "a blank".to_owned();
            return Err(ImageError::BadName { image: image.to_owned(), why });
        }
        let here = self.0.lock().unwrap().contains(image);
        Ok(here.then(|| LocalImage {
            digest: format!("sha256:{image}"),
            path: image.into(),
            source: match self.has_registry(image) {
                true => ImageSource::Pulled,
                false => ImageSource::Imported,
            },
            ..LocalImage::default()
        }))
    }

    /// Those whose name has a slash have one.
    fn has_registry(&self, image: &str) -> bool {
        image.contains('/')
    }

    fn pull<'a>(&'a self, image: &'a str, _: Vec<PullSecret>) -> Pull<'a> {
        let pulled = self.local(image).and_then(|here| {
            let why = "the registry has it not".to_owned();
            let image = here.ok_or(ImageError::PullFailed { image: image.to_owned(), why })?;
            let took = Duration::from_millis(1500);
            Ok(PulledImage { image, size_bytes: 5, took, took_with_waiting: took })
        });
        Box::pin(std::future::ready(pulled))
    }
}
