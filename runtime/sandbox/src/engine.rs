//! The one engine: what of WebAssembly is on, and how memory for guests is held.

use std::num::NonZeroUsize;

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Strategy,
};

use crate::settings::{SandboxError, Settings};

/// Fewest runs at once that a pool is worth having for.
const MIN_POOL_RUNS: u32 = 16;
/// Memories that one module may have.
pub(crate) const MAX_MEMORIES_PER_MODULE: u32 = 8;
/// Tables that one module may have.
const MAX_TABLES_PER_MODULE: u32 = 8;
/// Elements that one table may have; `CPython` needs some ten thousand.
const MAX_TABLE_ELEMENTS: usize = 1 << 18;
/// Empty slots that keep their last tenant's pages mapped, zeroed; each holds up to [`KEEP_RESIDENT`].
const WARM_SLOTS: u32 = 16;
/// Bytes of a slot that are zeroed rather than given back. More is faster only where the kernel tells
/// which pages were written (`PAGEMAP_SCAN`, Linux 6.7); without it all of it would be written every time.
const KEEP_RESIDENT: usize = 1 << 20;
const KEEP_RESIDENT_WITHOUT_SCAN: usize = 256 << 10;
/// Host stack of one run beyond the guest's: host calls run on it.
const HOST_STACK_BYTES: usize = 1 << 20;
/// Frames of a trap's backtrace.
const BACKTRACE_FRAMES: usize = 32;
/// Bytes that the host copies for a guest in one call.
pub(crate) const HOSTCALL_BYTES: usize = 16 << 20;

/// Returns the engine for `settings`, and how many runs at once it is made for: with a pool as large as the
/// host's address space allows, without one where not even a small pool fits.
pub(crate) fn engine(settings: &Settings) -> Result<(Engine, u32), SandboxError> {
    let mut runs = settings.runs.max(MIN_POOL_RUNS);
    while runs >= MIN_POOL_RUNS {
        let mut config = compile_config();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(runs)));
        stacks(&mut config, settings.stack_bytes);
        match Engine::new(&config) {
            Ok(engine) => return Ok((engine, runs)),
            Err(error) => tracing::debug!(runs, %error, "pool does not fit"),
        }
        runs /= 2;
    }
    tracing::warn!("no address space for a pool of memories; starting runs will be slower");
    let mut config = compile_config();
    stacks(&mut config, settings.stack_bytes);
    let engine = Engine::new(&config);
    let engine = engine.map_err(|error| SandboxError::Engine(format!("{error:#}")))?;
    Ok((engine, settings.runs.max(1)))
}

/// Returns the engine of a compiling process: what it compiles runs on [`engine`]'s, and it reserves no
/// memory for guests.
pub(crate) fn compiling_engine() -> wasmtime::Result<Engine> {
    Engine::new(&compile_config())
}

/// Returns everything that decides what compiled code looks like. Whatever is not needed is off: most
/// of wasmtime's advisories sit in it.
fn compile_config() -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .consume_fuel(true)
        .epoch_interruption(false)
        .wasm_memory64(false)
        .wasm_multi_memory(true)
        .wasm_simd(true)
        .wasm_relaxed_simd(false)
        .gc_support(false)
        .concurrency_support(false)
        .shared_memory(false)
        .memory_init_cow(true)
        .memory_reservation(4 << 30)
        .memory_guard_size(32 << 20)
        .wasm_backtrace_max_frames(NonZeroUsize::new(BACKTRACE_FRAMES));
    config
}

fn stacks(config: &mut Config, stack_bytes: usize) {
    config.max_wasm_stack(stack_bytes).async_stack_size(stack_bytes + HOST_STACK_BYTES);
}

/// Returns a pool for `runs` at once. A component is several instances, so there are more of those; it has
/// one memory as a rule.
fn pool(runs: u32) -> PoolingAllocationConfig {
    let keep = if PoolingAllocationConfig::is_pagemap_scan_available() {
        KEEP_RESIDENT
    } else {
        KEEP_RESIDENT_WITHOUT_SCAN
    };
    let mut pool = PoolingAllocationConfig::new();
    pool.total_stacks(runs)
        .total_memories(runs + MAX_MEMORIES_PER_MODULE)
        .total_core_instances(runs.saturating_mul(4))
        .total_component_instances(runs)
        .total_tables(runs.saturating_mul(2) + MAX_TABLES_PER_MODULE)
        .max_memories_per_module(MAX_MEMORIES_PER_MODULE)
        .max_tables_per_module(MAX_TABLES_PER_MODULE)
        .table_elements(MAX_TABLE_ELEMENTS)
        .max_unused_warm_slots(WARM_SLOTS)
        .linear_memory_keep_resident(keep)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    pool
}
