//! Makes a module smaller and faster with Binaryen's wasm-opt, where somebody asks for it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::builder::Site;
use super::error::BuildError;
use super::language::Language;
use super::tools::run;

/// Whether wasm-opt is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Optimise {
    /// It is not.
    #[default]
    No,
    /// It is.
    Yes,
}

/// Proposals that the sandbox takes; wasm-opt refuses what it is not told of.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-simd",
    "--enable-multivalue",
];

/// Returns the file of the optimised module.
pub(super) fn optimise(
    site: &Site<'_>,
    language: Language,
    module: &Path,
) -> Result<PathBuf, BuildError> {
    let tool = site.tools.find("js", "wasm-opt").ok_or_else(|| {
        site.no_tool("wasm-opt", "apt install binaryen, or npm install --global binaryen")
    })?;
    let out = site.scratch.join("optimised.wasm");
    let mut command = Command::new(tool);
    command.arg("-Os").args(FEATURES).arg(module).arg("-o").arg(&out);
    run(command, language, site.folder)?;
    Ok(out)
}
