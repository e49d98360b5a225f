//! `run`: plans, then opens the rooms in a directory of its own, and leaves with the Jobs' result.

use super::registries::set_registries;
use super::settings::{RetryDefaults, settings};
use super::state::keep_state;
use crate::args::{Connection, Run};
use crate::build::Progress;
use crate::clock;
use crate::environment;
use crate::host::Host;
use crate::output::Output;
use crate::run;
use crate::serve::interrupts;
use crate::verbs::{Exit, Failure};

/// Runs what `args` name in the foreground.
pub(crate) async fn run(
    args: &Run,
    connection: &Connection,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let namespace = connection.namespace.as_deref().unwrap_or("default");
    // A folder is built here, which may take a while; nobody else needs this thread.
    let (tools, progress) = (environment::tools(), Progress::on(output));
    let plan = run::plan(args, &tools, &progress, namespace, clock::moment())
        .map_err(|error| Failure::BadInput(error.to_string()))?;
    drop(progress);
    let temporary = tempfile::Builder::new().prefix("jobling-run-").tempdir()?;
    let data = args.data.clone().unwrap_or_else(|| temporary.path().to_owned());
    let mut settings = settings(data, &args.limits, &args.retries, RetryDefaults::Foreground)
        .map_err(|error| Failure::BadInput(error.to_string()))?;
    set_registries(&mut settings, &args.registries)
        .map_err(|error| Failure::BadInput(error.to_string()))?;
    // Whoever waits for the result wants all of it.
    settings.engine.terminated_pod_gc_threshold = None;
    keep_state(&mut settings, &args.state).map_err(|error| Failure::BadInput(error.to_string()))?;
    if args.data.is_none() {
        keep_code(&mut settings);
    }
    let mut interrupts = interrupts()?;
    let host = Host::start(&settings).map_err(|error| Failure::cannot_start(&error))?;
    let stage = host.handle().clone();
    let exit = run::run(args, &plan, &stage, &mut interrupts, output).await;
    drop(host);
    exit
}

/// The state is gone after a temporary run, but a module need not be compiled twice.
fn keep_code(settings: &mut crate::host::HostSettings) {
    if let Some(cache) = environment::cache_directory() {
        settings.sandbox.cache_directory = cache;
    }
}
