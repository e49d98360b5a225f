//! Real guests, compiled from Rust, in the sandbox alone: the examples do their work in it, and each way
//! of `hostile` to misbehave ends as it should. The same through the whole daemon is e2e's matter.

use std::path::Path;

use harness::{Folder, captured, module};
use jobling_sandbox::{
    Access, Compiler, Ending, Exit, Limits, Mount, Output, Overflow, Quota, RunSpec, Sandbox,
    Settings, Stopper, Usage,
};
use tokio::sync::mpsc;

#[test]
fn hello_greets_in_the_words_of_its_environment() {
    let spec = RunSpec { env: vec![("GREETING".into(), "Moin".into())], ..spec(&["hello", "Ada"]) };
    assert_eq!(run("hello", spec), (Ending::Exited(0), "Moin, Ada!\n".to_owned()));
}

#[test]
fn primes_counts_its_range() {
    let env = [("JOB_COMPLETION_INDEX", "3"), ("RANGE", "1000000")];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let (ending, printed) = run("primes", RunSpec { env, ..spec(&["primes"]) });
    assert_eq!(ending, Ending::Exited(0));
    assert_eq!(printed, "66330 primes from 3000000 to 3999999\n");
}

#[test]
fn migrate_keeps_its_database_in_a_directory() {
    let data = Folder::new();
    let migrate = || {
        let env = vec![("DATABASE_URL".into(), "sqlite:////data/app.db".into())];
        run("migrate", RunSpec { env, mounts: vec![mount(&data, 1 << 20)], ..spec(&["migrate"]) })
    };
    let (ending, printed) = migrate();
    assert_eq!(ending, Ending::Exited(0), "{printed}");
    assert!(printed.ends_with("/data/app.db is at version 3, 3 applied\n"), "{printed}");
    assert_eq!(migrate().1, "/data/app.db is at version 3, 0 applied\n");
}

/// A guest that is refused says so with exit code 13; 0 would be a hole.
#[test]
fn a_hostile_guest_ends_by_a_limit_or_is_refused() {
    let refused = Ending::Exited(13);
    let rows = [
        ("loop", Ending::OutOfFuel),
        ("grow-memory", Ending::OutOfMemory),
        ("flood", Ending::OutputLimit),
        ("read-outside", refused.clone()),
        ("link-outside", refused.clone()),
        ("fill-claim", refused.clone()),
        ("many-files", refused.clone()),
        ("many-descriptors", refused),
    ];
    for (way, ending) in rows {
        let data = Folder::new();
        let spec = RunSpec { mounts: vec![mount(&data, 1 << 20)], ..spec(&["hostile", way]) };
        let (ended, printed) = run("hostile", spec);
        let tail = &printed[printed.len().saturating_sub(200)..];
        assert_eq!(ended, ending, "{way}: {tail}");
    }
}

#[test]
fn endless_recursion_is_a_trap_that_names_the_stack() {
    let (ending, _) = run("hostile", spec(&["hostile", "recurse"]));
    let Ending::Trapped { message } = ending else { panic!("{ending:?}") };
    assert!(message.contains("call stack exhausted"), "{message}");
}

#[test]
fn a_guest_that_sleeps_for_ever_is_stopped_at_once() {
    let (sender, mut printed) = mpsc::unbounded_channel();
    let stdout = Output::to(move |piece| sender.send(piece.to_vec()).expect("it is awaited"));
    let spec = RunSpec { stdout, ..spec(&["hostile", "sleep"]) };
    let stopper = Stopper::new();
    let asleep = async {
        assert_eq!(printed.recv().await.as_deref(), Some(&b"sleeping\n"[..]));
        stopper.stop();
    };
    assert_eq!(exit_of("hostile", spec, &stopper, asleep).ending, Ending::Stopped);
}

fn spec(arguments: &[&str]) -> RunSpec {
    let args = arguments.iter().map(|&argument| argument.to_owned()).collect();
    RunSpec { args, ..RunSpec::default() }
}

/// A directory at /data that takes so many bytes, and a thousand files.
fn mount(folder: &Folder, bytes: u64) -> Mount {
    let limit = Usage { bytes, files: 1000 };
    let directories = vec![folder.path().to_owned()];
    Mount {
        guest_path: "/data".to_owned(),
        host: folder.path().to_owned(),
        access: Access::ReadWrite,
        quotas: vec![Quota::new("data", directories, limit, Overflow::Refuse)],
    }
}

/// Runs a module to its end and returns how it ended and what it printed.
fn run(name: &str, spec: RunSpec) -> (Ending, String) {
    let (output, printed) = captured();
    let spec = RunSpec { stdout: output.clone(), stderr: output, ..spec };
    let exit = exit_of(name, spec, &Stopper::new(), std::future::ready(()));
    (exit.ending, printed())
}

/// Runs a module to its end, and something beside it.
fn exit_of(
    name: &str,
    spec: RunSpec,
    stopper: &Stopper,
    meanwhile: impl Future<Output = ()>,
) -> Exit {
    let limits = Limits { memory_bytes: 32 << 20, fuel: 2_000_000_000, ..Limits::default() };
    let cache = Folder::new();
    let sandbox = sandbox(cache.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let prepared = sandbox.prepare(&module(name), name).await.expect("a module");
        tokio::join!(sandbox.run(&prepared, spec, limits, stopper), meanwhile).0
    })
}

fn sandbox(cache: &Path) -> Sandbox {
    let cache = cache.join("code");
    Sandbox::new(Settings { runs: 4, ..Settings::new(cache, Compiler::InProcess) })
        .expect("a sandbox")
}
