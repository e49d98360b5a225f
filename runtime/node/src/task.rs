//! What one run of a container may ask of this host by `jobling:task`: its queues, its secrets, and to be
//! heard about its progress.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jobling_core::pods::{JobInfo, Pod, Progress};
use jobling_queues::{
    OpenQueues, Opening, Place, PlaceError, QUEUE_URL, QueueError, Receipt, Session,
};
use jobling_sandbox::{TaskAnswer, TaskFailure, TaskHost, TaskItem, TaskQueue, TaskReason};
use tokio::sync::watch;

use crate::env::Environment;

/// Where a run is, for its queues.
pub(crate) struct Whereabouts {
    pub(crate) pod: Arc<Pod>,
    pub(crate) job: Arc<JobInfo>,
    /// The container's name.
    pub(crate) container: String,
    /// Names that the pod's template gives addresses.
    pub(crate) hosts: BTreeMap<String, IpAddr>,
}

impl Whereabouts {
    /// Returns what names the run; no two that are alive at once have one.
    fn holder(&self) -> String {
        format!("{}/{}", self.pod.uid(&self.job), self.container)
    }
}

/// What one run may ask for.
pub(crate) struct RunTask {
    queues: Arc<dyn OpenQueues>,
    place: Result<Place, PlaceError>,
    whereabouts: Whereabouts,
    secrets: BTreeMap<String, Arc<[u8]>>,
    progress: watch::Sender<Option<Progress>>,
}

impl RunTask {
    /// Returns what a run with this environment may ask for.
    pub(crate) fn new(
        queues: Arc<dyn OpenQueues>,
        environment: &Environment,
        whereabouts: Whereabouts,
    ) -> Self {
        let value = |name: &str| {
            let variable = environment.variables.iter().find(|(n, _)| n == name);
            variable.map_or("", |(_, value)| value.as_str())
        };
        let place = Place::parse(value(QUEUE_URL));
        // It is the host that talks to the queues.
        let secrets = environment.secrets.iter().filter(|name| *name != QUEUE_URL);
        let secrets = secrets.map(|name| (name.clone(), Arc::from(value(name).as_bytes())));
        let secrets = secrets.collect();
        Self { queues, place, whereabouts, secrets, progress: watch::Sender::new(None) }
    }

    /// Returns what is told whenever the run says how far it is.
    pub(crate) fn progress(&self) -> watch::Receiver<Option<Progress>> {
        self.progress.subscribe()
    }
}

impl fmt::Debug for RunTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunTask")
            .field("holder", &self.whereabouts.holder())
            .finish_non_exhaustive()
    }
}

impl TaskHost for RunTask {
    fn report(&self, progress: jobling_sandbox::Progress) {
        let jobling_sandbox::Progress { done, total, text } = progress;
        self.progress.send_replace(Some(Progress { done, total, text }));
    }

    fn open_queue(&self, name: &str) -> Result<Box<dyn TaskQueue>, TaskFailure> {
        let place = match &self.place {
            Ok(place) => place,
            Err(error) => return Err(TaskFailure::new(TaskReason::Invalid, error.to_string())),
        };
        let Whereabouts { job, hosts, .. } = &self.whereabouts;
        let (namespace, holder) = (&job.namespace, &self.whereabouts.holder());
        let opened = self.queues.open(Opening { place, hosts, namespace, name, holder });
        opened.map(|session| Box::new(RunQueue(session)) as Box<dyn TaskQueue>).map_err(told)
    }

    fn secret(&self, name: &str) -> Option<Arc<[u8]>> {
        self.secrets.get(name).cloned()
    }
}

/// A queue that a run has open.
struct RunQueue(Box<dyn Session>);

fn told(error: QueueError) -> TaskFailure {
    let reason = match &error {
        QueueError::Unknown(_) => TaskReason::NotFound,
        QueueError::TooLarge { .. } | QueueError::Name(_) | QueueError::Refused { .. } => {
            TaskReason::Invalid
        }
        QueueError::Full { .. } | QueueError::TooManyHeld { .. } => TaskReason::Full,
        QueueError::Lost(_) => TaskReason::Lost,
        QueueError::Store(_) | QueueError::Unreachable { .. } | QueueError::Closed => {
            TaskReason::Unreachable
        }
    };
    TaskFailure::new(reason, error.to_string())
}

impl TaskQueue for RunQueue {
    fn push(&mut self, body: Vec<u8>) -> TaskAnswer<'_, ()> {
        Box::pin(async { self.0.push(body).await.map_err(told) })
    }

    fn reserve(&mut self, wait: Duration) -> TaskAnswer<'_, Option<TaskItem>> {
        Box::pin(async move {
            let delivery = self.0.reserve(wait).await.map_err(told)?;
            Ok(delivery.map(|delivery| TaskItem {
                receipt: delivery.receipt.0,
                attempt: delivery.attempt,
                body: delivery.body,
            }))
        })
    }

    fn ack(&mut self, receipt: u64) -> TaskAnswer<'_, ()> {
        Box::pin(async move { self.0.ack(Receipt(receipt)).await.map_err(told) })
    }

    fn nack(&mut self, receipt: u64, delay: Duration) -> TaskAnswer<'_, ()> {
        Box::pin(async move { self.0.nack(Receipt(receipt), delay).await.map_err(told) })
    }

    fn extend(&mut self, receipt: u64) -> TaskAnswer<'_, ()> {
        Box::pin(async move { self.0.extend(Receipt(receipt)).await.map_err(told) })
    }
}
