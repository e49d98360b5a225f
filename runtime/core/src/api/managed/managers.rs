//! The managers of an object and what each has set, read from `metadata.managedFields` and written back.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ManagedFieldsEntry, Time};

use super::fields::FieldSet;
use crate::Timestamp;

/// Entries of updates that are kept apart; the oldest beyond are put together
/// (`DefaultMaxUpdateManagers` of apimachinery).
const MOST_UPDATERS: usize = 10;

/// Who has the fields of updates that are no longer kept apart.
const ANCIENT: &str = "ancient-changes";

/// Who makes a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manager {
    /// The name that the client gave, or that of its program.
    pub name: String,
    /// The subresource that it writes to; empty for the object itself.
    pub subresource: &'static str,
    /// When.
    pub now: Timestamp,
}

/// How a manager came to its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    Apply,
    Update,
}

impl Operation {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Apply, Self::Update].into_iter().find(|operation| operation.as_str() == text)
    }
}

/// What an entry is known by. Who applies is the same manager in whatever version it applies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id {
    pub(super) operation: Operation,
    pub(super) name: String,
    /// Empty for [`Operation::Apply`].
    pub(super) api_version: String,
    pub(super) subresource: String,
}

impl Id {
    /// Returns what the entry of `manager` is known by.
    pub(super) fn of(manager: &Manager, operation: Operation, api_version: &str) -> Self {
        let api_version = match operation {
            Operation::Apply => String::new(),
            Operation::Update => api_version.to_owned(),
        };
        let name = if manager.name.is_empty() { "unknown" } else { &manager.name };
        Self {
            operation,
            name: name.to_owned(),
            api_version,
            subresource: manager.subresource.to_owned(),
        }
    }
}

/// As the API server names a manager in a conflict.
impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.name)?;
        if !self.subresource.is_empty() {
            write!(f, " with subresource {:?}", self.subresource)?;
        }
        match self.operation {
            Operation::Apply => Ok(()),
            Operation::Update => write!(f, " using {}", self.api_version),
        }
    }
}

/// What a manager has set.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Held {
    pub(super) fields: FieldSet,
    pub(super) api_version: String,
    pub(super) time: Option<Time>,
}

/// The managers of an object.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Managers(pub(super) BTreeMap<Id, Held>);

impl Managers {
    /// Returns the managers in `entries`; `None` where one of them cannot be read.
    pub(super) fn read(entries: &[ManagedFieldsEntry]) -> Option<Self> {
        entries.iter().map(entry).collect::<Option<_>>().map(Self)
    }

    /// Returns the managers as `metadata.managedFields` has them: those who apply first, the rest by time.
    pub(super) fn write(mut self) -> Option<Vec<ManagedFieldsEntry>> {
        self.0.retain(|_, held| !held.fields.is_empty());
        self.put_oldest_together();
        let mut entries: Vec<(Id, Held)> = self.0.into_iter().collect();
        entries.sort_by(|(a, held_a), (b, held_b)| {
            let time = |held: &Held| held.time.as_ref().map(|time| time.0);
            (a.operation, time(held_a), a).cmp(&(b.operation, time(held_b), b))
        });
        let entries: Vec<_> = entries.into_iter().map(|(id, held)| write_entry(id, held)).collect();
        (!entries.is_empty()).then_some(entries)
    }

    /// Keeps an object's entries bounded, however many programs change it.
    fn put_oldest_together(&mut self) {
        let updaters = self.0.iter().filter(|(id, _)| id.operation == Operation::Update);
        let mut updaters: Vec<(Option<Time>, Id)> =
            updaters.map(|(id, held)| (held.time.clone(), id.clone())).collect();
        let Some(beyond) = updaters.len().checked_sub(MOST_UPDATERS).filter(|beyond| *beyond > 0)
        else {
            return;
        };
        updaters.sort_by(|(a, a_id), (b, b_id)| {
            let time = |time: &Option<Time>| time.as_ref().map(|time| time.0);
            (time(a), a_id).cmp(&(time(b), b_id))
        });
        for (_, id) in updaters.into_iter().take(beyond + 1) {
            let Some(held) = self.0.remove(&id) else { continue };
            let bucket = Id { name: ANCIENT.to_owned(), subresource: String::new(), ..id };
            match self.0.get_mut(&bucket) {
                Some(ancient) => {
                    ancient.fields = ancient.fields.union(&held.fields);
                    ancient.time = held.time;
                }
                None => {
                    self.0.insert(bucket, held);
                }
            }
        }
    }

    /// Returns what all of them have set.
    pub(super) fn all_fields(&self) -> FieldSet {
        self.0.values().fold(FieldSet::default(), |all, held| all.union(&held.fields))
    }
}

fn entry(entry: &ManagedFieldsEntry) -> Option<(Id, Held)> {
    let operation = Operation::parse(entry.operation.as_deref()?)?;
    let api_version = entry.api_version.clone().filter(|version| !version.is_empty())?;
    if entry.fields_type.as_deref() != Some("FieldsV1") {
        return None;
    }
    let fields = entry.fields_v1.as_ref().map(|FieldsV1(fields)| FieldSet::from_v1(fields));
    let id = Id {
        operation,
        name: entry.manager.clone().unwrap_or_default(),
        api_version: match operation {
            Operation::Apply => String::new(),
            Operation::Update => api_version.clone(),
        },
        subresource: entry.subresource.clone().unwrap_or_default(),
    };
    let fields = fields.unwrap_or_default();
    Some((id, Held { fields, api_version, time: entry.time.clone() }))
}

fn write_entry(id: Id, held: Held) -> ManagedFieldsEntry {
    ManagedFieldsEntry {
        api_version: Some(held.api_version),
        fields_type: Some("FieldsV1".to_owned()),
        fields_v1: Some(FieldsV1(held.fields.to_v1())),
        manager: Some(id.name),
        operation: Some(id.operation.as_str().to_owned()),
        subresource: Some(id.subresource).filter(|name| !name.is_empty()),
        time: held.time,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn updater(name: &str, at: i64, field: &str) -> ManagedFieldsEntry {
        ManagedFieldsEntry {
            api_version: Some("v1".to_owned()),
            fields_type: Some("FieldsV1".to_owned()),
            fields_v1: Some(FieldsV1(json!({format!("f:{field}"): {}}))),
            manager: Some(name.to_owned()),
            operation: Some("Update".to_owned()),
            subresource: None,
            time: Some(Timestamp::from_unix_seconds(at).to_time()),
        }
    }

    #[test]
    fn the_oldest_updates_beyond_the_bound_are_put_together() {
        let entries: Vec<_> =
            (0..12).map(|at| updater(&format!("m{at}"), at, &format!("x{at}"))).collect();
        let written = Managers::read(&entries).unwrap().write().unwrap();
        let names: Vec<_> = written.iter().filter_map(|entry| entry.manager.as_deref()).collect();
        assert_eq!(names.len(), MOST_UPDATERS);
        assert_eq!(names[..2], ["ancient-changes", "m3"]);
        let FieldsV1(ancient) = written[0].fields_v1.clone().unwrap();
        assert_eq!(ancient, json!({"f:x0": {}, "f:x1": {}, "f:x2": {}}));
    }

    #[test]
    fn entries_that_cannot_be_read_are_none() {
        let good = updater("m", 0, "x");
        assert!(Managers::read(std::slice::from_ref(&good)).is_some());
        for bad in [
            ManagedFieldsEntry { operation: Some("Steal".into()), ..good.clone() },
            ManagedFieldsEntry { api_version: None, ..good.clone() },
            ManagedFieldsEntry { fields_type: Some("FieldsV2".into()), ..good.clone() },
        ] {
            assert_eq!(Managers::read(&[good.clone(), bad]), None);
        }
    }
}
