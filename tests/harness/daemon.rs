//! A daemon of the real binary, and what is asked of it through its API: by jobling, by kubectl.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::program::{
    client_command, code, finish, finish_reading, jobling_command, python_command,
};
use crate::{Connection, Output};

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
        Self::of(command.args(options).stdin(Stdio::null()), data)
    }

    /// Starts one on `data` under a service manager that is told of it on the datagram socket `notify`,
    /// has a watchdog of that many microseconds, and has passed it two sockets that it listens on.
    ///
    /// # Panics
    /// Where it ends instead.
    #[must_use]
    pub fn start_activated(
        data: &Path,
        (notify, watchdog_usec): (&Path, u64),
        unix: UnixListener,
        tcp: TcpListener,
    ) -> Self {
        let jobling = jobling_command();
        // What systemd does: sockets from 3 on, and the process that they are for named by its id. Only a
        // shell can do that here without unsafe code; the sockets come to it as 0 and 2.
        let script =
            "export LISTEN_PID=$$ LISTEN_FDS=2; exec \"$@\" 3<&0 4<&2 0</dev/null 2>/dev/null";
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]).arg(jobling.get_program()).args(["serve", "--data"]);
        command.arg(data).stdin(OwnedFd::from(unix)).stderr(OwnedFd::from(tcp));
        for (name, value) in jobling.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.env("NOTIFY_SOCKET", notify).env("WATCHDOG_USEC", watchdog_usec.to_string());
        Self::of(&mut command, data)
    }

    fn of(command: &mut Command, data: &Path) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the binary starts");
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
        finish(self.client(client_command("kubectl")).args(arguments))
    }

    /// Runs kubectl against it, with `input` on its stdin.
    #[must_use]
    pub fn kubectl_reading<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        input: &str,
    ) -> Output {
        let mut command = self.client(client_command("kubectl"));
        finish_reading(command.args(arguments), input.as_bytes())
    }

    /// Runs helm against it.
    #[must_use]
    pub fn helm<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Output {
        let mut command = self.client(client_command("helm"));
        for name in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(name, self.directory.join(name));
        }
        finish(command.args(arguments))
    }

    /// Runs a Python script against it, with the official Kubernetes client.
    #[must_use]
    pub fn python(&self, script: &Path) -> Output {
        finish(self.client(python_command()).arg(script))
    }

    /// Returns the file that tells clients where it is, as its owner.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Runs a command line against it: `kubectl` or `jobling` and their arguments, perhaps after variables of
    /// the environment (`NAME=VALUE`).
    ///
    /// # Panics
    /// Where the program is another.
    #[must_use]
    pub fn run(&self, words: &[String]) -> Output {
        let is_variable = |word: &&String| {
            word.split_once('=')
                .is_some_and(|(name, _)| name.chars().all(|c| c == '_' || c.is_ascii_uppercase()))
        };
        let variables = words.iter().take_while(is_variable).count();
        let (variables, words) = words.split_at(variables);
        let mut command = match words.first().map(String::as_str) {
            Some("kubectl") => self.client(client_command("kubectl")),
            Some("jobling") => self.client(jobling_command()),
            other => panic!("{other:?} is no program of the tests"),
        };
        command.envs(variables.iter().filter_map(|word| word.split_once('=')));
        finish(command.args(&words[1..]))
    }

    /// Opens a connection of HTTP to its Unix socket.
    ///
    /// # Panics
    /// Where it does not answer.
    #[must_use]
    pub fn connect(&self) -> Connection {
        Connection::open(&self.directory.join("jobling.sock"))
    }

    /// Returns the directory that its clients are started in: its data directory.
    ///
    /// # Panics
    /// Where that is not UTF-8.
    #[must_use]
    pub fn directory(&self) -> &str {
        self.directory.to_str().expect("a temporary directory is UTF-8")
    }

    /// Runs kubectl against it and returns its lines as they come.
    ///
    /// # Panics
    /// Where there is no kubectl.
    #[must_use]
    pub fn follow<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Lines {
        follow(self.client(client_command("kubectl")).args(arguments))
    }

    /// Does as [`Self::follow`] with another kubeconfig.
    ///
    /// # Panics
    /// Where there is no kubectl.
    #[must_use]
    pub fn follow_as<A: AsRef<OsStr>>(
        &self,
        kubeconfig: &Path,
        arguments: impl IntoIterator<Item = A>,
    ) -> Lines {
        let mut command = self.client(client_command("kubectl"));
        command.env("KUBECONFIG", kubeconfig);
        follow(command.args(arguments))
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

fn follow(command: &mut Command) -> Lines {
    command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let stdout = child.stdout.take().expect("piped");
    Lines { lines: BufReader::new(stdout), child: Some(child) }
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
