//! What the operator sets of every room.

use std::path::PathBuf;

use jobling_core::engine;
use jobling_images::registry::{Keyring, RegistrySettings};
use jobling_sandbox::Compiler;

/// Requests that may wait for the engine; one more is told to try again.
const REQUESTS: usize = 1024;

/// What a host is started with.
#[derive(Debug, Clone)]
pub(crate) struct HostSettings {
    /// Where everything is kept.
    pub(crate) data: PathBuf,
    /// What may run at once, and retry delays.
    pub(crate) engine: engine::Settings,
    /// How the database is kept.
    pub(crate) store: jobling_store::Settings,
    /// How much the images may take.
    pub(crate) images: jobling_images::Limits,
    /// Which registries are trusted how.
    pub(crate) registries: RegistrySettings,
    /// What registries are shown for pods that bring nothing of their own.
    pub(crate) keyring: Keyring,
    /// How pods live here: allowed host paths, default limits, logs.
    pub(crate) node: jobling_node::Settings,
    /// Compiled code, and who compiles.
    pub(crate) sandbox: jobling_sandbox::Settings,
    /// Requests that may wait for the engine.
    pub(crate) most_requests: usize,
}

impl HostSettings {
    /// Returns every room's own defaults, all kept below `data`.
    pub(crate) fn new(data: PathBuf, host: jobling_node::Host, compiler: Compiler) -> Self {
        let sandbox = jobling_sandbox::Settings::new(data.join("cache"), compiler);
        Self {
            engine: engine::Settings::default(),
            store: jobling_store::Settings::default(),
            images: jobling_images::Limits {
                image_bytes: sandbox.compile.module_bytes,
                total_bytes: 4 << 30,
            },
            registries: RegistrySettings::default(),
            keyring: Keyring::default(),
            node: jobling_node::Settings::new(data.clone(), host),
            sandbox,
            most_requests: REQUESTS,
            data,
        }
    }
}
