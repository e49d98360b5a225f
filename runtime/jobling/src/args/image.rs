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
    /// Bring an image from its registry.
    ///
    /// Credentials come from docker's config.json: yours first, the daemon's after it.
    #[command(after_help = "\
Examples:
  jobling image pull ghcr.io/acme/report:1.0
  jobling image pull registry.lan:5000/report@sha256:0123…
  jobling image pull --plain-http registry.lan:5000/report:1.0")]
    Pull(ImagePull),
    /// Take an image to a registry.
    #[command(after_help = "\
Examples:
  jobling image push ghcr.io/acme/report:1.0
  jobling image push report:1.0 ghcr.io/acme/report:1.0
  jobling image push report:1.0 localhost:5000/report:1.0 --format=runwasi")]
    Push(ImagePush),
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
    /// Show what is known of images: imports, exports, languages, and the permissions they will need.
    Inspect(ImageNames),
    /// Remove image names, and modules that no name is left for.
    #[command(alias = "remove")]
    Rm(ImageNames),
    /// Remove images that are not in use, the least recently used first.
    #[command(after_help = "\
Examples:
  jobling image prune               What can be pulled again
  jobling image prune --keep 500Mi  Until no more than that is left
  jobling image prune --all         What was imported, too")]
    Prune(ImagePrune),
}

/// Bring an image here.
#[derive(Debug, clap::Args)]
pub(crate) struct ImagePull {
    /// The image's name with its registry.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) way: RegistryWay,
}

/// Take an image away.
#[derive(Debug, clap::Args)]
pub(crate) struct ImagePush {
    /// The image's name here.
    pub(crate) name: String,
    /// Its name in the registry; the same where none is given.
    pub(crate) remote: Option<String>,
    /// artifact: the CNCF's WASM artifact. runwasi: a container image, which Docker and containerd run.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ImageFormat,
    #[command(flatten)]
    pub(crate) way: RegistryWay,
}

/// How a registry is reached.
#[derive(Debug, clap::Args)]
pub(crate) struct RegistryWay {
    /// Speak to the registry without TLS.
    #[arg(long)]
    pub(crate) plain_http: bool,
    /// Docker's configuration with the credentials. Default: config.json in `$DOCKER_CONFIG`,
    /// else in ~/.docker.
    #[arg(long, value_name = "FILE")]
    pub(crate) docker_config: Option<PathBuf>,
}

/// The shape of an image in a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum ImageFormat {
    /// The CNCF's WASM artifact.
    #[default]
    Artifact,
    /// A container image.
    Runwasi,
}

impl ImageFormat {
    /// Returns its name in the API.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Artifact => "artifact",
            Self::Runwasi => "runwasi",
        }
    }
}

/// Remove what is not in use.
#[derive(Debug, clap::Args)]
pub(crate) struct ImagePrune {
    /// Those that were imported, too: nobody can pull them again.
    #[arg(short, long)]
    pub(crate) all: bool,
    /// Keep so much, such as 500Mi.
    #[arg(long, value_name = "QUANTITY", default_value = "0")]
    pub(crate) keep: String,
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
