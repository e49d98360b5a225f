//! Containers in the sandbox: turns what is asked of a run into the sandbox's terms, and its end back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use jobling_core::trigger::TriggerCall;
use jobling_queues::QUEUE_URL;
use jobling_sandbox::{
    HttpRequest, Limits, Mount, OutboundRule, Output, Quota, RunSpec, Sandbox, Stopper, TaskHost,
    Usage,
};

use crate::containers::{
    Access, ContainerEnd, ContainerSpec, Containers, Ending, Overflow, QuotaSpec, Run,
};
use crate::limits::Defaults;
use crate::logs::{RunLog, Stream};
use crate::volumes::{BodyFile, MessageFile};

/// Files below a quota, for each MiB of it: a directory full of empty files is full, too.
const FILES_PER_MEBIBYTE: u64 = 256;

/// Containers in the sandbox.
pub(crate) struct Sandboxed {
    sandbox: Arc<Sandbox>,
    /// Runs that share a directory must share its quota.
    quotas: Mutex<HashMap<String, Weak<Quota>>>,
}

impl Sandboxed {
    pub(crate) fn new(sandbox: Arc<Sandbox>) -> Self {
        Self { sandbox, quotas: Mutex::default() }
    }

    fn quota(&self, spec: &QuotaSpec) -> Arc<Quota> {
        let key = format!("{:?} {}", spec.directories, spec.bytes);
        let mut quotas = self.quotas.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(quota) = quotas.get(&key).and_then(Weak::upgrade) {
            return quota;
        }
        quotas.retain(|_, quota| quota.strong_count() > 0);
        let overflow = match spec.overflow {
            Overflow::Refuse => jobling_sandbox::Overflow::Refuse,
            Overflow::End => jobling_sandbox::Overflow::End,
        };
        let files = (spec.bytes >> 20).saturating_add(1).saturating_mul(FILES_PER_MEBIBYTE);
        let limit = Usage { bytes: spec.bytes, files };
        let quota = Quota::new(&spec.name, spec.directories.clone(), limit, overflow);
        quotas.insert(key, Arc::downgrade(&quota));
        quota
    }

    /// Returns what the sandbox is asked for, into which goes what of `spec` nobody else needs.
    fn run_spec(&self, spec: &mut ContainerSpec) -> Result<RunSpec, String> {
        let rule = |text: &String| text.parse::<OutboundRule>().map_err(|error| error.to_string());
        let mount = |mount: &crate::containers::Mount| Mount {
            guest_path: mount.guest_path.clone(),
            host: mount.host.path(),
            access: match mount.access {
                Access::ReadOnly => jobling_sandbox::Access::ReadOnly,
                Access::ReadWrite => jobling_sandbox::Access::ReadWrite,
            },
            quotas: mount.quotas.iter().map(|quota| self.quota(quota)).collect(),
        };
        Ok(RunSpec {
            args: std::mem::take(&mut spec.args),
            env: std::mem::take(&mut spec.env),
            mounts: spec.mounts.iter().map(mount).collect(),
            allow_outbound: spec.allow_outbound.iter().map(rule).collect::<Result<_, _>>()?,
            hosts: std::mem::take(&mut spec.hosts),
            meter: spec.meter.clone(),
            task: Some(Arc::clone(&spec.task) as Arc<dyn TaskHost>),
            stdin: spec.call.as_ref().map(body).unwrap_or_default(),
            ..RunSpec::default()
        })
    }

    async fn run_to_end(&self, mut spec: Box<ContainerSpec>) -> ContainerEnd {
        let not_started = |why| ContainerEnd { ending: Ending::NotStarted(why), fuel_used: 0 };
        let prepared = match self.sandbox.prepare(&spec.image.path, &spec.image.digest).await {
            Ok(prepared) => prepared,
            Err(error) => return not_started(error.to_string()),
        };
        if prepared.uses_queues() {
            // The host does the talking: what is in the URL need not enter the guest.
            spec.env.retain(|(name, _)| name != QUEUE_URL);
        }
        let message = spec.message.as_ref().filter(|_| prepared.opens_files());
        match message.map(MessageFile::mount).transpose() {
            Ok(mount) => spec.mounts.extend(mount.flatten()),
            Err(why) => return not_started(why),
        }
        let body = spec.body.as_ref().filter(|_| prepared.opens_files());
        match body.map(BodyFile::mount).transpose() {
            Ok(mount) => spec.mounts.extend(mount),
            Err(why) => return not_started(why),
        }
        let mut run = match self.run_spec(&mut spec) {
            Ok(run) => run,
            Err(why) => return not_started(why),
        };
        run.stdout = match spec.answer.clone() {
            Some(answer) => Output::to(move |piece| answer.write(piece)),
            None => logged(&spec.log, Stream::Stdout),
        };
        run.stderr = logged(&spec.log, Stream::Stderr);
        if prepared.wants_request() {
            run.request = spec.call.as_ref().map(request);
        }
        let stopper = Stopper::new();
        let exit = self.sandbox.run(&prepared, run, limits(&spec.limits), &stopper).await;
        ContainerEnd { ending: ending(exit.ending), fuel_used: exit.fuel_used }
    }
}

/// Returns an output that goes to the log.
fn logged(log: &RunLog, stream: Stream) -> Output {
    let log = log.clone();
    Output::to(move |piece| log.write(stream, piece))
}

/// Returns the body of a request, of which there is one copy however many read it.
fn body(call: &Arc<TriggerCall>) -> Bytes {
    struct Body(Arc<TriggerCall>);
    impl AsRef<[u8]> for Body {
        fn as_ref(&self) -> &[u8] {
            &self.0.body
        }
    }
    Bytes::from_owner(Body(Arc::clone(call)))
}

/// Returns the request as a component takes it.
fn request(call: &Arc<TriggerCall>) -> HttpRequest {
    let separator = if call.query.is_empty() { "" } else { "?" };
    HttpRequest {
        method: call.method.clone(),
        target: format!("{}{separator}{}", call.path, call.query),
        headers: call.headers.clone(),
        body: body(call),
    }
}

fn limits(given: &Defaults) -> Limits {
    Limits {
        memory_bytes: given.memory_bytes,
        fuel: given.fuel,
        cpu_millis: given.cpu_millis,
        output_bytes: given.output_bytes,
        descriptors: given.descriptors,
    }
}

fn ending(ending: jobling_sandbox::Ending) -> Ending {
    use jobling_sandbox::Ending as From;
    match ending {
        From::Exited(code) => Ending::Exited(code),
        From::Trapped { message } => Ending::Trapped(message),
        From::OutOfMemory => Ending::OutOfMemory,
        From::OutOfFuel => Ending::OutOfFuel,
        From::OutputLimit => Ending::OutputLimit,
        From::StorageLimit { quota } => Ending::StorageLimit(quota),
        From::Stopped => Ending::Stopped,
        From::StartFailed { why } => Ending::NotStarted(why),
        From::HostPanic { message } => Ending::HostFailed(message),
    }
}

impl Containers for Sandboxed {
    fn run(&self, spec: Box<ContainerSpec>) -> Run<'_> {
        Box::pin(self.run_to_end(spec))
    }
}
