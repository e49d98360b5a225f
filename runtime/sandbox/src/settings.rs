//! What a sandbox is made with: where it keeps compiled code, how much it holds, who compiles.

use std::path::PathBuf;

/// What a [`Sandbox`](crate::Sandbox) is made with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The directory for compiled code; made with mode 0700 where it is missing, refused where another
    /// user owns it or can write to it: code that is loaded from it runs outside the sandbox.
    pub cache_directory: PathBuf,
    /// Bytes that compiled code may take on disk; the least recently loaded goes first.
    pub disk_cache_bytes: u64,
    /// Bytes that compiled code may take in memory; the least recently used goes first.
    pub memory_cache_bytes: u64,
    /// Runs at once that the pool of memories is made for; fewer where the host's address space is too
    /// small. More than that wait for a place.
    pub runs: u32,
    /// Stack of a guest, in bytes; deeper recursion is a trap.
    pub stack_bytes: usize,
    /// What compiling a module may cost.
    pub compile: CompileLimits,
    /// Who compiles.
    pub compiler: Compiler,
}

impl Settings {
    /// Returns settings for a small host: 1,000 runs at once, 512 MiB of compiled code on disk and 128 MiB
    /// in memory.
    #[must_use]
    pub fn new(cache_directory: impl Into<PathBuf>, compiler: Compiler) -> Self {
        Self {
            cache_directory: cache_directory.into(),
            disk_cache_bytes: 512 << 20,
            memory_cache_bytes: 128 << 20,
            runs: 1000,
            stack_bytes: 1 << 20,
            compile: CompileLimits::default(),
            compiler,
        }
    }
}

/// What compiling one module may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileLimits {
    /// Address space of the compiling process, in bytes.
    pub memory_bytes: u64,
    /// Wall-clock seconds.
    pub seconds: u32,
    /// Size of the module's file, in bytes.
    pub module_bytes: u64,
}

impl Default for CompileLimits {
    /// 4 GiB, two minutes, 64 MiB: `CPython` (26 MB) takes six seconds and under 2 GiB on two cores.
    fn default() -> Self {
        Self { memory_bytes: 4 << 30, seconds: 120, module_bytes: 64 << 20 }
    }
}

/// Who compiles a module that was never seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compiler {
    /// A child process within [`CompileLimits`]: this program, which calls
    /// [`compile_child_main`](crate::compile_child_main) first.
    Child(PathBuf),
    /// This process. Only the module's size is limited: for modules that are trusted, as in tests.
    InProcess,
}

/// Why a sandbox cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The cache directory cannot be made or read.
    #[error("cannot use {path} for compiled code", path = path.display())]
    CacheDirectory {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Somebody else could put code there.
    #[error(
        "{path} must belong to this user and be closed to others, since code from it is run; chmod 700 it",
        path = path.display()
    )]
    CacheNotPrivate {
        /// The directory.
        path: PathBuf,
    },
    /// wasmtime cannot run on this host.
    #[error("wasmtime cannot start on this host: {0}")]
    Engine(String),
}
