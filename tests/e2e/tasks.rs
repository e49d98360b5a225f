//! From nothing to a task that runs: `jobling new`, `build` and `run`, in each language, with its own
//! tools, which scripts/toolchain installs.

use std::path::{Path, PathBuf};

use harness::{Daemon, Folder, Output, example, jobling, tool};

#[test]
fn a_new_task_in_rust_runs_tests_itself_and_is_small() {
    let folder = Folder::new();
    // What the three are compiled with is compiled once.
    folder.write(".cargo/config.toml", "[build]\ntarget-dir = \"target\"\n");
    assert_eq!(made_and_run(&folder, "rust", "job"), "Hello, Ada!\n");
    let report = made_and_run(&folder, "rust", "cronjob");
    assert!(report.starts_with("The report of 20") && report.ends_with("Z.\n"), "{report}");
    assert_eq!(made_and_run(&folder, "rust", "trigger"), "You sent POST /orders with 0 bytes.\n");
    assert_eq!(made_and_run(&folder, "rust", "worker"), "Hello, Ada!\nHello, Alan!\n");
    works_off_its_queue(&folder, "rust", b"\xff");
    for kind in ["job", "cronjob", "trigger", "worker"] {
        let tested = tool(folder.path().join(format!("rust-{kind}")), "cargo", "cargo", ["test"]);
        let tested = tested.expect_code(0);
        assert!(tested.stdout.contains("2 passed"), "{tested}");
    }
    let manifest = folder.path().join("rust-job/Cargo.toml");
    let manifest =
        std::fs::read_to_string(manifest).expect("a manifest").replace("rust-job", "bare");
    let without: Vec<&str> =
        manifest.lines().filter(|line| !line.starts_with("jobling-sdk")).collect();
    folder.write("bare/Cargo.toml", without.join("\n"));
    folder.write("bare/src/main.rs", BARE);
    drop(jobling(&folder, ["build", "bare"]).expect_code(0));
    let size = |name: &str| {
        let module = folder.path().join(format!("{name}/target/{name}.wasm"));
        module.metadata().expect("a module").len()
    };
    let (hello, bare) = (size("rust-job"), size("bare"));
    println!("hello in Rust is {hello} bytes, and {bare} without the SDK");
    assert!(hello < 100_000 && hello - bare < 50_000, "{hello} bytes, {bare} without the SDK");
}

/// The same greeting without the SDK.
const BARE: &str = r#"//! Greets whom the first argument names.
fn main() {
    let name = std::env::args().nth(1).expect("a name");
    println!("Hello, {name}!");
}
"#;

/// The commands of the tutorial in sdk/README.md, each with what it prints.
#[test]
fn the_tutorial_of_the_sdk_does_what_it_says() {
    let readme = std::fs::read_to_string(example("../sdk/README.md")).expect("a tutorial");
    let (_, tutorial) = readme.split_once("```console\n").expect("a console");
    let (tutorial, _) = tutorial.split_once("```").expect("its end");
    let folder = Folder::new();
    let mut commands = tutorial.split("$ ").skip(1).peekable();
    assert!(commands.peek().is_some(), "{tutorial}");
    for command in commands {
        let (words, printed) = command.split_once('\n').expect("a line");
        let words: Vec<&str> = words.split_whitespace().collect();
        assert_eq!(words[0], "jobling", "{command}");
        let output = jobling(&folder, &words[1..]).expect_code(0);
        assert_eq!(output.stdout, printed, "{output}");
    }
}

#[test]
fn a_new_task_in_c_runs_and_tests_itself() {
    let folder = Folder::new();
    assert_eq!(made_and_run(&folder, "c", "job"), "Hello, Ada!\n");
    let report = made_and_run(&folder, "c", "cronjob");
    assert!(report.starts_with("The report of 20"), "{report}");
    assert_eq!(made_and_run(&folder, "c", "trigger"), "You asked for /orders.\n");
    assert_eq!(made_and_run(&folder, "c", "worker"), "Hello, Ada!\nHello, Alan!\n");
    works_off_its_queue(&folder, "c", b"");
    for kind in ["job", "worker"] {
        let task = folder.path().join(format!("c-{kind}"));
        let tested = tool(task, "make", "make", ["test"]).expect_code(0);
        assert!(tested.stdout.contains("./target/test"), "{tested}");
    }
}

#[test]
fn a_new_task_in_go_runs_and_tests_itself() {
    let folder = Folder::new();
    assert_eq!(made_and_run(&folder, "go", "job"), "Hello, Ada!\n");
    let report = made_and_run(&folder, "go", "cronjob");
    assert!(report.starts_with("The report of 20"), "{report}");
    assert_eq!(made_and_run(&folder, "go", "trigger"), "You asked for /orders.\n");
    assert_eq!(made_and_run(&folder, "go", "worker"), "Hello, Ada!\nHello, Alan!\n");
    works_off_its_queue(&folder, "go", b"");
    for kind in ["job", "worker"] {
        let task = folder.path().join(format!("go-{kind}"));
        let tested = tool(task, "go/go", "go", ["test", "./..."]).expect_code(0);
        assert!(tested.stdout.starts_with("ok"), "{tested}");
    }
}

#[test]
fn a_new_task_in_javascript_runs_and_tests_itself() {
    let folder = Folder::new();
    assert_eq!(made_and_run(&folder, "js", "job"), "Hello, Ada!\n");
    assert_eq!(made_and_run(&folder, "js", "worker"), "Hello, Ada!\nHello, Alan!\n");
    works_off_its_queue(&folder, "js", b"\xff");
    for kind in ["job", "worker"] {
        let task = folder.path().join(format!("js-{kind}"));
        let tested = tool(task, "node", "node", ["--test"]).expect_code(0);
        assert!(tested.stdout.contains("pass 1"), "{tested}");
    }
}

#[test]
fn a_new_task_in_python_runs_and_tests_itself() {
    let folder = Folder::new();
    assert_eq!(made_and_run(&folder, "python", "job"), "Hello, Ada!\n");
    assert_eq!(made_and_run(&folder, "python", "worker"), "Hello, Ada!\nHello, Alan!\n");
    works_off_its_queue(&folder, "python", b"\xff");
    let arguments = ["-m", "unittest"];
    for kind in ["job", "worker"] {
        let task = folder.path().join(format!("python-{kind}"));
        let tested = tool(task, "python3", "python3", arguments).expect_code(0);
        assert!(tested.stderr.contains("Ran 1 test"), "{tested}");
    }
}

#[test]
fn the_examples_in_other_languages_do_what_their_readmes_say() {
    for (name, printed) in [
        (
            "c-words",
            "/texts/poem.txt: 2 lines, 12 words, 63 bytes, the longest word is to-night,\n",
        ),
        ("go-orders", "Ada: 42.75\nAlan: 7.00\n"),
        ("js-order", "{\"customer\":\"Ada\",\"items\":2,\"cents\":1599}\n"),
        ("python-statistics", "4 numbers, mean 4, median 2.5, deviation 4.08\n"),
    ] {
        let output = run(example(name), &[]).expect_code(0);
        assert_eq!(output.stdout, printed, "{output}");
    }
}

#[test]
fn a_build_says_what_it_made_and_puts_it_behind_an_image_name() {
    let folder = Folder::new();
    let task = made(&folder, "c", "job");
    let data = Folder::new();
    let daemon = Daemon::start(data.path(), &[]);
    let words = ["build".as_ref(), task.as_os_str(), "--import".as_ref(), "c-job:0.1.0".as_ref()];
    let output = daemon.jobling(words).expect_code(0);
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert!(lines[0].contains("target/c-job.wasm: module, "), "{output}");
    assert!(lines[1].starts_with("  imports wasi_snapshot_preview1 ("), "{output}");
    assert!(lines[lines.len() - 1].starts_with("image/c-job:0.1.0 imported: sha256:"), "{output}");
    let manifest = task.join("job.yaml");
    let manifest = manifest.to_str().expect("UTF-8");
    drop(daemon.kubectl(["apply", "-f", manifest]).expect_code(0));
    let wait = ["wait", "--for=condition=complete", "job/c-job", "--timeout=60s"];
    drop(daemon.kubectl(wait).expect_code(0));
    let logs = daemon.kubectl(["logs", "job/c-job"]).expect_code(0);
    assert_eq!(logs.stdout, "Hello, Ada!\n");
}

#[test]
fn a_new_tasks_readme_leads_to_a_daemon_that_runs_it() {
    let folder = Folder::new();
    let data = Folder::new();
    let daemon = Daemon::start_with_triggers(data.path(), &[]);
    for kind in ["worker", "trigger"] {
        let task = made(&folder, "c", kind);
        let readme = std::fs::read_to_string(task.join("README.md")).expect("a README");
        let (_, steps) = readme.split_once("On a daemon (`jobling serve").expect("its daemon");
        let mut printed = String::new();
        for step in steps.lines().filter_map(|line| line.strip_prefix("    jobling ")) {
            let place = |word: &str| -> PathBuf {
                let is_there = task.join(word).exists();
                if is_there { task.join(word) } else { word.into() }
            };
            printed = daemon.jobling(step.split(' ').map(place)).expect_code(0).stdout;
        }
        if kind == "trigger" {
            assert_eq!(printed, "You asked for /c-trigger.\n");
            continue;
        }
        let wait = ["wait", "--for=condition=complete", "job/c-worker", "--timeout=60s"];
        drop(daemon.kubectl(wait).expect_code(0));
        let queues = daemon.jobling(["queue", "ls", "-o", "json"]).expect_code(0).json();
        let waiting = &queues["items"][0]["status"]["waiting"];
        assert!(waiting.is_null() || *waiting == 0, "{queues}");
    }
}

#[test]
fn a_build_optimises_where_it_is_told_to() {
    let folder = Folder::new();
    let task = made(&folder, "c", "job");
    let size = |options: &[&str]| {
        let words = [Path::new("build"), &task, Path::new("-q")].into_iter();
        let output = jobling(&folder, words.chain(options.iter().map(Path::new))).expect_code(0);
        Path::new(output.stdout.trim_end()).metadata().expect("a module").len()
    };
    let (plain, optimised) = (size(&[]), size(&["--optimize"]));
    assert!(optimised < plain, "{optimised} of {plain}");
}

#[test]
fn a_build_refuses_what_the_host_does_not_provide_by_its_name() {
    let folder = Folder::new();
    let source = "__attribute__((import_module(\"env\"), import_name(\"launch\"))) void launch(void);\n\
                  int main(void) { launch(); return 0; }\n";
    folder.write("rocket/main.c", source);
    let output = jobling(&folder, ["build", "rocket"]).expect_code(1);
    let said = "rocket is built, and cannot run here: the module imports env::launch, which is not provided";
    assert!(output.stderr.contains(said), "{output}");
}

#[test]
fn a_compilers_words_are_in_the_error() {
    let folder = Folder::new();
    folder.write("broken/main.c", "int main(void) { return missing; }\n");
    let output = jobling(&folder, ["build", "broken"]).expect_code(1);
    assert!(output.stderr.starts_with("error: broken cannot be built from C:\n"), "{output}");
    assert!(output.stderr.contains("use of undeclared identifier 'missing'"), "{output}");
}

/// Makes a task of a language and a kind, and returns its folder.
fn made(folder: &Folder, language: &str, kind: &str) -> PathBuf {
    let name = format!("{language}-{kind}");
    let output = jobling(folder, ["new", &name, "--lang", language, "--kind", kind]).expect_code(0);
    assert!(output.stdout.starts_with(&format!("made {name}: ")), "{output}");
    folder.path().join(name)
}

/// Makes a task and runs it; returns what it printed.
fn made_and_run(folder: &Folder, language: &str, kind: &str) -> String {
    let task = made(folder, language, kind);
    let options: &[&str] = if kind == "cronjob" { &["--now"] } else { &[] };
    run(task, options).expect_code(0).stdout
}

/// Lets a worker that was made before work off what was pushed to a daemon's queue, an item that it cannot do
/// among it, and checks that each other is done once and that one is a dead letter.
fn works_off_its_queue(folder: &Folder, language: &str, poison: &[u8]) {
    let name = format!("{language}-worker");
    let task = folder.path().join(&name);
    let data = Folder::new();
    let daemon = Daemon::start(data.path(), &["--compile-timeout", "5m"]);
    let poison = folder.write("poison", poison);
    let image = format!("{name}:0.1.0");
    let build = [Path::new("build"), &task, Path::new("--import"), Path::new(&image)];
    drop(daemon.jobling(build).expect_code(0));
    let push = ["queue", "push", &name, "Ada", "Alan", "--file"].map(Path::new);
    drop(daemon.jobling(push.into_iter().chain([poison.as_path()])).expect_code(0));
    let manifest = task.join("worker.yaml");
    drop(daemon.jobling([Path::new("apply"), Path::new("-f"), &manifest]).expect_code(0));
    let job = format!("job/{name}");
    let wait = ["wait", "--for=condition=complete", &job, "--timeout=5m"];
    drop(daemon.kubectl(wait).expect_code(0));
    let pods = format!("job-name={name}");
    let logs = daemon.kubectl(["logs", "-l", &pods, "--tail=-1"]).expect_code(0);
    let mut greetings: Vec<&str> =
        logs.stdout.lines().filter(|line| line.starts_with("Hello, ")).collect();
    greetings.sort_unstable();
    assert_eq!(greetings, ["Hello, Ada!", "Hello, Alan!"], "{logs}");
    let queues = daemon.jobling(["queue", "ls", "-o", "json"]).expect_code(0).json();
    let status = &queues["items"][0]["status"];
    assert_eq!((&status["waiting"], &status["dead"]), (&0.into(), &1.into()), "{queues}");
}

fn run(task: PathBuf, options: &[&str]) -> Output {
    let arguments = [PathBuf::from("run"), task].into_iter();
    // On a busy machine a component of several megabytes takes its time.
    let patience = ["--compile-timeout", "5m"].map(PathBuf::from);
    jobling(Path::new("."), arguments.chain(patience).chain(options.iter().map(PathBuf::from)))
}
