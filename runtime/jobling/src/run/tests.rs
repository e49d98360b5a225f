//! Whole runs on the real engine and store, with played guests: what is said and how they exit.

use std::path::PathBuf;

use clap::Parser;
use expect_test::expect;
use tokio::sync::mpsc;

use super::plan::of_manifests;
use super::played::{Play, Played};
use super::run;
use crate::args::Run;
use crate::manifest::{Source, parse_all};
use crate::output::Output;
use crate::verbs::Exit;

const JOB: &str = "
apiVersion: batch/v1
kind: Job
metadata: {name: report}
spec:
  backoffLimit: 1
  template:
    spec:
      restartPolicy: Never
      containers: [{name: main, image: 'report:1.0'}]
";

/// `run` with its options.
#[derive(Debug, Parser)]
struct RunCommand {
    #[command(flatten)]
    run: Run,
}

/// What a run came to.
struct Told {
    exit: Exit,
    stdout: String,
    stderr: String,
}

/// Runs `text` with these options while pods do what `plays` say and Ctrl-C is pressed so often.
fn told(text: &str, options: &[&str], plays: Vec<Play>, interrupts: usize) -> Told {
    let words = ["jobling", "run", "job.yaml"].iter().chain(options);
    let args = RunCommand::try_parse_from(words.skip(1)).unwrap().run;
    let source = Source {
        name: "job.yaml".to_owned(),
        directory: PathBuf::from("."),
        text: text.to_owned(),
    };
    let plan = of_manifests(parse_all(vec![source]).unwrap(), "default", "job.yaml", None).unwrap();
    let stage = Played::new(plays);
    let (mut output, stdout, stderr) = Output::captured();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let exit = runtime.block_on(async {
        let (press, mut pressed) = mpsc::channel(4);
        for _ in 0..interrupts {
            press.send(()).await.unwrap();
        }
        run(&args, &plan, &stage, &mut pressed, &mut output).await
    });
    let exit = exit.unwrap_or_else(|failure| failure.exit());
    Told { exit, stdout: stdout.text(), stderr: redacted(&stderr.text()) }
}

/// Pods' names end in five letters that nobody can foresee.
fn redacted(text: &str) -> String {
    let mut parts = text.split("pod/report-");
    let mut redacted = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        redacted.push_str("pod/report-XXXXX");
        redacted.push_str(&part[5..]);
    }
    // The clock goes on while the played engine's stands still.
    let end = redacted.find(" succeeded").map_or(redacted.len(), |at| at + " succeeded".len());
    redacted[..end].to_owned()
}

#[test]
fn a_job_that_completes_exits_with_zero() {
    let told = told(JOB, &[], vec![Play::Exit(0)], 0);
    assert_eq!(told.exit, Exit::Success, "{}", told.stderr);
    expect![[r"job/report complete (1 succeeded"]].assert_eq(&told.stderr);
    assert_eq!(told.stdout, "");
}

#[test]
fn a_job_that_fails_exits_with_one_and_says_why() {
    let told = told(JOB, &[], vec![Play::Exit(3)], 0);
    assert_eq!(told.exit, Exit::Failure);
    expect![[r"
        pod/report-XXXXX failed: main: Error (exit code 3)
        pod/report-XXXXX failed: main: Error (exit code 3)
        job/report failed: BackoffLimitExceeded: Job has reached the specified backoff limit (0 succeeded"]].assert_eq(&told.stderr);
}

#[test]
fn a_job_that_recovers_within_its_limit_is_complete() {
    let told = told(JOB, &["--quiet"], vec![Play::Exit(1), Play::Exit(0)], 0);
    assert_eq!((told.exit, told.stderr.as_str()), (Exit::Success, ""));
}

#[test]
fn an_image_that_nobody_brings_fails_the_run_with_what_to_do() {
    let told = told(JOB, &[], vec![Play::Wait("ErrImagePull")], 0);
    assert_eq!(told.exit, Exit::Failure);
    expect![[r"
        error: pod/report-XXXXX cannot start: ErrImagePull: not here; for this run: --image report:1.0=FILE.wasm
        job/report not finished (0 succeeded"]].assert_eq(&told.stderr);
}

#[test]
fn a_time_limit_ends_the_pods_and_exits_with_124() {
    let told = told(JOB, &["--timeout", "10ms"], vec![Play::Run], 0);
    assert_eq!(told.exit, Exit::Timeout);
    expect![[r"
        error: the time limit of --timeout is over
        job/report not finished (0 succeeded"]]
    .assert_eq(&told.stderr);
}

#[test]
fn ctrl_c_ends_the_pods_in_order() {
    let told = told(JOB, &[], vec![Play::Run], 1);
    assert_eq!(told.exit, Exit::Interrupted);
    expect![[r"
        ending the pods; Ctrl-C again ends them at once
        job/report not finished (0 succeeded"]]
    .assert_eq(&told.stderr);
}

#[test]
fn json_is_one_document_of_the_jobs_and_their_pods() {
    let told = told(JOB, &["-o", "json"], vec![Play::Exit(1), Play::Exit(0)], 0);
    let list: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    let items = list["items"].as_array().unwrap();
    let kinds: Vec<_> = items.iter().map(|item| item["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["Job", "Pod", "Pod"]);
    assert_eq!(items[0]["status"]["succeeded"], 1);
    let code = |pod: &serde_json::Value| {
        pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"].clone()
    };
    assert_eq!((code(&items[1]), code(&items[2])), (1.into(), 0.into()));
}
