//! `schedule`: what a cron expression means, without a daemon.

/// Print when a schedule fires.
///
/// Needs no daemon. The times are printed one a line, as RFC 3339 in the schedule's zone; what the
/// expression means goes to stderr, in words.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  jobling schedule \"0 9,17 * * 1-5\" --time-zone America/New_York
  jobling schedule @hourly --from 2026-03-29T00:00:00Z -n 3
  jobling schedule \"30 2 * * *\" --time-zone Europe/Berlin --fold once -o json

An expression has five fields: minute (0-59), hour (0-23), day of month (1-31), month (1-12 or JAN-DEC) and
day of week (0-6 or SUN-SAT, Sunday is 0); or it is @yearly, @monthly, @weekly, @daily, @hourly or
@every DURATION.")]
pub(crate) struct Schedule {
    /// The expression, as spec.schedule of a CronJob has it.
    #[arg(value_name = "EXPR")]
    pub(crate) expression: String,
    /// The zone that the expression's times are in, by its IANA name.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub(crate) time_zone: String,
    /// Print times after this one, which is RFC 3339; default: now.
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<jiff::Timestamp>,
    /// How many.
    // `-n` is the namespace everywhere else. A schedule has none, so that this takes its place, under its
    // name and as a text, as clap asks for; `count` says what it is.
    #[arg(
        id = "namespace",
        short = 'n',
        long = "count",
        value_name = "COUNT",
        default_value = "5"
    )]
    #[arg(value_parser = counted)]
    count: String,
    /// Whether a local time that comes twice, when clocks go back, fires twice or once: the annotation
    /// jobling.dev/fold.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) fold: FoldArg,
    /// The form of the answer.
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<ScheduleOutput>,
}

impl Schedule {
    /// Returns how many times are asked for.
    pub(crate) fn count(&self) -> usize {
        self.count.parse().unwrap_or_default()
    }
}

/// Takes a number of times that can be printed.
fn counted(text: &str) -> Result<String, String> {
    match text.parse::<u32>() {
        Ok(1..=100_000) => Ok(text.to_owned()),
        _ => Err("it must be a number from 1 to 100000".to_owned()),
    }
}

/// What becomes of a local time that comes twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum FoldArg {
    /// It fires at both, as in Kubernetes.
    #[default]
    Twice,
    /// It fires at the first.
    Once,
}

/// What `schedule` writes to stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ScheduleOutput {
    /// One JSON document: the schedule, what it means, and its times.
    Json,
}
