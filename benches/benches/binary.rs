//! The binary as people have it: its size, what the idle daemon and pods that sleep take, and how fast pods
//! come and go, beside the least that wasmtime and SQLite need for them and beside native processes.
//!
//! `cargo build --release --bin jobling && cargo bench -p jobling-benches --bench binary`

#![expect(clippy::print_stdout, reason = "a bench says what it measured")]
#![expect(clippy::disallowed_methods, reason = "to watch somebody idle is to wait")]

use std::cell::Cell;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use jobling_benches::daemon::{Daemon, mega, released_binary};
use jobling_benches::guest::{BareGuest, HELLO, SLEEP};
use jobling_benches::rows::BareRows;
use jobling_benches::{in_turns, job, timed};

/// How long the idle daemon is watched.
const WATCHED: Duration = Duration::from_secs(20);
/// Pods of the runs that are timed.
const IN_A_ROW: u32 = 1_000;
const AT_ONCE: u32 = 50_000;
const FROM_THE_SHELL: u32 = 100;
const ROUNDS: usize = 5;
/// Pods that sleep at one time.
const ASLEEP: u32 = 10_000;
/// Finished Jobs of the smaller store, and the pods that are timed beside them.
const STORED: u32 = 500;
const BESIDE: u32 = 10_000;

fn main() {
    let bench = Bench::new();
    bench.size();
    bench.idle();
    bench.asleep();
    bench.pods();
    bench.growth();
    bench.shell();
}

struct Bench {
    directory: tempfile::TempDir,
    binary: PathBuf,
    /// The number of the next Job that is to have a name of its own.
    next: Cell<u32>,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        for (name, text) in [("hello", HELLO), ("sleep", SLEEP)] {
            let module = wat::parse_str(text).expect("a module");
            fs::write(directory.path().join(name).with_extension("wasm"), module).expect("a file");
        }
        Self { directory, binary: released_binary(), next: Cell::new(0) }
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

    /// Looks at what a pod takes that does nothing for long.
    fn asleep(&self) {
        let most = ASLEEP.to_string();
        let data = self.directory.path().join("asleep");
        let daemon = Daemon::start_with(&self.binary, &data, &["--max-pods", &most]);
        let taken = || {
            let usage = daemon.usage();
            usage.resident + usage.page_tables
        };
        daemon.import("sleep", &self.directory.path().join("sleep.wasm"));
        let before = taken();
        let job = self.manifest("asleep", &job::manifest("asleep", "sleep", ASLEEP, ASLEEP));
        daemon.jobling(["create".as_ref(), "-f".as_ref(), job.as_os_str()]);
        let ready = ["get", "job", "asleep", "-o", "jsonpath={.status.ready}"];
        while daemon.jobling(ready) != most.as_bytes() {
            std::thread::sleep(Duration::from_millis(100));
        }
        std::thread::sleep(Duration::from_secs(2));
        let each = (taken() - before) / u64::from(ASLEEP);
        println!("{ASLEEP} pods asleep: {each} bytes each, page tables included");
    }

    /// Times Jobs of many pods; what one pod takes, start of the program and all, is taken off. Their limit is
    /// the same guest without a pod, by one thread or by all, and a commit of the same rows.
    fn pods(&self) {
        let one = self.job(1, 1);
        // Compiles the module, which is done once.
        self.run(&one);
        for (pods, parallelism) in [(IN_A_ROW, 1), (AT_ONCE, 1_000)] {
            let job = self.job(pods, parallelism);
            let compared = in_turns(ROUNDS, || self.run(&job), || self.run(&one));
            let each = compared.ours.saturating_sub(compared.limit) / pods;
            let mut rows = BareRows::open(&self.directory.path().join(format!("{pods}.db")));
            let threads = if parallelism == 1 { 1 } else { cores() };
            let bare = BareGuest::new(HELLO);
            let least = in_turns(
                ROUNDS,
                || guests(&bare, pods, threads),
                || rows.complete(parallelism, pods / parallelism),
            );
            let [guest, commit] = [least.ours, least.limit].map(|time| time / pods);
            let share = |limit: Duration| limit.as_secs_f64() / each.as_secs_f64();
            println!(
                "durable pods, {parallelism} at once: {each:?} each, {:.0} a second",
                1.0 / each.as_secs_f64()
            );
            println!("  of the bare guest's speed ({guest:?}): {:.2}", share(guest));
            println!("  of the bare commit's speed ({commit:?}): {:.2}", share(commit));
            println!("  times both together: {:.2}", 1.0 / share(guest + commit));
        }
        let spawned = in_turns(ROUNDS, || timed(|| spawn(IN_A_ROW)), || Duration::ZERO);
        println!("native processes, one after another: {:?} each", spawned.ours / IN_A_ROW);
    }

    /// Compares what pods take beside few stored objects and beside ten times as many.
    fn growth(&self) {
        let [few, many] = [STORED, 10 * STORED].map(|jobs| {
            let data = self.directory.path().join(format!("{jobs} jobs"));
            let texts: Vec<_> = (0..jobs).map(|_| self.named_job(1, 1)).collect();
            self.run_on(&data, &self.manifest("stored", &texts.join("---\n")));
            data
        });
        let beside = |data: &Path| {
            self.run_on(data, &self.manifest("beside", &self.named_job(BESIDE, 1_000)))
        };
        let compared = in_turns(ROUNDS, || beside(&many), || beside(&few));
        println!(
            "{BESIDE} pods beside {STORED} finished Jobs {:?}, beside ten times as many {:?}: ratio {:.2}",
            compared.limit,
            compared.ours,
            1.0 / compared.share_of_limit()
        );
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
        let text = job::manifest("hello", "./hello.wasm", completions, parallelism);
        self.manifest(&format!("{completions}-{parallelism}"), &text)
    }

    /// Returns a Job with a name that no other has.
    fn named_job(&self, completions: u32, parallelism: u32) -> String {
        let number = self.next.replace(self.next.get() + 1);
        job::manifest(&format!("hello-{number}"), "./hello.wasm", completions, parallelism)
    }

    fn manifest(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory.path().join(name).with_extension("yaml");
        fs::write(&path, text).expect("a manifest");
        path
    }

    fn run(&self, job: &Path) -> Duration {
        self.run_with(&[], job)
    }

    fn run_on(&self, data: &Path, job: &Path) -> Duration {
        self.run_with(&["--data".as_ref(), data.as_os_str()], job)
    }

    fn run_with(&self, options: &[&OsStr], job: &Path) -> Duration {
        timed(|| {
            let status = Command::new(&self.binary)
                .args(["run", "--quiet"])
                .args(options)
                .arg(job)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            assert!(status.expect("jobling starts").success(), "the Job is complete");
        })
    }
}

fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1))
}

/// Returns how long `count` runs of a guest take by so many threads.
fn guests(guest: &BareGuest, count: u32, threads: u32) -> Duration {
    let each = count / threads;
    timed(|| {
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let runtime = tokio::runtime::Builder::new_current_thread().build();
                    runtime.expect("a runtime").block_on(async {
                        for _ in 0..each {
                            guest.run().await;
                        }
                    });
                });
            }
        });
    })
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
