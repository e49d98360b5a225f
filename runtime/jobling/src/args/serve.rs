//! `serve`: the daemon, and the settings that `run` shares with it.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::{GoDuration, Registries, State};

/// Start the daemon.
///
/// It listens on DIR/jobling.sock, writes DIR/kubeconfig, prints one line when it is ready, and ends
/// its pods in order on SIGTERM.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  jobling serve
  jobling serve --data /var/lib/jobling --listen 127.0.0.1:6443
  jobling serve --trigger-listen 127.0.0.1:8080
  KUBECONFIG=/var/lib/jobling/kubeconfig kubectl get jobs

Exit codes:
  0  drained after SIGTERM or SIGINT
  1  it could not start or go on; the last line says why")]
pub(crate) struct Serve {
    /// Where everything is kept. Default: /var/lib/jobling for root, else
    /// `$XDG_STATE_HOME/jobling` or `~/.local/state/jobling`.
    #[arg(long, env = "JOBLING_DATA", value_name = "DIR", hide_env_values = true)]
    pub(crate) data: Option<PathBuf>,
    /// Serve kubectl over TLS too. Port 0 takes a free one.
    #[arg(long, env = "JOBLING_LISTEN", value_name = "ADDR:PORT", hide_env_values = true)]
    pub(crate) listen: Option<SocketAddr>,
    /// Take requests to HTTPTriggers, in plain HTTP. Port 0 takes a free one.
    #[arg(long, env = "JOBLING_TRIGGER_LISTEN", value_name = "ADDR:PORT", hide_env_values = true)]
    pub(crate) trigger_listen: Option<SocketAddr>,
    /// Memory for requests that run without a Job, such as 256Mi, of what may be promised to pods.
    /// Default: a quarter of it.
    #[arg(long, env = "JOBLING_TRIGGER_MEMORY", value_name = "QUANTITY", hide_env_values = true)]
    #[arg(requires = "trigger_listen")]
    pub(crate) trigger_memory: Option<String>,
    #[command(flatten)]
    pub(crate) limits: Limits,
    #[command(flatten)]
    pub(crate) retries: Retries,
    #[command(flatten)]
    pub(crate) registries: Registries,
    #[command(flatten)]
    pub(crate) state: State,
    /// How long pods get to end by themselves when the daemon is told to stop.
    #[arg(long, env = "JOBLING_DRAIN", default_value = "30s", value_name = "DURATION")]
    #[arg(hide_env_values = true)]
    pub(crate) drain: GoDuration,
    /// full: a commit is on the disk before it is answered. normal: fewer writes for flash that must be
    /// spared; a power cut may lose the last moments, never more.
    #[arg(long, env = "JOBLING_SYNCHRONOUS", value_enum, default_value_t, value_name = "MODE")]
    #[arg(hide_env_values = true)]
    pub(crate) synchronous: Synchronous,
}

/// How surely a commit is on the disk before it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Synchronous {
    /// Always.
    #[default]
    Full,
    /// At checkpoints.
    Normal,
}

/// What pods may take of this host.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct Limits {
    /// Memory that may be promised to pods at one time, such as 512Mi. Default: three quarters of what
    /// is available at start.
    #[arg(long, env = "JOBLING_MEMORY", value_name = "QUANTITY", hide_env_values = true)]
    pub(crate) memory: Option<String>,
    /// Pods that may run at one time.
    #[arg(long, env = "JOBLING_MAX_PODS", value_name = "COUNT", hide_env_values = true)]
    pub(crate) max_pods: Option<u32>,
    /// A directory below which hostPath volumes may be. May be repeated; none by default.
    #[arg(long, env = "JOBLING_ALLOW_HOST_PATH", value_name = "DIR", value_delimiter = ',')]
    #[arg(hide_env_values = true)]
    pub(crate) allow_host_path: Vec<PathBuf>,
    /// Memory of a container that gives no limit.
    #[arg(long, env = "JOBLING_DEFAULT_MEMORY", value_name = "QUANTITY", hide_env_values = true)]
    pub(crate) default_memory: Option<String>,
    /// Fuel of a container that gives no jobling.dev/fuel, such as 5G.
    #[arg(long, env = "JOBLING_DEFAULT_FUEL", value_name = "QUANTITY", hide_env_values = true)]
    pub(crate) default_fuel: Option<String>,
    /// Share of a core of a container that gives no cpu limit, such as 500m.
    #[arg(long, env = "JOBLING_DEFAULT_CPU", value_name = "QUANTITY", hide_env_values = true)]
    pub(crate) default_cpu: Option<String>,
    /// Disk of a container that gives no ephemeral-storage.
    #[arg(long, env = "JOBLING_DEFAULT_STORAGE", value_name = "QUANTITY", hide_env_values = true)]
    pub(crate) default_storage: Option<String>,
    /// Memory that compiling a module may take; it is done once for each image. Default: 4Gi.
    #[arg(long, env = "JOBLING_COMPILE_MEMORY", value_name = "QUANTITY", hide_env_values = true)]
    pub(crate) compile_memory: Option<String>,
    /// Time that compiling a module may take. Default: 2m.
    #[arg(long, env = "JOBLING_COMPILE_TIMEOUT", value_name = "DURATION", hide_env_values = true)]
    pub(crate) compile_timeout: Option<GoDuration>,
}

/// How long what failed waits for its next try.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Retry delays")]
pub(crate) struct Retries {
    /// The delay after a Job's first failed pod, doubling with each. Kubernetes: 10s.
    #[arg(long, env = "JOBLING_POD_RETRY", value_name = "DURATION", hide_env_values = true)]
    pub(crate) pod_retry: Option<GoDuration>,
    /// The longest delay between a Job's pods. Kubernetes: 10m.
    #[arg(long, env = "JOBLING_POD_RETRY_CAP", value_name = "DURATION", hide_env_values = true)]
    pub(crate) pod_retry_cap: Option<GoDuration>,
    /// The delay before a container's first restart, doubling with each. Kubernetes: 10s.
    #[arg(long, env = "JOBLING_RESTART_DELAY", value_name = "DURATION", hide_env_values = true)]
    pub(crate) restart_delay: Option<GoDuration>,
    /// The longest delay between restarts. Kubernetes: 5m.
    #[arg(
        long,
        env = "JOBLING_RESTART_DELAY_CAP",
        value_name = "DURATION",
        hide_env_values = true
    )]
    pub(crate) restart_delay_cap: Option<GoDuration>,
}
