//! How the state is kept: what it may take on the disk, and what Secrets are sealed with.

use std::path::PathBuf;

/// How the state is kept.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "State")]
pub(crate) struct State {
    /// What the database may take on the disk, such as 512Mi; what goes over is refused. Default: 2Gi.
    #[arg(long, env = "JOBLING_MAX_DATABASE", value_name = "QUANTITY", hide_env_values = true)]
    pub(crate) max_database: Option<String>,
    /// What the logs of all pods may take on the disk; the oldest go first. Default: 256Mi.
    #[arg(long, env = "JOBLING_MAX_LOGS", value_name = "QUANTITY", hide_env_values = true)]
    pub(crate) max_logs: Option<String>,
    /// How many pods that have ended are kept; the oldest go first, their Jobs keep the count. Default: 12500, as
    /// in Kubernetes; of `run`: all.
    #[arg(long, env = "JOBLING_TERMINATED_POD_GC_THRESHOLD", value_name = "COUNT")]
    #[arg(hide_env_values = true)]
    pub(crate) terminated_pod_gc_threshold: Option<u64>,
    /// Seal Secrets with the keys in this file: 32 bytes in base64 a line (openssl rand -base64 32), the newest
    /// first. All are sealed anew with the newest at the start.
    #[arg(long, env = "JOBLING_SECRET_KEY_FILE", value_name = "FILE", hide_env_values = true)]
    pub(crate) secret_key_file: Option<PathBuf>,
}
