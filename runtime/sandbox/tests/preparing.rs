//! What is no module, or may not be one, is refused with a sentence; what is one is compiled once.

#![expect(clippy::unwrap_used, reason = "a test ends where its world cannot be made")]
#![allow(clippy::needless_raw_string_hashes, reason = "WebAssembly text has quotes as a rule")]

mod world;

use std::os::unix::fs::PermissionsExt as _;

use jobling_sandbox::{
    CompileLimits, Compiler, Ending, Limits, PrepareError, RunSpec, Sandbox, SandboxError, Settings,
};
use world::World;

#[tokio::test]
async fn what_cannot_run_is_refused_by_name() {
    let world = World::new();
    for (text, expected) in [
        (r#"(module (func (export "main")))"#, PrepareError::NoStart),
        (r#"(module (func (export "_start") (param i32)))"#, PrepareError::NoStart),
        (
            r#"(module (import "env" "launch" (func)) (func (export "_start")))"#,
            unknown("env", "launch"),
        ),
        (
            r#"(component (import "acme:missiles/launch@1.0.0" (instance (export "go" (func)))))"#,
            unknown("acme:missiles/launch@1.0.0", ""),
        ),
    ] {
        assert_eq!(world.prepare(text).await.unwrap_err(), expected, "{text}");
    }
    let library = world.prepare("(component)").await.unwrap_err();
    assert!(matches!(library, PrepareError::WrongWorld { .. }), "{library:?}");
    for garbage in [&b""[..], b"#!/bin/sh\necho", b"\0asm\x07\0\0\0"] {
        assert_eq!(world.prepare_bytes(garbage).await.unwrap_err(), PrepareError::NotWasm);
    }
    let torn = world.prepare_bytes(b"\0asm\x01\0\0\0\x01\xff\xff").await.unwrap_err();
    assert!(matches!(torn, PrepareError::Invalid { .. }), "{torn:?}");
    let threads = r#"(module (memory 1 1 shared) (func (export "_start")))"#;
    let refused = world.prepare(threads).await.unwrap_err();
    assert!(matches!(refused, PrepareError::Invalid { .. }), "{refused:?}");
}

#[tokio::test]
async fn compiling_is_bounded_in_size_time_and_memory() {
    let many = functions(1_000_000);
    let small = CompileLimits::default();
    let world = World::with_compile_limits(CompileLimits { module_bytes: 1000, ..small });
    let refused = world.prepare_bytes(&many).await.unwrap_err();
    let bytes = many.len() as u64;
    assert_eq!(refused, PrepareError::TooLarge { bytes, limit: 1000 });
    let world = World::with_compile_limits(CompileLimits { seconds: 1, ..small });
    let refused = world.prepare_bytes(&many).await.unwrap_err();
    assert_eq!(refused, PrepareError::CompileTimeout { seconds: 1 });
    let memory_bytes = 200 << 20;
    let world = World::with_compile_limits(CompileLimits { memory_bytes, ..small });
    let refused = world.prepare_bytes(&many).await.unwrap_err();
    assert_eq!(refused, PrepareError::CompileMemory { bytes: memory_bytes });
    // Nothing is left of what was not finished, and the next module compiles.
    let cached = std::fs::read_dir(world.directory.path().join("cache")).unwrap().count();
    assert_eq!(cached, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_digest_is_compiled_once_and_found_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("m.wasm");
    std::fs::write(&path, wat::parse_str(r#"(module (func (export "_start")))"#).unwrap()).unwrap();
    let cache = directory.path().join("cache");
    let compiled = || std::fs::read_dir(&cache).unwrap().count();
    let first = Sandbox::new(Settings::new(&cache, child())).unwrap();
    let (a, b) = tokio::join!(first.prepare(&path, "sha256:a"), first.prepare(&path, "sha256:a"));
    assert!(a.is_ok() && b.is_ok());
    assert_eq!(compiled(), 1);
    drop(first);
    // A compiler that cannot be started shows that none is needed.
    let nobody = Compiler::Child("/nonexistent".into());
    let second = Sandbox::new(Settings::new(&cache, nobody)).unwrap();
    let prepared = second.prepare(&path, "sha256:a").await.unwrap();
    let stopper = jobling_sandbox::Stopper::new();
    let exit = second.run(&prepared, RunSpec::default(), Limits::default(), &stopper).await;
    assert_eq!(exit.ending, Ending::Exited(0));
    let other = second.prepare(&path, "sha256:b").await.unwrap_err();
    assert!(matches!(other, PrepareError::Compiler { .. }), "{other:?}");
}

#[tokio::test]
async fn code_that_was_damaged_is_compiled_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("m.wasm");
    std::fs::write(&path, wat::parse_str(r#"(module (func (export "_start")))"#).unwrap()).unwrap();
    let cache = directory.path().join("cache");
    Sandbox::new(Settings::new(&cache, child())).unwrap().prepare(&path, "sha256:a").await.unwrap();
    let code = std::fs::read_dir(&cache).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&code, b"torn").unwrap();
    let again = Sandbox::new(Settings::new(&cache, child())).unwrap();
    assert!(again.prepare(&path, "sha256:a").await.is_ok());
}

#[test]
fn a_cache_that_others_can_write_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let open = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(directory.path(), open).unwrap();
    let refused = Sandbox::new(Settings::new(directory.path(), child())).unwrap_err();
    assert!(matches!(refused, SandboxError::CacheNotPrivate { .. }), "{refused}");
}

fn child() -> Compiler {
    Compiler::Child(env!("CARGO_BIN_EXE_compile-child").into())
}

fn unknown(module: &str, name: &str) -> PrepareError {
    PrepareError::UnknownImport { module: module.to_owned(), name: name.to_owned() }
}

/// Returns a module of `count` functions.
fn functions(count: u32) -> Vec<u8> {
    let number = |mut n: u32| {
        let mut bytes = Vec::new();
        while n >= 0x80 {
            bytes.push(n.to_le_bytes()[0] | 0x80);
            n >>= 7;
        }
        bytes.push(n.to_le_bytes()[0]);
        bytes
    };
    let section = |id: u8, items: &[u8], each: usize| {
        let mut contents = number(u32::try_from(each).unwrap());
        contents.extend_from_slice(items);
        let mut bytes = vec![id];
        bytes.extend(number(u32::try_from(contents.len()).unwrap()));
        bytes.extend(contents);
        bytes
    };
    let count = count as usize;
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    module.extend(section(1, &[0x60, 0, 0], 1));
    module.extend(section(3, &vec![0; count], count));
    module.extend(section(10, &[2, 0, 0x0b].repeat(count), count));
    module
}
