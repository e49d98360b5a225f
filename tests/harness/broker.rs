//! Real brokers for tests: Redis and RabbitMQ as scripts/toolchain has unpacked them, each on a free port of the
//! loopback and in a directory of its own, ended by number.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// What a broker speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Redis,
    RabbitMq,
}

/// A broker that runs; killed when this is dropped.
#[derive(Debug)]
pub struct Broker {
    kind: Kind,
    port: u16,
    directory: tempfile::TempDir,
    program: Option<Child>,
    /// Erlang's name server, which RabbitMQ would leave behind.
    names: Option<(Child, u16)>,
}

impl Broker {
    /// Starts a Redis that has on its disk what it has answered.
    #[must_use]
    pub fn redis() -> Self {
        Self::start(Kind::Redis, None)
    }

    /// Starts a RabbitMQ.
    ///
    /// # Panics
    /// Where it is not installed.
    #[must_use]
    pub fn rabbitmq() -> Self {
        let port = free_port();
        let mut names = Command::new(tool("rabbitmq/epmd"));
        names.args(["-address", "127.0.0.1"]).env("ERL_EPMD_PORT", port.to_string());
        let names = names.stdin(Stdio::null()).spawn().expect("epmd starts");
        Self::start(Kind::RabbitMq, Some((names, port)))
    }

    fn start(kind: Kind, names: Option<(Child, u16)>) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut broker = Self { kind, port: free_port(), directory, program: None, names };
        broker.resume();
        broker
    }

    /// Returns where it is, as `HOST:PORT`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Ends it as a power cut would.
    ///
    /// # Panics
    /// Where it has ended by itself.
    pub fn kill(&mut self) {
        if let Some(process) = self.process() {
            kill_process(process, Signal::KILL).expect("it runs");
        }
        if let Some(mut program) = self.program.take() {
            // The script that started it may have gone with it.
            program.kill().ok();
            program.wait().expect("it has ended");
        }
    }

    /// Starts it again on what it has on its disk, on the same port.
    ///
    /// # Panics
    /// Where it ends instead.
    pub fn resume(&mut self) {
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut program = command.spawn().expect("the broker starts");
        let mut lines = BufReader::new(program.stdout.take().expect("piped")).lines();
        let ready = match self.kind {
            Kind::Redis => "Ready to accept connections",
            Kind::RabbitMq => "Starting broker... completed",
        };
        let mut told = Vec::new();
        let is_ready = lines.by_ref().map_while(Result::ok).any(|line| {
            told.push(line);
            told.last().is_some_and(|line| line.contains(ready))
        });
        assert!(is_ready, "the broker ended before it was ready: {told:#?}");
        // Nobody reads what else it says, and it must not wait for that.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        self.program = Some(program);
    }

    fn command(&self) -> Command {
        let at = self.directory.path();
        match self.kind {
            Kind::Redis => {
                let mut command = Command::new(tool("redis/redis-server"));
                command.args(["--bind", "127.0.0.1", "--port", &self.port.to_string()]);
                command.args(["--appendonly", "yes", "--appendfsync", "always", "--save", ""]);
                command.arg("--dir").arg(at);
                command
            }
            Kind::RabbitMq => {
                let mut command = Command::new(tool("rabbitmq/rabbitmq-server"));
                command.envs(self.rabbitmq_environment(at));
                command
            }
        }
    }

    fn rabbitmq_environment(&self, at: &Path) -> Vec<(&'static str, OsString)> {
        let configuration = format!(
            "listeners.tcp.1 = {}\ndisk_free_limit.absolute = 1MB\nlog.console.level = error\n",
            self.address()
        );
        fs::write(at.join("rabbitmq.conf"), configuration).expect("a file");
        let names = self.names.as_ref().map_or(0, |(_, port)| *port);
        let mut environment: Vec<(&str, OsString)> = vec![
            ("HOME", at.into()),
            ("RABBITMQ_NODENAME", format!("test{}@localhost", self.port).into()),
            ("RABBITMQ_DIST_PORT", free_port().to_string().into()),
            ("ERL_EPMD_PORT", names.to_string().into()),
        ];
        for (name, file) in [
            ("RABBITMQ_MNESIA_BASE", "mnesia"),
            ("RABBITMQ_LOG_BASE", "log"),
            ("RABBITMQ_CONFIG_FILE", "rabbitmq.conf"),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", "plugins"),
            ("RABBITMQ_PID_FILE", "pid"),
        ] {
            environment.push((name, at.join(file).into()));
        }
        environment
    }

    /// Returns the broker's own process: RabbitMQ's is not the script that started it.
    fn process(&self) -> Option<Pid> {
        match self.kind {
            Kind::Redis => self.program.as_ref().map(Pid::from_child),
            Kind::RabbitMq => {
                let written = fs::read_to_string(self.directory.path().join("pid")).ok()?;
                Pid::from_raw(written.trim().parse().ok()?)
            }
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(process) = self.process().filter(|_| self.program.is_some()) {
            kill_process(process, Signal::KILL).ok();
        }
        let names = self.names.take().map(|(names, _)| names);
        for mut child in self.program.take().into_iter().chain(names) {
            // An error means that it has ended before.
            child.kill().ok();
            child.wait().ok();
        }
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").port()
}

/// Returns a program of the toolchain.
#[expect(clippy::disallowed_methods, reason = "a test is told by its environment where tools are")]
fn tool(name: &str) -> PathBuf {
    let of = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let home = || Some(std::env::home_dir()?.join(".local/share"));
    let data = || of("XDG_DATA_HOME").or_else(home);
    let toolchain = of("JOBLING_TOOLCHAIN").or_else(|| Some(data()?.join("jobling/toolchain")));
    let path = toolchain.expect("a home directory").join(name);
    assert!(path.exists(), "{} is missing: run scripts/toolchain redis rabbitmq", path.display());
    path
}
