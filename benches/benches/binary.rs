//! The binary as people have it: its size, what the idle daemon takes, and how fast pods come and go,
//! beside native processes that do as little.
//!
//! `cargo build --release --bin jobling && cargo bench -p jobling-benches --bench binary`

#![expect(clippy::print_stdout, reason = "a bench says what it measured")]
#![expect(clippy::disallowed_methods, reason = "to watch somebody idle is to wait")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use jobling_benches::{in_turns, timed};

/// A module that prints a line and returns.
const HELLO: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "hello\n")
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 16))
    (i32.store (i32.const 4) (i32.const 6))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;
/// How long the idle daemon is watched.
const WATCHED: Duration = Duration::from_secs(20);
/// Pods of the runs that are timed.
const IN_A_ROW: u32 = 1_000;
const AT_ONCE: u32 = 50_000;
const FROM_THE_SHELL: u32 = 100;
const ROUNDS: usize = 5;

fn main() {
    let bench = Bench::new();
    bench.size();
    bench.idle();
    bench.pods();
    bench.shell();
}

struct Bench {
    directory: tempfile::TempDir,
    binary: PathBuf,
}

impl Bench {
    fn new() -> Self {
        let own = std::env::current_exe().expect("a bench has a path");
        let release = own.ancestors().nth(2).expect("target/release/deps/binary").to_owned();
        let binary = release.join("jobling");
        assert!(binary.exists(), "{} is missing: cargo build --release", binary.display());
        let directory = tempfile::tempdir().expect("a directory");
        let module = wat::parse_str(HELLO).expect("a module");
        fs::write(directory.path().join("hello.wasm"), module).expect("a file");
        Self { directory, binary }
    }

    fn size(&self) {
        let bytes = fs::metadata(&self.binary).expect("the binary").len();
        println!("size of the binary: {:.1} MB", mega(bytes));
    }

    /// Watches a daemon that nobody asks for anything.
    fn idle(&self) {
        let data = self.directory.path().join("data");
        let mut daemon = self.daemon(&data);
        let pid = daemon.id();
        std::thread::sleep(Duration::from_secs(2));
        let (woken, written) = (wake_ups(pid), written(pid));
        std::thread::sleep(WATCHED);
        println!("idle daemon: {:.1} MB resident", mega(resident(pid)));
        println!("  in {} s: {} wake-ups", WATCHED.as_secs(), wake_ups(pid) - woken);
        println!("  in {} s: {} bytes written", WATCHED.as_secs(), self::written(pid) - written);
        drop(daemon.kill());
        drop(daemon.wait());
    }

    fn daemon(&self, data: &Path) -> Child {
        let mut daemon = Command::new(&self.binary)
            .args(["serve", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a daemon");
        let mut ready = String::new();
        let stdout = daemon.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut ready).expect("the daemon says that it is ready");
        daemon
    }

    /// Times Jobs of many pods; what one pod takes, start of the program and all, is taken off.
    fn pods(&self) {
        let one = self.job(1, 1);
        // Compiles the module, which is done once.
        self.run(&one);
        for (pods, parallelism) in [(IN_A_ROW, 1), (AT_ONCE, 1_000)] {
            let job = self.job(pods, parallelism);
            let compared = in_turns(ROUNDS, || self.run(&job), || self.run(&one));
            let each = (compared.ours.saturating_sub(compared.limit)) / pods;
            let second = 1.0 / each.as_secs_f64();
            println!("durable pods, {parallelism} at once: {each:?} each, {second:.0} a second");
        }
        let spawned = in_turns(ROUNDS, || timed(|| spawn(IN_A_ROW)), || Duration::ZERO);
        println!("native processes, one after another: {:?} each", spawned.ours / IN_A_ROW);
    }

    /// Compares a hundred pods, five at a time, with a hundred processes.
    fn shell(&self) {
        let job = self.job(FROM_THE_SHELL, 5);
        let compared = in_turns(ROUNDS, || self.run(&job), || timed(xargs));
        println!(
            "{FROM_THE_SHELL} pods, 5 at a time, jobling run {:?}, xargs -P5 echo {:?}: ratio {:.2}",
            compared.ours,
            compared.limit,
            1.0 / compared.share_of_limit()
        );
    }

    fn job(&self, completions: u32, parallelism: u32) -> PathBuf {
        let path = self.directory.path().join(format!("{completions}-{parallelism}.yaml"));
        let text = format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: hello}}\nspec:\n  completions: {completions}\n  \
             parallelism: {parallelism}\n  template:\n    spec:\n      restartPolicy: Never\n      \
             containers:\n        - name: main\n          image: ./hello.wasm\n          \
             resources: {{limits: {{memory: 1Mi}}}}\n"
        );
        fs::write(&path, text).expect("a manifest");
        path
    }

    fn run(&self, job: &Path) -> Duration {
        timed(|| {
            let status = Command::new(&self.binary)
                .args(["run", "--quiet"])
                .arg(job)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            assert!(status.expect("jobling starts").success(), "the Job is complete");
        })
    }
}

fn spawn(count: u32) {
    for _ in 0..count {
        let status = Command::new("/bin/true").status().expect("a process");
        assert!(status.success());
    }
}

fn xargs() {
    let command = format!("seq {FROM_THE_SHELL} | xargs -P5 -n1 /bin/echo > /dev/null");
    let status = Command::new("sh").args(["-c", &command]).status().expect("a shell");
    assert!(status.success());
}

/// Returns the memory of a process that is in RAM, in bytes.
fn resident(pid: u32) -> u64 {
    1024 * number(&format!("/proc/{pid}/status"), "VmRSS:")
}

/// Returns how often the threads of a process have slept and been woken.
fn wake_ups(pid: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("a process");
    let of = |task: &Path| {
        number(&task.join("status").display().to_string(), "voluntary_ctxt_switches:")
    };
    tasks.map(|task| of(&task.expect("a thread").path())).sum()
}

fn written(pid: u32) -> u64 {
    number(&format!("/proc/{pid}/io"), "write_bytes:")
}

/// Returns the number behind `field` in a file of /proc.
fn number(path: &str, field: &str) -> u64 {
    let text = fs::read_to_string(path).expect("a file of /proc");
    let line = text.lines().find_map(|line| line.strip_prefix(field)).expect("the field");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
}

fn mega(bytes: u64) -> f64 {
    let kilobytes = u32::try_from(bytes / 1000).unwrap_or(u32::MAX);
    f64::from(kilobytes) / 1000.0
}
