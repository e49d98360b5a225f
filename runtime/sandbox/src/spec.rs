//! What is asked of one run: arguments, environment, directories, network, and its limits.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use crate::handler::HttpRequest;
use crate::meter::Meter;
use crate::network::OutboundRule;
use crate::output::Output;
use crate::quota::Quota;
use crate::task::TaskHost;

/// What a guest is given. It has nothing else: no inherited environment, no path of the host.
#[derive(Debug, Clone, Default)]
pub struct RunSpec {
    /// argv, with the program's own name first.
    pub args: Vec<String>,
    /// The environment, in order.
    pub env: Vec<(String, String)>,
    /// Directories of the host that it sees.
    pub mounts: Vec<Mount>,
    /// What it reads on stdin; then the end of file.
    pub stdin: Bytes,
    /// The request that a component of `wasi:http/proxy` answers, to its stdout and in CGI's manner;
    /// what has a start of its own does not see it.
    pub request: Option<HttpRequest>,
    /// Where its stdout goes.
    pub stdout: Output,
    /// Where its stderr goes.
    pub stderr: Output,
    /// Where it may connect to. Empty: nowhere.
    pub allow_outbound: Vec<OutboundRule>,
    /// Names that resolve to these addresses, before any other resolver is asked.
    pub hosts: BTreeMap<String, IpAddr>,
    /// Where what it uses can be read while it runs.
    pub meter: Meter,
    /// What its calls of `jobling:task` end at. `None`: it has no queues and no secrets, and nobody hears how
    /// far it is.
    pub task: Option<Arc<dyn TaskHost>>,
}

/// What a guest may do in a mounted directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// Read.
    #[default]
    ReadOnly,
    /// Read, write, make and remove.
    ReadWrite,
}

/// A directory of the host that a guest sees. Paths resolve within it: neither `..` nor a symbolic link
/// leads out. Moving or linking a file from one mount to another is refused (EXDEV), as between volumes.
#[derive(Debug, Clone)]
pub struct Mount {
    /// Its absolute path in the guest.
    pub guest_path: String,
    /// The directory on the host; it must exist.
    pub host: PathBuf,
    /// What the guest may do there.
    pub access: Access,
    /// What bounds the bytes and files below it; all of them are charged. Runs that share a directory
    /// must share its quota, too.
    pub quotas: Vec<Arc<Quota>>,
}

/// What a run may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all memories and tables together.
    pub memory_bytes: u64,
    /// Units of fuel: about one an instruction, 0.6 to 21 billion a second.
    pub fuel: u64,
    /// Thousandths of a core; a guest has one thread, so 1000 and more do not slow it down.
    pub cpu_millis: u32,
    /// Bytes of stdout and stderr together.
    pub output_bytes: u64,
    /// Files and directories open at once.
    pub descriptors: u32,
}

impl Default for Limits {
    /// 128 MiB, 100 billion units, a core, 16 MiB of output, 256 descriptors.
    fn default() -> Self {
        Self {
            memory_bytes: 128 << 20,
            fuel: 100_000_000_000,
            cpu_millis: 1000,
            output_bytes: 16 << 20,
            descriptors: 256,
        }
    }
}
