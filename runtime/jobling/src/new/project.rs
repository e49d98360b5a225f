//! The files of a new project: a text each, with the task's own words put in.

use std::path::PathBuf;

use super::facts::TaskKind;
use super::name::TaskName;
use super::sources::{manifests, sources};
use crate::build::Language;

/// Where a task in Rust has its SDK from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sdk {
    /// crates.io has it.
    Published,
    /// A folder has it.
    Folder(PathBuf),
}

/// A file of a new project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewFile {
    /// Its path within the folder.
    pub(crate) path: &'static str,
    /// Its text.
    pub(crate) text: String,
}

/// The version of the SDK that goes with this program.
const SDK_VERSION: &str =
    concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"));

/// Width of the commands in a README, so that what they do is in one column.
const COMMAND_WIDTH: usize = 24;

/// Returns the files of a new project.
pub(crate) fn project(
    name: &TaskName,
    language: Language,
    kind: TaskKind,
    sdk: &Sdk,
) -> Vec<NewFile> {
    let words = words(name, language, kind, sdk);
    let files = sources(language, kind).iter().copied().flatten().chain(manifests(kind));
    let common = [("README.md", include_str!("README.md")), (".gitignore", ignored(language))];
    files.chain(&common).map(|&(path, text)| NewFile { path, text: fill(text, &words) }).collect()
}

/// Returns the manifest that `jobling run` plays, and the one that is applied.
const fn manifest_names(kind: TaskKind) -> (&'static str, &'static str) {
    match kind {
        TaskKind::Job => ("job.yaml", "job.yaml"),
        TaskKind::CronJob => ("cronjob.yaml", "cronjob.yaml"),
        TaskKind::Worker => ("job.yaml", "worker.yaml"),
        TaskKind::Trigger => ("job.yaml", "trigger.yaml"),
    }
}

/// Returns what is no source.
const fn ignored(language: Language) -> &'static str {
    match language {
        Language::Rust | Language::C | Language::Go => "/target\n",
        Language::JavaScript => "/target\n/node_modules\n",
        Language::Python => "/target\n__pycache__\n",
    }
}

/// Returns how its tests are run, and where its source is.
const fn habits(language: Language, kind: TaskKind) -> (&'static str, &'static str) {
    match language {
        Language::Rust => (
            "cargo test",
            "The task is `src/main.rs`; the crate `jobling-sdk` has what it is told and may tell.",
        ),
        Language::C => (
            "make test",
            "The task is `task.c`, and `main.c` is told of it. Any exit code but 0 is a failure.",
        ),
        Language::Go if matches!(kind, TaskKind::Worker) => (
            "go test ./...",
            "The task is `line.go`, and `main_wasip1.go` is told of it. Any exit code but 0 is a failure.",
        ),
        Language::Go => {
            ("go test ./...", "The task is `main.go`. Any exit code but 0 is a failure.")
        }
        Language::JavaScript => (
            "node --test",
            "The task is `task.js`, and `main.js` is told of it. What `run` throws is a failure, and the \
             container exits with 1.",
        ),
        Language::Python => (
            "python3 -m unittest",
            "The task is `task.py`, and `app.py` is told of it. What `run` raises is a failure, and the \
             container exits with 1.",
        ),
    }
}

/// Returns what stands in the texts, and for what.
fn words(
    name: &TaskName,
    language: Language,
    kind: TaskKind,
    sdk: &Sdk,
) -> Vec<(&'static str, String)> {
    let facts = kind.facts();
    let access = facts.access(language);
    let (test, sources) = habits(language, kind);
    let (played, applied) = manifest_names(kind);
    let run = if kind == TaskKind::CronJob { "jobling run --now ." } else { "jobling run ." };
    let command = |text: &str| format!("{text:<COMMAND_WIDTH$}");
    vec![
        ("{{name}}", name.to_string()),
        ("{{purpose}}", facts.purpose.to_owned()),
        ("{{before}}", facts.before.to_owned()),
        ("{{after}}", facts.after.to_owned()),
        ("{{example}}", facts.example.to_owned()),
        ("{{missing}}", facts.missing.to_owned()),
        ("{{subject}}", access.subject),
        ("{{import}}", access.import.to_owned()),
        ("{{parameters}}", access.parameters.to_owned()),
        ("{{sdk}}", dependency(sdk, kind)),
        ("{{run}}", command(run)),
        ("{{test}}", command(test)),
        ("{{build}}", command("jobling build .")),
        ("{{played}}", played.to_owned()),
        ("{{applied}}", applied.to_owned()),
        ("{{serve}}", serve(kind).to_owned()),
        ("{{prepare}}", prepared(name, kind)),
        ("{{use}}", used(name, kind)),
        ("{{sources}}", sources.to_owned()),
    ]
}

/// Returns the daemon that the task needs.
const fn serve(kind: TaskKind) -> &'static str {
    match kind {
        TaskKind::Job | TaskKind::CronJob | TaskKind::Worker => "jobling serve",
        TaskKind::Trigger => "jobling serve --trigger-listen 127.0.0.1:8080",
    }
}

/// Returns what is done before the task is applied, as lines of the README. Workers that find no items end.
fn prepared(name: &TaskName, kind: TaskKind) -> String {
    match kind {
        TaskKind::Worker => format!("    jobling queue push {name} Ada Alan\n"),
        TaskKind::Job | TaskKind::CronJob | TaskKind::Trigger => String::new(),
    }
}

/// Returns what is done with the task once it is applied, as lines of the README.
fn used(name: &TaskName, kind: TaskKind) -> String {
    match kind {
        TaskKind::Job | TaskKind::CronJob | TaskKind::Worker => String::new(),
        TaskKind::Trigger => format!("    jobling trigger {name} --data hello\n"),
    }
}

/// Returns the SDK as Cargo.toml has it. A worker needs the host's interface.
fn dependency(sdk: &Sdk, kind: TaskKind) -> String {
    let path = match sdk {
        Sdk::Published => String::new(),
        // A literal string of TOML takes a path as it is.
        Sdk::Folder(path) => format!("path = '{}', ", path.display()),
    };
    let features = if kind == TaskKind::Worker { ", features = [\"host\"]" } else { "" };
    if path.is_empty() && features.is_empty() {
        return format!("\"{SDK_VERSION}\"");
    }
    format!("{{ {path}version = \"{SDK_VERSION}\"{features} }}")
}

fn fill(text: &str, words: &[(&'static str, String)]) -> String {
    words.iter().fold(text.to_owned(), |text, (word, meaning)| text.replace(word, meaning))
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;
    use expect_test::expect;

    use super::*;

    fn files(language: Language, kind: TaskKind) -> Vec<NewFile> {
        project(&TaskName::parse("hello").unwrap(), language, kind, &Sdk::Published)
    }

    #[test]
    fn no_word_is_left_to_be_put_in_and_every_project_is_told_by_its_language() {
        for language in Language::value_variants() {
            for kind in TaskKind::value_variants() {
                let folder = tempfile::tempdir().unwrap();
                for file in files(*language, *kind) {
                    let text = file.text.replace("{{ .ScheduledTime }}", "");
                    assert!(!text.contains("{{"), "{language:?} {kind:?} {}: {text}", file.path);
                    assert!(text.ends_with('\n'), "{language:?} {kind:?} {}", file.path);
                    let path = folder.path().join(file.path);
                    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                    std::fs::write(path, text).unwrap();
                }
                assert_eq!(Language::of(folder.path()), Some(*language), "{kind:?}");
            }
        }
    }

    #[test]
    fn a_readme_says_how_it_is_run_tested_and_built() {
        let files = files(Language::Go, TaskKind::CronJob);
        let readme = files.iter().find(|file| file.path == "README.md").unwrap();
        expect![[r"
            # hello

            Writes the report of the time that the run was scheduled for.

                jobling run --now .      # builds it, and runs cronjob.yaml
                go test ./...            # tests it here, as a program of this machine
                jobling build .          # the module alone, with its size and what it needs

            On a daemon (`jobling serve`):

                jobling build . --import hello:0.1.0
                jobling apply -f cronjob.yaml

            The task is `main.go`. Any exit code but 0 is a failure.
        "]]
        .assert_eq(&readme.text);
    }

    #[test]
    fn the_sdk_is_a_version_or_a_folder() {
        let folder = Sdk::Folder(PathBuf::from("/src/jobling/sdk"));
        for (sdk, kind, expected) in [
            (&Sdk::Published, TaskKind::Job, r#""0.1""#),
            (&Sdk::Published, TaskKind::Worker, r#"{ version = "0.1", features = ["host"] }"#),
            (&folder, TaskKind::Job, r#"{ path = '/src/jobling/sdk', version = "0.1" }"#),
        ] {
            assert_eq!(dependency(sdk, kind), expected);
        }
    }
}
