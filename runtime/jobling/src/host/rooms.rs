//! Opens the rooms of one data directory, wires them together and starts the engine's thread.

use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use jobling_core::engine::{Engine, PodReport, Reader, Runner, WithPodEvents};
use jobling_images::ImageStore;
use jobling_images::registry::{Client, Keyring, Puller};
use jobling_node::{Clock, Logs, Meters, Node, Outside};
use jobling_queues::{OpenQueues, Queues};
use jobling_sandbox::Sandbox;
use jobling_store::{DataDirectory, Database, QueueSettings, Readers, Writer};
use tokio::sync::{mpsc, watch};

use super::calls::Untold;
use super::clock_set::ClockSets;
use super::driver::{Asked, Driver, Ended, Inbox, Orders};
use super::handle::{Handle, Shared};
use super::ports::{HostImages, StoredObjects, WallClock};
use super::queues::queues;
use super::{HostError, HostSettings};
use crate::clock;

/// Reports that may wait for the engine; the pods that have more to say wait with it.
const REPORTS: usize = 1024;

/// A host: the engine runs on its data directory for as long as this lives. Dropping it ends everything
/// at once, as a crash would; what was committed is there at the next start.
pub(crate) struct Host {
    handle: Handle,
    thread: Option<JoinHandle<()>>,
    clock_sets: tokio::task::JoinHandle<()>,
}

/// The rooms, open, before the engine runs.
pub(super) struct Rooms {
    directory: DataDirectory,
    writer: Writer,
    readers: Readers,
    revisions: watch::Receiver<u64>,
    images: Arc<ImageStore>,
    puller: Puller,
    keyring: Keyring,
    logs: Logs,
    queues: Arc<Queues>,
    clock: Arc<dyn Clock>,
    reports: (mpsc::Sender<PodReport>, mpsc::Receiver<PodReport>),
}

impl Host {
    /// Opens everything below `settings.data`, recovers what a crash left, and runs. Must be called within
    /// a tokio runtime with I/O and time, in which the pods' tasks will live; it blocks for a moment.
    ///
    /// # Errors
    /// Where another daemon has the directory, or something in it cannot be used.
    pub(crate) fn start(settings: &HostSettings) -> Result<Self, HostError> {
        Self::start_by(settings, Arc::new(WallClock))
    }

    /// The same by another clock.
    pub(super) fn start_by(
        settings: &HostSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, HostError> {
        let rooms = Rooms::open(settings, clock)?;
        let sandbox = Arc::new(Sandbox::new(settings.sandbox.clone())?);
        let node = Node::new(settings.node.clone(), sandbox, rooms.outside());
        let (meters, calls) = (node.meters(), node.clone());
        rooms.run(settings, node, meters, Some(calls))
    }

    /// Returns the front door.
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Has every pod end by itself within `grace`, waits for it, and closes the database.
    pub(crate) async fn shutdown(self, grace: Duration) -> Ended {
        let ended = self.handle.drain(grace).await;
        self.handle.logs().flush();
        ended
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.clock_sets.abort();
        self.handle.0.orders.send_modify(|orders| orders.close = true);
        // Short: a step at most. The directory is free for the next host afterwards.
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            tracing::error!("the engine's thread has failed");
        }
    }
}

impl Rooms {
    /// Locks the data directory and opens what is in it.
    pub(super) fn open(settings: &HostSettings, clock: Arc<dyn Clock>) -> Result<Self, HostError> {
        let directory = DataDirectory::open(&settings.data)?;
        let (writer, readers) = Database::open(&directory.database(), &settings.store)?;
        let (told, revisions) = watch::channel(readers.revision());
        readers.on_commit(Box::new(move |revision| {
            told.send_replace(revision);
        }));
        let images = Arc::new(ImageStore::open(settings.data.join("images"), settings.images)?);
        let client = Client::new(settings.registries.clone())?;
        let puller = Puller::new(client, Arc::clone(&images), || clock::now().into());
        let path = settings.data.join("logs");
        let logs = Logs::open(path.clone(), settings.node.logs, clock.now())
            .map_err(|source| HostError::Logs { path, source })?;
        let kept =
            QueueSettings { synchronous: settings.store.synchronous, ..QueueSettings::default() };
        let queues = queues(directory.queues(), kept, Arc::clone(&clock));
        Ok(Self {
            directory,
            writer,
            readers,
            revisions,
            images,
            puller,
            keyring: settings.keyring.clone(),
            logs,
            queues: Arc::new(queues),
            clock,
            reports: mpsc::channel(REPORTS),
        })
    }

    /// Returns where a runner sends its reports.
    pub(super) fn reports(&self) -> mpsc::Sender<PodReport> {
        self.reports.0.clone()
    }

    /// Returns what a node needs of the other rooms.
    fn outside(&self) -> Outside {
        Outside {
            images: Arc::new(HostImages {
                store: Arc::clone(&self.images),
                puller: self.puller.clone(),
                keyring: self.keyring.clone(),
            }),
            objects: Arc::new(StoredObjects(Arc::new(self.readers.clone()))),
            clock: Arc::clone(&self.clock),
            queues: Arc::clone(&self.queues) as Arc<dyn OpenQueues>,
            logs: self.logs.clone(),
            reports: self.reports(),
        }
    }

    /// Starts the engine's thread on `runner`, whose pods `meters` read. Must be called within a tokio runtime with I/O.
    pub(super) fn run<R: Runner + Send + 'static>(
        self,
        settings: &HostSettings,
        runner: R,
        meters: Meters,
        calls: Option<Node>,
    ) -> Result<Host, HostError> {
        let (requests, waiting_requests) = mpsc::channel::<Asked>(settings.most_requests.max(1));
        let (orders, waiting_orders) = watch::channel(Orders::default());
        let (ended, told_ended) = watch::channel(None);
        let engine = Engine::open(self.writer, runner, settings.engine.clone())?;
        let (beats, told_beats) = watch::channel(0);
        let inbox = Inbox {
            requests: waiting_requests,
            reports: self.reports.1,
            orders: waiting_orders,
            beats,
        };
        let clock_sets = listen(orders.clone()).map_err(HostError::Thread)?;
        let driver = Driver::new(engine, inbox, self.clock);
        let thread = spawn(driver, self.directory, ended).map_err(HostError::Thread)?;
        let handle = Handle(Arc::new(Shared {
            requests,
            orders,
            ended: told_ended,
            beats: told_beats,
            revisions: self.revisions,
            reader: Arc::new(WithPodEvents::new(Arc::new(self.readers))),
            images: self.images,
            puller: self.puller,
            keyring: self.keyring,
            logs: self.logs,
            meters,
            queues: self.queues,
            trigger_endpoint: OnceLock::new(),
            node: calls,
            untold: Untold::default(),
        }));
        Ok(Host { handle, thread: Some(thread), clock_sets })
    }
}

/// Starts the engine's thread. The directory is let go after the database is closed, and the end told
/// after that.
fn spawn<R: Runner + Send + 'static>(
    driver: Driver<Writer, R>,
    directory: DataDirectory,
    ended: watch::Sender<Option<Ended>>,
) -> std::io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    std::thread::Builder::new().name("engine".to_owned()).spawn(move || {
        let how = driver.run(&runtime);
        drop(directory);
        ended.send_replace(Some(how));
    })
}

/// Has the engine's thread told when the wall clock is set.
fn listen(orders: watch::Sender<Orders>) -> std::io::Result<tokio::task::JoinHandle<()>> {
    let clock_sets = ClockSets::listen()?;
    Ok(tokio::spawn(async move {
        loop {
            match clock_sets.next().await {
                Ok(()) => orders.send_modify(|orders| orders.clock_sets += 1),
                Err(error) => {
                    tracing::warn!(%error, "jumps of the clock are not noticed from here on");
                    return;
                }
            }
        }
    }))
}
