//! What the sandbox costs: each figure a ratio of two things measured in this run.
//!
//! `cargo bench -p jobling-benches --bench sandbox`

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program that measures and prints")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jobling_benches::guest::{BareGuest, HELLO};
use jobling_sandbox::{Compiler, Ending, Limits, Prepared, RunSpec, Sandbox, Settings, Stopper};
use wasi_preview1_component_adapter_provider as adapter;
use wit_component::ComponentEncoder;

/// A sieve over a mebibyte, several times: loads, stores, branches.
const SIEVE: &str = r#"(module (memory (export "memory") 17)
  (func (export "_start") (local $round i32) (local $i i32) (local $j i32)
    (loop $rounds
      (memory.fill (i32.const 0) (i32.const 0) (i32.const 1048576))
      (local.set $i (i32.const 2))
      (loop $outer
        (if (i32.eqz (i32.load8_u (local.get $i))) (then
          (local.set $j (i32.mul (local.get $i) (local.get $i)))
          (if (i32.lt_u (local.get $j) (i32.const 1048576)) (then (loop $inner
            (i32.store8 (local.get $j) (i32.const 1))
            (local.set $j (i32.add (local.get $j) (local.get $i)))
            (br_if $inner (i32.lt_u (local.get $j) (i32.const 1048576))))))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $outer (i32.lt_u (local.get $i) (i32.const 1024))))
      (local.set $round (i32.add (local.get $round) (i32.const 1)))
      (br_if $rounds (i32.lt_u (local.get $round) (i32.const 100))))))"#;

fn main() {
    jobling_sandbox::compile_child_main();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    let directory = tempfile::tempdir().unwrap();
    let hello = file(directory.path(), "hello", HELLO);
    let sieve = file(directory.path(), "sieve", SIEVE);
    let sandbox = sandbox(&directory.path().join("cache"));

    let prepared = sandbox.prepare(&hello, "hello").await.unwrap();
    let ours = median(2000, async || run(&sandbox, &prepared).await).await;
    let bare = BareGuest::new(HELLO);
    let theirs = median(2000, async || bare.run().await).await;
    ratio("start to end of a trivial guest", ours, "a bare wasmtime loop", theirs);

    let component = component(directory.path());
    let prepared = sandbox.prepare(&component, "component").await.unwrap();
    let as_component = median(2000, async || run(&sandbox, &prepared).await).await;
    ratio("the same as a component", as_component, "as a core module", ours);

    let prepared = sandbox.prepare(&sieve, "sieve").await.unwrap();
    let ours = median(7, async || run(&sandbox, &prepared).await).await;
    let bare = BareGuest::new(SIEVE);
    let theirs = median(7, async || bare.run().await).await;
    ratio("a busy guest with all limits", ours, "the same engine with none", theirs);
    let native = median(7, async || natively()).await;
    ratio("a busy guest with all limits", ours, "as a program of this machine", native);

    let number = std::cell::Cell::new(0);
    let compiled = median(7, async || {
        number.set(number.get() + 1);
        sandbox.prepare(&sieve, &format!("sieve {}", number.get())).await.unwrap();
    });
    let compiled = compiled.await;
    let loading = self::sandbox(&directory.path().join("cache"));
    let number = std::cell::Cell::new(0);
    let loaded = median(7, async || {
        number.set(number.get() + 1);
        loading.prepare(&sieve, &format!("sieve {}", number.get())).await.unwrap();
    });
    ratio("loading cached code", loaded.await, "compiling it in a child", compiled);
}

/// What [`SIEVE`] does, as this machine's own code.
fn natively() {
    const LENGTH: usize = 1 << 20;
    let mut field = vec![0u8; LENGTH];
    for _ in 0..100 {
        field.fill(0);
        for i in 2..1024 {
            if field[i] == 0 {
                let mut j = i * i;
                while j < LENGTH {
                    field[j] = 1;
                    j += i;
                }
            }
        }
        std::hint::black_box(&mut field);
    }
}

/// Makes a component of [`HELLO`], as wasm-tools would.
fn component(directory: &Path) -> PathBuf {
    let name = adapter::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
    let bytes = adapter::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER;
    let module = wat::parse_str(HELLO).unwrap();
    let encoder = ComponentEncoder::default().module(&module).unwrap();
    let encoded = encoder.adapter(name, bytes).unwrap().encode().unwrap();
    let path = directory.join("component.wasm");
    std::fs::write(&path, encoded).unwrap();
    path
}

fn sandbox(cache: &Path) -> Sandbox {
    let program = std::env::current_exe().unwrap();
    Sandbox::new(Settings::new(cache, Compiler::Child(program))).unwrap()
}

fn file(directory: &Path, name: &str, text: &str) -> PathBuf {
    let path = directory.join(name).with_extension("wasm");
    std::fs::write(&path, wat::parse_str(text).unwrap()).unwrap();
    path
}

async fn run(sandbox: &Sandbox, prepared: &Prepared) {
    let limits = Limits { fuel: u64::MAX / 2, ..Limits::default() };
    let exit = sandbox.run(prepared, RunSpec::default(), limits, &Stopper::new()).await;
    assert_eq!(exit.ending, Ending::Exited(0));
}

/// Returns the median time of `count` calls.
async fn median(count: usize, call: impl AsyncFn()) -> Duration {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let started = Instant::now();
        call().await;
        times.push(started.elapsed());
    }
    times.sort();
    times[count / 2]
}

fn ratio(what: &str, ours: Duration, against: &str, theirs: Duration) {
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    println!("{what} {ours:?}, {against} {theirs:?}: ratio {ratio:.4}");
}
