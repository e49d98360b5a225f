//! The node: takes pods from the engine, gives each a task, and keeps their last reports until the engine
//! has committed them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jobling_core::api::{Kind, Object, ObjectKey};
use jobling_core::engine::{EndCause, PodReport, PodStart, Runner};
use jobling_core::pods::PodId;
use jobling_queues::OpenQueues;
use jobling_sandbox::Sandbox;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::awaited::Awaited;
use crate::calls::Calls;
use crate::containers::Containers;
use crate::logs::Logs;
use crate::pod::{Pod, attend};
use crate::ports::{Clock, Images, Objects};
use crate::sandboxed::Sandboxed;
use crate::settings::Settings;
use crate::usage::Meters;
use crate::volumes::Volumes;

/// What the node needs of the binary.
pub struct Outside {
    /// Finds images.
    pub images: Arc<dyn Images>,
    /// Reads `ConfigMap`, `Secret` and `PersistentVolumeClaim` objects.
    pub objects: Arc<dyn Objects>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Opens work queues for tasks.
    pub queues: Arc<dyn OpenQueues>,
    /// What pods print.
    pub logs: Logs,
    /// Where reports go.
    pub reports: mpsc::Sender<PodReport>,
}

/// What all pods share.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) containers: Arc<dyn Containers>,
    pub(crate) images: Arc<dyn Images>,
    pub(crate) objects: Arc<dyn Objects>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) queues: Arc<dyn OpenQueues>,
    pub(crate) logs: Logs,
    pub(crate) volumes: Volumes,
    pub(crate) awaited: Awaited,
    pub(crate) calls: Calls,
    reports: mpsc::Sender<PodReport>,
    pods: Mutex<HashMap<PodId, Place>>,
}

/// What is known of a pod.
enum Place {
    Living(Arc<Pod>),
    /// Ended; what it came to is not committed yet.
    Ended(Box<PodReport>),
}

/// Runs pods on this host. Clones are the same node.
#[derive(Clone)]
pub struct Node {
    shared: Arc<Shared>,
    runtime: Handle,
}

impl Node {
    /// Returns a node that runs its containers in `sandbox`. Must be called within a tokio runtime, in
    /// which the pods' tasks will live.
    #[must_use]
    pub fn new(settings: Settings, sandbox: Arc<Sandbox>, outside: Outside) -> Self {
        let node = Self::with_containers(settings, Arc::new(Sandboxed::new(sandbox)), outside);
        node.runtime.spawn(node.shared.logs.clone().keep_flushing());
        node
    }

    pub(crate) fn with_containers(
        settings: Settings,
        containers: Arc<dyn Containers>,
        outside: Outside,
    ) -> Self {
        let prefixes = settings.host_path_prefixes.clone();
        let shared = Shared {
            calls: Calls::new(settings.calls_memory_bytes),
            volumes: Volumes::new(settings.data_dir.clone(), prefixes),
            settings,
            containers,
            images: outside.images,
            objects: outside.objects,
            clock: outside.clock,
            queues: outside.queues,
            logs: outside.logs,
            awaited: Awaited::default(),
            reports: outside.reports,
            pods: Mutex::default(),
        };
        shared.volumes.release_calls();
        Self { shared: Arc::new(shared), runtime: Handle::current() }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Returns the last reports of pods that the engine has not forgotten yet, to be given again.
    #[must_use]
    pub fn unforgotten(&self) -> Vec<PodReport> {
        let pods = self.shared.pods();
        let ended = pods.values().filter_map(|place| match place {
            Place::Living(_) => None,
            Place::Ended(report) => Some((**report).clone()),
        });
        ended.collect()
    }

    /// Returns what reads what its pods use.
    #[must_use]
    pub fn meters(&self) -> Meters {
        Meters(Arc::downgrade(&self.shared))
    }

    /// Returns what pods print.
    #[must_use]
    pub fn logs(&self) -> &Logs {
        &self.shared.logs
    }
}

impl Shared {
    /// Returns the pods that have not ended.
    pub(crate) fn living(&self) -> Vec<Arc<Pod>> {
        let pods = self.pods();
        let living = pods.values().filter_map(|place| match place {
            Place::Living(pod) => Some(Arc::clone(pod)),
            Place::Ended(_) => None,
        });
        living.collect()
    }

    fn pods(&self) -> MutexGuard<'_, HashMap<PodId, Place>> {
        self.pods.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Runner for Node {
    fn start(&mut self, start: PodStart) {
        let id = start.pod.id;
        let shared = Arc::clone(&self.shared);
        let pod = Arc::new(Pod::new(Arc::clone(&shared), start));
        shared.pods().insert(id, Place::Living(Arc::clone(&pod)));
        self.runtime.spawn(async move {
            let last = attend(&pod, &shared.reports).await;
            shared.pods().insert(id, Place::Ended(Box::new(last.clone())));
            if shared.reports.send(last).await.is_err() {
                tracing::debug!(pod = %id, "nobody takes reports any more");
            }
        });
    }

    fn stop(&mut self, pod: PodId, cause: EndCause, grace: Duration) {
        if let Some(Place::Living(pod)) = self.shared.pods().get(&pod) {
            pod.end(cause, grace);
        }
    }

    fn forget(&mut self, pod: PodId) {
        self.shared.pods().remove(&pod);
    }

    fn remove(&mut self, pod: PodId) {
        self.shared.logs.remove(pod, self.shared.clock.now());
        // Left where the daemon was cut off before the pod's end was known.
        if self.shared.volumes.has_left(pod) {
            let shared = Arc::clone(&self.shared);
            self.runtime.spawn_blocking(move || shared.volumes.release(pod));
        }
    }

    fn object_changed(&mut self, key: &ObjectKey, object: Option<&Object>) {
        self.shared.awaited.changed(key);
        if key.kind == Kind::PersistentVolumeClaim && object.is_none() {
            let (shared, key) = (Arc::clone(&self.shared), key.clone());
            self.runtime.spawn_blocking(move || shared.volumes.claim_gone(&key, &*shared.objects));
        }
    }
}
