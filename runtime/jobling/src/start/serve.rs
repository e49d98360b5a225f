//! `serve`: opens the rooms, then the doors, says that it is ready, and drains when it is told to stop.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jobling_server::{Api, Limits, TriggerEndpoint, TriggerLimits, TriggerListener};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::registries::set_registries;
use super::settings::{RetryDefaults, set_synchronous, set_trigger_memory, settings};
use super::state::keep_state;
use crate::args::Serve;
use crate::environment;
use crate::host::{Ended, Host};
use crate::output::Output;
use crate::serve::{Doors, Passed, interval, keep_telling, notify, reachable, told_to_stop};
use crate::verbs::{Exit, Failure};

/// Serves until it is told to stop.
pub(crate) async fn serve(args: &Serve, output: &mut Output) -> Result<Exit, Failure> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false).init();
    let passed = Passed::take()?;
    let data: PathBuf = args.data.clone().unwrap_or_else(environment::default_data_directory);
    let mut settings = settings(data, &args.limits, &args.retries, RetryDefaults::Daemon)
        .map_err(|error| Failure::Usage(error.to_string()))?;
    set_synchronous(&mut settings, args.synchronous);
    set_registries(&mut settings, &args.registries)
        .map_err(|error| Failure::Usage(error.to_string()))?;
    keep_state(&mut settings, &args.state).map_err(|error| Failure::Usage(error.to_string()))?;
    if args.trigger_listen.is_some() {
        set_trigger_memory(&mut settings, args.trigger_memory.as_deref())
            .map_err(|error| Failure::Usage(error.to_string()))?;
    }
    let host = Host::start(&settings).map_err(|error| Failure::cannot_start(&error))?;
    let data = std::path::absolute(&settings.data)?;
    let doors = Doors::open(&data, args.listen, args.trigger_listen, passed)
        .await
        .map_err(|error| Failure::cannot_start(&error))?;
    let grace = args.drain.limit().unwrap_or(Duration::MAX);
    let triggers = doors.triggers.map(|listener| take_requests(&host, listener, grace));
    let api = Api::new(Arc::new(host.handle().clone()), doors.access, Limits::default());
    let api = Arc::new(api);
    let serving = Serving::start(|stop| jobling_server::serve(api, doors.listeners, stop));
    output.line(&doors.ready)?;
    tell_manager("READY=1");
    answer_watchdog(&host);
    let failed = tokio::select! {
        told = told_to_stop() => { told?; None }
        ended = host.handle().ended() => Some(ended),
    };
    tell_manager("STOPPING=1");
    if let Some(triggers) = triggers {
        triggers.end().await;
        host.handle().tell_counts().await;
    }
    let ended = if let Some(ended) = failed { ended } else { host.shutdown(grace).await };
    serving.end().await;
    match ended {
        Ended::Drained | Ended::Closed => Ok(Exit::Success),
        Ended::Overdue(pods) => {
            tracing::warn!(
                pods,
                "pods have not ended in time; they are tried again after the next start"
            );
            Ok(Exit::Success)
        }
        Ended::Panicked(message) => Err(Failure::Refused(format!(
            "error: the engine has failed: {message}; nothing that was answered is lost"
        ))),
    }
}

/// Has the service manager told that the daemon lives, where it wants to hear that.
fn answer_watchdog(host: &Host) {
    let variable = environment::variable;
    let (usec, pid) = (variable("WATCHDOG_USEC"), variable("WATCHDOG_PID"));
    let interval = interval(usec.as_deref(), pid.as_deref(), std::process::id());
    if let (Some(socket), Some(interval)) = (variable("NOTIFY_SOCKET"), interval) {
        // It goes on to the end: ending in order is life, too.
        drop(tokio::spawn(keep_telling(socket, interval, host.handle().clone())));
    }
}

/// Takes requests to triggers; they have as long to end as pods have.
fn take_requests(host: &Host, listener: TriggerListener, grace: Duration) -> Serving {
    host.handle().takes_requests_at(format!("http://{}", reachable(listener.address())));
    let limits = TriggerLimits::default();
    let drain_timeout = limits.drain_timeout.min(grace);
    let limits = TriggerLimits { drain_timeout, ..limits };
    let endpoint = Arc::new(TriggerEndpoint::new(Arc::new(host.handle().clone()), limits));
    Serving::start(|stop| jobling_server::serve_triggers(endpoint, listener, stop))
}

/// A server that is told when to end.
struct Serving {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// When a server is told to end.
type Stop = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Serving {
    fn start<F: Future<Output = ()> + Send + 'static>(serve: impl FnOnce(Stop) -> F) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        // That the sender is gone means the same.
        let stopped = Box::pin(async { drop(stopped.await) });
        Self { stop, task: tokio::spawn(serve(stopped)) }
    }

    async fn end(self) {
        // Where the server has ended already nobody hears it.
        self.stop.send(()).ok();
        if let Err(error) = self.task.await {
            tracing::warn!(%error, "a server did not end in order");
        }
    }
}

fn tell_manager(state: &str) {
    if let Some(socket) = environment::variable("NOTIFY_SOCKET") {
        notify(&socket, state);
    }
}
