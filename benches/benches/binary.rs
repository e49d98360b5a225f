//! The binary as people have it: its size, what the idle daemon takes, and how fast pods come and go,
//! beside native processes that do as little.
//!
//! `cargo build --release --bin jobling && cargo bench -p jobling-benches --bench binary`

#![expect(clippy::print_stdout, reason = "a bench says what it measured")]
#![expect(clippy::disallowed_methods, reason = "to watch somebody idle is to wait")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use jobling_benches::daemon::{Daemon, HELLO, mega, released_binary};
use jobling_benches::{in_turns, timed};

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
        let directory = tempfile::tempdir().expect("a directory");
        let module = wat::parse_str(HELLO).expect("a module");
        fs::write(directory.path().join("hello.wasm"), module).expect("a file");
        Self { directory, binary: released_binary() }
    }

    fn size(&self) {
        let bytes = fs::metadata(&self.binary).expect("the binary").len();
        println!("size of the binary: {:.1} MB", mega(bytes));
    }

    /// Watches a daemon that nobody asks for anything.
    fn idle(&self) {
        let daemon = Daemon::start(&self.binary, &self.directory.path().join("data"));
        std::thread::sleep(Duration::from_secs(2));
        let before = daemon.usage();
        std::thread::sleep(WATCHED);
        let taken = daemon.usage() - before;
        println!("idle daemon: {:.1} MB resident", mega(taken.resident));
        println!("  in {} s: {} wake-ups", WATCHED.as_secs(), taken.wake_ups);
        println!("  in {} s: {} bytes written", WATCHED.as_secs(), taken.written);
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
