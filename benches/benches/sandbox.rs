//! What the sandbox costs: each figure a ratio of two things measured in this run.
//!
//! `cargo bench -p jobling-benches --bench sandbox`

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program that measures and prints")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jobling_sandbox::{Compiler, Ending, Limits, Prepared, RunSpec, Sandbox, Settings, Stopper};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, InstancePre, Linker, Module,
    PoolingAllocationConfig, Store,
};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p1::{self, WasiP1Ctx};

const HELLO: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "hello\n")
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 16))
    (i32.store (i32.const 4) (i32.const 6))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;

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
    let bare = Bare::new(HELLO);
    let theirs = median(2000, async || bare.run().await).await;
    ratio("start to end of a trivial guest", ours, "a bare wasmtime loop", theirs);

    let prepared = sandbox.prepare(&sieve, "sieve").await.unwrap();
    let ours = median(7, async || run(&sandbox, &prepared).await).await;
    let bare = Bare::new(SIEVE);
    let theirs = median(7, async || bare.run().await).await;
    ratio("a busy guest with all limits", ours, "the same engine with none", theirs);

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

/// The least that wasmtime needs for the same guest: pooling, no fuel, no limiter.
struct Bare {
    engine: Engine,
    module: InstancePre<WasiP1Ctx>,
}

impl Bare {
    fn new(text: &str) -> Self {
        let mut pool = PoolingAllocationConfig::new();
        pool.linear_memory_keep_resident(1 << 20).pagemap_scan(Enabled::Auto);
        let mut config = Config::new();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let engine = Engine::new(&config).unwrap();
        let module = Module::new(&engine, wat::parse_str(text).unwrap()).unwrap();
        let mut linker = Linker::new(&engine);
        p1::add_to_linker_async(&mut linker, |wasi| wasi).unwrap();
        Self { module: linker.instantiate_pre(&module).unwrap(), engine }
    }

    async fn run(&self) {
        let mut store = Store::new(&self.engine, WasiCtxBuilder::new().build_p1());
        let instance = self.module.instantiate_async(&mut store).await.unwrap();
        let start = instance.get_typed_func::<(), ()>(&mut store, "_start").unwrap();
        start.call_async(&mut store, ()).await.unwrap();
    }
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
