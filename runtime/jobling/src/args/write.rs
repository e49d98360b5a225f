//! The verbs that change objects: `apply`, `create`, `delete`, `suspend`, `resume`.

use super::Filter;

/// Where manifests are read from.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Files {
    /// A manifest, a directory of manifests, or `-` for the standard input. May be repeated.
    #[arg(short, long, value_name = "PATH", value_delimiter = ',')]
    pub(crate) filename: Vec<String>,
    /// Look into the directories of directories too.
    #[arg(short = 'R', long)]
    pub(crate) recursive: bool,
}

/// A short form of the answer to a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum OutputName {
    /// `job.batch/NAME` alone.
    Name,
    /// The object as JSON.
    Json,
    /// The object as YAML.
    Yaml,
}

/// Whether a change is only judged, as kubectl names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum DryRunArg {
    /// It is carried out.
    #[default]
    None,
    /// The daemon judges it and changes nothing.
    Server,
    /// It is printed and not sent.
    Client,
}

/// Make objects as a manifest describes them, or change them to it.
///
/// What an earlier apply set and this one leaves out is removed; what others set stays. Every document
/// is read before any is applied.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  jobling apply -f job.yaml
  jobling apply -f manifests/ -R
  cat job.yaml | jobling apply -f -")]
pub(crate) struct Apply {
    #[command(flatten)]
    pub(crate) files: Files,
    /// Whether it is carried out.
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    pub(crate) dry_run: DryRunArg,
    /// The form of the answer.
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<OutputName>,
}

/// Make objects from a manifest, or a Job from a CronJob, an HTTPTrigger or an image.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  jobling create -f job.yaml
  jobling create -f job.yaml -o name
  jobling create job now --from=cronjob/daily-report
  jobling create job now --from=cronjob/daily-report -- --date 2026-11-23   With other arguments
  jobling create job once --from=httptrigger/thumbnail
  jobling create job once --image=busybox -- echo hello")]
pub(crate) struct Create {
    /// job NAME, with --from or --image.
    #[arg(value_names = ["KIND", "NAME"], num_args = 2, conflicts_with = "filename")]
    pub(crate) words: Vec<String>,
    /// Whose template the Job is made from: cronjob/NAME or httptrigger/NAME. A trigger's Job is told of
    /// no request.
    #[arg(long, value_name = "KIND/NAME", requires = "words", conflicts_with = "image")]
    pub(crate) from: Option<String>,
    /// The image of the Job's only container.
    #[arg(long, requires = "words")]
    pub(crate) image: Option<String>,
    /// With --from: arguments of the first container in place of the template's. With --image: its
    /// command.
    #[arg(last = true, value_name = "ARG", requires = "words")]
    pub(crate) arguments: Vec<String>,
    #[command(flatten)]
    pub(crate) files: Files,
    /// Whether it is carried out.
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    pub(crate) dry_run: DryRunArg,
    /// The form of the answer.
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<OutputName>,
    /// Keep the manifest in an annotation, so that a later apply knows what it set.
    #[arg(long)]
    pub(crate) save_config: bool,
}

/// What becomes of an object's dependents when it is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Cascade {
    /// They go after it.
    #[default]
    #[value(alias = "true")]
    Background,
    /// They go before it.
    Foreground,
    /// They stay.
    #[value(alias = "false")]
    Orphan,
}

/// Remove objects.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  jobling delete job db-migration
  jobling delete -f job.yaml
  jobling delete jobs --all
  jobling delete pods -l job-name=primes --now")]
pub(crate) struct Delete {
    /// What: KIND NAME… or KIND/NAME…; KIND alone with --all or a selector.
    #[arg(value_name = "KIND", required_unless_present = "filename")]
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) files: Files,
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// Every object of the kind in the namespace.
    #[arg(long)]
    pub(crate) all: bool,
    /// What becomes of the pods of a Job.
    #[arg(long, value_enum, default_value_t, num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "background")]
    pub(crate) cascade: Cascade,
    /// Seconds that a pod gets to end by itself; negative: its own.
    #[arg(long, default_value_t = -1, allow_negative_numbers = true, value_name = "SECONDS")]
    pub(crate) grace_period: i64,
    /// As --grace-period=1.
    #[arg(long, conflicts_with = "force")]
    pub(crate) now: bool,
    /// As --grace-period=0.
    #[arg(long)]
    pub(crate) force: bool,
    /// Whether to wait until the objects are gone.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1)]
    #[arg(require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) wait: bool,
    /// How long to wait at most; 0: as long as it takes.
    #[arg(long, default_value = "0s", value_name = "DURATION")]
    pub(crate) timeout: super::GoDuration,
    /// An object that does not exist is no error.
    #[arg(long)]
    pub(crate) ignore_not_found: bool,
    /// The form of the answer.
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<OutputName>,
}

/// Suspend or resume.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  jobling suspend job/primes
  jobling resume job/primes
  jobling suspend cronjob daily-backup
  jobling suspend httptrigger thumbnail")]
pub(crate) struct Switch {
    /// What: KIND/NAME… or KIND NAME…, of jobs, cronjobs and httptriggers.
    #[arg(value_name = "KIND", required = true)]
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// Every object of the kind in the namespace.
    #[arg(long)]
    pub(crate) all: bool,
}
