//! Where the tools of other languages are: those that scripts/toolchain installed, else those in PATH.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::error::BuildError;
use super::language::Language;

/// A machine's tools.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tools {
    /// Where scripts/toolchain puts its parts.
    pub(crate) toolchain: PathBuf,
    /// PATH.
    pub(crate) path: OsString,
    /// A WASI SDK, if there is one: `WASI_SDK_PATH`.
    pub(crate) wasi_sdk: Option<PathBuf>,
    /// jobling's own source, where this program was built from one: the SDK is there.
    pub(crate) checkout: Option<PathBuf>,
}

impl Tools {
    /// Returns what scripts/toolchain installed at `relative`.
    pub(super) fn own(&self, relative: &str) -> Option<PathBuf> {
        Some(self.toolchain.join(relative)).filter(|path| path.is_file())
    }

    /// Returns the program `name` in PATH.
    pub(super) fn in_path(&self, name: &str) -> Option<PathBuf> {
        let mut directories = std::env::split_paths(&self.path);
        directories.find_map(|directory| {
            Some(directory.join(name)).filter(|path| path.is_absolute() && path.is_file())
        })
    }

    /// Returns the tool of a part of scripts/toolchain, or the one in PATH.
    pub(super) fn find(&self, part: &str, name: &str) -> Option<PathBuf> {
        self.own(&format!("{part}/{name}")).or_else(|| self.in_path(name))
    }
}

/// Runs a compiler to its end. What it says is kept, and becomes part of the error where it fails.
pub(super) fn run(
    mut command: Command,
    language: Language,
    folder: &Path,
) -> Result<Output, BuildError> {
    let program = PathBuf::from(command.get_program());
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|source| cannot_start(&program, source))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    Err(BuildError::Failed {
        folder: folder.to_owned(),
        language,
        said: String::from_utf8_lossy(&said).trim_end().to_owned(),
    })
}

pub(super) fn cannot_start(program: &Path, source: io::Error) -> BuildError {
    BuildError::CannotStart { program: program.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installed_tool_goes_before_the_one_in_path() {
        let (toolchain, bin) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let tools = Tools {
            toolchain: toolchain.path().to_owned(),
            path: std::env::join_paths([Path::new("relative"), bin.path()]).unwrap(),
            ..Tools::default()
        };
        assert_eq!(tools.find("go", "go"), None);
        std::fs::write(bin.path().join("go"), "").unwrap();
        assert_eq!(tools.find("go", "go"), Some(bin.path().join("go")));
        std::fs::create_dir(toolchain.path().join("go")).unwrap();
        std::fs::write(toolchain.path().join("go/go"), "").unwrap();
        assert_eq!(tools.find("go", "go"), Some(toolchain.path().join("go/go")));
    }

    #[test]
    fn what_a_compiler_says_is_in_the_error() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo said >&2; exit 3"]);
        let error = run(command, Language::C, Path::new("sums")).unwrap_err();
        assert_eq!(error.to_string(), "sums cannot be built from C:\nsaid");
    }
}
