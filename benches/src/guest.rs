//! Guests, and the least that wasmtime needs to run one: the limit of what a sandbox can do.

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, InstancePre, Linker, Module,
    PoolingAllocationConfig, Store,
};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p1::{self, WasiP1Ctx};

/// A module, as text, that prints a line and returns.
pub const HELLO: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "hello\n")
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 16))
    (i32.store (i32.const 4) (i32.const 6))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;

/// A module, as text, that sleeps for an hour.
pub const SLEEP: &str = r#"(module
  (import "wasi_snapshot_preview1" "poll_oneoff"
    (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (i32.store (i32.const 16) (i32.const 1))
    (i64.store (i32.const 24) (i64.const 3600000000000))
    (drop (call $poll_oneoff (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))))"#;

/// The least that wasmtime needs for a guest: pooling, no fuel, no limiter.
pub struct BareGuest {
    engine: Engine,
    module: InstancePre<WasiP1Ctx>,
}

impl BareGuest {
    /// Returns the module whose text is given, compiled and linked.
    ///
    /// # Panics
    /// Where it is none.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut pool = PoolingAllocationConfig::new();
        pool.linear_memory_keep_resident(1 << 20).pagemap_scan(Enabled::Auto);
        let mut config = Config::new();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let engine = Engine::new(&config).expect("a pool that fits this machine");
        let module = wat::parse_str(text).expect("a module's text");
        let module = Module::new(&engine, module).expect("a module");
        let mut linker = Linker::new(&engine);
        p1::add_to_linker_async(&mut linker, |wasi| wasi).expect("no name twice");
        Self { module: linker.instantiate_pre(&module).expect("only WASI's imports"), engine }
    }

    /// Runs it once.
    ///
    /// # Panics
    /// Where it fails.
    pub async fn run(&self) {
        let mut store = Store::new(&self.engine, WasiCtxBuilder::new().build_p1());
        let instance = self.module.instantiate_async(&mut store).await.expect("an instance");
        let start = instance.get_typed_func::<(), ()>(&mut store, "_start").expect("a start");
        start.call_async(&mut store, ()).await.expect("it returns");
    }
}

impl std::fmt::Debug for BareGuest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BareGuest").finish_non_exhaustive()
    }
}
