//! What is wrong with an input is said with file, line and field, and with what to do; nothing is run.

#![expect(clippy::needless_raw_string_hashes, reason = "expect_test writes texts with them")]

use expect_test::{Expect, expect};
use harness::{Folder, jobling, module};

#[test]
fn a_misspelt_field_is_named_with_its_line_and_the_nearest_name() {
    check(
        &job("  backofLimit: 3\n", ""),
        2,
        expect![[r#"
        error: job.yaml: line 6, column 3, document 1 (job/bad): spec.backofLimit: unknown field; did you mean "backoffLimit"?
    "#]],
    );
}

#[test]
fn a_duplicate_key_is_named_with_its_line() {
    check(
        &job("  completions: 3\n  completions: 4\n", ""),
        2,
        expect![[r#"
        error: job.yaml: line 7, column 3, document 1 (job/bad): spec.completions: duplicate field, first given on line 6; keep one of them
    "#]],
    );
}

#[test]
fn two_wrong_documents_among_five_are_both_named_and_none_is_run() {
    let good = |name: &str| job("", "").replace("name: bad", &format!("name: {name}"));
    let negative = job("  parallelism: -1\n", "");
    let always = good("always").replace("restartPolicy: Never", "restartPolicy: Always");
    let text = [good("a"), negative, good("b"), always, good("c")].join("---\n");
    check(
        &text,
        2,
        expect![[r#"
        error: 2 errors; nothing was done
        job.yaml: line 19, column 3, document 2 (job/bad): spec.parallelism: Invalid value: -1: must be greater than or equal to 0
        job.yaml: line 52, column 7, document 4 (job/always): spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"
    "#]],
    );
}

#[test]
fn a_tab_is_named_with_its_line() {
    check(
        &job("\tcompletions: 3\n", ""),
        2,
        expect![[r#"
        error: job.yaml: line 6, column 1, document 1: a tab where YAML takes only spaces; replace it by spaces
    "#]],
    );
}

#[test]
fn an_alias_bomb_is_refused() {
    let ten = |level: u8| vec![format!("*a{level}"); 10].join(", ");
    let levels = (1..10).map(|level| format!("a{level}: &a{level} [{}]\n", ten(level - 1)));
    let text = "a0: &a0 [x, x]\n".to_owned() + &levels.collect::<String>();
    check(
        &text,
        2,
        expect![[r#"
        error: job.yaml: line 7, column 10, document 1: more than 500000 values, aliases written out; split the file, and write fewer aliases of large values
    "#]],
    );
}

#[test]
fn an_image_that_is_not_there_fails_the_run_with_what_to_do() {
    check(
        &job("", "").replace("image: guest", "image: nowhere:1.0"),
        1,
        expect![[r#"
        error: pod/bad-????? cannot start: ErrImagePull: Failed to pull image "nowhere:1.0": image "nowhere:1.0" is not on this host; import it with: jobling image import nowhere:1.0 FILE.wasm; for this run: --image nowhere:1.0=FILE.wasm
        job/bad not finished (0 succeeded, 1 active, ?s)
    "#]],
    );
}

#[test]
fn a_secret_key_that_is_not_there_fails_the_run_with_what_to_do() {
    let env = "          env:\n            - name: URL\n              valueFrom:\n                \
               secretKeyRef: {name: db-secret, key: url}\n";
    check(
        &job("", env),
        1,
        expect![[r#"
        error: pod/bad-????? cannot start: CreateContainerConfigError: secret "db-secret" not found (container main); give its manifest to the run as well
        job/bad not finished (0 succeeded, 1 active, ?s)
    "#]],
    );
}

/// `run` makes the claims that a manifest mentions, so that this is a question to a daemon.
#[test]
fn a_claim_that_does_not_exist_leaves_the_pod_pending_and_says_so() {
    let data = Folder::new();
    let daemon = harness::Daemon::start(data.path(), &[]);
    daemon.import("guest", &module("multicall"));
    let claim = "      volumes:\n        - name: data\n          persistentVolumeClaim: {claimName: nowhere}\n";
    let text = job("", "").replace("      restartPolicy", &format!("{claim}      restartPolicy"));
    data.write("job.yaml", text);
    drop(daemon.kubectl(["create", "-f", "job.yaml"]).expect_code(0));
    let unschedulable = "--for=condition=PodScheduled=false";
    let pods = ["wait", unschedulable, "pods", "-l", "job-name=bad", "--timeout=30s"];
    drop(daemon.kubectl(pods).expect_code(0));
    let message = r#"jsonpath={.items[0].status.phase}: {.items[0].status.conditions[?(@.type=="PodScheduled")].message}"#;
    let told = daemon.kubectl(["get", "pods", "-o", message]).expect_code(0).stdout;
    expect![[r#"Pending: 0/1 nodes are available: persistentvolumeclaim "nowhere" not found."#]]
        .assert_eq(&told);
}

/// Runs a manifest and compares the exit code and what is said.
#[track_caller]
fn check(text: &str, code: i32, expected: Expect) {
    let folder = Folder::new();
    folder.write("job.yaml", text);
    let image = format!("guest={}", module("multicall").display());
    let output = jobling(&folder, ["run", "job.yaml", "--image", &image]).expect_code(code);
    assert_eq!(output.stdout, "", "nothing is run");
    expected.assert_eq(&masked(&output.stderr));
}

/// Replaces what differs from run to run, the suffix of the pod's name and the seconds, by question marks.
fn masked(text: &str) -> String {
    let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    for word in &mut words {
        if let Some(suffix) = word.strip_prefix("pod/bad-") {
            *word = format!("pod/bad-{}", "?".repeat(suffix.len()));
        } else if let Some(seconds) = word.strip_suffix("s)\n") {
            assert!(seconds.parse::<u32>().is_ok(), "{seconds} is a number of seconds");
            "?s)\n".clone_into(word);
        }
    }
    words.join(" ")
}

/// Returns a Job with more lines in its spec, and in its container.
fn job(spec: &str, container: &str) -> String {
    format!(
        "apiVersion: batch/v1
kind: Job
metadata:
  name: bad
spec:
{spec}  template:
    spec:
      containers:
        - name: main
          image: guest
          command: [echo, ran]
{container}      restartPolicy: Never
"
    )
}
