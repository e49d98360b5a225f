//! Every way that a guest can end, while a healthy neighbour beside it finishes.

#![expect(clippy::unwrap_used, reason = "a test ends where its world cannot be made")]
#![allow(clippy::needless_raw_string_hashes, reason = "WebAssembly text has quotes as a rule")]

mod world;

use std::time::{Duration, Instant};

use jobling_sandbox::{Ending, Limits, RunSpec, Stopper};
use world::{World, captured, guest};

const LOOP: &str = r#"(module (func (export "_start") (loop $again (br $again))))"#;
const HELLO: &str = r#"(call $leave (call $write (i32.const 1) (i32.const 1024) (i32.const 6)))"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_guests_end_with_their_reason_beside_a_healthy_one() {
    let world = World::new();
    let sleep_for_ever = guest(
        "",
        // A subscription to the clock, in ten years.
        r#"(i32.store8 (i32.const 40) (i32.const 0)) (i32.store (i32.const 48) (i32.const 1))
           (i64.store (i32.const 56) (i64.const 315360000000000000))
           (drop (call $poll_oneoff (i32.const 32) (i32.const 128) (i32.const 1) (i32.const 8)))"#,
    );
    let flood = guest(
        "y",
        "(loop $again (drop (call $write (i32.const 1) (i32.const 0) (i32.const 65536))) (br $again))",
    );
    let limits = Limits { fuel: 20_000_000, memory_bytes: 8 << 20, ..Limits::default() };
    for (name, text, expected) in [
        ("an endless loop", LOOP.to_owned(), Ending::OutOfFuel),
        ("a sleep for ever", sleep_for_ever, Ending::Stopped),
        ("a flood on stdout", flood, Ending::OutputLimit),
        ("memory growth", growing("(memory 1)", "memory.grow (i32.const 16)"), Ending::OutOfMemory),
        (
            "table growth",
            growing("(table $t 1 funcref)", "table.grow $t (ref.null func) (i32.const 100000)"),
            Ending::OutOfMemory,
        ),
        (
            "several memories",
            growing(
                "(memory $a 50) (memory $b 50)",
                "i32.add (memory.grow $a (i32.const 20)) (memory.grow $b (i32.const 20))",
            ),
            Ending::OutOfMemory,
        ),
        (
            "a memory that is too large from the start",
            r#"(module (memory 1000) (func (export "_start")))"#.to_owned(),
            Ending::OutOfMemory,
        ),
    ] {
        let stopper = Stopper::new();
        let hostile = world.prepare(&text).await.unwrap();
        let healthy = world.prepare(&guest("hello\\n", HELLO)).await.unwrap();
        let (stdout, said) = captured();
        let spec = RunSpec { stdout, ..RunSpec::default() };
        let neighbour = async {
            let exit = world.start(&healthy, spec, Limits::default()).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            stopper.stop();
            exit
        };
        let (ended, neighbour) = tokio::join!(
            world.sandbox.run(&hostile, RunSpec::default(), limits, &stopper),
            neighbour
        );
        assert_eq!(ended.ending, expected, "{name}");
        assert_eq!(neighbour.ending, Ending::Exited(0), "beside {name}");
        assert_eq!(said(), "hello\n", "beside {name}");
    }
}

#[tokio::test]
async fn a_trap_says_its_name_and_where_it_was() {
    let world = World::new();
    for (text, trap) in [
        (
            r#"(module (func $boom unreachable) (func (export "_start") (call $boom)))"#,
            "unreachable",
        ),
        (
            r#"(module (func $boom (drop (i32.div_s (i32.const 1) (i32.const 0))))
                 (func (export "_start") (call $boom)))"#,
            "divide by zero",
        ),
        (r#"(module (func $boom (call $boom)) (func (export "_start") (call $boom)))"#, "stack"),
        (
            r#"(module (func $boom unreachable) (start $boom) (func (export "_start")))"#,
            "unreachable",
        ),
    ] {
        let Ending::Trapped { message } = world.ending(text).await else {
            panic!("{text} did not trap")
        };
        assert!(message.contains(trap) && message.contains("boom"), "{message}");
        assert!(message.len() <= 4096, "{}", message.len());
    }
}

#[tokio::test]
async fn a_guest_leaves_with_any_code() {
    let world = World::new();
    for (code, seen) in [(0, 0), (1, 1), (126, 126), (255, 255), (256, 0), (-1, 255)] {
        let text = guest("", &format!("(call $leave (i32.const {code}))"));
        assert_eq!(world.ending(&text).await, Ending::Exited(seen), "exit({code})");
    }
}

#[tokio::test]
async fn a_guest_that_carries_on_without_the_memory_is_let_be() {
    let world = World::new();
    let limits = Limits { memory_bytes: 1 << 20, ..Limits::default() };
    for (body, expected) in [
        ("(drop (memory.grow (i32.const 100)))", Ending::Exited(0)),
        ("(drop (memory.grow (i32.const 100))) (call $leave (i32.const 3))", Ending::OutOfMemory),
        (
            "(drop (memory.grow (i32.const 100))) (drop (memory.grow (i32.const 1)))
             (call $leave (i32.const 3))",
            Ending::Exited(3),
        ),
    ] {
        let exit = world.run(&guest("", body), RunSpec::default(), limits).await;
        assert_eq!(exit.ending, expected, "{body}");
    }
}

#[tokio::test]
async fn fuel_and_memory_are_reported() {
    let world = World::new();
    let exit = world.ending_of_growth().await;
    assert_eq!(exit.peak_memory_bytes, 6 << 16);
    assert!((1..10_000).contains(&exit.fuel_used), "{}", exit.fuel_used);
}

impl World {
    async fn ending_of_growth(&self) -> jobling_sandbox::Exit {
        let text = guest("", "(drop (memory.grow (i32.const 2)))");
        self.run(&text, RunSpec::default(), Limits::default()).await
    }
}

#[tokio::test]
async fn a_slot_shows_nothing_of_its_last_tenant() {
    let world = World::new();
    let secret =
        guest("secret", "(memory.fill (i32.const 4096) (i32.const 120) (i32.const 100000))");
    let look = guest(
        "",
        "(loop $again
           (if (i32.load8_u (i32.add (i32.const 1024) (local.get $i))) (then (call $leave (i32.const 7))))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $again (i32.lt_u (local.get $i) (i32.const 250000))))",
    );
    let (secret, look) =
        (world.prepare(&secret).await.unwrap(), world.prepare(&look).await.unwrap());
    for _ in 0..50 {
        let tenant = world.start(&secret, RunSpec::default(), Limits::default()).await;
        assert_eq!(tenant.ending, Ending::Exited(0));
        let next = world.start(&look, RunSpec::default(), Limits::default()).await;
        assert_eq!(next.ending, Ending::Exited(0), "something of the last tenant was left");
    }
}

#[tokio::test]
async fn stopping_ends_a_loop_and_a_guest_that_was_not_started() {
    let world = World::new();
    let prepared = world.prepare(LOOP).await.unwrap();
    let limits = Limits { fuel: u64::MAX / 2, ..Limits::default() };
    let stopper = Stopper::new();
    let (exit, ()) =
        tokio::join!(world.sandbox.run(&prepared, RunSpec::default(), limits, &stopper), async {
            stopper.stop();
        });
    assert_eq!(exit.ending, Ending::Stopped);
    assert!(exit.fuel_used < 100_000_000, "{}", exit.fuel_used);
    let never = world.sandbox.run(&prepared, RunSpec::default(), limits, &stopper).await;
    assert_eq!((never.ending, never.fuel_used), (Ending::Stopped, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_twentieth_of_a_core_is_slower_than_a_whole_one() {
    let world = World::new();
    let prepared = world.prepare(LOOP).await.unwrap();
    let took = async |cpu_millis| {
        let limits = Limits { fuel: 500_000_000, cpu_millis, ..Limits::default() };
        let started = Instant::now();
        world.start(&prepared, RunSpec::default(), limits).await;
        started.elapsed()
    };
    let whole = took(1000).await.min(took(1000).await).min(took(1000).await);
    let twentieth = took(50).await;
    // Twenty times as long on an idle host; other programs can only have slowed down the whole one.
    assert!(twentieth > whole * 3, "{whole:?} whole, {twentieth:?} at a twentieth");
}

#[tokio::test]
async fn a_component_runs_and_fails_by_its_result() {
    let world = World::new();
    for (result, expected) in [(0, 0), (1, 1)] {
        let exit = world.ending(&component("wasi:cli/run@0.2.0", result)).await;
        assert_eq!(exit, Ending::Exited(expected));
    }
}

/// Returns a command component that returns `result`, exported as `name`.
fn component(name: &str, result: i32) -> String {
    format!(
        r#"(component
          (core module $m (func (export "run") (result i32) (i32.const {result})))
          (core instance $i (instantiate $m))
          (func $run (result (result)) (canon lift (core func $i "run")))
          (instance $exported (export "run" (func $run)))
          (export "{name}" (instance $exported)))"#
    )
}

/// Returns a module that repeats `grow` until it is refused, and then traps.
fn growing(definition: &str, grow: &str) -> String {
    let (operation, operands) = grow.split_once(' ').unwrap();
    format!(
        r#"(module {definition} (func (export "_start")
             (loop $again (br_if $again (i32.ge_s ({operation} {operands}) (i32.const 0))))
             (unreachable)))"#
    )
}
