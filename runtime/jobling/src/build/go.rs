//! Go, by its own compiler for wasip1.

use std::path::PathBuf;
use std::process::Command;

use super::builder::Site;
use super::error::BuildError;
use super::language::Language;
use super::tools::run;

/// Compiles the package in the folder to a module.
pub(super) fn compile(site: &Site<'_>) -> Result<PathBuf, BuildError> {
    let go = site.tools.find("go", "go").ok_or_else(|| {
        site.no_tool("go", "https://go.dev/dl, or scripts/toolchain go of jobling's source")
    })?;
    let out = site.scratch.join("program.wasm");
    let mut command = Command::new(go);
    command.args(["build", "-trimpath", "-ldflags=-s -w", "-o"]).arg(&out).arg(".");
    command.envs([("GOOS", "wasip1"), ("GOARCH", "wasm")]).current_dir(&site.root);
    run(command, Language::Go, site.folder)?;
    Ok(out)
}
