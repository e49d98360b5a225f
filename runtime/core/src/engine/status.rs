//! A status that a client writes: of a Job whose `managedBy` names another controller, and of nothing else.

use std::sync::Arc;

use serde_json::Value;

use super::turn::Turn;
use super::update::check_revision;
use super::{DryRun, Reply, WriteOptions};
use crate::api::{Admitted, ApiError, Object, Reason, admit_status_update};
use crate::control::job::Rules;

impl Turn<'_> {
    /// Gives an object the status that a client's body has.
    pub(super) fn change_status(
        &mut self,
        old: &Arc<Object>,
        body: &Value,
        options: &WriteOptions,
    ) -> Result<Reply, ApiError> {
        let key = old.key();
        if !is_written_by_others(old) {
            return Err(refusal());
        }
        let Admitted { mut object, warnings } =
            admit_status_update(old, body, options.field_validation)?;
        check_revision(old, &mut object)?;
        let reply = |object| Reply { object, created: false, gone: false, warnings };
        if object == **old || options.dry_run == DryRun::All {
            return Ok(reply(object));
        }
        let id = self.job_id(&key)?;
        let Object::Job(job) = object else { return Err(refusal()) };
        if self.entry(id).is_none() {
            return Err(ApiError::conflict(key, "a finished Job's status does not change"));
        }
        self.write_status(id, job.status.unwrap_or_default());
        let object = self.existing(&key)?;
        Ok(reply(Object::clone(&object)))
    }
}

fn is_written_by_others(object: &Object) -> bool {
    let Object::Job(job) = object else { return false };
    job.spec.as_ref().is_some_and(|spec| Rules::of(spec).managed_elsewhere)
}

fn refusal() -> ApiError {
    let why = "this status is written by jobling alone; it can be read (that of a Job with another \
        controller in spec.managedBy can be written)";
    ApiError::new(Reason::MethodNotAllowed, why)
}
