//! What guests can do to volumes: pods in the real sandbox, from their start to their end.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jobling_core::Timestamp;
use jobling_core::engine::{PodReport, Runner as _};
use jobling_core::pods::{ContainerState, JobId, PodId, PodStatus};
use jobling_sandbox::{Compiler, Sandbox, Settings as SandboxSettings};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::logs::Logs;
use crate::node::{Node, Outside};
use crate::ports::{ImageError, Images, LocalImage, Pull, PullSecret};
use crate::settings::{LogBounds, Settings};
use crate::testing::{FakeObjects, NoQueues, PlayedClock, host, job, pod_start};

const UID: &str = "aa271a5c-44e2-8b0a-9893-8167ef8b00dc";
/// Longer than any of these pods needs.
const PATIENCE: Duration = Duration::from_mins(1);
/// errno of WASI: no space left on the device.
const NOSPC: i32 = 51;
/// The flag of `path_open` for a new file.
const CREATE: u32 = 1;
/// The rights to read and to write.
const READ: u64 = 2;
const WRITE: u64 = 64;

/// Modules that a test writes, named as images.
struct Modules(PathBuf);

impl Images for Modules {
    fn local(&self, image: &str) -> Result<Option<LocalImage>, ImageError> {
        let path = self.0.join(image);
        let digest = format!("sha256:{image}");
        Ok(Some(LocalImage { digest, path, ..LocalImage::default() }))
    }

    fn has_registry(&self, _: &str) -> bool {
        false
    }

    fn pull<'a>(&'a self, image: &'a str, _: Vec<PullSecret>) -> Pull<'a> {
        let error = ImageError::NotHere { image: image.to_owned() };
        Box::pin(std::future::ready(Err(error)))
    }
}

struct World {
    node: Node,
    reports: mpsc::Receiver<PodReport>,
    pods: u32,
    dir: tempfile::TempDir,
}

fn given() -> World {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = SandboxSettings::new(dir.path().join("cache"), Compiler::InProcess);
    settings.runs = 8;
    let sandbox = Arc::new(Sandbox::new(settings).unwrap());
    let (sender, reports) = mpsc::channel(8);
    let logs = dir.path().join("logs");
    let objects = FakeObjects::default()
        .config_map("settings", &[("f", "a=1")])
        .secret("keys", &[("f", b"hidden")])
        .claim("data", UID, "2Mi");
    let outside = Outside {
        images: Arc::new(Modules(dir.path().to_owned())),
        objects: Arc::new(objects),
        clock: Arc::new(PlayedClock::default()),
        queues: Arc::new(NoQueues),
        logs: Logs::open(logs, LogBounds::default(), Timestamp::default()).unwrap(),
        reports: sender,
    };
    let node = Node::new(Settings::new(dir.path().join("data"), host()), sandbox, outside);
    World { node, reports, pods: 0, dir }
}

impl World {
    /// Runs a pod whose guest has `body` and sees `volume` as its only directory; returns how it ended.
    async fn run(&mut self, body: &str, volume: &Value, mount: &Value) -> PodStatus {
        let (mut volume, mut mount) = (volume.clone(), mount.clone());
        volume["name"] = "v".into();
        mount["name"] = "v".into();
        self.run_container(body, &json!([volume]), json!({"volumeMounts": [mount]})).await
    }

    /// Runs a pod whose guest has `body`.
    async fn run_container(
        &mut self,
        body: &str,
        volumes: &Value,
        mut container: Value,
    ) -> PodStatus {
        let image = format!("{}.wasm", self.pods);
        fs::write(self.dir.path().join(&image), wat::parse_str(module(body)).unwrap()).unwrap();
        container["name"] = "main".into();
        container["image"] = image.into();
        let mut info = job("report");
        info.template = serde_json::from_value(json!({"spec": {"restartPolicy": "Never",
            "volumes": volumes, "containers": [container]}}))
        .unwrap();
        let mut start = pod_start(info);
        Arc::make_mut(&mut start.pod).id = PodId::new(JobId(7), self.pods);
        self.pods += 1;
        self.node.start(start);
        tokio::time::timeout(PATIENCE, self.end()).await.expect("the pod did not end")
    }

    async fn end(&mut self) -> PodStatus {
        loop {
            let report = self.reports.recv().await.unwrap();
            if report.status.phase.is_terminal() {
                return report.status;
            }
        }
    }
}

fn code(status: &PodStatus) -> i32 {
    let ContainerState::Terminated(end) = &status.containers[0].state else { panic!("{status:?}") };
    end.exit_code
}

/// A module that does `body`, in which `$open` opens `f` of its first directory and `$write` writes 64 KiB.
fn module(body: &str) -> String {
    format!(
        r#"(module
          (import "wasi_snapshot_preview1" "fd_write"
            (func $fd_write (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "path_open"
            (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
          (memory (export "memory") 4)
          (data (i32.const 1024) "f")
          (func $open (param $flags i32) (param $rights i64) (result i32)
            (call $path_open (i32.const 3) (i32.const 1) (i32.const 1024) (i32.const 1)
              (local.get $flags) (local.get $rights) (local.get $rights) (i32.const 0)
              (i32.const 16)))
          (func $write (result i32)
            (i32.store (i32.const 0) (i32.const 4096))
            (i32.store (i32.const 4) (i32.const 65536))
            (call $fd_write (i32.load (i32.const 16)) (i32.const 0) (i32.const 1) (i32.const 8)))
          (func (export "_start") (local $errno i32) {body}))"#
    )
}

/// Leaves with the errno of opening `f`.
fn open(flags: u32, rights: u64) -> String {
    format!("(call $exit (call $open (i32.const {flags}) (i64.const {rights})))")
}

/// Writes to a new file until that fails, then leaves with the errno.
fn fill() -> String {
    format!(
        r"(local.set $errno (call $open (i32.const {CREATE}) (i64.const {WRITE})))
          (if (local.get $errno) (then (call $exit (local.get $errno))))
          (loop $again
            (local.set $errno (call $write))
            (br_if $again (i32.eqz (local.get $errno))))
          (call $exit (local.get $errno))"
    )
}

fn claim() -> Value {
    json!({"persistentVolumeClaim": {"claimName": "data"}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guests_read_what_they_are_given_and_write_only_where_they_may() {
    let mut world = given();
    let at = |mount: &str| json!({"mountPath": mount});
    let file = json!({"mountPath": "/etc/f", "subPath": "f"});
    let (map, secret) =
        (json!({"configMap": {"name": "settings"}}), json!({"secret": {"secretName": "keys"}}));
    for (volume, mount, flags, rights, allowed) in [
        (&map, &at("/etc"), 0, READ, true),
        (&map, &file, 0, READ, true),
        (&map, &at("/etc"), 0, WRITE, false),
        (&map, &file, 0, WRITE, false),
        (&map, &at("/etc"), CREATE, READ | WRITE, false),
        (&secret, &at("/keys"), 0, READ, true),
        (&secret, &at("/keys"), 0, WRITE, false),
        (&secret, &json!({"mountPath": "/f", "subPath": "f"}), 0, READ, true),
        (&json!({"emptyDir": {}}), &at("/tmp"), CREATE, WRITE, true),
        (&json!({"emptyDir": {}}), &at("/tmp"), 0, READ, false),
        (&claim(), &json!({"mountPath": "/d", "readOnly": true}), CREATE, WRITE, false),
        (&claim(), &json!({"mountPath": "/d", "subPath": "s"}), CREATE, WRITE, true),
        (&claim(), &json!({"mountPath": "/d", "subPath": "s"}), 0, READ, true),
        (&claim(), &json!({"mountPath": "/d"}), 0, READ, false),
    ] {
        let status = world.run(&open(flags, rights), volume, mount).await;
        assert_eq!(code(&status) == 0, allowed, "{volume} {mount} {flags} {rights}: {status:?}");
    }
    let pods = world.dir.path().join("data/pods");
    assert_eq!(fs::read_dir(pods).unwrap().count(), 0, "nothing is left of them");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_is_full_for_all_pods_at_its_request() {
    let mut world = given();
    let mount = json!({"mountPath": "/d"});
    assert_eq!(code(&world.run(&fill(), &claim(), &mount).await), NOSPC);
    assert_eq!(code(&world.run(&fill(), &claim(), &mount).await), NOSPC);
    let file = world.dir.path().join(format!("data/claims/default/data-{UID}/f"));
    let bytes = fs::metadata(file).unwrap().len();
    assert!((1 << 20..=2 << 20).contains(&bytes), "{bytes}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_that_writes_more_than_its_empty_dirs_limit_is_evicted() {
    let mut world = given();
    let volume = json!({"emptyDir": {"sizeLimit": "1Mi"}});
    let status = world.run(&fill(), &volume, &json!({"mountPath": "/tmp"})).await;
    assert_eq!(status.reason, "Evicted");
    assert_eq!(status.message, "Usage of EmptyDir volume \"v\" exceeds its limit. ");
    assert_eq!(code(&status), 137);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_guest_writes_to_its_termination_message_is_told_and_gone_with_the_pod() {
    let mut world = given();
    let write = format!(
        "(drop (call $open (i32.const {CREATE}) (i64.const {WRITE})))
         (i32.store8 (i32.const 4096) (i32.const 65))
         (drop (call $write)) (call $exit (i32.const 0))"
    );
    let container = json!({"terminationMessagePath": "/dev/f"});
    let status = world.run_container(&write, &json!([]), container).await;
    let ContainerState::Terminated(end) = &status.containers[0].state else { panic!("{status:?}") };
    assert_eq!(end.exit_code, 0);
    assert!(end.message.starts_with("A\0") && end.message.len() == 4096, "{:?}", end.message);
    assert_eq!(fs::read_dir(world.dir.path().join("data/pods")).unwrap().count(), 0);
}
