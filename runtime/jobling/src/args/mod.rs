//! What can be typed after `jobling`: the tree of commands and their options. Only the form of the
//! arguments is judged here; what they mean is decided by the verbs.

mod build;
mod connection;
mod duration;
mod image;
mod install;
mod new;
mod queue;
mod read;
mod registries;
mod run;
mod schedule;
mod selection;
mod serve;
mod state;
mod token;
mod trigger;
mod write;

pub(crate) use build::Build;
pub(crate) use connection::Connection;
pub(crate) use duration::GoDuration;
pub(crate) use image::{
    ImageCommand, ImageImport, ImageNames, ImagePrune, ImagePull, ImagePush, RegistryWay,
};
pub(crate) use install::Install;
pub(crate) use new::New;
pub(crate) use queue::{QueueCommand, QueuePeek, QueuePush};
pub(crate) use read::{Describe, Get, Logs, Wait};
pub(crate) use registries::Registries;
pub(crate) use run::{ImageFile, Run, RunOutput};
pub(crate) use schedule::{FoldArg, Schedule, ScheduleOutput};
pub(crate) use selection::Filter;
pub(crate) use serve::{Limits, Retries, Serve, Synchronous};
pub(crate) use state::State;
pub(crate) use token::{TokenCommand, TokenCreate, TokenOutput};
pub(crate) use trigger::{Pair, Trigger};
pub(crate) use write::{Apply, Cascade, Create, Delete, DryRunArg, Files, OutputName, Switch};

use clap::{Parser, Subcommand};

/// Kubernetes Jobs as WASI modules on one small host.
///
/// `jobling run` carries out a manifest in the foreground. `jobling serve` is the daemon; the other
/// commands, and kubectl, talk to it.
#[derive(Debug, Parser)]
#[command(name = "jobling", version, max_term_width = 100, after_long_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  jobling new hello && jobling run hello      Begin a task, build it and run it
  jobling run job.yaml                        Run a Job here and now, and leave with its result
  jobling serve                               Start the daemon
  jobling image import myapp:1.0 myapp.wasm   Put a module behind an image name
  jobling apply -f job.yaml                   Hand the daemon a manifest
  jobling get jobs -w                         Watch what becomes of it
  jobling logs job/db-migration               Read what it printed

Exit codes:
  0    done; for `run` and `wait --for=finished`: every Job is complete
  1    it failed, or a Job did
  2    the command line or a manifest of `run` is wrong; nothing was run
  124  `run --timeout` is over";

/// A command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run manifests or a task's folder in the foreground.
    Run(Run),
    /// Make a folder with a small task: source, manifest, test and README.
    New(New),
    /// Build a task's folder to a WASI module or component.
    Build(Build),
    /// Start the daemon.
    Serve(Serve),
    /// Make objects as a manifest describes them, or change them to it.
    Apply(Apply),
    /// Make objects from a manifest.
    Create(Create),
    /// Show objects.
    Get(Get),
    /// Show all there is to know of objects, with their events.
    Describe(Describe),
    /// Print what containers have printed.
    Logs(Logs),
    /// Wait until objects are in a state.
    Wait(Wait),
    /// Remove objects.
    Delete(Delete),
    /// End a Job's pods and start none until it is resumed; stop a CronJob's schedule; have an HTTPTrigger
    /// turn requests away.
    Suspend(Switch),
    /// Let a suspended Job, CronJob or HTTPTrigger go on.
    Resume(Switch),
    /// Send a request to an HTTPTrigger, as its clients do.
    Trigger(Trigger),
    /// Print when a cron expression fires, without a daemon.
    Schedule(Schedule),
    /// Manage the modules that are behind image names.
    #[command(subcommand)]
    Image(ImageCommand),
    /// Give out and take back tokens, with which others may use the daemon.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Have systemd run the daemon: show its units and write them.
    Install(Install),
    /// Look into and fill the daemon's own work queues.
    #[command(subcommand)]
    Queue(QueueCommand),
    /// Print the versions of this program and of the daemon.
    Version(Version),
    /// Print a shell's completion script.
    #[command(after_help = "\
Examples:
  source <(jobling completion bash)
  jobling completion zsh > \"${fpath[1]}/_jobling\"
  jobling completion fish > ~/.config/fish/completions/jobling.fish")]
    Completion {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

impl Command {
    /// Returns whether kubectl has this command: its habits hold for it, exit codes included.
    pub(crate) fn is_kubectls(word: &str) -> bool {
        const WORDS: [&str; 9] = [
            "apply",
            "create",
            "get",
            "describe",
            "logs",
            "wait",
            "delete",
            "version",
            "completion",
        ];
        WORDS.contains(&word)
    }
}

/// Print the versions of this program and of the daemon.
#[derive(Debug, clap::Args)]
pub(crate) struct Version {
    /// Do not ask the daemon.
    #[arg(long)]
    pub(crate) client: bool,
    /// The form of the answer.
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<DataFormat>,
}

/// A form for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum DataFormat {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}
