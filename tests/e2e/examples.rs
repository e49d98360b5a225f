//! The examples do what their READMEs say, built and run by the command that is in them.

use std::path::{Path, PathBuf};

use harness::{Folder, Output, example, jobling, module};
use serde_json::Value;

use crate::outcome::{Outcome, run};

#[test]
fn hello_prints_its_arguments_its_environment_and_its_file() {
    let output = run_folder("hello", &[]).expect_code(0);
    let lines: Vec<&str> = output.stdout.lines().collect();
    let [ada, pod, note] = lines[..] else { panic!("{output}") };
    assert_eq!(ada, "Hello, Ada!");
    assert!(pod.starts_with("Hello, hello-") && pod.len() == "Hello, hello-xxxxx!".len(), "{pod}");
    assert_eq!(note, "This line is a ConfigMap's, mounted as a file.");
}

#[test]
fn flaky_fails_twice_in_the_same_pod_and_then_succeeds() {
    let outcome = run_example("flaky");
    assert_eq!(
        (outcome.code, outcome.result("flaky").as_str()),
        (0, "Complete"),
        "{}",
        outcome.stderr
    );
    let [pod] = outcome.pods("flaky")[..] else { panic!("one pod") };
    assert_eq!(pod["status"]["containerStatuses"][0]["restartCount"], 2);
}

#[test]
fn primes_counts_every_index_once() {
    let outcome = run_example("primes");
    assert_eq!(
        (outcome.code, outcome.result("primes").as_str()),
        (0, "Complete"),
        "{}",
        outcome.stderr
    );
    assert_eq!(outcome.job("primes")["status"]["completedIndexes"], "0-9");
    let counts = outcome.stderr.lines().filter_map(|line| {
        let (before, _) = line.split_once(" primes from ")?;
        before.rsplit(' ').next()?.parse::<u32>().ok()
    });
    assert_eq!(counts.sum::<u32>(), 664_579, "{}", outcome.stderr);
}

#[test]
fn migrate_brings_the_database_on_its_claim_up_once() {
    let data = Folder::new();
    let kept = ["--data", data.path().to_str().expect("UTF-8")];
    let first = run_folder("migrate", &kept).expect_code(0);
    assert!(first.stdout.ends_with("/data/app.db is at version 3, 3 applied\n"), "{first}");
    // A Job of that name is there, as it would be on a cluster.
    let again = Folder::new();
    let manifest =
        std::fs::read_to_string(example("migrate").join("job.yaml")).expect("a manifest");
    let manifest =
        again.write("job.yaml", manifest.replace("name: migrate\nspec", "name: again\nspec"));
    let image = format!("migrate:1.0={}", module("migrate").display());
    let arguments = [Path::new("run"), &manifest, "--image".as_ref(), image.as_ref()];
    let arguments = arguments.into_iter().chain(kept.iter().map(Path::new));
    let second = jobling(&again, arguments).expect_code(0);
    assert_eq!(second.stdout, "/data/app.db is at version 3, 0 applied\n", "{second}");
}

#[test]
fn every_example_has_a_manifest_and_a_readme_of_about_ten_lines() {
    for name in ["hello", "flaky", "primes", "migrate"] {
        assert!(example(name).join("job.yaml").exists(), "{name}");
        let readme = std::fs::read_to_string(example(name).join("README.md")).expect(name);
        let lines = readme.lines().count();
        assert!((6..=14).contains(&lines), "{name}: {lines} lines");
        assert!(readme.contains(&format!("jobling run examples/{name}")), "{name}");
    }
}

/// Runs the folder itself, which builds it first.
fn run_folder(name: &str, options: &[&str]) -> Output {
    let arguments = [PathBuf::from("run"), example(name)].into_iter();
    jobling(Path::new("."), arguments.chain(options.iter().map(PathBuf::from)))
}

/// Runs the example's manifest with its module behind the image name.
fn run_example(name: &str) -> Outcome {
    let folder = Folder::new();
    let image = format!("{name}:1.0");
    let outcome =
        run(folder.path(), &[&example(name).join("job.yaml")], &[(&image, &module(name))], &[]);
    assert!(outcome.job(name)["status"]["startTime"] != Value::Null, "{}", outcome.stderr);
    outcome
}
