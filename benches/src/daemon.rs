//! A daemon of the released binary, and what it takes as `/proc` tells it.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::ops::Sub;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Returns the binary that was built beside the bench that runs.
#[must_use]
pub fn released_binary() -> PathBuf {
    let own = std::env::current_exe().expect("a bench has a path");
    let release = own.ancestors().nth(2).expect("target/release/deps/bench").to_owned();
    let binary = release.join("jobling");
    assert!(binary.exists(), "{} is missing: cargo build --release", binary.display());
    binary
}

/// A running daemon; killed when it is dropped.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    binary: PathBuf,
    data: PathBuf,
}

impl Daemon {
    /// Starts one on `data` and returns once it says that it is ready.
    #[must_use]
    pub fn start(binary: &Path, data: &Path) -> Self {
        Self::start_with(binary, data, &[])
    }

    /// Starts one with these options, too.
    #[must_use]
    pub fn start_with(binary: &Path, data: &Path, options: &[&str]) -> Self {
        let mut command = Command::new(binary);
        command
            .args(["serve", "--data"])
            .arg(data)
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().expect("a daemon");
        let mut ready = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut ready).expect("the daemon says that it is ready");
        assert!(!ready.is_empty(), "the daemon ended before it was ready");
        Self { child, binary: binary.to_owned(), data: data.to_owned() }
    }

    /// Runs jobling against it and returns what it prints.
    pub fn jobling<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Vec<u8> {
        let mut command = Command::new(&self.binary);
        command.env("KUBECONFIG", self.data.join("kubeconfig")).args(arguments);
        let output = command.output().expect("jobling starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// Puts the module in a file behind an image name.
    pub fn import(&self, image: &str, module: &Path) {
        self.jobling(["image".as_ref(), "import".as_ref(), image.as_ref(), module.as_os_str()]);
    }

    /// Returns what it has taken since it was started.
    #[must_use]
    pub fn usage(&self) -> Usage {
        Usage::of(self.child.id())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // An error means that it has ended.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What a process has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Memory that is in RAM now, in bytes.
    pub resident: u64,
    /// The kernel's tables of that memory, in bytes.
    pub page_tables: u64,
    /// How often one of its threads has slept and been woken.
    pub wake_ups: u64,
    /// Bytes that went to the disk.
    pub written: u64,
    /// Hundredths of a second of processor time.
    pub cpu_ticks: u64,
}

impl Usage {
    fn of(pid: u32) -> Self {
        let process = PathBuf::from(format!("/proc/{pid}"));
        let tasks = fs::read_dir(process.join("task")).expect("a process");
        let woken = |task: &Path| number(&task.join("status"), "voluntary_ctxt_switches:");
        Self {
            resident: 1024 * number(&process.join("status"), "VmRSS:"),
            page_tables: 1024 * number(&process.join("status"), "VmPTE:"),
            wake_ups: tasks.map(|task| woken(&task.expect("a thread").path())).sum(),
            written: number(&process.join("io"), "write_bytes:"),
            cpu_ticks: cpu_ticks(&process),
        }
    }
}

impl Sub for Usage {
    type Output = Self;

    /// Returns what was taken since `earlier`; the memory is as it is now.
    fn sub(self, earlier: Self) -> Self {
        Self {
            resident: self.resident,
            page_tables: self.page_tables,
            wake_ups: self.wake_ups - earlier.wake_ups,
            written: self.written - earlier.written,
            cpu_ticks: self.cpu_ticks - earlier.cpu_ticks,
        }
    }
}

/// Returns bytes in megabytes.
#[must_use]
pub fn mega(bytes: u64) -> f64 {
    let kilobytes = u32::try_from(bytes / 1000).unwrap_or(u32::MAX);
    f64::from(kilobytes) / 1000.0
}

/// Returns the number behind `field` in a file of /proc.
fn number(path: &Path, field: &str) -> u64 {
    let text = fs::read_to_string(path).expect("a file of /proc");
    let line = text.lines().find_map(|line| line.strip_prefix(field)).expect("the field");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
}

/// Returns user and system time: the fourteenth and fifteenth field of proc(5)'s stat, the twelfth and
/// thirteenth behind the program's name, which may hold anything.
fn cpu_ticks(process: &Path) -> u64 {
    let text = fs::read_to_string(process.join("stat")).expect("a file of /proc");
    let (_, fields) = text.rsplit_once(')').expect("the program's name");
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks.map(|ticks| ticks.parse::<u64>().expect("a number")).sum()
}
