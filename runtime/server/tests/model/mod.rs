//! A backend in memory: objects by key, changes in order, no engine that acts on them. What it admits,
//! patches and refuses is core's own work.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use jobling_core::Timestamp;
use jobling_core::api::managed::Manager;
use jobling_core::api::{
    ApiError, Identity, Kind, Object, ObjectKey, Reason, admit_create, admit_update, managed, patch,
};
use jobling_core::engine::{
    Change, DryRun, Expired, ListScope, Listing, Reader, Reply, Request, Snapshot, StoreError, Verb,
};
use jobling_core::pods::{JobInfo, Pod};
use jobling_core::queues::{Answer as QueueAnswer, Operation};
use jobling_core::trigger::CallRecord;
use jobling_server::{
    Backend, Image, ImageDetails, LogQuery, LogStream, PodUsage, PruneImages, Transfer,
    TransferOrder, TransferStep,
};
use tokio::sync::watch;

/// 2026-11-23 10:00:00 UTC.
pub(crate) const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_428_000);

#[derive(Default)]
struct State {
    revision: u64,
    objects: BTreeMap<ObjectKey, Arc<Object>>,
    changes: Vec<Arc<Change>>,
    /// Changes up to this revision are no longer kept.
    forgotten: u64,
    images: BTreeMap<String, Image>,
    usage: Vec<PodUsage>,
    /// Objects that were read for lists, of all clients.
    listed: usize,
}

/// The backend; clones are the same one.
#[derive(Clone)]
pub(crate) struct Model {
    state: Arc<Mutex<State>>,
    revisions: watch::Sender<u64>,
}

impl Model {
    /// Returns a backend that holds the namespace `default`.
    pub(crate) fn new() -> Self {
        let model = Self { state: Arc::default(), revisions: watch::Sender::new(0) };
        let namespace = serde_json::json!({
            "metadata": {"name": "default", "uid": "u0", "creationTimestamp": NOW.to_time()},
            "status": {"phase": "Active"},
        });
        model.put(Object::from_value(Kind::Namespace, &namespace).unwrap());
        model
    }

    /// Stores an object as it is, as the engine would on its own account.
    pub(crate) fn put(&self, mut object: Object) -> Object {
        let mut state = self.state.lock().unwrap();
        state.revision += 1;
        let revision = state.revision;
        object.metadata_mut().resource_version = Some(revision.to_string());
        let key = object.key();
        let stored = Arc::new(object.clone());
        let before = state.objects.insert(key.clone(), Arc::clone(&stored));
        state.tell(&key, before, Some(stored));
        drop(state);
        self.revisions.send_replace(revision);
        object
    }

    /// Returns how many objects were read for lists.
    pub(crate) fn listed(&self) -> usize {
        self.state.lock().unwrap().listed
    }

    /// Has a running pod use that much.
    pub(crate) fn uses(&self, usage: PodUsage) {
        self.state.lock().unwrap().usage.push(usage);
    }

    /// Forgets how things came to be as they are.
    pub(crate) fn forget_changes(&self) {
        let mut state = self.state.lock().unwrap();
        state.forgotten = state.revision;
        state.changes.clear();
    }

    fn take(&self, key: &ObjectKey) -> Option<Arc<Object>> {
        let mut state = self.state.lock().unwrap();
        let object = state.objects.remove(key)?;
        state.revision += 1;
        let revision = state.revision;
        state.tell(key, Some(Arc::clone(&object)), None);
        drop(state);
        self.revisions.send_replace(revision);
        Some(object)
    }

    fn carry_out(&self, request: &Request) -> Result<Reply, ApiError> {
        let Request { kind, namespace, name, options, .. } = request;
        let key = ObjectKey::new(*kind, namespace.clone(), name.clone());
        let validation = options.field_validation;
        let current = self.state.lock().unwrap().objects.get(&key).cloned();
        let current = || current.clone().ok_or_else(|| ApiError::not_found(key.clone()));
        let admitted = match &request.verb {
            Verb::Create(body) => {
                let count = self.state.lock().unwrap().revision;
                let identity =
                    Identity { uid: format!("u{count}"), now: NOW, suffix: "abcde".to_owned() };
                let admitted = admit_create(*kind, namespace, body, validation, &identity)?;
                let made = admitted.object.key();
                if self.state.lock().unwrap().objects.contains_key(&made) {
                    return Err(ApiError::already_exists(made));
                }
                admitted
            }
            Verb::Update(body) => admit_update(&*current()?, body, validation)?,
            Verb::Patch(change) => {
                let old = current()?;
                let body = patch::apply(*kind, &old.to_value(), change)?;
                admit_update(&old, &body, validation)?
            }
            Verb::Apply(configuration) => {
                let manager = Manager {
                    name: options.field_manager.clone().unwrap_or_default(),
                    subresource: "",
                    now: NOW,
                };
                let old = current()?;
                let (config, on_conflict) = (&configuration.body, configuration.on_conflict);
                let applied = managed::apply(*kind, Some(&old), config, &manager, on_conflict)?;
                let mut admitted = admit_update(&old, &applied.body, validation)?;
                admitted.object.metadata_mut().managed_fields = applied.managed_fields;
                admitted
            }
            Verb::Delete(_) => {
                let object = Object::clone(&*current()?);
                if options.dry_run == DryRun::None {
                    self.take(&key);
                }
                return Ok(Reply { object, created: false, gone: true, warnings: Vec::new() });
            }
        };
        let object = match options.dry_run {
            DryRun::None => self.put(admitted.object),
            DryRun::All => admitted.object,
        };
        let created = matches!(request.verb, Verb::Create(_));
        Ok(Reply { object, created, gone: false, warnings: admitted.warnings })
    }
}

impl State {
    fn tell(&mut self, key: &ObjectKey, before: Option<Arc<Object>>, after: Option<Arc<Object>>) {
        self.changes.push(Arc::new(Change {
            revision: self.revision,
            kind: key.kind,
            namespace: key.namespace.clone(),
            before: before.map(Snapshot::Object),
            after: after.map(Snapshot::Object),
        }));
    }
}

impl Reader for Model {
    fn revision(&self) -> u64 {
        self.state.lock().unwrap().revision
    }

    fn get(&self, key: &ObjectKey) -> Result<Option<Object>, StoreError> {
        Ok(self.state.lock().unwrap().objects.get(key).map(|object| Object::clone(object)))
    }

    fn pod(&self, _: &str, _: &str) -> Result<Option<(Pod, Arc<JobInfo>)>, StoreError> {
        Ok(None)
    }

    fn list(&self, kind: Kind, scope: &ListScope) -> Result<Listing, StoreError> {
        let mut state = self.state.lock().unwrap();
        let place = |object: &Object| {
            let key = object.key();
            (key.namespace, key.name)
        };
        let mut items: Vec<Object> = state
            .objects
            .values()
            .filter(|object| object.kind() == kind)
            .filter(|it| scope.namespace.as_ref().is_none_or(|only| place(it).0 == *only))
            .filter(|it| scope.after.as_ref().is_none_or(|after| place(it) > *after))
            .map(|object| Object::clone(object))
            .collect();
        let limit = scope.limit.unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(place);
        state.listed += items.len();
        Ok(Listing { revision: state.revision, items, next })
    }

    fn call(&self, _: &str, _: &str) -> Result<Option<CallRecord>, StoreError> {
        Ok(None)
    }

    fn changes(&self, after: u64, most: usize) -> Result<Vec<Arc<Change>>, Expired> {
        let state = self.state.lock().unwrap();
        if after < state.forgotten {
            return Err(Expired { asked: after, oldest: state.forgotten });
        }
        let newer = state.changes.iter().filter(|change| change.revision > after);
        Ok(newer.take(most).cloned().collect())
    }
}

impl Backend for Model {
    fn submit(&self, request: Request) -> BoxFuture<'static, Result<Reply, ApiError>> {
        let model = self.clone();
        async move { model.carry_out(&request) }.boxed()
    }

    fn reader(&self) -> Arc<dyn Reader> {
        Arc::new(self.clone())
    }

    fn revisions(&self) -> watch::Receiver<u64> {
        self.revisions.subscribe()
    }

    fn logs(&self, query: LogQuery) -> BoxFuture<'static, Result<LogStream, ApiError>> {
        let line = format!("{} of {}\n", query.container, query.pod);
        let lines = (0..query.tail_lines.unwrap_or(3)).map(move |_| Ok(Bytes::from(line.clone())));
        async move { Ok(stream::iter(lines).boxed()) }.boxed()
    }

    fn images(&self) -> BoxFuture<'static, Result<Vec<Image>, ApiError>> {
        let images = self.state.lock().unwrap().images.values().cloned().collect();
        async move { Ok(images) }.boxed()
    }

    fn import_image(
        &self,
        name: String,
        content: Bytes,
    ) -> BoxFuture<'static, Result<Image, ApiError>> {
        let image = Image {
            name: name.clone(),
            digest: "sha256:0123456789abcdef".to_owned(),
            size_bytes: content.len() as u64,
            format: "module".to_owned(),
            stored_at: NOW,
        };
        self.state.lock().unwrap().images.insert(name, image.clone());
        async move { Ok(image) }.boxed()
    }

    fn image(&self, name: String) -> BoxFuture<'static, Result<Option<ImageDetails>, ApiError>> {
        let image = self.state.lock().unwrap().images.get(&name).cloned();
        let details = image.map(|image| ImageDetails {
            image,
            origin: None,
            used_at: NOW,
            entrypoint: Vec::new(),
            imports: vec![("wasi_snapshot_preview1.path_open".to_owned(), "func".to_owned())],
            exports: Vec::new(),
            producers: Vec::new(),
            permissions: vec![("files".to_owned(), "opens files".to_owned())],
        });
        async move { Ok(details) }.boxed()
    }

    fn pull_image(&self, name: String, order: TransferOrder) -> Transfer {
        let progress =
            TransferStep::Progress { stage: "transferring", done_bytes: 1, total_bytes: 2 };
        let error = ApiError::new(Reason::NotFound, format!("{name}: plain {}", order.plain_http));
        stream::iter([Ok(progress), Err(error)]).boxed()
    }

    fn push_image(&self, name: String, order: TransferOrder) -> Transfer {
        let name = order.remote.unwrap_or(name);
        stream::iter([Ok(TransferStep::Pushed { name, digest: "sha256:1".to_owned() })]).boxed()
    }

    fn prune_images(
        &self,
        what: PruneImages,
        keep_bytes: u64,
    ) -> BoxFuture<'static, Result<Vec<Image>, ApiError>> {
        let mut state = self.state.lock().unwrap();
        let all = std::mem::take(&mut state.images);
        let gone = if what == PruneImages::All && keep_bytes == 0 { all } else { BTreeMap::new() };
        async move { Ok(gone.into_values().collect()) }.boxed()
    }

    fn remove_image(&self, name: String) -> BoxFuture<'static, Result<Option<Image>, ApiError>> {
        let image = self.state.lock().unwrap().images.remove(&name);
        async move { Ok(image) }.boxed()
    }

    fn usage(&self) -> Vec<PodUsage> {
        self.state.lock().unwrap().usage.clone()
    }

    fn queue(&self, _: Operation) -> BoxFuture<'static, Result<QueueAnswer, ApiError>> {
        async { Ok(QueueAnswer::Queues(Vec::new())) }.boxed()
    }

    fn trigger_endpoint(&self) -> Option<String> {
        Some("http://127.0.0.1:8080".to_owned())
    }

    fn now(&self) -> Timestamp {
        NOW
    }
}
