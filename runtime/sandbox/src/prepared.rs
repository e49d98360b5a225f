//! What can be started at once, and what is known of it before it is.

use std::sync::Arc;

use wasmtime::InstancePre;
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi_http::p2::bindings::ProxyPre;

use crate::guest::Guest;

/// A module or component that can be started; clones share it.
#[derive(Clone)]
pub struct Prepared(Arc<Parts>);

/// What is known of it.
pub(crate) struct Parts {
    pub(crate) start: Start,
    pub(crate) code_bytes: u64,
    pub(crate) memories: u32,
    pub(crate) opens_files: bool,
    pub(crate) uses_queues: bool,
}

/// What is started.
pub(crate) enum Start {
    /// A core module's `_start`.
    Module(InstancePre<Guest>),
    /// A component's `wasi:cli/run`.
    Component(CommandPre<Guest>),
    /// A component's `wasi:http/incoming-handler`, which needs a request.
    Handler(ProxyPre<Guest>),
}

impl Prepared {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    pub(crate) fn start(&self) -> &Start {
        &self.0.start
    }

    /// Returns whether a run of it must have a request ([`RunSpec::request`](crate::RunSpec::request)).
    #[must_use]
    pub fn wants_request(&self) -> bool {
        matches!(self.0.start, Start::Handler(_))
    }

    /// Returns how many memories one run of it takes.
    pub(crate) fn memories(&self) -> u32 {
        self.0.memories
    }

    /// Returns whether it can open files at all, by what it imports.
    #[must_use]
    pub fn opens_files(&self) -> bool {
        self.0.opens_files
    }

    /// Returns whether it can open work queues by `jobling:task`, by what it imports.
    #[must_use]
    pub fn uses_queues(&self) -> bool {
        self.0.uses_queues
    }

    /// Returns the size of its compiled code in bytes.
    #[must_use]
    pub fn code_bytes(&self) -> u64 {
        self.0.code_bytes
    }
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared").field("code_bytes", &self.0.code_bytes).finish_non_exhaustive()
    }
}
