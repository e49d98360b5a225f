//! Server-side apply: an object is brought to what a manager's configuration says, or made of it.

use serde_json::Value;

use super::turn::Turn;
use super::update::refuse_pods;
use super::{Configuration, Reply, WriteOptions};
use crate::api::managed::{self, Applied};
use crate::api::{ApiError, ObjectKey, Reason, admit_update, decode};

impl Turn<'_> {
    /// Applies a configuration.
    pub(super) fn apply(
        &mut self,
        key: &ObjectKey,
        configuration: &Configuration,
        options: &WriteOptions,
    ) -> Result<Reply, ApiError> {
        refuse_pods(key)?;
        if options.subresource.is_some() {
            let why = "a subresource is not applied to; patch it";
            return Err(ApiError::new(Reason::MethodNotAllowed, why));
        }
        let Some(manager) = self.manager(options) else {
            return Err(ApiError::new(Reason::BadRequest, "fieldManager is required for apply"));
        };
        let body = &configuration.body;
        check_fields(key, body)?;
        let live = self.object(key)?;
        let on_conflict = configuration.on_conflict;
        let Applied { mut body, managed_fields } =
            managed::apply(key.kind, live.as_deref(), body, &manager, on_conflict)?;
        let validation = options.field_validation;
        let Some(old) = live else {
            self.check_namespace(key.kind, &key.namespace)?;
            name(&mut body, key)?;
            let mut admitted = self.admit_new(key.kind, &key.namespace, &body, validation)?;
            admitted.object.metadata_mut().managed_fields = managed_fields;
            return Ok(self.add_admitted(admitted, options.dry_run));
        };
        let conditional = configuration.body.pointer("/metadata/resourceVersion").is_some();
        if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut)
            && !conditional
        {
            metadata.remove("resourceVersion");
        }
        let mut admitted = admit_update(&old, &body, validation)?;
        admitted.object.metadata_mut().managed_fields = managed_fields;
        self.change_to(&old, admitted, options.dry_run)
    }
}

/// A configuration has no field that the kind does not have, however lenient the client is: nobody could
/// be its manager.
fn check_fields(key: &ObjectKey, body: &Value) -> Result<(), ApiError> {
    let faults = decode::read(key.kind, body).faults;
    let Some(fault) = faults.iter().find(|fault| !fault.is_fatal()) else { return Ok(()) };
    let (kind, path) = (key.kind, &fault.path);
    let name = if kind.is_namespaced() {
        format!("{}/{}", key.namespace, key.name)
    } else {
        key.name.clone()
    };
    let hint = fault.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
    let message = format!(
        "failed to create typed patch object ({name}; {}, Kind={kind}): .{path}: field not declared \
         in schema{hint}",
        kind.api_version()
    );
    Err(ApiError::new(Reason::BadRequest, message))
}

/// What is made has the name of the URL.
fn name(body: &mut Value, key: &ObjectKey) -> Result<(), ApiError> {
    let given = body.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    if !given.is_empty() && given != key.name {
        let why = format!(
            "the name of the object ({given}) does not match the name on the URL ({})",
            key.name
        );
        return Err(ApiError::new(Reason::BadRequest, why));
    }
    if let Some(uid) = body.pointer("/metadata/uid").and_then(Value::as_str) {
        let why = format!(
            "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        );
        return Err(ApiError::conflict(key.clone(), &why));
    }
    if !body["metadata"].is_object() {
        body["metadata"] = Value::Object(serde_json::Map::new());
    }
    body["metadata"]["name"] = Value::from(key.name.as_str());
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::Kind;

    #[test]
    fn a_misspelt_field_of_a_configuration_is_named() {
        let key = ObjectKey::new(Kind::Job, "default", "j");
        let body = json!({"metadata": {"name": "j"}, "spec": {"backofLimit": 1}});
        let error = check_fields(&key, &body).expect_err("it is misspelt");
        assert_eq!(
            error.message,
            "failed to create typed patch object (default/j; batch/v1, Kind=Job): .spec.backofLimit: \
             field not declared in schema (\"spec.backofLimit\": did you mean \"backoffLimit\"?)"
        );
        assert!(check_fields(&key, &json!({"spec": {"parallelism": 1}})).is_ok());
    }
}
