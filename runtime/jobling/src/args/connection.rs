//! Which server a command talks to.

use std::path::PathBuf;

/// Which server a command talks to.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Connection {
    /// The server: `unix:///PATH`, `https://HOST:PORT` or `http://HOST:PORT`.
    ///
    /// Without it, and without a kubeconfig, the socket of the default data directory is used.
    #[arg(long, global = true, env = "JOBLING_SERVER", value_name = "URL")]
    #[arg(hide_env_values = true, help_heading = "Server")]
    pub(crate) server: Option<String>,
    /// The kubeconfig file that names the server, as kubectl's.
    #[arg(long, global = true, env = "KUBECONFIG", value_name = "FILE")]
    #[arg(hide_env_values = true, help_heading = "Server")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig.
    #[arg(long, global = true, value_name = "NAME", help_heading = "Server")]
    pub(crate) context: Option<String>,
    /// The namespace of what is named; `default` unless the kubeconfig has another.
    #[arg(short, long, global = true, value_name = "NAME", help_heading = "Server")]
    pub(crate) namespace: Option<String>,
}
