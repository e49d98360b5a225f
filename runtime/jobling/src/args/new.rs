//! `new`: a folder with a task to begin from.

use std::path::PathBuf;

use crate::build::Language;
use crate::new::TaskKind;

/// Make a folder with a small task: source, manifest, test and README.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  jobling new hello && jobling run hello
  jobling new nightly-report --kind cronjob
  jobling new mailer --lang python --kind worker
  jobling new hook --lang go --kind trigger
  jobling new hello --sdk ../jobling/sdk          The SDK from a folder, not from crates.io")]
pub(crate) struct New {
    /// The folder to make. Its last part is the task's name: small letters, digits and hyphens.
    #[arg(value_name = "NAME")]
    pub(crate) path: PathBuf,
    /// The language.
    #[arg(long, value_enum, default_value = "rust")]
    pub(crate) lang: Language,
    /// What starts the task.
    #[arg(long, value_enum, default_value = "job")]
    pub(crate) kind: TaskKind,
    /// The folder of jobling-sdk, for Rust. Found by itself where jobling is run from its source; else the
    /// SDK is crates.io's.
    #[arg(long, value_name = "PATH")]
    pub(crate) sdk: Option<PathBuf>,
}
