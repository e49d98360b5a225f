//! The host with played pods: what is answered, what is due, and how it ends.

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jobling_core::Timestamp;
use jobling_core::api::{Kind, Object, ObjectKey, Reason};
use jobling_core::control::Backoff;
use jobling_core::engine::{
    EndCause, PodReport, PodStart, Reply, Request, Runner, Verb, WriteOptions,
};
use jobling_core::pods::{ContainerState, ContainerStatus, PodId, PodPhase, PodStatus, Terminated};
use jobling_node::Clock;
use jobling_sandbox::Compiler;
use serde_json::json;
use tokio::sync::mpsc;

use super::rooms::Rooms;
use super::{Ended, Handle, Host, HostError, HostSettings};

#[tokio::test]
async fn a_job_goes_from_its_request_to_its_end() {
    let scene = Scene::new();
    let host = scene.host(Play::Exit(0)).unwrap();
    let reply = create(host.handle(), "report", json!({"completions": 3})).await.unwrap();
    assert!(matches!(reply.object, Object::Job(_)));
    assert_eq!(end_of(host.handle(), "report").await, "Complete");
    let again = create(host.handle(), "report", json!({})).await.unwrap_err();
    assert_eq!(again.reason, Reason::AlreadyExists);
}

#[tokio::test]
async fn after_a_crash_the_next_host_goes_on() {
    let scene = Scene::new();
    let host = scene.host(Play::Run).unwrap();
    create(host.handle(), "report", json!({})).await.unwrap();
    drop(host);
    let host = scene.host(Play::Exit(0)).unwrap();
    assert_eq!(end_of(host.handle(), "report").await, "Complete");
    let failed = job(host.handle(), "report").status.unwrap().failed;
    assert_eq!(failed, Some(1), "the attempt that the crash cut off counts");
}

#[tokio::test]
async fn a_second_host_on_the_same_directory_is_refused_by_name() {
    let scene = Scene::new();
    let _first = scene.host(Play::Run).unwrap();
    let refusal = scene.host(Play::Run).err().expect("the directory is in use").to_string();
    let expected = format!("{} is in use by process", scene.data().display());
    assert!(refusal.starts_with(&expected), "{refusal}");
}

#[tokio::test]
async fn a_shutdown_ends_the_pods_and_their_ends_do_not_count() {
    let scene = Scene::new();
    let host = scene.host(Play::Run).unwrap();
    create(host.handle(), "report", json!({"parallelism": 2, "completions": 2})).await.unwrap();
    let handle = host.handle().clone();
    assert_eq!(within(host.shutdown(Duration::from_secs(30))).await, Ended::Drained);
    let refused = create(&handle, "late", json!({})).await.unwrap_err();
    assert_eq!(refused.reason, Reason::ServiceUnavailable);

    let host = scene.host(Play::Exit(0)).unwrap();
    assert_eq!(end_of(host.handle(), "report").await, "Complete");
    assert_eq!(job(host.handle(), "report").status.unwrap().failed, None);
}

#[tokio::test]
async fn a_clock_that_is_put_forward_makes_due_what_is_due_by_it() {
    let scene = Scene::new();
    let host = scene.host(Play::Run).unwrap();
    create(host.handle(), "report", json!({"activeDeadlineSeconds": 1_000})).await.unwrap();
    scene.clock.0.fetch_add(2_000, Ordering::SeqCst);
    host.handle().0.orders.send_modify(|orders| orders.clock_sets += 1);
    assert_eq!(end_of(host.handle(), "report").await, "Failed");
}

#[tokio::test]
async fn what_is_due_happens_without_anything_else_happening() {
    let scene = Scene::new();
    let host = scene.host(Play::Exit(0)).unwrap();
    let due = Duration::from_secs(1);
    create(host.handle(), "report", json!({"ttlSecondsAfterFinished": due.as_secs()}))
        .await
        .unwrap();
    // The played clock stands: the wait is over when the monotonic one says so.
    end_of(host.handle(), "report").await;
    scene.clock.0.fetch_add(1, Ordering::SeqCst);
    let mut revisions = host.handle().revisions();
    let key = ObjectKey::new(Kind::Job, "default", "report");
    while host.handle().reader().get(&key).unwrap().is_some() {
        within(revisions.changed()).await.unwrap();
    }
}

#[tokio::test]
async fn past_the_bound_of_waiting_requests_the_answer_is_to_try_again() {
    let scene = Scene::new();
    let (entered, mut has_entered) = mpsc::channel(1);
    let (leave, may_leave) = std::sync::mpsc::channel::<()>();
    let busy = Play::Block(entered, Arc::new(Mutex::new(may_leave)));
    let host = scene.host_with(busy, |settings| settings.most_requests = 1).unwrap();
    let handle = host.handle().clone();
    let first = handle.submit(creation("first", json!({})));
    within(has_entered.recv()).await.unwrap();
    let second = handle.submit(creation("second", json!({"suspend": true})));
    let refused = create(&handle, "third", json!({})).await.unwrap_err();
    assert_eq!(refused.reason, Reason::TooManyRequests);
    assert_eq!(refused.retry_after_seconds, Some(1));
    leave.send(()).unwrap();
    within(first).await.unwrap();
    within(second).await.unwrap();
}

#[tokio::test]
async fn a_panic_of_the_engine_is_told_and_hangs_nobody() {
    let scene = Scene::new();
    let host = scene.host(Play::Panic).unwrap();
    let lost = create(host.handle(), "report", json!({})).await.unwrap_err();
    assert_eq!(lost.reason, Reason::ServiceUnavailable);
    let ended = within(host.handle().ended()).await;
    assert_eq!(ended, Ended::Panicked("a played fault".to_owned()));
    drop(host);
    scene.host(Play::Exit(0)).expect("the directory is free again");
}

/// What every pod of a host does.
#[derive(Clone)]
enum Play {
    /// It ends with this code at once.
    Exit(i32),
    /// It runs until it is ended.
    Run,
    /// Its start tells that it was called and waits to be let go.
    Block(mpsc::Sender<()>, Arc<Mutex<std::sync::mpsc::Receiver<()>>>),
    /// Its start panics.
    Panic,
}

struct Played {
    play: Play,
    reports: mpsc::Sender<PodReport>,
}

impl Played {
    fn report(&self, id: PodId, exit_code: i32) {
        let at = Timestamp::default();
        let ended = ContainerState::Terminated(Terminated {
            exit_code,
            reason: "Ended".to_owned(),
            message: String::new(),
            started_at: at,
            finished_at: at,
        });
        let phase = if exit_code == 0 { PodPhase::Succeeded } else { PodPhase::Failed };
        let container = ContainerStatus { state: ended, ..ContainerStatus::waiting("", "") };
        let status = PodStatus { phase, containers: vec![container], ..PodStatus::default() };
        self.reports.try_send(PodReport { id, status, events: Vec::new() }).unwrap();
    }
}

impl Runner for Played {
    fn start(&mut self, start: PodStart) {
        match &self.play {
            Play::Exit(code) => self.report(start.pod.id, *code),
            Play::Run => {}
            Play::Block(entered, leave) => {
                entered.try_send(()).unwrap();
                leave.lock().unwrap().recv().unwrap();
            }
            Play::Panic => panic!("a played fault"),
        }
    }

    fn stop(&mut self, pod: PodId, _: EndCause, _: Duration) {
        self.report(pod, 143);
    }

    fn forget(&mut self, _: PodId) {}

    fn remove(&mut self, _: PodId) {}

    fn object_changed(&mut self, _: &ObjectKey, _: Option<&Object>) {}
}

/// A clock that stands until it is put forward, in seconds.
struct PlayedClock(AtomicI64);

impl Clock for PlayedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.0.load(Ordering::SeqCst))
    }
}

/// A data directory that outlives its hosts.
struct Scene {
    directory: tempfile::TempDir,
    clock: Arc<PlayedClock>,
}

impl Scene {
    fn new() -> Self {
        let clock = Arc::new(PlayedClock(AtomicI64::new(1_795_424_400)));
        Self { directory: tempfile::tempdir().unwrap(), clock }
    }

    fn data(&self) -> std::path::PathBuf {
        self.directory.path().join("data")
    }

    fn host(&self, play: Play) -> Result<Host, HostError> {
        self.host_with(play, |_| {})
    }

    fn host_with(
        &self,
        play: Play,
        change: impl FnOnce(&mut HostSettings),
    ) -> Result<Host, HostError> {
        let mut settings = settings(&self.data());
        change(&mut settings);
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        let rooms = Rooms::open(&settings, clock)?;
        let reports = rooms.reports();
        rooms.run(&settings, Played { play, reports })
    }
}

fn settings(data: &Path) -> HostSettings {
    let node = jobling_node::Host { node_name: "edge-1".into(), ip: "192.0.2.7".into() };
    let mut settings = HostSettings::new(data.to_owned(), node, Compiler::InProcess);
    settings.engine.backoff = Backoff { first: Duration::ZERO, longest: Duration::ZERO };
    settings
}

fn creation(name: &str, spec: serde_json::Value) -> Request {
    let mut job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [
            {"name": "main", "image": "hello:1"},
        ]}}},
    });
    for (field, value) in spec.as_object().unwrap() {
        job["spec"][field] = value.clone();
    }
    Request {
        kind: Kind::Job,
        namespace: "default".into(),
        name: String::new(),
        verb: Verb::Create(job),
        options: WriteOptions::default(),
    }
}

async fn create(
    handle: &Handle,
    name: &str,
    spec: serde_json::Value,
) -> Result<Reply, jobling_core::api::ApiError> {
    within(handle.submit(creation(name, spec))).await
}

fn job(handle: &Handle, name: &str) -> k8s_openapi::api::batch::v1::Job {
    let key = ObjectKey::new(Kind::Job, "default", name);
    let Some(Object::Job(job)) = handle.reader().get(&key).unwrap() else { panic!("no {name}") };
    *job
}

/// Waits for the Job's terminal condition and returns its type.
async fn end_of(handle: &Handle, name: &str) -> String {
    let mut revisions = handle.revisions();
    loop {
        revisions.mark_unchanged();
        let conditions = job(handle, name).status.and_then(|status| status.conditions);
        let terminal = |kind: &str| matches!(kind, "Complete" | "Failed");
        let kinds = conditions.into_iter().flatten().map(|condition| condition.type_);
        if let Some(kind) = kinds.into_iter().find(|kind| terminal(kind)) {
            return kind;
        }
        within(revisions.changed()).await.expect("the engine runs");
    }
}

/// Nothing here may take long: what hangs fails.
async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), work).await.expect("within 20 s")
}
