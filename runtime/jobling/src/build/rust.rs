//! Rust, by cargo: the one of scripts/toolchain where it is installed, which knows a standard library for
//! WASI, else the one in PATH with rustup's target.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::builder::Compiled;
use super::error::BuildError;
use super::tools::{Tools, cannot_start};

/// A target of Rust's that runs here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Target {
    /// Modules, the smallest.
    #[default]
    #[value(name = "wasm32-wasip1")]
    Wasip1,
    /// Components.
    #[value(name = "wasm32-wasip2")]
    Wasip2,
}

impl Target {
    const fn triple(self) -> &'static str {
        match self {
            Self::Wasip1 => "wasm32-wasip1",
            Self::Wasip2 => "wasm32-wasip2",
        }
    }
}

/// Builds the programs of a crate; what cargo says goes to stderr, where it has its own progress.
pub(super) fn compile(
    folder: &Path,
    target: Target,
    tools: &Tools,
) -> Result<Vec<Compiled>, BuildError> {
    let own = tools.own("bin/cargo-wasip1").filter(|_| target == Target::Wasip1);
    let cargo = own.or_else(|| tools.in_path("cargo")).ok_or(BuildError::NoTool {
        folder: folder.to_owned(),
        tool: "cargo",
        get: "https://rustup.rs, then rustup target add wasm32-wasip1",
    })?;
    let output = Command::new(&cargo)
        .args(["build", "--release", "--target", target.triple()])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| cannot_start(&cargo, source))?;
    if !output.status.success() {
        return Err(BuildError::CargoFailed { folder: folder.to_owned(), target: target.triple() });
    }
    Ok(programs(&output.stdout))
}

/// Returns the programs that cargo's messages tell of.
fn programs(messages: &[u8]) -> Vec<Compiled> {
    let lines = messages.split(|byte| *byte == b'\n');
    let messages = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let program = |message: Value| {
        Some(Compiled {
            file: PathBuf::from(message["executable"].as_str()?),
            name: message["target"]["name"].as_str()?.to_owned(),
        })
    };
    messages.filter_map(program).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_are_those_that_cargo_tells_of() {
        let messages = br#"{"reason":"compiler-artifact","target":{"name":"dep"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"hello"},"executable":"/t/wasm32-wasip1/release/hello.wasm"}
{"reason":"build-finished","success":true}
"#;
        let hello = Compiled {
            name: "hello".to_owned(),
            file: PathBuf::from("/t/wasm32-wasip1/release/hello.wasm"),
        };
        assert_eq!(programs(messages), [hello]);
    }
}
