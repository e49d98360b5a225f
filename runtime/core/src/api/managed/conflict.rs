//! What a manager is told who applies fields that others have set to something else.

use std::collections::BTreeMap;

use super::element::path_text;
use super::fields::FieldSet;
use super::managers::Id;
use crate::api::{ApiError, Cause, Reason};

/// The fields that others have, by who has them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Conflicts(pub(super) BTreeMap<Id, FieldSet>);

impl Conflicts {
    pub(super) fn is_empty(&self) -> bool {
        self.0.values().all(FieldSet::is_empty)
    }

    /// Returns those that are about other fields than `allowed`.
    pub(super) fn beyond(&self, allowed: &FieldSet) -> Self {
        let beyond = self.0.iter().map(|(id, fields)| (id.clone(), fields.difference(allowed)));
        Self(beyond.filter(|(_, fields)| !fields.is_empty()).collect())
    }

    /// Returns the refusal that names every field and who has it: apimachinery's `NewConflictError`.
    pub(super) fn to_error(&self) -> ApiError {
        // By name, as the API server sorts them.
        let mut managers: Vec<(String, Vec<String>)> = self
            .0
            .iter()
            .map(|(id, fields)| {
                (id.to_string(), fields.paths().iter().map(|path| path_text(path)).collect())
            })
            .collect();
        managers.sort();
        let causes: Vec<Cause> = managers
            .iter()
            .flat_map(|(manager, paths)| paths.iter().map(move |path| (manager, path)))
            .map(|(manager, path)| Cause {
                reason: "FieldManagerConflict",
                field: path.clone(),
                message: format!("conflict with {manager}"),
            })
            .collect();
        let message = match (managers.as_slice(), causes.len()) {
            ([(manager, paths)], 1) => {
                format!("Apply failed with 1 conflict: conflict with {manager}: {}", paths[0])
            }
            (managers, count) => {
                let list: Vec<String> = managers
                    .iter()
                    .map(|(manager, paths)| {
                        format!("conflicts with {manager}:\n- {}", paths.join("\n- "))
                    })
                    .collect();
                format!("Apply failed with {count} conflicts: {}", list.join("\n"))
            }
        };
        ApiError { causes, ..ApiError::new(Reason::Conflict, message) }
    }
}
