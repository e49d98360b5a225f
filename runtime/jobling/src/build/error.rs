//! Why a folder cannot be built.

use std::io;
use std::path::PathBuf;

use jobling_sandbox::PrepareError;

use super::language::Language;

/// Why a folder cannot be built. Each says what to do about it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    /// Nothing tells which language it is in.
    #[error(
        "{} holds no task: it has none of Cargo.toml (Rust), go.mod (Go), package.json (JavaScript), app.py \
         (Python) and main.c (C); make one with: jobling new NAME", .0.display()
    )]
    NoTask(PathBuf),
    /// There is no manifest in it.
    #[error(
        "{} has neither job.yaml nor cronjob.yaml; write the manifest there", .0.display()
    )]
    NoManifest(PathBuf),
    /// The language's tool is nowhere.
    #[error("{} needs {tool} to be built; get it by: {get}", folder.display())]
    NoTool {
        /// The folder.
        folder: PathBuf,
        /// What is missing.
        tool: &'static str,
        /// How to get it.
        get: &'static str,
    },
    /// A tool cannot be started.
    #[error("{} cannot be started: {source}", program.display())]
    CannotStart {
        /// The tool.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// cargo failed, and said why on stderr.
    #[error(
        "{} cannot be built (cargo's own words are above). Where the target {target} is missing: \
         rustup target add {target}, or scripts/toolchain of jobling's source",
        folder.display()
    )]
    CargoFailed {
        /// The folder.
        folder: PathBuf,
        /// What it was to be built for.
        target: &'static str,
    },
    /// A compiler failed.
    #[error("{} cannot be built from {}:\n{said}", folder.display(), language.name())]
    Failed {
        /// The folder.
        folder: PathBuf,
        /// Its language.
        language: Language,
        /// What the compiler said.
        said: String,
    },
    /// The build made no program.
    #[error("{} has no program to build; a task needs a src/main.rs", .0.display())]
    NoProgram(PathBuf),
    /// Several programs, and one file for them.
    #[error("{} builds {programs}; --out names one file for them: leave it out", folder.display())]
    ManyPrograms {
        /// The folder.
        folder: PathBuf,
        /// The programs.
        programs: String,
    },
    /// What was built cannot run here.
    #[error("{program} is built, and cannot run here: {source}")]
    CannotRun {
        /// The program.
        program: String,
        /// Why.
        source: Box<PrepareError>,
    },
    /// What was built is no module.
    #[error("{program} is built, and is no module: {why}")]
    NoModule {
        /// The program.
        program: String,
        /// What is wrong with it.
        why: String,
    },
    /// wasm-opt takes modules only.
    #[error("{program} is a component, which wasm-opt cannot optimise; leave --optimize out")]
    Component {
        /// The program.
        program: String,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
