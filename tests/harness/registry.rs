//! A real registry, Debian's docker-registry, on a free port of this host.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::program::toolchain;

/// How a registry lets people in.
#[derive(Debug, Clone, Copy)]
pub enum Door<'a> {
    /// All of them, without TLS.
    Open,
    /// Those in a file in the form of Apache's htpasswd.
    Password {
        /// The file.
        htpasswd: &'a Path,
    },
    /// All of them, over TLS.
    Tls {
        /// The certificate.
        certificate: &'a Path,
        /// Its key.
        key: &'a Path,
    },
}

/// A running registry; ended when it is dropped.
#[derive(Debug)]
pub struct Registry {
    child: Child,
    port: u16,
}

impl Registry {
    /// Starts one that keeps all below `directory`, and returns once it listens.
    ///
    /// # Panics
    /// Where it ends instead.
    #[must_use]
    pub fn start(directory: &Path, door: Door<'_>) -> Self {
        let configuration = directory.join("registry.yaml");
        std::fs::write(&configuration, text(directory, door)).expect("a file");
        let installed = toolchain().join("registry/docker-registry");
        let program = if installed.exists() { installed } else { PathBuf::from("docker-registry") };
        let mut child = Command::new(&program)
            .arg("serve")
            .arg(configuration)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{} cannot be started: {error}", program.display()));
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let mut told = Vec::new();
        let port = loop {
            let Some(Ok(line)) = lines.next() else { panic!("the registry has ended: {told:?}") };
            if let Some(port) = port(&line) {
                break port;
            }
            told.push(line);
        };
        // It must not stop at a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, port }
    }

    /// Returns `HOST:PORT`.
    #[must_use]
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn text(directory: &Path, door: Door<'_>) -> String {
    let data = directory.join("registry");
    let data = data.display();
    let more = match door {
        Door::Open => String::new(),
        Door::Password { htpasswd } => {
            let htpasswd = htpasswd.display();
            format!("auth: {{htpasswd: {{realm: registry, path: '{htpasswd}'}}}}\n")
        }
        Door::Tls { certificate, key } => {
            let (certificate, key) = (certificate.display(), key.display());
            format!("  tls: {{certificate: '{certificate}', key: '{key}'}}\n")
        }
    };
    format!(
        "version: 0.1\nlog: {{level: info, accesslog: {{disabled: true}}}}\n\
         storage: {{filesystem: {{rootdirectory: '{data}'}}}}\nhttp:\n  addr: 127.0.0.1:0\n{more}"
    )
}

fn port(line: &str) -> Option<u16> {
    let (_, rest) = line.split_once("listening on 127.0.0.1:")?;
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
}
