//! The seam between a pod and what runs its containers: what is asked of a run, and how it ended. Tests
//! play the other side; the sandbox is the real one.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use jobling_core::trigger::TriggerCall;
use jobling_sandbox::Meter;

use crate::capture::Capture;
use crate::limits::Defaults;
use crate::logs::RunLog;
use crate::ports::LocalImage;
use crate::task::RunTask;
use crate::volumes::{BodyFile, Held, MessageFile};

/// What a container may do in a mounted directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Read.
    ReadOnly,
    /// Read, write, make and remove.
    ReadWrite,
}

/// What happens to a container that would go over a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overflow {
    /// Its write fails, as on a full disk.
    Refuse,
    /// It is ended, and its pod evicted.
    End,
}

/// How much may be below some directories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QuotaSpec {
    /// What it is called where it is reported.
    pub(crate) name: String,
    pub(crate) directories: Vec<PathBuf>,
    pub(crate) bytes: u64,
    pub(crate) overflow: Overflow,
}

/// A directory of the host that a container sees.
#[derive(Debug, Clone)]
pub(crate) struct Mount {
    pub(crate) guest_path: String,
    pub(crate) host: Held,
    pub(crate) access: Access,
    pub(crate) quotas: Vec<Arc<QuotaSpec>>,
}

/// One run of a container. It is given nothing else.
pub(crate) struct ContainerSpec {
    pub(crate) image: LocalImage,
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) mounts: Vec<Mount>,
    pub(crate) limits: Defaults,
    /// `host:port` rules, as the pod template's annotation gives them.
    pub(crate) allow_outbound: Vec<String>,
    pub(crate) hosts: BTreeMap<String, IpAddr>,
    /// Where its output goes.
    pub(crate) log: RunLog,
    /// Where its stdout goes instead, if it is the answer to a request.
    pub(crate) answer: Option<Capture>,
    /// The request that it is told of: the body is its stdin.
    pub(crate) call: Option<Arc<TriggerCall>>,
    /// The body as a file, too.
    pub(crate) body: Option<BodyFile>,
    /// Where it may say how it ended.
    pub(crate) message: Option<MessageFile>,
    /// Where what it uses can be read.
    pub(crate) meter: Meter,
    /// What it may ask of this host.
    pub(crate) task: Arc<RunTask>,
}

/// Why a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// By itself, with this code.
    Exited(u8),
    /// By a trap, told with its backtrace.
    Trapped(String),
    OutOfMemory,
    OutOfFuel,
    OutputLimit,
    /// The quota of this name was reached.
    StorageLimit(String),
    /// It never began: no module, an unknown import, a rule that cannot be read.
    NotStarted(String),
    /// The host failed on its behalf.
    HostFailed(String),
    /// It was ended from here.
    Stopped,
}

/// How a run ended, and what it used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContainerEnd {
    pub(crate) ending: Ending,
    pub(crate) fuel_used: u64,
}

/// A run under way; dropping it ends it at once.
pub(crate) type Run<'a> = Pin<Box<dyn Future<Output = ContainerEnd> + Send + 'a>>;

/// Runs containers.
pub(crate) trait Containers: Send + Sync {
    /// Runs a container to its end.
    fn run(&self, spec: Box<ContainerSpec>) -> Run<'_>;
}
