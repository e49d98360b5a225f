//! What the trigger endpoint needs of the rest of the program: the port that the binary implements.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use jobling_core::api::{ApiError, HTTPTrigger};
use jobling_core::trigger::{TriggerAnswer, TriggerCall, TriggerReply, TriggerRequest};

use crate::backend::Backend;

/// Why a request was not run.
#[derive(Debug, Clone, PartialEq)]
pub enum CallRefused {
    /// The memory for requests is in use.
    NoRoom {
        /// When it is worth to try again.
        retry_after: Duration,
    },
    /// It can never be run, or its failure could not be remembered.
    Failed(ApiError),
}

/// What the endpoint is served from, besides what the API is.
pub trait TriggerBackend: Backend {
    /// Hands a request to the engine; the answer comes after the commit.
    fn trigger(
        &self,
        request: TriggerRequest,
    ) -> BoxFuture<'static, Result<TriggerReply, ApiError>>;

    /// Runs a request without a Job: a failure is remembered before it is told. Dropping the future ends
    /// what runs.
    fn call(
        &self,
        trigger: Arc<HTTPTrigger>,
        call: Arc<TriggerCall>,
    ) -> BoxFuture<'static, Result<TriggerAnswer, CallRefused>>;
}
