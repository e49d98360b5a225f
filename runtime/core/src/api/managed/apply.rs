//! Server-side apply: an object becomes what a manager's configuration says, and loses what the same
//! manager said before and says no longer; fields that others have set otherwise are in conflict.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use serde_json::{Value, json};

use super::changes::Changes;
use super::conflict::Conflicts;
use super::fields::FieldSet;
use super::managers::{Held, Id, Manager, Managers, Operation};
use super::merge::merge;
use super::read::{check_items, fields_of};
use super::remove::without;
use super::shape::{self, Shape};
use super::update::{empty, filled, owned, plain, stored, take_changes};
use crate::api::{ApiError, Kind, Object, Reason};

/// What `kubectl apply` without `--server-side` keeps its configuration in.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The manager that `kubectl apply --server-side` is, unless it is told otherwise.
const KUBECTL: &str = "kubectl";

/// Whoever has what was set before managedFields were kept.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

/// The metadata that a configuration cannot set.
const SERVERS_METADATA: [&str; 5] =
    ["creationTimestamp", "deletionTimestamp", "generation", "managedFields", "selfLink"];

/// What is done where others have set a field otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnConflict {
    /// The change is refused, naming them.
    #[default]
    Refuse,
    /// The field is taken from them.
    Force,
}

/// What a configuration makes of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The whole object, to be judged as any change.
    pub body: Value,
    /// Its managedFields.
    pub managed_fields: Option<Vec<ManagedFieldsEntry>>,
}

/// Returns what `config` makes of `live`, or of nothing where there is no such object yet.
///
/// # Errors
/// `BadRequest` for a configuration with managedFields or with items that cannot be told apart, `Conflict`
/// with every field that others have set otherwise.
pub fn apply(
    kind: Kind,
    live: Option<&Object>,
    config: &Value,
    manager: &Manager,
    on_conflict: OnConflict,
) -> Result<Applied, ApiError> {
    if config.pointer("/metadata/managedFields").is_some_and(|given| !given.is_null()) {
        let why = "metadata.managedFields must be nil";
        return Err(ApiError::new(Reason::BadRequest, why));
    }
    let config = &clients(config);
    check_items(config, shape::root(kind))?;
    let Some(live) = live else { return Ok(made(kind, config, manager)) };
    let application = Application::new(live, manager);
    let outcome = application.apply(config, on_conflict).or_else(|conflicts| {
        let allowed = application.allowed().filter(|_| manager.name == KUBECTL);
        let beyond = conflicts.beyond(&allowed.unwrap_or_default());
        if beyond.is_empty() { application.apply(config, OnConflict::Force) } else { Err(beyond) }
    });
    let (mut body, managers) = outcome.map_err(|conflicts| conflicts.to_error())?;
    follow_annotation(&mut body, config, manager);
    Ok(Applied { body, managed_fields: managers.write() })
}

/// Returns a configuration without what only the server sets, as one has it that was read from a server.
fn clients(config: &Value) -> Value {
    let mut config = config.clone();
    if let Some(fields) = config.as_object_mut() {
        fields.remove("status");
    }
    if let Some(metadata) = config.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|name, _| !SERVERS_METADATA.contains(&name.as_str()));
    }
    config
}

/// What does not exist yet is what the configuration says, all of it the manager's.
fn made(kind: Kind, config: &Value, manager: &Manager) -> Applied {
    let fields = owned(fields_of(config, shape::root(kind)), manager.subresource);
    let api_version = kind.api_version();
    let id = Id::of(manager, Operation::Apply, &api_version);
    let held = Held { fields, api_version, time: Some(manager.now.to_time()) };
    let managers = Managers([(id, held)].into());
    Applied { body: config.clone(), managed_fields: managers.write() }
}

/// An object that a configuration is to be applied to.
struct Application<'a> {
    manager: &'a Manager,
    kind: Kind,
    shape: Shape,
    live: Value,
    managers: Managers,
}

impl<'a> Application<'a> {
    fn new(object: &Object, manager: &'a Manager) -> Self {
        let kind = object.kind();
        let live = plain(object);
        let mut managers = stored(object.metadata());
        if managers.0.is_empty() {
            let before = Manager { name: BEFORE_FIRST_APPLY.to_owned(), ..manager.clone() };
            let was = filled(kind, live.clone());
            take_changes(&mut managers, kind, &empty(kind), &was, &before);
        }
        Self { manager, kind, shape: shape::root(kind), live, managers }
    }

    fn apply(
        &self,
        config: &Value,
        on_conflict: OnConflict,
    ) -> Result<(Value, Managers), Conflicts> {
        let api_version = self.kind.api_version();
        let id = Id::of(self.manager, Operation::Apply, &api_version);
        let fields = owned(fields_of(config, self.shape), self.manager.subresource);
        let merged = merge(&self.live, config, self.shape);
        let mut managers = self.managers.clone();
        let last = managers.0.get(&id).cloned();
        let held = Held { fields, api_version, time: Some(self.manager.now.to_time()) };
        managers.0.insert(id.clone(), held);
        let body = match &last {
            Some(last) => self.prune(&merged, &managers.all_fields(), &last.fields),
            None => merged,
        };
        let full = |value: &Value| filled(self.kind, value.clone());
        let changes = Changes::between(&full(&self.live), &full(&body), self.shape);
        Self::settle(&mut managers, &id, &changes, on_conflict)?;
        if changes == Changes::default()
            && let (Some(held), Some(last)) = (managers.0.get_mut(&id), last)
            && held.fields == last.fields
        {
            // Nothing has happened: the same configuration may be applied for ever without a write.
            held.time = last.time;
        }
        Ok((body, managers))
    }

    /// Takes what changes from all others, or says who they are.
    fn settle(
        managers: &mut Managers,
        id: &Id,
        changes: &Changes,
        on_conflict: OnConflict,
    ) -> Result<(), Conflicts> {
        let set = changes.set();
        let others = managers.0.iter().filter(|(other, _)| *other != id);
        let conflicts = others.map(|(other, held)| (other.clone(), held.fields.intersection(&set)));
        let conflicts: Conflicts =
            Conflicts(conflicts.filter(|(_, fields)| !fields.is_empty()).collect());
        if on_conflict == OnConflict::Refuse && !conflicts.is_empty() {
            return Err(conflicts);
        }
        let lost = set.union(&changes.removed);
        for (other, held) in &mut managers.0 {
            if other != id {
                held.fields = held.fields.difference(&lost);
            }
        }
        Ok(())
    }

    /// Takes off what the manager applied the last time and does not apply now, unless anybody else has it:
    /// structured-merge-diff's `Updater.prune`.
    fn prune(&self, merged: &Value, managed: &FieldSet, last: &FieldSet) -> Value {
        if last.is_empty() {
            return merged.clone();
        }
        let all = |value: &Value| fields_of(value, self.shape).with_parents();
        let last = last.with_parents();
        let pruned = without(merged, &last, self.shape);
        let of_others = all(&pruned).union(&managed.with_parents());
        let pruned = without(merged, &all(merged).difference(&of_others), self.shape);
        let gone = all(merged).difference(&all(&pruned)).intersection(&last);
        without(merged, &gone, self.shape)
    }

    /// Returns the fields that `kubectl apply` has set and nobody has changed since: whoever goes over to
    /// `--server-side` may take them.
    fn allowed(&self) -> Option<FieldSet> {
        let annotations = self.live.pointer("/metadata/annotations")?;
        let text = annotations.get(LAST_APPLIED)?.as_str()?;
        let last: Value = serde_json::from_str(text).ok()?;
        if last.get("apiVersion")?.as_str()? != self.kind.api_version() {
            return None;
        }
        let changes = Changes::between(&last, &self.live, self.shape);
        let fields = fields_of(&last, self.shape).difference(&changes.set());
        Some(fields.difference(&changes.removed))
    }
}

/// Who goes back to `kubectl apply` without `--server-side` finds what was applied last.
fn follow_annotation(body: &mut Value, config: &Value, manager: &Manager) {
    if manager.name != KUBECTL || !manager.subresource.is_empty() {
        return;
    }
    let annotations = body.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut);
    if let Some(text) = annotations.and_then(|annotations| annotations.get_mut(LAST_APPLIED)) {
        *text = json!(format!("{config}\n"));
    }
}
