//! What a guest may call of `jobling:task`, the same as a core module and as a component.

#![expect(clippy::unwrap_used, reason = "a test ends where its world cannot be made")]

mod world;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jobling_sandbox::{
    Ending, Limits, Progress, RunSpec, Stopper, TaskAnswer, TaskFailure, TaskHost, TaskItem,
    TaskQueue, TaskReason,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;
use world::World;

/// What a host was asked for, by all of its queues.
#[derive(Debug, Default)]
struct Asked {
    reports: Vec<Progress>,
    items: VecDeque<Vec<u8>>,
    calls: Vec<String>,
    closed: usize,
}

#[derive(Debug, Clone, Default)]
struct PlayedHost(Arc<Mutex<Asked>>);

impl TaskHost for PlayedHost {
    fn report(&self, progress: Progress) {
        self.0.lock().unwrap().reports.push(progress);
    }

    fn open_queue(&self, name: &str) -> Result<Box<dyn TaskQueue>, TaskFailure> {
        if name != "orders" {
            return Err(TaskFailure::new(TaskReason::Invalid, "no such name"));
        }
        Ok(Box::new(PlayedQueue(self.clone())))
    }

    fn secret(&self, name: &str) -> Option<Arc<[u8]>> {
        (name == "KEY").then(|| Arc::from(b"s3cret".as_slice()))
    }
}

struct PlayedQueue(PlayedHost);

impl PlayedQueue {
    fn asked<R>(&self, ask: impl FnOnce(&mut Asked) -> R) -> R {
        ask(&mut self.0.0.lock().unwrap())
    }

    fn settle(&self, call: String, receipt: u64) -> TaskAnswer<'static, ()> {
        self.asked(|asked| asked.calls.push(call));
        let known = receipt == 7;
        let failure = || TaskFailure::new(TaskReason::NotFound, "never heard of it");
        Box::pin(async move { if known { Ok(()) } else { Err(failure()) } })
    }
}

impl TaskQueue for PlayedQueue {
    fn push(&mut self, body: Vec<u8>) -> TaskAnswer<'_, ()> {
        self.asked(|asked| asked.items.push_back(body));
        Box::pin(async { Ok(()) })
    }

    fn reserve(&mut self, wait: Duration) -> TaskAnswer<'_, Option<TaskItem>> {
        let body = self.asked(|asked| asked.items.pop_front());
        Box::pin(async move {
            if body.is_none() {
                tokio::time::sleep(wait).await;
            }
            Ok(body.map(|body| TaskItem { receipt: 7, attempt: 2, body }))
        })
    }

    fn ack(&mut self, receipt: u64) -> TaskAnswer<'_, ()> {
        self.settle(format!("ack {receipt}"), receipt)
    }

    fn nack(&mut self, receipt: u64, delay: Duration) -> TaskAnswer<'_, ()> {
        self.settle(format!("nack {receipt} {delay:?}"), receipt)
    }

    fn extend(&mut self, receipt: u64) -> TaskAnswer<'_, ()> {
        self.settle(format!("extend {receipt}"), receipt)
    }
}

impl Drop for PlayedQueue {
    fn drop(&mut self) {
        self.asked(|asked| asked.closed += 1);
    }
}

/// Calls everything there is; `$work` returns which step went wrong, or 0. Answers are put at 2048.
const ALL_CALLS: &str = r"
    (call $report (i64.const 3) (i64.const 10) (i32.const 1040) (i32.const 4))
    (call $open (i32.const 1024) (i32.const 6) (i32.const 2048))
    (if (i32.load8_u (i32.const 2048)) (then (return (i32.const 1))))
    (local.set $queue (i32.load (i32.const 2052)))
    (call $push (local.get $queue) (i32.const 1040) (i32.const 4) (i32.const 2048))
    (if (i32.load8_u (i32.const 2048)) (then (return (i32.const 2))))
    (call $reserve (local.get $queue) (i32.const 60000) (i32.const 2048))
    (if (i32.load8_u (i32.const 2048)) (then (return (i32.const 3))))
    (if (i32.eqz (i32.load8_u (i32.const 2056))) (then (return (i32.const 4))))
    (if (i64.ne (i64.load (i32.const 2064)) (i64.const 7)) (then (return (i32.const 5))))
    (if (i32.ne (i32.load (i32.const 2072)) (i32.const 2)) (then (return (i32.const 6))))
    (if (i32.ne (i32.load (i32.load (i32.const 2076))) (i32.load (i32.const 1040)))
      (then (return (i32.const 7))))
    (if (i32.ne (i32.load (i32.const 2080)) (i32.const 4)) (then (return (i32.const 8))))
    (call $extend (local.get $queue) (i64.const 7) (i32.const 2048))
    (if (i32.load8_u (i32.const 2048)) (then (return (i32.const 9))))
    (call $ack (local.get $queue) (i64.const 7) (i32.const 2048))
    (if (i32.load8_u (i32.const 2048)) (then (return (i32.const 10))))
    (call $nack (local.get $queue) (i64.const 7) (i32.const 250) (i32.const 2048))
    (if (i32.load8_u (i32.const 2048)) (then (return (i32.const 11))))
    (call $ack (local.get $queue) (i64.const 99) (i32.const 2048))
    (if (i32.eqz (i32.load8_u (i32.const 2048))) (then (return (i32.const 12))))
    (if (i32.load8_u (i32.const 2052)) (then (return (i32.const 13))))
    (if (i32.ne (i32.load8_u (i32.load (i32.const 2056))) (i32.const 110)) (then (return (i32.const 14))))
    (if (i32.ne (i32.load (i32.const 2060)) (i32.const 17)) (then (return (i32.const 15))))
    (call $reserve (local.get $queue) (i32.const 0) (i32.const 2048))
    (if (i32.or (i32.load8_u (i32.const 2048)) (i32.load8_u (i32.const 2056)))
      (then (return (i32.const 16))))
    (call $open (i32.const 1040) (i32.const 4) (i32.const 2048))
    (if (i32.ne (i32.load16_u (i32.const 2048)) (i32.const 1)) (then (return (i32.const 17))))
    (if (i32.ne (i32.load8_u (i32.const 2052)) (i32.const 1)) (then (return (i32.const 18))))
    (call $close (local.get $queue))
    (call $open_secret (i32.const 1032) (i32.const 3) (i32.const 2048))
    (if (i32.load8_u (i32.const 2048)) (then (return (i32.const 19))))
    (local.set $secret (i32.load (i32.const 2052)))
    (call $reveal (local.get $secret) (i32.const 2048))
    (if (i32.ne (i32.load8_u (i32.load (i32.const 2048))) (i32.const 115)) (then (return (i32.const 20))))
    (if (i32.ne (i32.load (i32.const 2052)) (i32.const 6)) (then (return (i32.const 21))))
    (call $close_secret (local.get $secret))
    (i32.const 0)";

/// Returns a module whose `$work` is `body`, and whose way in is `entry`.
fn module(body: &str, entry: &str) -> String {
    let queue = r#""jobling:task/work-queue@0.1.0""#;
    let secrets = r#""jobling:task/secrets@0.1.0""#;
    let limits = r#""jobling:task/limits@0.1.0""#;
    format!(
        r#"(module
          {}
          (import "jobling:task/progress@0.1.0" "report"
            (func $report (param i64 i64 i32 i32)))
          (import {limits} "remaining-fuel" (func $fuel (result i64)))
          (import {queue} "[static]queue.open" (func $open (param i32 i32 i32)))
          (import {queue} "[method]queue.push" (func $push (param i32 i32 i32 i32)))
          (import {queue} "[method]queue.reserve" (func $reserve (param i32 i32 i32)))
          (import {queue} "[method]queue.ack" (func $ack (param i32 i64 i32)))
          (import {queue} "[method]queue.nack" (func $nack (param i32 i64 i32 i32)))
          (import {queue} "[method]queue.extend" (func $extend (param i32 i64 i32)))
          (import {queue} "[resource-drop]queue" (func $close (param i32)))
          (import {secrets} "[static]secret.open" (func $open_secret (param i32 i32 i32)))
          (import {secrets} "[method]secret.reveal" (func $reveal (param i32 i32)))
          (import {secrets} "[resource-drop]secret" (func $close_secret (param i32)))
          (memory (export "memory") 2)
          (global $free (mut i32) (i32.const 4096))
          (data (i32.const 1024) "orders\00\00KEY\00\00\00\00\00rows")
          (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
            (global.get $free)
            (global.set $free (i32.add (global.get $free) (i32.and (i32.add (local.get 3) (i32.const 7))
              (i32.const -8)))))
          (func $work (result i32) (local $queue i32) (local $secret i32) {body})
          {entry})"#,
        if entry.contains("$exit") {
            r#"(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))"#
        } else {
            ""
        },
    )
}

const COMMAND: &str = r#"(func (export "_start") (call $exit (call $work)))"#;
const RUN: &str = r#"(func (export "wasi:cli/run@0.2.0#run") (result i32)
    (i32.ne (call $work) (i32.const 0)))"#;

/// Returns a component of the core module `text`.
fn component(text: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    resolve.push_dir("../../sdk/wit").unwrap();
    let run = "package wasi:cli@0.2.0; interface run { run: func() -> result; }";
    resolve.push_str("run.wit", run).unwrap();
    let world = "package test:test; world command { include jobling:task/imports@0.1.0;
        export wasi:cli/run@0.2.0; }";
    let package = resolve.push_str("world.wit", world).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    let mut module = wat::parse_str(text).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let mut encoder = ComponentEncoder::default().module(&module).unwrap().validate(true);
    encoder.encode().unwrap()
}

fn with(host: &PlayedHost) -> RunSpec {
    RunSpec { task: Some(Arc::new(host.clone())), ..RunSpec::default() }
}

#[tokio::test]
async fn a_module_and_a_component_call_all_of_it_alike() {
    let world = World::new();
    let as_module = world.prepare(&module(ALL_CALLS, COMMAND)).await.unwrap();
    let as_component = world.prepare_bytes(&component(&module(ALL_CALLS, RUN))).await.unwrap();
    for prepared in [as_module, as_component] {
        assert!(prepared.uses_queues());
        let host = PlayedHost::default();
        let exit = world.start(&prepared, with(&host), Limits::default()).await;
        assert_eq!(exit.ending, Ending::Exited(0), "{host:?}");
        let asked = host.0.lock().unwrap();
        let report = Progress { done: 3, total: 10, text: "rows".to_owned() };
        assert_eq!(asked.reports, [report]);
        assert_eq!(asked.calls, ["extend 7", "ack 7", "nack 7 250ms", "ack 99"]);
        assert_eq!(asked.closed, 1);
    }
}

#[tokio::test]
async fn a_guest_knows_how_much_of_its_fuel_is_left() {
    let world = World::new();
    let body = r"(if (i64.gt_u (call $fuel) (i64.const 1000000)) (then (return (i32.const 1))))
        (if (i64.lt_u (call $fuel) (i64.const 900000)) (then (return (i32.const 2))))
        (loop $again
          (local.set $queue (i32.add (local.get $queue) (i32.const 1)))
          (br_if $again (i32.lt_u (local.get $queue) (i32.const 50000))))
        (i64.gt_u (call $fuel) (i64.const 900000))";
    let as_module = world.prepare(&module(body, COMMAND)).await.unwrap();
    let as_component = world.prepare_bytes(&component(&module(body, RUN))).await.unwrap();
    for prepared in [as_module, as_component] {
        let limits = Limits { fuel: 1_000_000, ..Limits::default() };
        let exit = world.start(&prepared, RunSpec::default(), limits).await;
        assert_eq!(exit.ending, Ending::Exited(0));
        assert!(exit.fuel_used > 100_000, "{}", exit.fuel_used);
    }
}

#[tokio::test]
async fn a_guest_that_waits_for_an_item_is_stopped_and_its_queue_closed() {
    let world = World::new();
    let body = r"(call $open (i32.const 1024) (i32.const 6) (i32.const 2048))
        (call $reserve (i32.load (i32.const 2052)) (i32.const -1) (i32.const 2048)) (i32.const 0)";
    let as_module = world.prepare(&module(body, COMMAND)).await.unwrap();
    let as_component = world.prepare_bytes(&component(&module(body, RUN))).await.unwrap();
    for prepared in [as_module, as_component] {
        let (host, stopper) = (PlayedHost::default(), Stopper::new());
        let run = world.sandbox.run(&prepared, with(&host), Limits::default(), &stopper);
        let (exit, ()) = tokio::join!(run, async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            stopper.stop();
        });
        assert_eq!(exit.ending, Ending::Stopped);
        assert_eq!(host.0.lock().unwrap().closed, 1);
    }
}

#[tokio::test]
async fn a_run_that_was_given_nothing_is_told_so() {
    let world = World::new();
    let body = r"(call $open (i32.const 1024) (i32.const 6) (i32.const 2048))
        (if (i32.eqz (i32.load8_u (i32.const 2048))) (then (return (i32.const 1))))
        (call $open_secret (i32.const 1032) (i32.const 3) (i32.const 2048))
        (if (i32.eqz (i32.load8_u (i32.const 2048))) (then (return (i32.const 2))))
        (call $report (i64.const 1) (i64.const 0) (i32.const 0) (i32.const 100000)) (i32.const 0)";
    let exit = world.run(&module(body, COMMAND), RunSpec::default(), Limits::default()).await;
    assert_eq!(exit.ending, Ending::Exited(0));
}

#[tokio::test]
async fn a_guest_that_lies_to_its_host_ends_alone() {
    let world = World::new();
    for (what, body) in [
        ("a handle of nothing", "(call $ack (i32.const 5) (i64.const 1) (i32.const 2048))"),
        (
            "a secret as a queue",
            "(call $open_secret (i32.const 1032) (i32.const 3) (i32.const 2048))
             (call $ack (i32.load (i32.const 2052)) (i64.const 1) (i32.const 2048))",
        ),
        ("a name out of bounds", "(call $open (i32.const -6) (i32.const 6) (i32.const 2048))"),
        ("an answer out of bounds", "(call $open (i32.const 1024) (i32.const 6) (i32.const -8))"),
        ("a queue closed twice", "(call $close (i32.const 3))"),
    ] {
        let text = module(&format!("{body} (i32.const 0)"), COMMAND);
        let exit = world.run(&text, with(&PlayedHost::default()), Limits::default()).await;
        assert!(matches!(exit.ending, Ending::Trapped { .. }), "{what}: {:?}", exit.ending);
    }
}

#[tokio::test]
async fn queues_and_items_have_a_bound() {
    let world = World::new();
    let too_many = r"(loop $again
          (call $open (i32.const 1024) (i32.const 6) (i32.const 2048))
          (local.set $queue (i32.add (local.get $queue) (i32.const 1)))
          (br_if $again (i32.eqz (i32.load8_u (i32.const 2048)))))
        (if (i32.ne (i32.load8_u (i32.const 2052)) (i32.const 2)) (then (return (i32.const 1))))
        (i32.ne (local.get $queue) (i32.const 17))";
    // Length before bounds: nothing of it is read.
    let too_long = r"(call $open (i32.const 1024) (i32.const 6) (i32.const 2048))
        (call $push (i32.load (i32.const 2052)) (i32.const 0) (i32.const 0x7fffffff) (i32.const 2048))
        (i32.ne (i32.load8_u (i32.const 2052)) (i32.const 1))";
    for body in [too_many, too_long] {
        let host = PlayedHost::default();
        let exit = world.run(&module(body, COMMAND), with(&host), Limits::default()).await;
        assert_eq!(exit.ending, Ending::Exited(0), "{body}");
    }
}
