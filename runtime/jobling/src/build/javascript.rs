//! JavaScript, by componentize-js: the engine and the script, which has run up to its exports.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::builder::Site;
use super::error::BuildError;
use super::language::Language;
use super::tools::run;
use super::wit::{WORLD, world};

/// What is built where package.json has no `main`.
const MAIN: &str = "main.js";

/// Makes a component of the folder's main script and what it imports.
pub(super) fn compile(site: &Site<'_>) -> Result<PathBuf, BuildError> {
    let local = site.root.join("node_modules/.bin/componentize-js");
    let tool = Some(local).filter(|path| path.is_file());
    let tool = tool.or_else(|| site.tools.find("js", "componentize-js")).ok_or_else(|| {
        site.no_tool(
            "componentize-js",
            "npm install --save-dev @bytecodealliance/componentize-js, or scripts/toolchain js of \
             jobling's source",
        )
    })?;
    let out = site.scratch.join("program.wasm");
    let mut command = Command::new(tool);
    command.arg(main(site)?).arg("--wit").arg(world(site)?).args(["--world-name", WORLD]);
    // No network but what the author's own world imports.
    command.args(["--disable", "http", "fetch-event", "--out"]).arg(&out).current_dir(&site.root);
    run(command, Language::JavaScript, site.folder)?;
    Ok(out)
}

/// Returns the script that package.json names.
fn main(site: &Site<'_>) -> Result<PathBuf, BuildError> {
    let path = site.root.join("package.json");
    let failed = |source| BuildError::File { path: path.clone(), source };
    let text = std::fs::read_to_string(&path).map_err(failed)?;
    let package: Value = serde_json::from_str(&text).map_err(|error| failed(error.into()))?;
    Ok(site.root.join(package["main"].as_str().unwrap_or(MAIN)))
}
