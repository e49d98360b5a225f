//! `install`: the units by which systemd runs the daemon.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Have systemd run the daemon: show its units and write them.
///
/// The daemon runs as a user of its own that systemd makes up, with nothing of the host but its data
/// directory, /var/lib/jobling. systemd listens for it, so that clients wait while it restarts.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sudo jobling install
  sudo jobling install --listen 127.0.0.1:6443 --yes
  jobling install --dry-run")]
pub(crate) struct Install {
    /// Serve kubectl over TLS, too.
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// The program that the units start. Default: this one.
    #[arg(long, value_name = "PATH")]
    pub(crate) program: Option<PathBuf>,
    /// Where the units go.
    #[arg(long, value_name = "DIR", default_value = "/etc/systemd/system")]
    pub(crate) directory: PathBuf,
    /// Write them without asking.
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Only show them.
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
}
