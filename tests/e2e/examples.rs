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
fn backup_packs_its_folder_onto_its_claim_once_for_each_run() {
    let data = Folder::new();
    let kept = ["--now", "--data", data.path().to_str().expect("UTF-8")];
    let output = run_folder("backup", &kept).expect_code(0);
    let line = output.stdout.trim_end();
    assert!(
        line.starts_with("/backups/backup-") && line.contains("Z.tar.gz: 2 files, "),
        "{output}"
    );
    assert!(
        output.stderr.contains("job/backup-") && output.stderr.contains(" complete"),
        "{output}"
    );
}

#[test]
fn report_writes_the_page_of_the_day_that_it_was_scheduled_for() {
    let output = run_folder("report", &["--now"]).expect_code(0);
    let line = output.stdout.trim_end();
    assert!(line.starts_with("/reports/report-20") && line.ends_with(".html: 5 days"), "{output}");
}

#[test]
fn cleanup_removes_what_is_old_and_leaves_what_is_new() {
    let output = run_folder("cleanup", &["--now", "-o", "json"]).expect_code(0);
    for told in ["removed /data/2025/older.txt", "removed /data/old.txt", "2 of 3 files, "] {
        assert!(output.stderr.contains(told), "{output}");
    }
    let labels = &output.json()["items"][0]["metadata"]["labels"];
    assert_eq!(labels["cronjob"], "cleanup", "{output}");
}

#[test]
fn every_example_has_a_manifest_and_a_readme_of_about_ten_lines() {
    let jobs = [
        "hello",
        "flaky",
        "primes",
        "migrate",
        "batch",
        "images",
        "c-words",
        "go-orders",
        "js-order",
        "python-statistics",
    ]
    .map(|name| (name, "", "job.yaml"));
    let cron_jobs = ["backup", "report", "cleanup"].map(|name| (name, "--now ", "cronjob.yaml"));
    for (name, option, manifest) in jobs.into_iter().chain(cron_jobs) {
        assert!(example(name).join(manifest).exists(), "{name}");
        let readme = std::fs::read_to_string(example(name).join("README.md")).expect(name);
        let lines = readme.lines().count();
        assert!((6..=14).contains(&lines), "{name}: {lines} lines");
        assert!(readme.contains(&format!("jobling run {option}examples/{name}")), "{name}");
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
