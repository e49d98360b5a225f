//! Ten thousand CronJobs in the daemon as people have it: what they cost while none is due, and how late
//! their Jobs are made when all are due in the same second.
//!
//! `cargo build --release --bin jobling && cargo bench -p jobling-benches --bench cron -- [CRONJOBS]`;
//! 10,000 unless given. It takes some minutes, most of them waiting.

#![expect(clippy::print_stdout, reason = "a bench says what it measured")]
#![expect(clippy::disallowed_methods, reason = "to watch somebody idle is to wait")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use jobling_benches::daemon::{Daemon, mega, released_binary};
use jobling_benches::guest::HELLO;
use jobling_benches::{job, timed};
use serde_json::Value;

/// How long the idle daemon is watched.
const WATCHED: Duration = Duration::from_mins(1);
/// Finished pods that are stored beside the CronJobs.
const FINISHED_PODS: u32 = 100_000;
/// So long after the due second the daemon is asked for its Jobs, that asking does not make them later.
const UNASKED: Duration = Duration::from_secs(30);
/// After so long they are waited for in vain.
const PATIENCE: Duration = Duration::from_mins(5);
/// Comes every four years.
const NOT_DUE: &str = "0 0 29 2 *";

fn main() {
    let count = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(10_000);
    let bench = Bench::new(count);
    let applied = bench.idle();
    bench.due(applied);
}

struct Bench {
    directory: tempfile::TempDir,
    binary: PathBuf,
    count: u32,
}

impl Bench {
    fn new(count: u32) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let module = wat::parse_str(HELLO).expect("a module");
        fs::write(directory.path().join("hello.wasm"), module).expect("a file");
        Self { directory, binary: released_binary(), count }
    }

    fn daemon(&self, data: &str) -> Daemon {
        Daemon::start(&self.binary, &self.directory.path().join(data))
    }

    /// Watches a daemon with nothing in it, with CronJobs, and with finished pods besides, each freshly
    /// started, and the one that ran those pods. Returns how long it took to apply the CronJobs.
    fn idle(&self) -> Duration {
        let empty = watched("idle", &self.daemon("idle"));
        let applied = timed(|| self.apply(&self.daemon("idle"), NOT_DUE));
        println!("{} CronJobs applied in {applied:.1?}", self.count);
        let full = watched("with CronJobs that are not due", &self.daemon("idle"));
        let more = full.saturating_sub(empty);
        println!("  {} bytes of memory a CronJob", more / u64::from(self.count));
        self.finish_pods();
        watched("with finished pods, too", &self.daemon("idle"));
        applied
    }

    /// Has all CronJobs be due in one second, and tells how late their Jobs were made.
    fn due(&self, applied: Duration) {
        let daemon = self.daemon("due");
        self.import(&daemon);
        // Time to apply them all, and some to spare.
        let due = minute_after(Timestamp::now() + 2 * applied + UNASKED);
        let at = due.to_zoned(TimeZone::UTC);
        self.apply(&daemon, &format!("{} {} * * *", at.minute(), at.hour()));
        let left = Duration::try_from(due - Timestamp::now());
        let left = left.expect("all are applied before they are due");
        std::thread::sleep(left + UNASKED);
        let asked = Instant::now();
        let mut lateness = lateness_of(&daemon);
        while lateness.len() < usize::try_from(self.count).unwrap_or(usize::MAX) {
            assert!(asked.elapsed() < PATIENCE, "there are {} Jobs", lateness.len());
            std::thread::sleep(Duration::from_secs(5));
            lateness = lateness_of(&daemon);
        }
        println!("{} CronJobs due in the same second: {} Jobs", self.count, lateness.len());
        lateness.sort_by(f64::total_cmp);
        for (name, share) in [("p50", 50), ("p99", 99), ("max", 100)] {
            let at = (lateness.len() * share).div_ceil(100) - 1;
            println!("  {name}: {:.3} s late", lateness[at]);
        }
    }

    /// Applies the CronJobs with this schedule.
    fn apply(&self, daemon: &Daemon, schedule: &str) {
        let mut text = String::new();
        for number in 0..self.count {
            text.push_str(if number == 0 { "" } else { "---\n" });
            write!(
                text,
                "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: cron-{number}}}\nspec:\n  \
                 schedule: \"{schedule}\"\n  jobTemplate: {{spec: {{template: {{spec: {{restartPolicy: Never, \
                 containers: [{{name: main, image: hello, resources: {{limits: {{memory: 1Mi}}}}}}]}}}}}}}}\n"
            )
            .expect("a text takes all");
        }
        let path = self.directory.path().join("cronjobs.yaml");
        fs::write(&path, text).expect("a file");
        daemon.jobling(["apply".as_ref(), "-f".as_ref(), path.as_os_str()]);
    }

    /// Runs a Job of many pods to its end.
    fn finish_pods(&self) {
        let daemon = self.daemon("idle");
        self.import(&daemon);
        let path = self.directory.path().join("job.yaml");
        let text = job::manifest("many", "hello", FINISHED_PODS, 1_000);
        fs::write(&path, text).expect("a file");
        daemon.jobling(["apply".as_ref(), "-f".as_ref(), path.as_os_str()]);
        daemon.jobling(["wait", "--for=condition=complete", "job/many", "--timeout=10m"]);
        watched("with finished pods that it ran itself", &daemon);
    }

    fn import(&self, daemon: &Daemon) {
        daemon.import("hello", &self.directory.path().join("hello.wasm"));
    }
}

/// Watches a daemon that nobody asks for anything, and returns its memory in bytes.
fn watched(what: &str, daemon: &Daemon) -> u64 {
    std::thread::sleep(Duration::from_secs(5));
    let before = daemon.usage();
    std::thread::sleep(WATCHED);
    let taken = daemon.usage() - before;
    println!(
        "{what}: {:.1} MB resident; in {} s {} wake-ups, {} ms of processor time, {} bytes written",
        mega(taken.resident),
        WATCHED.as_secs(),
        taken.wake_ups,
        10 * taken.cpu_ticks,
        taken.written
    );
    taken.resident
}

/// Returns how late each CronJob's Job was made, in seconds.
fn lateness_of(daemon: &Daemon) -> Vec<f64> {
    let jobs = daemon.jobling(["get", "jobs", "-o", "json"]);
    let mut jobs: Value = serde_json::from_slice(&jobs).expect("JSON");
    let Value::Array(jobs) = jobs["items"].take() else { panic!("a list") };
    let mut owners = BTreeSet::new();
    let late = jobs.iter().map(|job| {
        let owner = job["metadata"]["ownerReferences"][0]["name"].as_str().expect("an owner");
        assert!(owners.insert(owner), "{owner} has two Jobs");
        let late = &job["metadata"]["annotations"]["jobling.dev/lateness-seconds"];
        late.as_str().and_then(|late| late.parse().ok()).expect("it says how late it is")
    });
    late.collect()
}

/// Returns the first whole minute after a moment.
fn minute_after(moment: Timestamp) -> Timestamp {
    let minutes = moment.as_second().div_euclid(60) + 1;
    Timestamp::from_second(minutes * 60).expect("it is this century")
}
