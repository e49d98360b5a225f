//! A sandbox in a temporary directory, and guests given as text.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test file uses its part")]

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jobling_sandbox::{
    CompileLimits, Compiler, Ending, Exit, Limits, Output, PrepareError, Prepared, RunSpec,
    Sandbox, Settings, Stopper,
};
use tempfile::TempDir;

/// Longer than any test needs; a guest that runs this long was not ended.
const PATIENCE: Duration = Duration::from_mins(1);

pub struct World {
    pub sandbox: Sandbox,
    pub directory: TempDir,
    digests: AtomicU32,
}

impl World {
    pub fn new() -> Self {
        Self::with_compile_limits(CompileLimits::default())
    }

    pub fn with_compile_limits(compile: CompileLimits) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let program = PathBuf::from(env!("CARGO_BIN_EXE_compile-child"));
        let mut settings = Settings::new(directory.path().join("cache"), Compiler::Child(program));
        settings.compile = compile;
        settings.runs = 64;
        let sandbox = Sandbox::new(settings).unwrap();
        Self { sandbox, directory, digests: AtomicU32::new(0) }
    }

    /// Makes a directory that a guest may be given.
    pub fn volume(&self, name: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    pub async fn prepare_bytes(&self, bytes: &[u8]) -> Result<Prepared, PrepareError> {
        let number = self.digests.fetch_add(1, Ordering::Relaxed);
        let path = self.directory.path().join(format!("{number}.wasm"));
        std::fs::write(&path, bytes).unwrap();
        self.sandbox.prepare(&path, &format!("sha256:{number}")).await
    }

    pub async fn prepare(&self, text: &str) -> Result<Prepared, PrepareError> {
        self.prepare_bytes(&wat::parse_str(text).unwrap()).await
    }

    pub async fn run(&self, text: &str, spec: RunSpec, limits: Limits) -> Exit {
        let prepared = self.prepare(text).await.unwrap();
        self.start(&prepared, spec, limits).await
    }

    pub async fn start(&self, prepared: &Prepared, spec: RunSpec, limits: Limits) -> Exit {
        let stopper = Stopper::new();
        let run = self.sandbox.run(prepared, spec, limits, &stopper);
        tokio::time::timeout(PATIENCE, run).await.expect("the guest was not ended")
    }

    pub async fn ending(&self, text: &str) -> Ending {
        self.run(text, RunSpec::default(), Limits::default()).await.ending
    }
}

/// Returns an output, and all of what has come out of it.
pub fn captured() -> (Output, impl Fn() -> String) {
    let all = Arc::new(Mutex::new(Vec::new()));
    let taken = Arc::clone(&all);
    let output = Output::to(move |piece| taken.lock().unwrap().extend_from_slice(piece));
    (output, move || String::from_utf8_lossy(&all.lock().unwrap()).into_owned())
}

/// Returns a module with the calls that most guests need: `body` is in `_start`, which has the locals
/// `$errno` and `$i`. The byte buffers are at 1024 (`$data` stands there) and 4096.
pub fn guest(data: &str, body: &str) -> String {
    format!(
        r#"(module
          (import "wasi_snapshot_preview1" "fd_write"
            (func $fd_write (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "path_open"
            (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "path_rename"
            (func $path_rename (param i32 i32 i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "path_unlink_file"
            (func $path_unlink_file (param i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
          (import "wasi_snapshot_preview1" "poll_oneoff"
            (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
          (memory (export "memory") 4)
          (data (i32.const 1024) "{data}")
          (func $write (param $fd i32) (param $at i32) (param $bytes i32) (result i32)
            (i32.store (i32.const 0) (local.get $at))
            (i32.store (i32.const 4) (local.get $bytes))
            (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)))
          (func $open (param $directory i32) (param $at i32) (param $length i32) (param $flags i32)
            (result i32)
            (call $path_open (local.get $directory) (i32.const 1) (local.get $at) (local.get $length)
              (local.get $flags) (i64.const 66) (i64.const 66) (i32.const 0) (i32.const 16)))
          (func $leave (param $code i32) (call $exit (local.get $code)) (unreachable))
          (func (export "_start") (local $errno i32) (local $i i32) {body}))"#
    )
}
