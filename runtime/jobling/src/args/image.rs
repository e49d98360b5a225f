//! `image`: the modules that are behind image names.

use std::path::PathBuf;

use super::DataFormat;

/// Manage the modules that are behind image names.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum ImageCommand {
    /// Put a WASI module or component behind an image name.
    #[command(after_help = "\
Examples:
  jobling image import myapp:1.0 target/wasm32-wasip1/release/myapp.wasm
  jobling image import ubuntu tools.wasm")]
    Import(ImageImport),
    /// List the images.
    #[command(alias = "list")]
    Ls {
        /// Only their names.
        #[arg(short, long)]
        quiet: bool,
        /// The form of the answer.
        #[arg(short, long, value_enum)]
        output: Option<DataFormat>,
    },
    /// Show what is known of images.
    Inspect(ImageNames),
    /// Remove image names, and modules that no name is left for.
    #[command(alias = "remove")]
    Rm(ImageNames),
}

/// Put a module behind a name.
#[derive(Debug, clap::Args)]
pub(crate) struct ImageImport {
    /// The image's name, as manifests write it; the tag is `latest` where none is given.
    pub(crate) name: String,
    /// The module or component; `-` for the standard input.
    pub(crate) file: PathBuf,
}

/// Names of images.
#[derive(Debug, clap::Args)]
pub(crate) struct ImageNames {
    /// The names.
    #[arg(required = true, value_name = "NAME")]
    pub(crate) names: Vec<String>,
}
