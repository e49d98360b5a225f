//! `run`: manifests or a task's folder in the foreground.

use std::path::PathBuf;
use std::str::FromStr;

use super::{GoDuration, Limits, Registries, Retries, State};

/// Run manifests or a task's folder in the foreground.
///
/// No daemon is needed. Pods print to stdout as they go; progress and a closing summary go to stderr.
/// Retry delays begin at 1 s unless they are set. Ctrl-C ends the pods in order, a second one at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  jobling run examples/hello                         Build a task's folder and run its job.yaml
  jobling run job.yaml --image myapp:1.0=myapp.wasm  Put a module behind an image name
  jobling run config.yaml job.yaml --timeout 10m
  jobling run job.yaml -o json > result.json         Jobs and Pods as the API has them
  jobling run --now examples/backup                  One run of a CronJob, at once
  generate-manifest | jobling run -

An image may also be a path relative to the manifest: `image: ./myapp.wasm`.

Exit codes:
  0    every Job is complete
  1    a Job failed, or cannot go on
  2    the command line or a manifest is wrong; nothing was run
  124  --timeout is over
  130  ended by Ctrl-C")]
pub(crate) struct Run {
    /// Manifests (`-` for the standard input), directories of manifests, or a task's folder: sources as
    /// `jobling build` takes them, and a job.yaml or cronjob.yaml.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<String>,
    /// Put the module FILE behind the image NAME. May be repeated.
    #[arg(long = "image", value_name = "NAME=FILE.wasm")]
    pub(crate) images: Vec<ImageFile>,
    /// Of a CronJob, try one run at once, whatever its schedule says; of an HTTPTrigger, its Job without a
    /// request.
    #[arg(long)]
    pub(crate) now: bool,
    /// How long all of it may take.
    #[arg(long, value_name = "DURATION")]
    pub(crate) timeout: Option<GoDuration>,
    /// json: one document with the Jobs and their Pods on stdout; pods then print to stderr.
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<RunOutput>,
    /// Keep the state (claims, images, Jobs) in this directory; else it is gone afterwards.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Say nothing of the progress; only what the pods print and what is wrong.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) limits: Limits,
    #[command(flatten)]
    pub(crate) retries: Retries,
    #[command(flatten)]
    pub(crate) registries: Registries,
    #[command(flatten)]
    pub(crate) state: State,
}

/// What `run` writes to stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum RunOutput {
    /// One JSON document: the Jobs and their Pods.
    Json,
}

/// `NAME=FILE.wasm`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageFile {
    /// The image's name.
    pub(crate) name: String,
    /// The module.
    pub(crate) file: PathBuf,
}

/// Why a text is no `NAME=FILE`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{given}\" must be NAME=FILE.wasm, such as myapp:1.0=myapp.wasm")]
pub(crate) struct ImageFileError {
    given: String,
}

impl FromStr for ImageFile {
    type Err = ImageFileError;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        match given.split_once('=') {
            Some((name, file)) if !name.is_empty() && !file.is_empty() => {
                Ok(Self { name: name.to_owned(), file: PathBuf::from(file) })
            }
            _ => Err(ImageFileError { given: given.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_a_name_and_a_file() {
        let given: ImageFile = "myapp:1.0=out/a=b.wasm".parse().unwrap();
        assert_eq!(given, ImageFile { name: "myapp:1.0".into(), file: "out/a=b.wasm".into() });
        for given in ["myapp:1.0", "=a.wasm", "myapp="] {
            assert!(given.parse::<ImageFile>().is_err(), "{given}");
        }
    }
}
