//! What becomes of `managedFields` when an object is made or changed otherwise than by apply: whoever
//! changes a field takes it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta};
use serde_json::{Value, json};

use super::changes::Changes;
use super::element::Element;
use super::fields::FieldSet;
use super::managers::{Held, Id, Manager, Managers, Operation};
use super::shape;
use crate::api::validate::{CONTROLLER_UID, JOB_NAME, LEGACY_CONTROLLER_UID, LEGACY_JOB_NAME};
use crate::api::{Kind, Object};

/// The metadata that is the server's own.
const SERVERS: [&str; 9] = [
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "generation",
    "managedFields",
    "resourceVersion",
    "deletionTimestamp",
];

/// Gives `object`, which is new, the managedFields of one that `manager` made.
pub fn claim_new(object: &mut Object, manager: &Manager) {
    let mut managers = match given(object.metadata()) {
        Given::Managers(managers) => managers,
        Given::Nothing | Given::Reset => Managers::default(),
    };
    let kind = object.kind();
    let new = filled(kind, plain(&without_generated(object)));
    let old = empty(kind);
    take_changes(&mut managers, kind, &old, &new, manager);
    object.metadata_mut().managed_fields = managers.write();
}

/// Gives `new` the managedFields of what `manager` has made of `old`. Those that the client itself sent
/// take the place of the old ones, as whoever migrates them needs it.
pub fn claim_changes(new: &mut Object, old: &Object, manager: &Manager) {
    let stored = || stored(old.metadata());
    let mut managers = match given(new.metadata()) {
        _ if !manager.subresource.is_empty() => stored(),
        Given::Managers(managers) => managers,
        Given::Nothing => stored(),
        Given::Reset => Managers::default(),
    };
    let kind = new.kind();
    let (before, after) = (filled(kind, plain(old)), filled(kind, plain(new)));
    take_changes(&mut managers, kind, &before, &after, manager);
    new.metadata_mut().managed_fields = managers.write();
}

/// Gives what differs to `manager` and takes it from all others.
pub(super) fn take_changes(
    managers: &mut Managers,
    kind: Kind,
    old: &Value,
    new: &Value,
    manager: &Manager,
) {
    let changes = Changes::between(old, new, shape::root(kind));
    let set = owned(changes.set(), manager.subresource);
    let lost = changes.set().union(&changes.removed);
    for held in managers.0.values_mut() {
        held.fields = held.fields.difference(&lost);
    }
    managers.0.retain(|_, held| !held.fields.is_empty());
    if set.is_empty() {
        return;
    }
    let api_version = kind.api_version();
    let id = Id::of(manager, Operation::Update, &api_version);
    let time = Some(manager.now.to_time());
    let held = managers.0.remove(&id);
    let fields = held.map_or_else(|| set.clone(), |held| held.fields.union(&set));
    managers.0.insert(id, Held { fields, api_version, time });
}

/// Returns what of `fields` a client can own: nothing of the server's, and the status only where it was
/// written to.
pub(super) fn owned(fields: FieldSet, subresource: &str) -> FieldSet {
    let field = |name: &str| Element::Field(name.to_owned());
    let mut fields = fields.without(&[field("apiVersion")]).without(&[field("kind")]);
    for name in SERVERS {
        fields = fields.without(&[field("metadata"), field(name)]);
    }
    let mut metadata = FieldSet::default();
    metadata.insert(&[field("metadata")]);
    fields = fields.difference(&metadata);
    if subresource.is_empty() {
        fields = fields.without(&[field("status")]);
    }
    fields
}

/// What a client sent as managedFields.
enum Given {
    Nothing,
    /// A single empty entry: nobody is to have anything.
    Reset,
    Managers(Managers),
}

fn given(metadata: &ObjectMeta) -> Given {
    match metadata.managed_fields.as_deref().unwrap_or_default() {
        [] => Given::Nothing,
        [entry] if *entry == ManagedFieldsEntry::default() => Given::Reset,
        entries => Managers::read(entries).map_or(Given::Nothing, Given::Managers),
    }
}

/// Returns the managers of a stored object.
pub(super) fn stored(metadata: &ObjectMeta) -> Managers {
    metadata.managed_fields.as_deref().and_then(Managers::read).unwrap_or_default()
}

/// Returns an object without its managedFields.
pub(super) fn plain(object: &Object) -> Value {
    let mut value = object.to_value();
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    value
}

/// Returns an object as it is compared: with the structures that are never absent in Kubernetes, so that
/// nobody becomes the owner of one that was only empty before.
pub(super) fn filled(kind: Kind, mut value: Value) -> Value {
    fill(&mut value, &empty(kind));
    value
}

fn fill(value: &mut Value, with: &Value) {
    let (Some(fields), Some(with)) = (value.as_object_mut(), with.as_object()) else { return };
    for (name, with) in with {
        match fields.get_mut(name) {
            Some(value) => fill(value, with),
            None => {
                fields.insert(name.clone(), with.clone());
            }
        }
    }
}

/// Returns an object of a kind as Go has it before anything is set.
pub(super) fn empty(kind: Kind) -> Value {
    let template = json!({"metadata": {}, "spec": {"containers": null}});
    let job = json!({"template": template});
    match kind {
        Kind::Job => json!({"metadata": {}, "spec": job, "status": {}}),
        Kind::CronJob => json!({
            "metadata": {},
            "spec": {"schedule": "", "jobTemplate": {"metadata": {}, "spec": job}},
            "status": {},
        }),
        Kind::HTTPTrigger => json!({
            "metadata": {},
            "spec": {"path": "", "jobTemplate": {"metadata": {}, "spec": job}},
            "status": {},
        }),
        Kind::PersistentVolumeClaim => {
            json!({"metadata": {}, "spec": {"resources": {}}, "status": {}})
        }
        Kind::Namespace => json!({"metadata": {}, "spec": {}, "status": {}}),
        Kind::Pod => json!({"metadata": {}, "spec": {"containers": null}, "status": {}}),
        Kind::Event => json!({"metadata": {}, "involvedObject": {}, "source": {}}),
        Kind::ServiceAccount | Kind::ConfigMap | Kind::Secret => json!({"metadata": {}}),
    }
}

/// A Job's selector and the labels that go with it are nobody's unless the client chose them.
fn without_generated(object: &Object) -> Object {
    let mut object = object.clone();
    if let Object::Job(job) = &mut object
        && let Some(spec) = &mut job.spec
        && spec.manual_selector != Some(true)
    {
        spec.selector = None;
        let metas = [Some(&mut job.metadata), spec.template.metadata.as_mut()];
        for labels in metas.into_iter().flatten().map(|meta| &mut meta.labels) {
            let generated = [CONTROLLER_UID, JOB_NAME, LEGACY_CONTROLLER_UID, LEGACY_JOB_NAME];
            if let Some(labels) = labels {
                labels.retain(|key, _| !generated.contains(&key.as_str()));
            }
            *labels = labels.take().filter(|labels| !labels.is_empty());
        }
    }
    object
}
