//! Compiling in a process of its own: a module can be made to need any amount of time and memory, so
//! both sides are here, the one that asks and the one that compiles.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, Signal, setrlimit};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use crate::engine;
use crate::prepare::PrepareError;
use crate::settings::CompileLimits;

/// The only argument of a compiling process.
const ARGUMENT: &str = "--compile-wasm-module";
/// Most bytes that are read of what a compiling process says.
const MAX_REPLY_BYTES: u64 = 64 << 10;
/// Times a module's size that its code may take.
const CODE_RATIO: u64 = 64;
/// Code that even the smallest module may take: headers are a page each.
const MIN_CODE_BYTES: u64 = 16 << 20;

/// What a compiling process is asked.
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    module: PathBuf,
    code: PathBuf,
    memory_bytes: u64,
    seconds: u64,
    code_bytes: u64,
}

/// What a compiling process answers. None at all means that it hit a limit.
#[derive(Debug, Serialize, Deserialize)]
enum Reply {
    Done,
    Invalid { message: String },
    Failed { message: String },
}

/// Which of the two binary formats of WebAssembly a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Module,
    Component,
}

/// Returns the format that `bytes` begin with; `None` where they are not WebAssembly.
pub(crate) fn format_of(bytes: &[u8]) -> Option<Format> {
    match bytes.get(..8)? {
        [0, b'a', b's', b'm', 1, 0, 0, 0] => Some(Format::Module),
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0] => Some(Format::Component),
        _ => None,
    }
}

/// Compiles the module at `module` to `code` in a child of `program`.
pub(crate) async fn compile(
    program: &Path,
    module: &Path,
    code: &Path,
    limits: CompileLimits,
) -> Result<(), PrepareError> {
    let request = Request {
        module: module.to_path_buf(),
        code: code.to_path_buf(),
        memory_bytes: limits.memory_bytes,
        seconds: u64::from(limits.seconds),
        code_bytes: limits.module_bytes.saturating_mul(CODE_RATIO).max(MIN_CODE_BYTES),
    };
    let failed = |error: std::io::Error| PrepareError::Compiler { message: error.to_string() };
    let mut child = Command::new(program)
        .arg(ARGUMENT)
        .env_clear()
        // Of what mimalloc reserves ahead all counts as memory: a gibibyte, unless it is told otherwise.
        .env("MIMALLOC_ARENA_RESERVE", "32MiB")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let asked = ask(&mut child, &request);
    match tokio::time::timeout(Duration::from_secs(request.seconds), asked).await {
        Ok(outcome) => outcome.map_err(failed)?.result(limits),
        // Dropping the child kills it.
        Err(_elapsed) => Err(PrepareError::CompileTimeout { seconds: limits.seconds }),
    }
}

/// What a compiling process said and how it ended.
struct Outcome {
    reply: Vec<u8>,
    complaint: Vec<u8>,
    signal: Option<i32>,
}

async fn ask(child: &mut Child, request: &Request) -> std::io::Result<Outcome> {
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(mut stdin), Some(stdout), Some(stderr)) = pipes else {
        return Err(std::io::Error::other("the compiling process has no pipes"));
    };
    stdin.write_all(&serde_json::to_vec(request)?).await?;
    drop(stdin);
    let (mut reply, mut complaint) = (Vec::new(), Vec::new());
    let (mut stdout, mut stderr) = (stdout.take(MAX_REPLY_BYTES), stderr.take(MAX_REPLY_BYTES));
    tokio::try_join!(stdout.read_to_end(&mut reply), stderr.read_to_end(&mut complaint))?;
    let status = child.wait().await?;
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    Ok(Outcome { reply, complaint, signal })
}

impl Outcome {
    fn result(self, limits: CompileLimits) -> Result<(), PrepareError> {
        match serde_json::from_slice(&self.reply) {
            Ok(Reply::Done) => return Ok(()),
            Ok(Reply::Invalid { message }) => return Err(PrepareError::Invalid { message }),
            Ok(Reply::Failed { message }) => return Err(PrepareError::Compiler { message }),
            Err(_no_reply) => {}
        }
        let complaint = String::from_utf8_lossy(&self.complaint);
        let is = |signal: Signal| self.signal == Some(signal.as_raw());
        if is(Signal::XCPU) || is(Signal::KILL) {
            return Err(PrepareError::CompileTimeout { seconds: limits.seconds });
        }
        // What Rust says before it aborts, and what a thread says that cannot be started.
        let no_memory = ["memory allocation of", "Cannot allocate memory", "Resource temporarily"];
        if is(Signal::ABORT) || is(Signal::SEGV) || no_memory.iter().any(|t| complaint.contains(t))
        {
            return Err(PrepareError::CompileMemory { bytes: limits.memory_bytes });
        }
        let first = complaint.lines().next().unwrap_or("it said nothing").to_owned();
        Err(PrepareError::Compiler { message: first })
    }
}

/// Compiles one module and ends the process, if that is what this process was started for; returns
/// otherwise. A program that is named in [`Compiler::Child`](crate::Compiler::Child) calls this before
/// anything else, in particular before it starts a thread.
pub fn compile_child_main() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_none_or(|argument| argument != ARGUMENT) {
        return;
    }
    let reply = answer().unwrap_or_else(|message| Reply::Failed { message });
    let said = serde_json::to_vec(&reply)
        .map_err(std::io::Error::from)
        .and_then(|reply| std::io::stdout().write_all(&reply));
    #[expect(
        clippy::disallowed_methods,
        reason = "this process has no main of its own to return to"
    )]
    std::process::exit(i32::from(said.is_err()));
}

/// Reads a request and does it; the error is for the log.
fn answer() -> Result<Reply, String> {
    let mut request = String::new();
    std::io::stdin().read_to_string(&mut request).map_err(|error| error.to_string())?;
    let request: Request = serde_json::from_str(&request).map_err(|error| error.to_string())?;
    limit_this_process(&request).map_err(|error| format!("limits not set: {error}"))?;
    compile_here(&request.module, &request.code)
}

fn limit_this_process(request: &Request) -> rustix::io::Result<()> {
    // All cores may work for the allowed time; the parent's clock ends it earlier as a rule.
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    for (resource, most) in [
        (Resource::As, request.memory_bytes),
        (Resource::Cpu, request.seconds.saturating_mul(cores)),
        (Resource::Fsize, request.code_bytes),
        (Resource::Core, 0),
    ] {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}

/// Compiles `module` to `code` in this process; the error is for the log.
fn compile_here(module: &Path, code: &Path) -> Result<Reply, String> {
    let engine = engine::compiling_engine().map_err(|error| format!("{error:#}"))?;
    let bytes = std::fs::read(module).map_err(|error| error.to_string())?;
    let compiled = match format_of(&bytes) {
        Some(Format::Module) => engine.precompile_module(&bytes),
        Some(Format::Component) => engine.precompile_component(&bytes),
        None => return Ok(Reply::Invalid { message: "not WebAssembly".to_owned() }),
    };
    match compiled {
        Ok(compiled) => {
            std::fs::write(code, compiled).map_err(|error| error.to_string())?;
            Ok(Reply::Done)
        }
        Err(error) => Ok(Reply::Invalid { message: format!("{error:#}") }),
    }
}

/// Compiles without a child; see [`Compiler::InProcess`](crate::Compiler::InProcess).
pub(crate) async fn compile_in_process(module: &Path, code: &Path) -> Result<(), PrepareError> {
    let (module, code) = (module.to_path_buf(), code.to_path_buf());
    let compiled = tokio::task::spawn_blocking(move || compile_here(&module, &code)).await;
    match compiled {
        Ok(Ok(Reply::Done)) => Ok(()),
        Ok(Ok(Reply::Invalid { message })) => Err(PrepareError::Invalid { message }),
        Ok(Ok(Reply::Failed { message }) | Err(message)) => Err(PrepareError::Compiler { message }),
        Err(panic) => Err(PrepareError::Compiler { message: panic.to_string() }),
    }
}
