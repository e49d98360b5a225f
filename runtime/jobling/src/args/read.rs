//! The verbs that change nothing: `get`, `describe`, `logs`, `wait`.

use super::{Files, Filter, GoDuration};

/// Show objects.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  jobling get jobs
  jobling get jobs,pods -o wide
  jobling get pods -l job-name=primes --sort-by=.metadata.creationTimestamp
  jobling get job/primes -o jsonpath='{.status.succeeded}'
  jobling get events --field-selector involvedObject.name=primes
  jobling get jobs -w")]
pub(crate) struct Get {
    /// What: KIND[,KIND] [NAME…] or KIND/NAME…
    #[arg(value_name = "KIND", required_unless_present = "filename")]
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) files: Files,
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// wide, yaml, json, name, jsonpath=TEMPLATE or custom-columns=HEAD:PATH,…
    #[arg(short, long, value_name = "FORMAT")]
    pub(crate) output: Option<String>,
    /// Go on and show every change.
    #[arg(short, long)]
    pub(crate) watch: bool,
    /// Show changes only, not what is there now.
    #[arg(long)]
    pub(crate) watch_only: bool,
    /// Order by the value at this path, such as `.metadata.creationTimestamp`.
    #[arg(long, value_name = "PATH")]
    pub(crate) sort_by: Option<String>,
    /// Leave out the line of headings.
    #[arg(long)]
    pub(crate) no_headers: bool,
    /// Add a column with the labels.
    #[arg(long)]
    pub(crate) show_labels: bool,
    /// Add a column for each of these labels.
    #[arg(short = 'L', long, value_name = "LABEL", value_delimiter = ',')]
    pub(crate) label_columns: Vec<String>,
    /// Show `metadata.managedFields` too.
    #[arg(long)]
    pub(crate) show_managed_fields: bool,
    /// An object that does not exist is no error.
    #[arg(long)]
    pub(crate) ignore_not_found: bool,
}

/// Show all there is to know of objects, with their events.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  jobling describe job db-migration
  jobling describe pods -l job-name=db-migration")]
pub(crate) struct Describe {
    /// What: KIND [NAME…] or KIND/NAME… A name may be a prefix.
    #[arg(value_name = "KIND", required_unless_present = "filename")]
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) files: Files,
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// Whether events are shown.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, value_name = "BOOL")]
    pub(crate) show_events: bool,
}

/// Print what containers have printed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  jobling logs job/db-migration
  jobling logs job/db-migration --all-containers=true
  jobling logs -f primes-0-x7k2p
  jobling logs -l job-name=primes --prefix --tail=5
  jobling logs job/my-job > job-output.log

On a terminal, what could steer it (escape sequences) is made visible; into a file or a pipe every
byte goes as it was printed.")]
pub(crate) struct Logs {
    /// POD or KIND/NAME, such as job/NAME; with --selector nothing.
    #[arg(value_name = "POD", required_unless_present = "selector")]
    pub(crate) target: Option<String>,
    /// The container, where the pod has several.
    #[arg(value_name = "CONTAINER")]
    pub(crate) container_word: Option<String>,
    /// The container, where the pod has several.
    #[arg(short, long, value_name = "NAME")]
    pub(crate) container: Option<String>,
    /// Of every container, initContainers included.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(default_value_t = false, hide_default_value = true, hide_possible_values = true)]
    #[arg(action = clap::ArgAction::Set, value_name = "BOOL")]
    pub(crate) all_containers: bool,
    /// Of every pod of the Job, not of the first alone.
    #[arg(long)]
    pub(crate) all_pods: bool,
    /// Go on printing until the containers have ended.
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Of the container's run before this one.
    #[arg(short, long)]
    pub(crate) previous: bool,
    /// Only so many of the last lines; all by default, 10 with a selector.
    #[arg(long, allow_negative_numbers = true, value_name = "LINES")]
    pub(crate) tail: Option<i64>,
    /// Only what was printed in so long, such as 5m.
    #[arg(long, value_name = "DURATION", conflicts_with = "since_time")]
    pub(crate) since: Option<GoDuration>,
    /// Only what was printed since then (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub(crate) since_time: Option<String>,
    /// At most so many bytes.
    #[arg(long, value_name = "BYTES")]
    pub(crate) limit_bytes: Option<u64>,
    /// Begin each line with when it was printed.
    #[arg(long)]
    pub(crate) timestamps: bool,
    /// Begin each line with the pod and the container.
    #[arg(long)]
    pub(crate) prefix: bool,
    /// Of the pods with these labels.
    #[arg(short = 'l', long, value_name = "LABELS")]
    pub(crate) selector: Option<String>,
    /// With --follow: at most so many logs at once.
    #[arg(long, default_value_t = 5, value_name = "COUNT")]
    pub(crate) max_log_requests: usize,
    /// A pod that cannot be read is no error.
    #[arg(long)]
    pub(crate) ignore_errors: bool,
}

/// Wait until objects are in a state.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  jobling wait --for=condition=complete job/my-job
  jobling wait --for=finished job/my-job --timeout=10m
  jobling wait --for=delete job/my-job
  jobling wait --for=jsonpath='{.status.succeeded}'=3 job/my-job

Exit codes:
  0  every object is in the state; for --for=finished: and every Job is complete
  1  a timeout, an error; for --for=finished: a Job failed")]
pub(crate) struct Wait {
    /// What: KIND/NAME… or KIND NAME…; KIND alone with --all or a selector.
    #[arg(value_name = "KIND", required_unless_present = "filename")]
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) files: Files,
    /// delete, create, finished, condition=NAME[=VALUE] or jsonpath='{PATH}'[=VALUE]. May be repeated:
    /// any of them is enough.
    #[arg(long = "for", required = true, value_name = "STATE")]
    pub(crate) states: Vec<String>,
    /// How long at most. 0 looks once, a negative one waits a week.
    #[arg(long, default_value = "30s", allow_hyphen_values = true, value_name = "DURATION")]
    pub(crate) timeout: GoDuration,
    /// Every object of the kind.
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) filter: Filter,
}
