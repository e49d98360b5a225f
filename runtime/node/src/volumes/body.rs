//! The body of a request as a file that a container may read: in a directory of the run's own, made only
//! for modules that can open files.

use std::fs;
use std::sync::Arc;

use jobling_core::trigger::TriggerCall;

use super::own::RunDirectory;
use crate::containers::{Access, Mount};
use crate::env::{BODY, DIRECTORY};

/// Where a run finds the body of the request that it answers.
#[derive(Debug, Clone)]
pub(crate) struct BodyFile {
    directory: RunDirectory,
    call: Arc<TriggerCall>,
}

impl BodyFile {
    /// Returns the file of a run whose own directory would be `directory`.
    pub(crate) fn of(call: Arc<TriggerCall>, directory: RunDirectory) -> Self {
        Self { directory, call }
    }

    /// Writes the file; returns what to mount.
    ///
    /// # Errors
    /// Where it cannot be written, with why.
    pub(crate) fn mount(&self) -> Result<Mount, String> {
        let failed = |why: &dyn std::fmt::Display| {
            format!("the file of the request's body cannot be made: {why}")
        };
        let (path, host) = self.directory.make().map_err(|why| failed(&why))?;
        fs::write(path.join(BODY), &self.call.body).map_err(|why| failed(&why))?;
        let (guest_path, access) = (DIRECTORY.to_owned(), Access::ReadOnly);
        Ok(Mount { guest_path, host, access, quotas: Vec::new() })
    }
}
