//! One container: its image, its configuration, its runs, and the pauses between them.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jobling_core::api::ObjectKey;
use jobling_core::pods::{ContainerState, ContainerStatus, Progress, Terminated, Waiting};
use jobling_sandbox::Meter;
use k8s_openapi::api::core::v1::Container;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::Pod;
use super::verdict::terminated;
use crate::containers::{ContainerEnd, ContainerSpec, Ending, Mount};
use crate::env::{Braces, ConfigError, Facts, argv, resolve};
use crate::logs::{RunKey, Slot};
use crate::ports::LocalImage;
use crate::task::{RunTask, Whereabouts};
use crate::volumes::{BodyFile, MessageFile};

/// Lists where a pod's containers may connect to.
const ALLOW_OUTBOUND: &str = "jobling.dev/allow-outbound";
/// `handles` keeps what comes from Secrets out of the environment: tasks open it by `jobling:task/secrets`.
const SECRET_VARIABLES: &str = "jobling.dev/secret-variables";
/// How long a progress report keeps the next one back: each is a commit.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);
/// What waits for its next run after a failure.
const CRASH_LOOP: &str = "CrashLoopBackOff";

/// When a container is run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    Never,
    OnFailure,
    Always,
}

/// One container of a pod.
pub(super) struct Live<'a> {
    pub(super) pod: &'a Pod,
    pub(super) slot: Slot,
    pub(super) container: &'a Container,
    pub(super) again: Again,
    /// Told with the first run.
    pub(super) started: Option<oneshot::Sender<()>>,
}

/// What a run is given of its own.
struct Configuration {
    env: Vec<(String, String)>,
    args: Vec<String>,
    mounts: Vec<Mount>,
    task: RunTask,
}

impl Live<'_> {
    /// Runs the container until it is not run again, or its pod is to be ended.
    pub(super) async fn live(mut self) {
        let Some(before) = self.pod.container(self.slot) else { return };
        let mut failures = 0;
        if let ContainerState::Terminated(end) = &before.state {
            if !self.runs_again(end) {
                return;
            }
            failures = before.restarts + 1;
        }
        let mut counts = is_crash_loop(&before) || failures > 0;
        if counts {
            failures = failures.max(before.restarts + 1);
            if self.pause(failures).await.is_none() {
                return;
            }
        }
        let mut in_use = None;
        loop {
            let Some(image) = self.image().await else { return };
            // Between two runs the image stays, too.
            drop(in_use.replace(image.lease.clone()));
            let Some(spec) = self.configured(image, counts).await else { return };
            let began = Instant::now();
            let end = self.run(spec).await;
            if self.pod.stop().order().is_some() || !self.runs_again(&end) {
                return;
            }
            let long = began.elapsed() >= self.pod.node().settings.restart_reset;
            failures = if long { 1 } else { failures + 1 };
            counts = true;
            self.show_crash_loop(end, failures);
            if self.pause(failures).await.is_none() {
                return;
            }
        }
    }

    fn runs_again(&self, end: &Terminated) -> bool {
        match self.again {
            Again::Never => false,
            Again::OnFailure => end.exit_code != 0,
            Again::Always => true,
        }
    }

    /// Waits until the container may run again; `None` where its pod is to be ended.
    async fn pause(&self, failures: u32) -> Option<()> {
        self.wait(self.pod.node().settings.restart.after(failures)).await
    }

    pub(super) async fn wait(&self, delay: Duration) -> Option<()> {
        tokio::select! {
            biased;
            () = self.pod.stop().asked() => None,
            () = tokio::time::sleep(delay) => Some(()),
        }
    }

    fn show_crash_loop(&self, end: Terminated, failures: u32) {
        let delay = self.pod.node().settings.restart.after(failures).as_secs();
        let name = &self.container.name;
        let whole = self.pod.whole_name();
        self.pod.board().change_container(self.slot, |status| {
            status.last = Some(Box::new(end));
            status.state = ContainerState::Waiting(Waiting {
                reason: CRASH_LOOP.to_owned(),
                message: format!(
                    "back-off {delay}s restarting failed container={name} pod={whole}"
                ),
            });
        });
        let message = format!("Back-off restarting failed container {name} in pod {whole}");
        self.pod.tell("Warning", "BackOff", message, Some(name));
    }

    pub(super) fn show_waiting(&self, reason: &str, message: &str) {
        self.pod.board().change_container(self.slot, |status| {
            // What it waits for next is shown; how the last run ended stays where it is.
            let (reason, message) = (reason.to_owned(), message.to_owned());
            status.state = ContainerState::Waiting(Waiting { reason, message });
        });
    }

    /// Returns what the next run is given once all that it refers to is there; `None` where the pod is to
    /// be ended.
    async fn configured(&self, image: LocalImage, counts: bool) -> Option<Box<ContainerSpec>> {
        let mut told: Option<ConfigError> = None;
        let mut listening: Option<(ObjectKey, Arc<tokio::sync::Notify>)> = None;
        let configuration = loop {
            let heard = listening.clone();
            let change = heard.as_ref().map(|(_, notify)| notify.notified());
            let mut change = std::pin::pin!(change);
            if let Some(change) = change.as_mut().as_pin_mut() {
                // Registers it, so that a change from here on is not missed.
                change.enable();
            }
            let error = match self.configuration(&image) {
                Ok(made) => break made,
                Err(error) => error,
            };
            if self.gives_up("CreateContainerConfigError", &error.to_string()) {
                return None;
            }
            if told.as_ref() != Some(&error) {
                self.show_waiting("CreateContainerConfigError", &error.to_string());
                let name = Some(self.container.name.as_str());
                self.pod.tell("Warning", "Failed", format!("Error: {error}"), name);
            }
            let heard = heard.as_ref().map(|(key, _)| key);
            match (error.awaited().cloned(), change.as_mut().as_pin_mut()) {
                (Some(key), Some(change)) if heard == Some(&key) => tokio::select! {
                    () = self.pod.stop().asked() => return None,
                    () = change => {}
                },
                (Some(key), _) => {
                    let notify = self.pod.node().awaited.listen(&key);
                    listening = Some((key, notify));
                }
                (None, _) => self.wait(self.pod.node().settings.image_retry.cap).await?,
            }
            told = Some(error);
        };
        if self.pod.stop().order().is_some() {
            return None;
        }
        self.show_running(&image, counts);
        Some(self.spec(image, configuration))
    }

    fn configuration(&self, image: &LocalImage) -> Result<Configuration, ConfigError> {
        let node = self.pod.node();
        let facts = Facts::new(self.pod.start(), &node.settings.host, &node.settings.defaults);
        let environment = resolve(self.container, &facts, &*node.objects)?;
        let braces = Braces::of(self.pod.start());
        let args = argv(self.container, image, &environment.variables, braces);
        let task = RunTask::new(Arc::clone(&node.queues), &environment, self.whereabouts());
        let mut env = environment.variables;
        if self.annotation(SECRET_VARIABLES) == Some("handles") {
            env.retain(|(name, _)| !environment.secrets.contains(name));
        }
        for (name, value) in &image.env {
            if !environment.secrets.contains(name) && !env.iter().any(|(own, _)| own == name) {
                env.push((name.clone(), value.clone()));
            }
        }
        if !env.iter().any(|(name, _)| name == "HOSTNAME") {
            env.push(("HOSTNAME".to_owned(), self.pod.host_name()));
        }
        let mounts = self.pod.mounts(self.container, &env)?;
        Ok(Configuration { env, args, mounts, task })
    }

    fn show_running(&self, image: &LocalImage, counts: bool) {
        let started_at = self.pod.now();
        self.pod.board().change_container(self.slot, |status| {
            status.restarts += u32::from(counts);
            status.image_id.clone_from(&image.id);
            status.state = ContainerState::Running { started_at };
            status.progress = None;
        });
    }

    fn spec(&self, image: LocalImage, configuration: Configuration) -> Box<ContainerSpec> {
        let node = self.pod.node();
        let run = self.pod.container(self.slot).map_or(0, |status| status.restarts);
        let key = RunKey { pod: self.pod.id(), slot: self.slot, run };
        let directory = node.volumes.message_directory(self.pod.id(), &self.container.name, run);
        let message = MessageFile::of(self.container, directory, &configuration.mounts);
        let call = self.pod.start().call.clone();
        let body = call.clone().filter(|call| !call.body.is_empty()).map(|call| {
            let directory = node.volumes.body_directory(self.pod.id(), &self.container.name, run);
            BodyFile::of(call, directory)
        });
        Box::new(ContainerSpec {
            image,
            args: configuration.args,
            env: configuration.env,
            mounts: configuration.mounts,
            limits: node.settings.defaults.limits_of(self.container),
            allow_outbound: self.allow_outbound(),
            hosts: self.hosts(),
            log: self.pod.log(key),
            answer: self.pod.answer(self.slot),
            call,
            body,
            message,
            meter: Meter::default(),
            task: Arc::new(configuration.task),
        })
    }

    fn allow_outbound(&self) -> Vec<String> {
        let rules = self.annotation(ALLOW_OUTBOUND);
        let words = rules.into_iter().flat_map(|rules| rules.split([',', ' ', '\n']));
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    /// Returns an annotation of the pod's template.
    fn annotation(&self, name: &str) -> Option<&str> {
        let metadata = self.pod.start().job.template.metadata.as_ref()?;
        metadata.annotations.as_ref()?.get(name).map(String::as_str)
    }

    fn whereabouts(&self) -> Whereabouts {
        let start = self.pod.start();
        Whereabouts {
            pod: Arc::clone(&start.pod),
            job: Arc::clone(&start.job),
            container: self.container.name.clone(),
            hosts: self.hosts(),
        }
    }

    fn hosts(&self) -> BTreeMap<String, IpAddr> {
        let spec = self.pod.start().job.template.spec.as_ref();
        let aliases = spec.and_then(|spec| spec.host_aliases.as_ref()).into_iter().flatten();
        let named = aliases.filter_map(|alias| Some((alias.ip.parse().ok()?, &alias.hostnames)));
        named
            .flat_map(|(ip, names): (IpAddr, _)| {
                names.iter().flatten().map(move |name| (name.clone(), ip))
            })
            .collect()
    }

    /// Shows how far the run is, for as long as there is one that tells.
    async fn show_progress(&self, mut progress: watch::Receiver<Option<Progress>>) -> Infallible {
        while progress.changed().await.is_ok() {
            let told = progress.borrow_and_update().clone();
            self.pod.board().change_container(self.slot, |status| status.progress = told);
            tokio::time::sleep(PROGRESS_EVERY).await;
        }
        std::future::pending().await
    }

    /// Runs the container once and shows how it ended.
    async fn run(&mut self, spec: Box<ContainerSpec>) -> Terminated {
        if let Some(started) = self.started.take() {
            // Whoever waited for it may be gone.
            started.send(()).ok();
        }
        let (log, message) = (spec.log.clone(), spec.message.clone());
        let progress = spec.task.progress();
        let started_at = self.pod.now();
        let metered = self.pod.usage_of(self.slot, spec.meter.clone());
        let end = tokio::select! {
            biased;
            end = self.pod.node().containers.run(spec) => end,
            () = self.pod.stop().over() => ContainerEnd { ending: Ending::Stopped, fuel_used: 0 },
            never = self.show_progress(progress.clone()) => match never {},
        };
        drop(metered);
        log.finish();
        if let Ending::StorageLimit(quota) = &end.ending {
            self.pod.evict(quota);
        }
        let left = message.map_or_else(String::new, |message| message.read());
        let terminated = terminated(end.ending, &left, &log.tail(), started_at, self.pod.now());
        self.pod.board().change_container(self.slot, |status| {
            status.fuel = end.fuel_used;
            status.progress.clone_from(&progress.borrow());
            status.state = ContainerState::Terminated(terminated.clone());
        });
        terminated
    }
}

fn is_crash_loop(status: &ContainerStatus) -> bool {
    match &status.state {
        ContainerState::Waiting(waiting) => waiting.reason == CRASH_LOOP,
        ContainerState::Running { .. } | ContainerState::Terminated(_) => false,
    }
}
