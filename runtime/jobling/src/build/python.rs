//! Python, by componentize-py: `CPython` and the modules, which have run up to their definitions.

use std::path::PathBuf;
use std::process::Command;

use super::builder::Site;
use super::error::BuildError;
use super::language::Language;
use super::tools::run;
use super::wit::{WORLD, world};

/// The module that holds the task: `app.py`.
const APP: &str = "app";

/// Makes a component of the folder's `app.py` and what it imports.
pub(super) fn compile(site: &Site<'_>) -> Result<PathBuf, BuildError> {
    let tool = site.tools.find("python", "componentize-py").ok_or_else(|| {
        site.no_tool(
            "componentize-py",
            "pip install componentize-py, or scripts/toolchain python of jobling's source",
        )
    })?;
    let out = site.scratch.join("program.wasm");
    let mut command = Command::new(tool);
    command.arg("--wit-path").arg(world(site)?).args(["--world", WORLD, "componentize", APP]);
    command.arg("--python-path").arg(&site.root).arg("--output").arg(&out);
    // Nothing is to be left beside the sources.
    command.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(&site.root);
    run(command, Language::Python, site.folder)?;
    Ok(out)
}
