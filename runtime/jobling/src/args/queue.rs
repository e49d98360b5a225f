//! `queue`: the daemon's own work queues.

use std::path::PathBuf;

use super::DataFormat;

/// Look into and fill the daemon's own work queues.
///
/// Tasks take items from them by the interface jobling:task, where their container's `QUEUE_URL` is unset
/// or `jobling:`. Each namespace has its own.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum QueueCommand {
    /// Add items, all or none.
    #[command(after_help = "\
Examples:
  jobling queue push orders 1 2 3
  jobling queue push orders --file order.json
  seq 1000 | jobling queue push orders --lines -")]
    Push(QueuePush),
    /// List the queues and what they hold.
    #[command(alias = "list")]
    Ls {
        /// Those of all namespaces.
        #[arg(short = 'A', long)]
        all_namespaces: bool,
        /// The form of the answer.
        #[arg(short, long, value_enum)]
        output: Option<DataFormat>,
    },
    /// Show the oldest items that wait or are being worked on.
    Peek(QueuePeek),
    /// Remove the items that wait or are being worked on.
    Purge {
        /// The queue.
        name: String,
    },
    /// Show the dead letters: items that were delivered too often.
    #[command(after_help = "\
Examples:
  jobling queue dead orders
  jobling queue dead orders --revive
  jobling queue dead orders --purge")]
    Dead {
        #[command(flatten)]
        peek: QueuePeek,
        /// Let them wait again, as if they were new.
        #[arg(long, conflicts_with = "purge")]
        revive: bool,
        /// Remove them.
        #[arg(long)]
        purge: bool,
    },
}

/// What to add.
#[derive(Debug, clap::Args)]
pub(crate) struct QueuePush {
    /// The queue; it is made as needed.
    pub(crate) name: String,
    /// The items.
    #[arg(value_name = "ITEM")]
    pub(crate) items: Vec<String>,
    /// A file that is one item; `-` for the standard input. May be repeated.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Vec<PathBuf>,
    /// A file of which each line is an item; `-` for the standard input.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) lines: Option<PathBuf>,
}

/// What to show.
#[derive(Debug, clap::Args)]
pub(crate) struct QueuePeek {
    /// The queue.
    pub(crate) name: String,
    /// At most so many items.
    #[arg(short = 'n', long, default_value_t = 10, value_name = "COUNT")]
    pub(crate) limit: u32,
    /// The form of the answer; the items are base64 in it.
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<DataFormat>,
}
