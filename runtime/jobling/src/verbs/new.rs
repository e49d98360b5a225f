//! `new`: a task's folder, made here.

use std::path::{Path, PathBuf};

use super::{Exit, Failure};
use crate::args;
use crate::build::{Language, Tools};
use crate::new::{Sdk, TaskKind, TaskName, create, project};
use crate::output::Output;

/// Makes the folder that `args` name.
pub(crate) fn new(args: &args::New, tools: &Tools, output: &mut Output) -> Result<Exit, Failure> {
    let bad_input = |error: &dyn std::error::Error| Failure::BadInput(error.to_string());
    let last = args.path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = TaskName::parse(&last.unwrap_or_default()).map_err(|error| bad_input(&error))?;
    let sdk = sdk(args, tools)?;
    let files = project(&name, args.lang, args.kind, &sdk);
    create(&args.path, &files).map_err(|error| bad_input(&error))?;
    let folder = args.path.display();
    let names: Vec<&str> = files.iter().map(|file| file.path).collect();
    output.line(&format!("made {folder}: {}", names.join(", ")))?;
    if args.lang == Language::Rust && sdk == Sdk::Published {
        output.note("its jobling-sdk is crates.io's; --sdk PATH takes one from a folder");
    }
    let option = if args.kind == TaskKind::CronJob { "--now " } else { "" };
    output.note(&format!("next: jobling run {option}{folder}"));
    Ok(Exit::Success)
}

/// Returns where the SDK is: the folder that was named, the one beside this program's own source, or
/// crates.io.
fn sdk(args: &args::New, tools: &Tools) -> Result<Sdk, Failure> {
    let Some(given) = &args.sdk else {
        let found = tools.checkout.as_ref().map(|checkout| checkout.join("sdk"));
        return Ok(found.map_or(Sdk::Published, Sdk::Folder));
    };
    match absolute(given) {
        Some(path) if path.join("Cargo.toml").is_file() => Ok(Sdk::Folder(path)),
        _ => Err(Failure::BadInput(format!(
            "--sdk: {} has no Cargo.toml; name the folder sdk of jobling's source",
            given.display()
        ))),
    }
}

fn absolute(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    fn made(words: &[&str], tools: &Tools) -> Result<String, String> {
        let words = ["jobling", "new"].iter().chain(words);
        let Command::New(args) = Cli::try_parse_from(words).unwrap().command else {
            panic!("a new")
        };
        let (mut output, stdout, stderr) = Output::captured();
        new(&args, tools, &mut output).map_err(|failure| failure.to_string())?;
        Ok(format!("{}{}", stdout.text(), stderr.text()))
    }

    #[test]
    fn it_says_what_it_made_and_what_is_next() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("nightly").display().to_string();
        let told = made(&[&folder, "--lang", "go", "--kind", "cronjob"], &Tools::default());
        let expected = format!(
            "made {folder}: go.mod, main.go, main_test.go, cronjob.yaml, README.md, .gitignore\n\
             next: jobling run --now {folder}\n"
        );
        assert_eq!(told.unwrap(), expected);
        let again = made(&[&folder], &Tools::default()).unwrap_err();
        assert!(again.ends_with("is there and not empty; name a folder that is not"), "{again}");
    }

    #[test]
    fn the_sdk_is_found_where_jobling_is_run_from_its_source() {
        let (source, directory) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::create_dir(source.path().join("sdk")).unwrap();
        let sdk = source.path().join("sdk");
        let manifest = |name: &str| {
            std::fs::read_to_string(directory.path().join(name).join("Cargo.toml")).unwrap()
        };
        let folder = |name: &str| directory.path().join(name).display().to_string();
        let tools = Tools { checkout: Some(source.path().to_owned()), ..Tools::default() };
        made(&[&folder("found")], &tools).unwrap();
        assert!(manifest("found").contains(&sdk.display().to_string()));
        let told = made(&[&folder("published")], &Tools::default()).unwrap();
        assert!(told.contains("--sdk PATH") && manifest("published").contains("= \"0.1\""));
        let given = sdk.display().to_string();
        let refused = made(&[&folder("given"), "--sdk", &given], &tools).unwrap_err();
        assert!(refused.contains("has no Cargo.toml"), "{refused}");
    }
}
