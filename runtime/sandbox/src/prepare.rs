//! From a file to something that can be started at once: checked, compiled, linked, and cached.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::component::{self, Component};
use wasmtime::{Engine, ExternType, Linker, Module, UnknownImportError};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi_http::p2::bindings::ProxyPre;

use crate::cache::{DiskCache, MemoryCache};
use crate::child::{self, Format};
use crate::engine::MAX_MEMORIES_PER_MODULE;
use crate::guest::Guest;
use crate::handler::INCOMING_HANDLER;
use crate::prepared::{Parts, Prepared, Start};
use crate::settings::{CompileLimits, Compiler, SandboxError, Settings};
use crate::task::WORK_QUEUE;

/// The interface whose export makes a component a command.
const RUN: &str = "wasi:cli/run@";

/// Why a file cannot be started. Each says what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrepareError {
    /// The file cannot be read.
    #[error("cannot read {path}: {message}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// It has neither of the two formats.
    #[error("not a WebAssembly file; build the program for wasm32-wasip1 or wasm32-wasip2")]
    NotWasm,
    /// Its file is too large.
    #[error(
        "the module is {bytes} bytes; at most {limit} are compiled here: strip it (wasm-tools strip)"
    )]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// Compiling it takes too long.
    #[error(
        "compiling the module took more than {seconds} s; build it with optimisation, or raise \
         --compile-timeout"
    )]
    CompileTimeout {
        /// The limit.
        seconds: u32,
    },
    /// Compiling it takes too much memory.
    #[error(
        "compiling the module needs more than {} MiB of memory; build it with optimisation, or raise \
         --compile-memory",
        .bytes >> 20
    )]
    CompileMemory {
        /// The limit.
        bytes: u64,
    },
    /// It is not valid, or uses a proposal that is off.
    #[error(
        "the module is not valid here: {message}; build it without proposals beyond WebAssembly 2.0"
    )]
    Invalid {
        /// What the validator says.
        message: String,
    },
    /// It imports what is not provided.
    #[error(
        "the module imports {module}::{name}, which is not provided; build it for wasm32-wasip1, or as a \
         wasi:cli/command component of WASI 0.2"
    )]
    UnknownImport {
        /// Where it imports from.
        module: String,
        /// What it imports; empty for a whole interface of a component.
        name: String,
    },
    /// It has no `_start`.
    #[error(
        "the module exports no function _start, so there is nothing to run; build it as a command, not as \
         a library (reactor)"
    )]
    NoStart,
    /// It is a component of another world.
    #[error(
        "the component is no wasi:cli/command of WASI 0.2 ({message}); build it as a command \
         (wasm32-wasip2)"
    )]
    WrongWorld {
        /// What is missing.
        message: String,
    },
    /// It has more memories than a module may have here.
    #[error("the module has {memories} memories; at most {MAX_MEMORIES_PER_MODULE} are provided")]
    TooManyMemories {
        /// How many it has.
        memories: u32,
    },
    /// The compiling process could not do its work.
    #[error("the compiler failed: {message}; see the daemon's log")]
    Compiler {
        /// What it said.
        message: String,
    },
    /// The cache could not be written.
    #[error("compiled code cannot be stored: {message}; free space below the cache directory")]
    Cache {
        /// What the file system said.
        message: String,
    },
}

/// Prepares modules for one engine.
pub(crate) struct Preparer {
    engine: Engine,
    modules: Linker<Guest>,
    components: component::Linker<Guest>,
    disk: DiskCache,
    memory: MemoryCache,
    compiler: Compiler,
    limits: CompileLimits,
    /// One lock for each digest that is being prepared, so that it is compiled once.
    preparing: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    /// Compiling uses all cores by itself, and much memory.
    compiling: tokio::sync::Semaphore,
}

impl Preparer {
    pub(crate) fn new(engine: Engine, settings: Settings) -> Result<Self, SandboxError> {
        let failed = |error: wasmtime::Error| SandboxError::Engine(format!("{error:#}"));
        Ok(Self {
            modules: crate::preview1::linker(&engine).map_err(failed)?,
            components: crate::preview2::linker(&engine).map_err(failed)?,
            disk: DiskCache::open(&settings.cache_directory, settings.disk_cache_bytes, &engine)?,
            memory: MemoryCache::new(settings.memory_cache_bytes),
            compiler: settings.compiler,
            limits: settings.compile,
            preparing: Mutex::default(),
            compiling: tokio::sync::Semaphore::new(1),
            engine,
        })
    }

    /// Returns what the file at `path`, whose contents have `digest`, can be started as.
    pub(crate) async fn prepare(
        &self,
        path: &Path,
        digest: &str,
    ) -> Result<Prepared, PrepareError> {
        if let Some(prepared) = self.memory.get(digest) {
            return Ok(prepared);
        }
        // Seldom, so that it need not have room in every run.
        Box::pin(self.prepare_in_turn(path, digest)).await
    }

    async fn prepare_in_turn(&self, path: &Path, digest: &str) -> Result<Prepared, PrepareError> {
        let turn = self.turn(digest);
        let prepared = {
            let _only_one = turn.lock().await;
            self.prepare_alone(path, digest).await
        };
        self.end_turn(digest, &turn);
        prepared
    }

    fn turn(&self, digest: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut preparing = self.preparing.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(preparing.entry(digest.to_owned()).or_default())
    }

    /// Forgets the lock of `digest` once nobody else waits for it: the map and the caller have one each.
    fn end_turn(&self, digest: &str, turn: &Arc<tokio::sync::Mutex<()>>) {
        let mut preparing = self.preparing.lock().unwrap_or_else(PoisonError::into_inner);
        if Arc::strong_count(turn) <= 2 {
            preparing.remove(digest);
        }
    }

    async fn prepare_alone(&self, path: &Path, digest: &str) -> Result<Prepared, PrepareError> {
        if let Some(prepared) = self.memory.get(digest) {
            return Ok(prepared);
        }
        let format = check_file(path, self.limits)?;
        let code = self.disk.path(digest);
        if code.exists() {
            match self.load(&code, format) {
                Ok(prepared) => {
                    DiskCache::touch(&code);
                    self.memory.insert(digest, prepared.clone());
                    return Ok(prepared);
                }
                // Only code that cannot be loaded is compiled anew; all else is the module's fault.
                Err(PrepareError::Cache { message }) => {
                    tracing::warn!(digest, message, "compiled code not loaded; compiling again");
                }
                Err(error) => return Err(error),
            }
        }
        let code = self.compile(path, digest).await?;
        let prepared = self.load(&code, format)?;
        self.memory.insert(digest, prepared.clone());
        Ok(prepared)
    }

    async fn compile(&self, path: &Path, digest: &str) -> Result<PathBuf, PrepareError> {
        let _one_at_a_time = self.compiling.acquire().await;
        let partial = self.disk.partial_path(digest);
        let compiled = match &self.compiler {
            Compiler::Child(program) => child::compile(program, path, &partial, self.limits).await,
            Compiler::InProcess => child::compile_in_process(path, &partial).await,
        };
        let kept = compiled.and_then(|()| {
            self.disk
                .keep(digest)
                .map_err(|error| PrepareError::Cache { message: error.to_string() })
        });
        if kept.is_err()
            && partial.exists()
            && let Err(error) = std::fs::remove_file(&partial)
        {
            tracing::warn!(%error, "partial code not removed");
        }
        kept
    }

    /// Loads compiled code and links it.
    fn load(&self, code: &Path, format: Format) -> Result<Prepared, PrepareError> {
        let unreadable =
            |error: wasmtime::Error| PrepareError::Cache { message: format!("{error:#}") };
        match format {
            Format::Module => {
                self.link_module(&load_module(&self.engine, code).map_err(unreadable)?)
            }
            Format::Component => {
                self.link_component(&load_component(&self.engine, code).map_err(unreadable)?)
            }
        }
    }

    fn link_module(&self, module: &Module) -> Result<Prepared, PrepareError> {
        let memories = module.resources_required().num_memories;
        if memories > MAX_MEMORIES_PER_MODULE {
            return Err(PrepareError::TooManyMemories { memories });
        }
        let linked = self.modules.instantiate_pre(module).map_err(|error| import_error(&error))?;
        match module.get_export("_start") {
            Some(ExternType::Func(start))
                if start.params().len() == 0 && start.results().len() == 0 => {}
            _ => return Err(PrepareError::NoStart),
        }
        Ok(Prepared::new(Parts {
            start: Start::Module(linked),
            code_bytes: code_bytes(module.image_range()),
            memories: memories.max(1),
            opens_files: module.imports().any(|import| import.name() == "path_open"),
            uses_queues: module.imports().any(|import| import.module().starts_with(WORK_QUEUE)),
        }))
    }

    fn link_component(&self, component: &Component) -> Result<Prepared, PrepareError> {
        let linked = self.components.instantiate_pre(component);
        let linked = linked.map_err(|error| component_error(&self.engine, component, &error))?;
        let start = if self.exports(component, INCOMING_HANDLER) && !self.exports(component, RUN) {
            ProxyPre::new(linked).map(Start::Handler)
        } else {
            CommandPre::new(linked).map(Start::Component)
        };
        let start =
            start.map_err(|error| PrepareError::WrongWorld { message: format!("{error:#}") })?;
        let required = component.resources_required();
        let imported = component.component_type();
        let imports =
            |start: &str| imported.imports(&self.engine).any(|(name, _)| name.starts_with(start));
        Ok(Prepared::new(Parts {
            start,
            code_bytes: code_bytes(component.image_range()),
            memories: required.map_or(1, |required| required.num_memories.max(1)),
            opens_files: imports("wasi:filesystem/"),
            uses_queues: imports(WORK_QUEUE),
        }))
    }

    fn exports(&self, component: &Component, interface: &str) -> bool {
        component
            .component_type()
            .exports(&self.engine)
            .any(|(name, _)| name.starts_with(interface))
    }
}

/// Returns the format of the file at `path`, if it may be compiled.
fn check_file(path: &Path, limits: CompileLimits) -> Result<Format, PrepareError> {
    let unreadable = |error: std::io::Error| PrepareError::Read {
        path: path.to_path_buf(),
        message: error.to_string(),
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let bytes = file.metadata().map_err(unreadable)?.len();
    let mut header = Vec::new();
    file.take(8).read_to_end(&mut header).map_err(unreadable)?;
    let format = child::format_of(&header).ok_or(PrepareError::NotWasm)?;
    if bytes > limits.module_bytes {
        return Err(PrepareError::TooLarge { bytes, limit: limits.module_bytes });
    }
    Ok(format)
}

/// Returns which interface of `component` is not provided, or what else is wrong with it.
pub(crate) fn component_error(
    engine: &Engine,
    component: &Component,
    error: &wasmtime::Error,
) -> PrepareError {
    let text = format!("{error:#}");
    let imports = component.component_type();
    let missing = imports.imports(engine).find(|(name, _)| text.contains(&format!("`{name}`")));
    match missing {
        Some((name, _)) => {
            PrepareError::UnknownImport { module: name.to_owned(), name: String::new() }
        }
        None => PrepareError::WrongWorld { message: text },
    }
}

pub(crate) fn import_error(error: &wasmtime::Error) -> PrepareError {
    match error.downcast_ref::<UnknownImportError>() {
        Some(unknown) => PrepareError::UnknownImport {
            module: unknown.module().to_owned(),
            name: unknown.name().to_owned(),
        },
        None => PrepareError::Invalid { message: format!("{error:#}") },
    }
}

#[expect(unsafe_code, reason = "wasmtime cannot check what it loads")]
fn load_module(engine: &Engine, code: &Path) -> wasmtime::Result<Module> {
    // SAFETY: the file is in the cache directory, which only this user can write (`DiskCache::open`), and
    // got its name after a compiling process of ours had written all of it (`DiskCache::keep`); its name
    // holds the digest, wasmtime's version and the engine's settings.
    unsafe { Module::deserialize_file(engine, code) }
}

#[expect(unsafe_code, reason = "wasmtime cannot check what it loads")]
fn load_component(engine: &Engine, code: &Path) -> wasmtime::Result<Component> {
    // SAFETY: as in `load_module`.
    unsafe { Component::deserialize_file(engine, code) }
}

fn code_bytes(range: std::ops::Range<*const u8>) -> u64 {
    range.end.addr().saturating_sub(range.start.addr()) as u64
}
