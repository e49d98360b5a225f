//! What the sandbox costs real work: photographs made smaller by examples/images, in it and as a program
//! of this machine.
//!
//! `scripts/examples examples && cargo bench -p jobling-benches --bench images`

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program that measures and prints")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use jobling_benches::timed;
use jobling_sandbox::{
    Access, Compiler, Ending, Limits, Mount, Prepared, RunSpec, Sandbox, Settings, Stopper,
};

/// Photographs that each side makes smaller.
const ROUNDS: usize = 25;

fn main() {
    jobling_sandbox::compile_child_main();
    let directory = tempfile::tempdir().unwrap();
    let folder = |name: &str| directory.path().join(name);
    for name in ["input", "output", "native"] {
        fs::create_dir(folder(name)).unwrap();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let compiler = Compiler::Child(std::env::current_exe().unwrap());
    let sandbox = Sandbox::new(Settings::new(folder("cache"), compiler)).unwrap();
    let prepared = runtime.block_on(sandbox.prepare(&module(), "images")).unwrap();
    let run = |words: &[&str]| runtime.block_on(run(&sandbox, &prepared, directory.path(), words));
    run(&["draw", &ROUNDS.to_string()]);

    let mut times: Vec<Duration> = (0..ROUNDS).map(|_| timed(|| run(&[]))).collect();
    times.sort_unstable();
    let ours = times[ROUNDS / 2];
    let native = natively(&folder("input"), &folder("native"));
    println!(
        "a photograph of 2 million pixels made smaller: {ours:?} in the sandbox, {native:?} natively: ratio {:.2}",
        ours.as_secs_f64() / native.as_secs_f64()
    );
}

/// Returns how long one photograph takes as a program of this machine.
fn natively(from: &Path, to: &Path) -> Duration {
    let output = Command::new("cargo")
        .args(["run", "--release", "--quiet", "--package", "images", "--example", "native", "--"])
        .args([from, to])
        .current_dir(EXAMPLES)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let micros = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap();
    Duration::from_micros(micros)
}

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");

/// Runs the example as a pod does.
async fn run(sandbox: &Sandbox, prepared: &Prepared, directory: &Path, words: &[&str]) {
    let mount = |name: &str| Mount {
        guest_path: format!("/{name}"),
        host: directory.join(name),
        access: Access::ReadWrite,
        quotas: Vec::new(),
    };
    let spec = RunSpec {
        args: ["images"].iter().chain(words).map(|&word| word.to_owned()).collect(),
        env: vec![("HOSTNAME".to_owned(), "bench".to_owned())],
        mounts: vec![mount("input"), mount("output")],
        ..RunSpec::default()
    };
    let exit = sandbox.run(prepared, spec, Limits::default(), &Stopper::new()).await;
    assert_eq!(exit.ending, Ending::Exited(0));
}

fn module() -> PathBuf {
    let module = Path::new(EXAMPLES).join("target/wasm32-wasip1/release/images.wasm");
    assert!(module.exists(), "{} is missing: run scripts/examples", module.display());
    module
}
