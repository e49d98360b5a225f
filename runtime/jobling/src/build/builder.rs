//! Carries out a build: compile, strip, optimise, check, and put the module where it is found again.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use jobling_images::{ImageKind, Summary};

use super::error::BuildError;
use super::language::Language;
use super::optimise::{Optimise, optimise};
use super::progress::Progress;
use super::rust::Target;
use super::strip::{Names, strip};
use super::tools::Tools;
use super::{c, go, javascript, python, rust};

/// Where modules are put, below their folder; cargo's own directory has the same name.
const OUT: &str = "target";

/// What is to be built, and how.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Order<'a> {
    /// What Rust is compiled for.
    pub(crate) target: Target,
    /// Whether the names of functions are kept.
    pub(crate) names: Names,
    /// Whether wasm-opt is run.
    pub(crate) optimise: Optimise,
    /// Where the module goes; else `target/NAME.wasm` in the folder.
    pub(crate) out: Option<&'a Path>,
}

/// A program that a folder's build made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Built {
    /// Its name.
    pub(crate) name: String,
    /// The module.
    pub(crate) module: PathBuf,
    /// How large it was as it came from the compiler.
    pub(crate) compiled_bytes: u64,
    /// How large it is.
    pub(crate) bytes: u64,
    /// What it imports and exports.
    pub(crate) summary: Summary,
}

/// A file as a compiler left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Compiled {
    pub(super) name: String,
    pub(super) file: PathBuf,
}

/// What a language's build finds around it.
pub(super) struct Site<'a> {
    /// The folder as it was given.
    pub(super) folder: &'a Path,
    /// The folder, absolute.
    pub(super) root: PathBuf,
    /// A directory for what is made on the way.
    pub(super) scratch: PathBuf,
    /// The machine's tools.
    pub(super) tools: &'a Tools,
}

impl Site<'_> {
    /// Returns that `tool` is nowhere.
    pub(super) fn no_tool(&self, tool: &'static str, get: &'static str) -> BuildError {
        BuildError::NoTool { folder: self.folder.to_owned(), tool, get }
    }
}

/// Builds the programs of `folder`.
pub(crate) fn build(
    folder: &Path,
    order: Order<'_>,
    tools: &Tools,
    progress: &Progress,
) -> Result<Vec<Built>, BuildError> {
    let language = Language::of(folder).ok_or_else(|| BuildError::NoTask(folder.to_owned()))?;
    let failed = |source| BuildError::File { path: folder.to_owned(), source };
    let scratch = tempfile::Builder::new().prefix("jobling-build-").tempdir().map_err(failed)?;
    let site = Site {
        folder,
        root: folder.canonicalize().map_err(failed)?,
        scratch: scratch.path().to_owned(),
        tools,
    };
    let compiled = compile(&site, language, order.target, progress)?;
    if compiled.is_empty() {
        return Err(BuildError::NoProgram(folder.to_owned()));
    }
    if order.out.is_some() && compiled.len() > 1 {
        let names: Vec<&str> = compiled.iter().map(|program| program.name.as_str()).collect();
        let programs = names.join(", ");
        return Err(BuildError::ManyPrograms { folder: folder.to_owned(), programs });
    }
    let finished = compiled.iter().map(|program| finish(&site, language, program, order, progress));
    finished.collect()
}

fn compile(
    site: &Site<'_>,
    language: Language,
    target: Target,
    progress: &Progress,
) -> Result<Vec<Compiled>, BuildError> {
    // cargo shows its own progress.
    if language != Language::Rust {
        progress.step(&format!("building {} from {}", name(&site.root), language.name()));
    }
    let file = match language {
        Language::Rust => return rust::compile(site.folder, target, site.tools),
        Language::C => c::compile(site)?,
        Language::Go => go::compile(site)?,
        Language::JavaScript => javascript::compile(site)?,
        Language::Python => python::compile(site)?,
    };
    Ok(vec![Compiled { name: name(&site.root), file }])
}

/// Makes of what a compiler left what is run.
fn finish(
    site: &Site<'_>,
    language: Language,
    compiled: &Compiled,
    order: Order<'_>,
    progress: &Progress,
) -> Result<Built, BuildError> {
    let program = &compiled.name;
    let mut wasm = read(&compiled.file)?;
    let compiled_bytes = wasm.len() as u64;
    let summary = Summary::of(&wasm)
        .map_err(|why| BuildError::NoModule { program: program.clone(), why: why.to_string() })?;
    if order.optimise == Optimise::Yes {
        if summary.kind == ImageKind::Component {
            return Err(BuildError::Component { program: program.clone() });
        }
        progress.step(&format!("optimising {program}"));
        wasm = read(&optimise(site, language, &compiled.file)?)?;
    }
    let wasm = strip(&wasm, order.names).unwrap_or(wasm);
    progress.step(&format!("checking {program}"));
    jobling_sandbox::check_imports(&wasm).map_err(|source| BuildError::CannotRun {
        program: program.clone(),
        source: Box::new(source),
    })?;
    progress.clear();
    let default = || site.folder.join(OUT).join(format!("{program}.wasm"));
    let module = order.out.map_or_else(default, Path::to_owned);
    keep(&wasm, &module).map_err(|source| BuildError::File { path: module.clone(), source })?;
    Ok(Built { name: program.clone(), module, compiled_bytes, bytes: wasm.len() as u64, summary })
}

fn read(file: &Path) -> Result<Vec<u8>, BuildError> {
    fs::read(file).map_err(|source| BuildError::File { path: file.to_owned(), source })
}

/// Writes the module whole or not at all: another run of the same folder may be reading it.
fn keep(wasm: &[u8], module: &Path) -> std::io::Result<()> {
    let directory = module.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    fs::create_dir_all(directory)?;
    let mut file = tempfile::Builder::new().prefix(".module-").tempfile_in(directory)?;
    file.write_all(wasm)?;
    file.persist(module)?;
    Ok(())
}

/// Returns the name of what a folder builds where its language has none: the folder's.
fn name(root: &Path) -> String {
    let name = root.file_name().map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "task".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_is_named_with_how_to_get_it() {
        for (file, tool, get) in [
            ("Cargo.toml", "cargo", "rustup.rs"),
            ("go.mod", "go", "go.dev/dl"),
            ("package.json", "componentize-js", "npm install"),
            ("app.py", "componentize-py", "pip install"),
            ("main.c", "clang or zig", "WASI_SDK_PATH"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(file), "").unwrap();
            let (order, tools) = (Order::default(), Tools::default());
            let error = build(folder.path(), order, &tools, &Progress::default()).unwrap_err();
            let text = error.to_string();
            assert!(text.contains(&format!("needs {tool} to be built; get it by: ")), "{text}");
            assert!(text.contains(get), "{text}");
        }
    }

    #[test]
    fn a_folder_without_sources_is_no_task() {
        let folder = tempfile::tempdir().unwrap();
        let (order, tools) = (Order::default(), Tools::default());
        let error = build(folder.path(), order, &tools, &Progress::default()).unwrap_err();
        assert!(error.to_string().ends_with("make one with: jobling new NAME"), "{error}");
    }
}
