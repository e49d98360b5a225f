//! A daemon of the real binary, and what is asked of it through its API: by jobling, by kubectl.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::Output;
use crate::program::{code, finish, jobling_command, kubectl_command};

/// A running daemon; killed when it is dropped.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    kubeconfig: PathBuf,
    directory: PathBuf,
    ready: String,
}

impl Daemon {
    /// Starts one on `data`, with `options` besides, and returns once it says that it is ready.
    ///
    /// # Panics
    /// Where it ends instead.
    #[must_use]
    pub fn start(data: &Path, options: &[&str]) -> Self {
        let mut command = jobling_command();
        command.arg("serve").arg("--data").arg(data).args(["--listen", "127.0.0.1:0"]);
        let mut child = command
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let stdout = child.stdout.take().expect("piped");
        let ready = Lines { lines: BufReader::new(stdout), child: None }.next();
        let Some(ready) = ready else {
            panic!("the daemon ended before it was ready: {:?}", child.wait());
        };
        Self { child, kubeconfig: data.join("kubeconfig"), directory: data.to_owned(), ready }
    }

    /// Starts one that takes requests to triggers, too.
    ///
    /// # Panics
    /// Where it ends instead.
    #[must_use]
    pub fn start_with_triggers(data: &Path, options: &[&str]) -> Self {
        let both = ["--trigger-listen", "127.0.0.1:0"].iter().chain(options).copied();
        Self::start(data, &both.collect::<Vec<_>>())
    }

    /// Returns where it takes requests to triggers.
    ///
    /// # Panics
    /// Where it takes none.
    #[must_use]
    pub fn triggers(&self) -> SocketAddr {
        let (_, url) = self.ready.split_once("takes requests at http://").expect("an endpoint");
        url.split([' ', ',']).next().and_then(|text| text.parse().ok()).expect("an address")
    }

    /// Applies a manifest.
    pub fn apply(&self, manifest: &serde_json::Value) {
        let file = self.directory.join("applied.json");
        std::fs::write(&file, manifest.to_string()).expect("a file");
        let arguments: [&OsStr; 3] = ["apply".as_ref(), "-f".as_ref(), file.as_os_str()];
        drop(self.jobling(arguments).expect_code(0));
    }

    /// Runs jobling against it.
    #[must_use]
    pub fn jobling<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Output {
        finish(self.client(jobling_command()).args(arguments))
    }

    /// Runs kubectl against it.
    #[must_use]
    pub fn kubectl<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Output {
        finish(self.client(kubectl_command()).args(arguments))
    }

    /// Runs kubectl against it and returns its lines as they come.
    ///
    /// # Panics
    /// Where there is no kubectl.
    #[must_use]
    pub fn follow<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Lines {
        let mut command = self.client(kubectl_command());
        command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("kubectl starts");
        let stdout = child.stdout.take().expect("piped");
        Lines { lines: BufReader::new(stdout), child: Some(child) }
    }

    /// Puts a module behind an image name.
    pub fn import(&self, image: &str, module: &Path) {
        let arguments: [&OsStr; 4] =
            ["image".as_ref(), "import".as_ref(), image.as_ref(), module.as_os_str()];
        drop(self.jobling(arguments).expect_code(0));
    }

    /// Ends it as a power cut would.
    ///
    /// # Panics
    /// Where the operating system refuses.
    pub fn kill(mut self) {
        self.child.kill().expect("SIGKILL is sent");
        self.child.wait().expect("it has ended");
    }

    /// Asks it to end, and returns its exit code.
    ///
    /// # Panics
    /// Where the operating system refuses.
    #[must_use]
    pub fn stop(mut self) -> i32 {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("SIGTERM is sent");
        code(self.child.wait().expect("it has ended"))
    }

    fn client(&self, mut command: Command) -> Command {
        command.env("KUBECONFIG", &self.kubeconfig).current_dir(&self.directory);
        // kubectl keeps what it discovers of a server; each daemon here is another.
        command.env("KUBECACHEDIR", self.directory.join("kubectl-cache"));
        command
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// The lines of a program that is still writing; it is ended with this.
#[derive(Debug)]
pub struct Lines {
    lines: BufReader<ChildStdout>,
    child: Option<Child>,
}

impl Iterator for Lines {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.lines.read_line(&mut line).unwrap_or(0);
        (read > 0).then(|| line.trim_end().to_owned())
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            end(child);
        }
    }
}

/// Kills what may have ended before; an error means that it has.
fn end(child: &mut Child) {
    child.kill().ok();
    child.wait().ok();
}
