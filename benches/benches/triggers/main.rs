//! Requests to HTTPTriggers beside what people would build by hand: a bare hyper server that runs the
//! same module in bare wasmtime, and one that starts a native process. All in turns, in one run.
//!
//! `cargo build --release --bin jobling && cargo bench -p jobling-benches --bench triggers`

#![expect(clippy::print_stdout, reason = "a bench says what it measured")]

mod bare;
mod load;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use jobling_benches::daemon::released_binary;
use load::{Load, Measured};

/// Answers a request with its body: reads at most 4 KiB of stdin and writes it to stdout.
const ECHO: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 64))
    (i32.store (i32.const 4) (i32.const 4096))
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (i32.store (i32.const 4) (i32.load (i32.const 8)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;
/// The same as a native program.
const NATIVE: &str = "/bin/cat";
const ROUNDS: usize = 3;

fn main() {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("serve-module"), Some(module)) => bare::serve_module(Path::new(&module)),
        (Some("serve-process"), Some(program)) => bare::serve_processes(&program),
        _ => measure(),
    }
}

/// What is compared.
struct Contender {
    name: &'static str,
    target: &'static str,
    address: SocketAddr,
    best: Option<Measured>,
}

fn measure() {
    let directory = tempfile::tempdir().expect("a directory");
    let module = directory.path().join("echo.wasm");
    fs::write(&module, wat::parse_str(ECHO).expect("a module")).expect("a file");
    let jobling = Jobling::start(directory.path(), &module);
    let bare = Server::bare(&["serve-module", module.to_str().expect("UTF-8")]);
    let processes = Server::bare(&["serve-process", NATIVE]);
    let mut contenders = [
        ("bare hyper and wasmtime", "/", bare.address),
        ("hyper and a process for each", "/", processes.address),
        ("jobling, record: Failures", "/failures", jobling.server.address),
        ("jobling, record: Always", "/always", jobling.server.address),
    ]
    .map(|(name, target, address)| Contender { name, target, address, best: None });
    for connections in [1, 32] {
        for _ in 0..ROUNDS {
            for contender in &mut contenders {
                let load =
                    Load { address: contender.address, target: contender.target, connections };
                let measured = load.measure();
                contender.best =
                    contender.best.take().into_iter().chain([measured]).max_by_key(|m| m.requests);
            }
        }
        println!("{connections} connections, the best of {ROUNDS} rounds:");
        tell(&mut contenders);
    }
}

fn tell(contenders: &mut [Contender]) {
    let bare = contenders[0].best.as_ref().map_or(0.0, Measured::a_second);
    for contender in contenders {
        let Some(best) = contender.best.take() else { continue };
        let rate = best.a_second();
        println!(
            "  {:<30} {rate:>8.0}/s, {:.2} of bare, p50 {:?}, p99 {:?}",
            contender.name,
            rate / bare,
            best.percentile(50),
            best.percentile(99)
        );
    }
}

/// A server in a process of its own; killed when it is dropped.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts this program again as one of the servers that it is compared with.
    fn bare(arguments: &[&str]) -> Self {
        let own = std::env::current_exe().expect("a bench has a path");
        Self::start(Command::new(own).args(arguments), "listening at ")
    }

    /// Starts a program whose first line tells an address behind `word`.
    fn start(command: &mut Command, word: &str) -> Self {
        let child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = child.expect("a server");
        let mut ready = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut ready).expect("a line");
        let address = ready.split_once(word).and_then(|(_, rest)| rest.split_whitespace().next());
        let address = address.and_then(|text| text.parse().ok()).expect("an address");
        Self { child, address }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The daemon with two triggers.
struct Jobling {
    server: Server,
}

impl Jobling {
    fn start(directory: &Path, module: &Path) -> Self {
        let binary = released_binary();
        let data = directory.join("data");
        let mut command = Command::new(&binary);
        command.args(["serve", "--trigger-listen", "127.0.0.1:0", "--data"]).arg(&data);
        let server = Server::start(&mut command, "takes requests at http://");
        let ask = |arguments: &[&str]| {
            let mut command = Command::new(&binary);
            command
                .args(arguments)
                .env("KUBECONFIG", data.join("kubeconfig"))
                .stdout(Stdio::null());
            assert!(command.status().expect("jobling starts").success(), "{arguments:?}");
        };
        ask(&["image", "import", "echo:1.0", module.to_str().expect("UTF-8")]);
        for (name, record) in [("failures", "Failures"), ("always", "Always")] {
            ask(&["apply", "-f", trigger(directory, name, record).to_str().expect("UTF-8")]);
        }
        Self { server }
    }
}

fn trigger(directory: &Path, name: &str, record: &str) -> PathBuf {
    let path = directory.join(format!("{name}.yaml"));
    let text = format!(
        "apiVersion: jobling.dev/v1alpha1\nkind: HTTPTrigger\nmetadata: {{name: {name}}}\nspec:\n  \
         path: /{name}\n  auth: {{none: {{}}}}\n  record: {record}\n  jobTemplate:\n    spec:\n      \
         template:\n        spec:\n          restartPolicy: Never\n          containers:\n            \
         - name: main\n              image: echo:1.0\n              \
         resources: {{limits: {{memory: 1Mi}}}}\n"
    );
    fs::write(&path, text).expect("a manifest");
    path
}
