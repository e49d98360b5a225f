//! Runs the programs under test to their end: jobling's real binary, and kubectl.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fmt};

/// What a program left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its exit code; 128 and the signal's number where a signal ended it, as a shell has it.
    pub code: i32,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Output {
    /// Returns itself where the exit code is `code`.
    ///
    /// # Panics
    /// With all that the program wrote, where the code is another.
    #[must_use]
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self}");
        self
    }

    /// Returns stdout as JSON.
    ///
    /// # Panics
    /// Where it is none.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit code {}\n--- stdout\n{}--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}

/// Runs jobling in `directory` to its end, with nothing on stdin.
#[must_use]
pub fn jobling<A: AsRef<OsStr>>(
    directory: impl AsRef<Path>,
    arguments: impl IntoIterator<Item = A>,
) -> Output {
    finish(jobling_command().current_dir(directory).args(arguments))
}

/// Returns a command for jobling's binary, without what the tester's environment says to it.
pub(crate) fn jobling_command() -> Command {
    let mut command = Command::new(binary());
    for (name, _) in env::vars_os() {
        let ours = name.to_string_lossy().starts_with("JOBLING_") && name != "JOBLING_TOOLCHAIN";
        if ours || name == "KUBECONFIG" || name == "DOCKER_CONFIG" {
            command.env_remove(name);
        }
    }
    command
}

/// Returns a command for `kubectl` or `helm`: the one that scripts/toolchain installed, or else the
/// machine's.
pub(crate) fn client_command(name: &str) -> Command {
    let installed = toolchain().join(name).join(name);
    Command::new(if installed.exists() { installed } else { PathBuf::from(name) })
}

/// Returns a command for the Python that has the Kubernetes client, as scripts/toolchain installed it.
pub(crate) fn python_command() -> Command {
    let installed = toolchain().join("python-client/bin/python");
    assert!(installed.exists(), "{} is missing: run scripts/test", installed.display());
    Command::new(installed)
}

/// Runs a command to its end.
pub(crate) fn finish(command: &mut Command) -> Output {
    finish_reading(command, b"")
}

/// Runs a command to its end, with `input` on its stdin.
pub(crate) fn finish_reading(command: &mut Command, input: &[u8]) -> Output {
    use std::io::Write as _;

    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
    let mut stdin = child.stdin.take().expect("piped");
    // What fits into a pipe. A program that reads none of it may have ended before.
    stdin.write_all(input).ok();
    drop(stdin);
    let output = child.wait_with_output().expect("it is waited for");
    Output {
        code: code(output.status),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

pub(crate) fn code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).expect("code or signal")
}

/// Returns the binary of the same profile, beside the directory that this test was built into.
fn binary() -> PathBuf {
    let test = env::current_exe().expect("the test knows its own path");
    let profile = test.ancestors().nth(2).expect("PROFILE/deps/TEST");
    let binary = profile.join("jobling");
    assert!(binary.exists(), "{} is missing: run scripts/test", binary.display());
    binary
}

/// Runs a tool that scripts/toolchain installed, or else the machine's, in `directory` to its end.
///
/// # Panics
/// Where it cannot be started.
#[must_use]
pub fn tool<A: AsRef<OsStr>>(
    directory: impl AsRef<Path>,
    installed: &str,
    name: &str,
    arguments: impl IntoIterator<Item = A>,
) -> Output {
    let installed = toolchain().join(installed);
    let program = if installed.exists() { installed } else { PathBuf::from(name) };
    finish(Command::new(program).current_dir(directory).args(arguments))
}

/// Returns where scripts/toolchain puts its parts.
///
/// # Panics
/// Where there is no home directory.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a test is told by its environment where tools are")]
pub fn toolchain() -> PathBuf {
    let of = |name: &str| env::var_os(name).map(PathBuf::from);
    let data = || of("XDG_DATA_HOME").or_else(|| Some(env::home_dir()?.join(".local/share")));
    of("JOBLING_TOOLCHAIN")
        .or_else(|| Some(data()?.join("jobling/toolchain")))
        .expect("a home directory")
}
