//! C, by the first of: the WASI SDK's clang, the clang of scripts/toolchain, zig.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::builder::Site;
use super::error::BuildError;
use super::language::Language;
use super::tools::{Tools, run};

/// Compiles the folder's C files, less its tests, to a module.
pub(super) fn compile(site: &Site<'_>) -> Result<PathBuf, BuildError> {
    let mut command = compiler(site.tools).ok_or_else(|| {
        site.no_tool(
            "clang or zig",
            "scripts/toolchain c (or zig) of jobling's source; or unpack the WASI SDK and set \
             WASI_SDK_PATH to it; or install zig",
        )
    })?;
    let out = site.scratch.join("program.wasm");
    let files = sources(&site.root)
        .map_err(|source| BuildError::File { path: site.folder.to_owned(), source })?;
    command.args(["-std=c17", "-Os", "-Wall", "-Wextra", "-o"]).arg(&out).args(files);
    command.current_dir(&site.root);
    run(command, Language::C, site.folder)?;
    Ok(out)
}

/// Returns a compiler, told what it compiles for.
fn compiler(tools: &Tools) -> Option<Command> {
    if let Some(sdk) = &tools.wasi_sdk {
        let mut command = Command::new(sdk.join("bin/clang"));
        command.arg("--target=wasm32-wasip1");
        command.arg(format!("--sysroot={}", sdk.join("share/wasi-sysroot").display()));
        return Some(command);
    }
    // One that was installed before it could link has no wasm-ld.
    if let (Some(clang), Some(linker)) = (tools.own("c/clang"), tools.own("c/wasm-ld")) {
        let mut command = Command::new(clang);
        let root = tools.toolchain.join("c/usr");
        command.args(["--target=wasm32-wasi", "-Wno-deprecated"]);
        command.arg(format!("--sysroot={}", root.display()));
        command.arg("-isystem").arg(root.join("include/wasm32-wasi"));
        command.arg(format!("-fuse-ld={}", linker.display()));
        return Some(command);
    }
    let mut command = Command::new(tools.find("zig", "zig")?);
    command.args(["cc", "-target", "wasm32-wasi"]);
    Some(command)
}

/// Returns the C files of a folder and of its `src`, in order; `test.c` and `test_….c` are a test's.
fn sources(root: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for directory in [root.to_owned(), root.join("src")] {
        if !directory.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(directory)? {
            let path = entry?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let is_test = stem == "test" || stem.starts_with("test_") || stem.ends_with("_test");
            if path.extension().is_some_and(|extension| extension == "c") && !is_test {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_not_compiled_into_the_task() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("src")).unwrap();
        for name in ["main.c", "test.c", "test_sum.c", "sum.h", "src/sum.c", "src/sum_test.c"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let expected = ["main.c", "src/sum.c"].map(|name| folder.path().join(name));
        assert_eq!(sources(folder.path()).unwrap(), expected);
    }

    #[test]
    fn the_wasi_sdk_that_was_named_goes_before_all_else() {
        let tools = Tools { wasi_sdk: Some(PathBuf::from("/sdk")), ..Tools::default() };
        assert_eq!(compiler(&tools).unwrap().get_program(), "/sdk/bin/clang");
        assert!(compiler(&Tools::default()).is_none());
    }
}
