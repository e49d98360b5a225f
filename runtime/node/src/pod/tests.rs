//! Pods whose containers are played, on a clock that stands still until all wait.

mod answers;

use std::collections::VecDeque;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jobling_core::Timestamp;
use jobling_core::api::{Kind, ObjectKey};
use jobling_core::engine::{EndCause, PodReport, Runner as _};
use jobling_core::pods::{ContainerState, PodId, PodPhase, PodStatus};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::containers::{ContainerEnd, ContainerSpec, Containers, Ending, Mount, Run};
use crate::logs::Logs;
use crate::node::{Node, Outside};
use crate::ports::Clock;
use crate::settings::{LogBounds, Settings};
use crate::testing::{FakeObjects, NoQueues, PlayedClock, PlayedImages, host, job, pod_start};

/// An image and the environment that it was run with.
type Given = (String, Vec<(String, String)>);

/// Containers that end as their image says: `exit-N`, or never: `sleep`. One of the image `write` leaves a
/// file in each mount.
#[derive(Default)]
struct Played {
    /// What they were given, in order of their starts.
    runs: Mutex<Vec<Given>>,
    /// Codes of the image `script`, run by run.
    script: Mutex<VecDeque<u8>>,
}

impl Containers for Played {
    fn run(&self, spec: Box<ContainerSpec>) -> Run<'_> {
        let image = spec.image.path.display().to_string();
        self.runs.lock().unwrap().push((image.clone(), spec.env.clone()));
        if let (Some(answer), Some(call)) = (&spec.answer, &spec.call) {
            answer.write(&call.body);
        }
        Box::pin(async move {
            let _log = spec.log;
            let code = match image.as_str() {
                "sleep" => std::future::pending().await,
                "write" => leave_files(&spec.mounts),
                "script" => self.script.lock().unwrap().pop_front().unwrap(),
                image => {
                    image.trim_start_matches("r/").strip_prefix("exit-").unwrap().parse().unwrap()
                }
            };
            ContainerEnd { ending: Ending::Exited(code), fuel_used: 5 }
        })
    }
}

fn leave_files(mounts: &[Mount]) -> u8 {
    let left = |mount: &Mount| fs::write(mount.host.path().join("mark"), "x").is_ok();
    u8::from(!mounts.iter().all(left))
}

struct World {
    node: Node,
    played: Arc<Played>,
    images: PlayedImages,
    objects: FakeObjects,
    reports: mpsc::Receiver<PodReport>,
    id: PodId,
    dir: tempfile::TempDir,
}

fn given() -> World {
    let dir = tempfile::tempdir().unwrap();
    let (sender, reports) = mpsc::channel(8);
    let clock: Arc<dyn Clock> = Arc::new(PlayedClock::default());
    let logs =
        Logs::open(dir.path().join("logs"), LogBounds::default(), Timestamp::default()).unwrap();
    let (images, objects) = (PlayedImages::default(), FakeObjects::default());
    for image in ["exit-0", "exit-1", "exit-3", "sleep", "script", "write"] {
        images.put(image);
    }
    let played = Arc::new(Played::default());
    let outside = Outside {
        images: Arc::new(images.clone()),
        objects: Arc::new(objects.clone()),
        clock,
        queues: Arc::new(NoQueues),
        logs,
        reports: sender,
    };
    let mut settings = Settings::new(dir.path().into(), host());
    settings.calls_memory_bytes = settings.defaults.memory_bytes;
    let containers: Arc<dyn Containers> = Arc::<Played>::clone(&played);
    let node = Node::with_containers(settings, containers, outside);
    let id = pod_start(job("report")).pod.id;
    World { node, played, images, objects, reports, id, dir }
}

impl World {
    fn start(&mut self, spec: Value) {
        let mut info = job("report");
        info.template = serde_json::from_value(json!({ "spec": spec })).unwrap();
        self.node.start(pod_start(info));
    }

    async fn next(&mut self) -> PodReport {
        self.reports.recv().await.unwrap()
    }

    async fn end(&mut self) -> PodStatus {
        loop {
            let report = self.next().await;
            if report.status.phase.is_terminal() {
                return report.status;
            }
        }
    }

    fn ran(&self) -> Vec<String> {
        self.played.runs.lock().unwrap().iter().map(|(image, _)| image.clone()).collect()
    }
}

fn main_of(image: &str) -> Value {
    json!([{"name": "main", "image": image}])
}

fn end_of(status: &PodStatus) -> (i32, &str) {
    let state = &status.containers[0].state;
    let ContainerState::Terminated(end) = state else { panic!("{state:?}") };
    (end.exit_code, end.reason.as_str())
}

fn waiting_of(status: &PodStatus) -> &str {
    let state = &status.containers[0].state;
    let ContainerState::Waiting(waiting) = state else { panic!("{state:?}") };
    waiting.reason.as_str()
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_ends_at_once_is_reported_once_until_it_is_forgotten() {
    for (image, phase, end) in [
        ("exit-0", PodPhase::Succeeded, (0, "Completed")),
        ("exit-3", PodPhase::Failed, (3, "Error")),
    ] {
        let mut world = given();
        world.start(json!({"containers": main_of(image), "restartPolicy": "Never"}));
        let report = world.next().await;
        assert_eq!(report.status.phase, phase, "{image}");
        assert_eq!(end_of(&report.status), end, "{image}");
        assert_eq!(world.node.unforgotten(), [report]);
        world.node.forget(world.id);
        assert!(world.node.unforgotten().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_container_is_run_again_after_a_growing_pause() {
    let mut world = given();
    world.played.script.lock().unwrap().extend([1, 1, 0]);
    let began = tokio::time::Instant::now();
    world.start(json!({"containers": main_of("script"), "restartPolicy": "OnFailure"}));
    let first = world.next().await;
    assert_eq!(waiting_of(&first.status), "CrashLoopBackOff");
    assert_eq!(first.status.phase, PodPhase::Running);
    assert_eq!(first.events[0].reason, "BackOff");
    let status = world.end().await;
    assert_eq!(status.phase, PodPhase::Succeeded);
    assert_eq!(status.containers[0].restarts, 2);
    assert_eq!(began.elapsed().as_secs(), 10 + 20);
}

#[tokio::test(start_paused = true)]
async fn init_containers_run_in_order_and_a_failed_one_ends_the_pod() {
    let inits = |second: &str| {
        json!([{"name": "side", "image": "sleep", "restartPolicy": "Always"},
            {"name": "second", "image": second}])
    };
    for (second, phase, ran) in [
        ("exit-0", PodPhase::Succeeded, vec!["sleep", "exit-0", "exit-0"]),
        ("exit-1", PodPhase::Failed, vec!["sleep", "exit-1"]),
    ] {
        let mut world = given();
        world.start(json!({"initContainers": inits(second), "containers": main_of("exit-0"),
            "restartPolicy": "Never"}));
        let status = world.end().await;
        assert_eq!(status.phase, phase, "{second}");
        assert_eq!(world.ran(), ran, "{second}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pod_is_ended_once_its_grace_is_over_and_says_why() {
    for (cause, reason) in
        [(EndCause::DeadlineExceeded, "DeadlineExceeded"), (EndCause::Deleted, "")]
    {
        let mut world = given();
        world.start(json!({"containers": main_of("sleep"), "restartPolicy": "Never"}));
        assert_eq!(world.next().await.status.phase, PodPhase::Running);
        let asked = tokio::time::Instant::now();
        world.node.stop(world.id, cause, Duration::from_secs(30));
        let status = world.end().await;
        assert_eq!(asked.elapsed().as_secs(), 30);
        assert_eq!((status.phase, status.reason.as_str()), (PodPhase::Failed, reason));
        assert_eq!(end_of(&status), (143, "Error"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_pods_own_deadline_ends_it() {
    let mut world = given();
    world.start(json!({"containers": main_of("sleep"), "restartPolicy": "Never",
        "activeDeadlineSeconds": 7}));
    let began = tokio::time::Instant::now();
    let status = world.end().await;
    assert_eq!(began.elapsed().as_secs(), 7);
    assert_eq!(status.reason, "DeadlineExceeded");
}

#[tokio::test(start_paused = true)]
async fn a_missing_image_is_looked_for_again() {
    let mut world = given();
    world.start(json!({"containers": main_of("late"), "restartPolicy": "Never"}));
    let report = world.next().await;
    assert_eq!(waiting_of(&report.status), "ErrImagePull");
    assert!(report.events[0].message.contains("jobling image import late FILE.wasm"));
    assert_eq!(waiting_of(&world.next().await.status), "ImagePullBackOff");
    world.node.stop(world.id, EndCause::Deleted, Duration::from_secs(30));
    assert_eq!(end_of(&world.end().await), (143, "Error"), "nothing runs that could use the grace");
    assert!(!world.images.0.lock().unwrap().contains("late"));
}

#[tokio::test(start_paused = true)]
async fn a_registry_is_asked_again_after_a_growing_pause_and_what_it_says_is_told() {
    let mut world = given();
    world.start(json!({"restartPolicy": "Never", "imagePullSecrets": [{"name": "none"}],
        "containers": [{"name": "main", "image": "r/exit-0", "imagePullPolicy": "Always"}]}));
    let told = |report: &PodReport| -> Vec<String> {
        report.events.iter().map(|event| format!("{} {}", event.reason, event.message)).collect()
    };
    let first = world.next().await;
    assert_eq!(waiting_of(&first.status), "ErrImagePull");
    let missing = "FailedToRetrieveImagePullSecret Unable to retrieve some image pull secrets (none); \
        attempting to pull the image may not succeed.";
    let failed = "Failed Failed to pull image \"r/exit-0\": the registry has it not";
    let asked = [missing, "Pulling Pulling image \"r/exit-0\"", failed];
    assert_eq!(told(&first), [asked.as_slice(), &["Failed Error: ErrImagePull"]].concat());
    let began = tokio::time::Instant::now();
    // Changes settle for some milliseconds before they are reported.
    let waited = || (began.elapsed() + Duration::from_millis(500)).as_secs();
    let second = world.next().await;
    assert_eq!(waited(), 10);
    assert_eq!(waiting_of(&second.status), "ImagePullBackOff");
    let backed_off =
        ["BackOff Back-off pulling image \"r/exit-0\"", "Failed Error: ImagePullBackOff"];
    assert_eq!(told(&second), [asked.as_slice(), &backed_off].concat());

    world.images.put("r/exit-0");
    let last = world.next().await;
    assert_eq!(waited(), 10 + 20);
    let pulled = "Pulled Successfully pulled image \"r/exit-0\" in 1.5s (1.5s including waiting). \
        Image size: 5 bytes.";
    assert_eq!(told(&last)[2], pulled);
    assert!(last.status.containers[0].pulled);
}

#[tokio::test(start_paused = true)]
async fn a_missing_object_is_waited_for_and_starts_the_container_when_it_appears() {
    let mut world = given();
    world.start(
        json!({"restartPolicy": "Never", "containers": [{"name": "main", "image": "exit-0",
        "env": [{"name": "LEVEL", "valueFrom":
            {"configMapKeyRef": {"name": "settings", "key": "level"}}}]}]}),
    );
    assert_eq!(waiting_of(&world.next().await.status), "CreateContainerConfigError");
    let _now_there = world.objects.clone().config_map("settings", &[("level", "debug")]);
    let key = ObjectKey::new(Kind::ConfigMap, "default", "settings");
    world.node.object_changed(&key, None);
    assert_eq!(world.end().await.phase, PodPhase::Succeeded);
    let env = world.played.runs.lock().unwrap()[0].1.clone();
    assert!(env.contains(&("LEVEL".into(), "debug".into())), "{env:?}");
}

#[tokio::test(start_paused = true)]
async fn a_volume_that_cannot_be_made_is_told_once_and_made_when_its_object_appears() {
    let mut world = given();
    world.start(json!({"restartPolicy": "Never",
        "volumes": [{"name": "x", "configMap": {"name": "y"}}],
        "containers": [{"name": "main", "image": "exit-0"}]}));
    let report = world.next().await;
    assert_eq!(waiting_of(&report.status), "ContainerCreating");
    let told: Vec<_> = report.events.iter().map(|event| event.message.as_str()).collect();
    assert_eq!(told, ["MountVolume.SetUp failed for volume \"x\" : configmap \"y\" not found"]);
    assert_eq!((report.events[0].kind, report.events[0].reason), ("Warning", "FailedMount"));
    let key = ObjectKey::new(Kind::ConfigMap, "default", "y");
    world.node.object_changed(&key, None);
    assert!(world.ran().is_empty());
    let _now_there = world.objects.clone().config_map("y", &[]);
    world.node.object_changed(&key, None);
    assert_eq!(world.end().await.phase, PodPhase::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_waits_for_a_volume_can_be_ended() {
    let mut world = given();
    world.start(json!({"restartPolicy": "Never",
        "volumes": [{"name": "x", "secret": {"secretName": "y"}}], "containers": main_of("exit-0")}));
    assert_eq!(world.next().await.events[0].reason, "FailedMount");
    world.node.stop(world.id, EndCause::Deleted, Duration::from_secs(30));
    assert_eq!(end_of(&world.end().await), (143, "Error"));
}

#[tokio::test(start_paused = true)]
async fn a_pods_own_volumes_go_with_it_and_a_claims_directory_with_the_claim() {
    let mut world = given();
    let uid = "aa271a5c-44e2-8b0a-9893-8167ef8b00dc";
    let _claim = world.objects.clone().claim("data", uid, "1Mi");
    world.start(json!({"restartPolicy": "Never",
        "volumes": [{"name": "kept", "persistentVolumeClaim": {"claimName": "data"}},
            {"name": "scratch", "emptyDir": {}}],
        "containers": [{"name": "main", "image": "write", "volumeMounts": [
            {"name": "kept", "mountPath": "/kept"}, {"name": "scratch", "mountPath": "/tmp"}]}]}));
    assert_eq!(world.end().await.phase, PodPhase::Succeeded);
    let data = world.dir.path();
    assert_eq!(fs::read_dir(data.join("pods")).unwrap().count(), 0);
    let claim = data.join(format!("claims/default/data-{uid}"));
    assert!(claim.join("mark").exists());

    world.objects.remove(Kind::PersistentVolumeClaim, "data");
    let key = ObjectKey::new(Kind::PersistentVolumeClaim, "default", "data");
    world.node.object_changed(&key, None);
    while claim.exists() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
