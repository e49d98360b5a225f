//! What a guest does to directories: it stays within them, and within their quotas.

#![expect(clippy::unwrap_used, reason = "a test ends where its world cannot be made")]
#![allow(clippy::needless_raw_string_hashes, reason = "WebAssembly text has quotes as a rule")]

mod world;

use std::path::Path;
use std::sync::Arc;

use jobling_sandbox::{Access, Ending, Limits, Mount, Overflow, Quota, RunSpec, Usage};
use world::{World, guest};

/// Writes 64 KiB at a time to `f` until that fails, then leaves with the errno.
const FILL: &str = r#"
  (drop (call $open (i32.const 3) (i32.const 1024) (i32.const 1) (i32.const 1)))
  (loop $again
    (local.set $errno (call $write (i32.load (i32.const 16)) (i32.const 4096) (i32.const 65536)))
    (br_if $again (i32.eqz (local.get $errno))))
  (call $leave (local.get $errno))"#;

/// Makes files of eight letters until that fails, then leaves with the errno.
const MANY: &str = r#"
  (loop $again
    (i32.store (i32.const 1024) (i32.or (i32.const 0x61616161)
      (i32.and (local.get $i) (i32.const 0x0f0f0f0f))))
    (i32.store (i32.const 1028) (i32.or (i32.const 0x61616161)
      (i32.and (i32.shr_u (local.get $i) (i32.const 4)) (i32.const 0x0f0f0f0f))))
    (local.set $errno (call $open (i32.const 3) (i32.const 1024) (i32.const 8) (i32.const 1)))
    (drop (call $fd_close (i32.load (i32.const 16))))
    (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br_if $again (i32.and (i32.eqz (local.get $errno)) (i32.lt_u (local.get $i) (i32.const 100000)))))
  (call $leave (local.get $errno))"#;

const NOSPC: u8 = 51;
const MIB: u64 = 1 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_fills_a_volume_is_refused_or_ended_at_the_limit() {
    let world = World::new();
    for (overflow, expected) in [
        (Overflow::Refuse, Ending::Exited(NOSPC)),
        (Overflow::End, Ending::StorageLimit { quota: "claim".to_owned() }),
    ] {
        let volume = world.volume(&format!("{overflow:?}"));
        let limit = Usage { bytes: 10 * MIB, files: 100 };
        let quota = Quota::new("claim", vec![volume.clone()], limit, overflow);
        let exit = world.run(&guest("f", FILL), on(&volume, &quota), Limits::default()).await;
        assert_eq!(exit.ending, expected);
        let used = quota.usage().await.unwrap();
        assert!((9 * MIB..=10 * MIB).contains(&used.bytes), "{used:?} of {limit:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_small_files_end_at_the_limit() {
    let world = World::new();
    let volume = world.volume("files");
    let limit = Usage { bytes: 100 * MIB, files: 1000 };
    let quota = Quota::new("claim", vec![volume.clone()], limit, Overflow::Refuse);
    let exit = world.run(&guest("", MANY), on(&volume, &quota), Limits::default()).await;
    assert_eq!(exit.ending, Ending::Exited(NOSPC));
    let used = quota.usage().await.unwrap();
    assert!((100..=1000).contains(&used.files), "{used:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overwriting_in_place_and_removing_are_not_charged_for_ever() {
    let world = World::new();
    let volume = world.volume("reused");
    let limit = Usage { bytes: 2 * MIB, files: 10 };
    let quota = Quota::new("claim", vec![volume.clone()], limit, Overflow::Refuse);
    // Two hundred times a new file of 64 KiB that is removed again: 12 MiB through 2.
    let reuse = guest(
        "f",
        r#"(loop $again
             (local.set $errno (call $open (i32.const 3) (i32.const 1024) (i32.const 1) (i32.const 1)))
             (if (local.get $errno) (then (call $leave (local.get $errno))))
             (local.set $errno
               (call $write (i32.load (i32.const 16)) (i32.const 4096) (i32.const 65536)))
             (if (local.get $errno) (then (call $leave (local.get $errno))))
             (drop (call $fd_close (i32.load (i32.const 16))))
             (drop (call $path_unlink_file (i32.const 3) (i32.const 1024) (i32.const 1)))
             (local.set $i (i32.add (local.get $i) (i32.const 1)))
             (br_if $again (i32.lt_u (local.get $i) (i32.const 200))))"#,
    );
    let exit = world.run(&reuse, on(&volume, &quota), Limits::default()).await;
    assert_eq!(exit.ending, Ending::Exited(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_was_removed_while_open_still_counts() {
    let world = World::new();
    let volume = world.volume("removed");
    let limit = Usage { bytes: 4 * MIB, files: 10 };
    let quota = Quota::new("claim", vec![volume.clone()], limit, Overflow::Refuse);
    let hide = FILL.replacen(
        "(loop",
        "(drop (call $path_unlink_file (i32.const 3) (i32.const 1024) (i32.const 1))) (loop",
        1,
    );
    let limits = Limits { fuel: 1_000_000, ..Limits::default() };
    let exit = world.run(&guest("f", &hide), on(&volume, &quota), limits).await;
    assert_eq!(exit.ending, Ending::Exited(NOSPC));
}

#[tokio::test]
async fn nothing_outside_a_volume_is_reached() {
    let world = World::new();
    let volume = world.volume("jail");
    std::fs::write(world.directory.path().join("secret"), "x").unwrap();
    std::os::unix::fs::symlink(world.directory.path(), volume.join("out")).unwrap();
    std::os::unix::fs::symlink("../secret", volume.join("secret")).unwrap();
    std::fs::write(volume.join("inside"), "x").unwrap();
    for (path, opens) in [
        ("inside", true),
        ("../secret", false),
        ("../../etc/passwd", false),
        ("/etc/passwd", false),
        ("out/secret", false),
        ("secret", false),
    ] {
        let body = format!(
            "(call $leave (call $open (i32.const 3) (i32.const 1024) (i32.const {}) (i32.const 0)))",
            path.len()
        );
        let spec = in_(&volume, Access::ReadWrite);
        let ending = world.run(&guest(path, &body), spec, Limits::default()).await.ending;
        assert_eq!(ending == Ending::Exited(0), opens, "{path}: {ending:?}");
    }
}

#[tokio::test]
async fn a_read_only_mount_cannot_be_written() {
    let world = World::new();
    let volume = world.volume("readonly");
    let exit =
        world.run(&guest("f", FILL), in_(&volume, Access::ReadOnly), Limits::default()).await;
    assert!(!matches!(exit.ending, Ending::Exited(0)), "{:?}", exit.ending);
    assert_eq!(std::fs::read_dir(&volume).unwrap().count(), 0);
}

#[tokio::test]
async fn a_file_does_not_move_from_one_mount_to_another() {
    let world = World::new();
    let (a, b) = (world.volume("a"), world.volume("b"));
    std::fs::write(a.join("f"), "x").unwrap();
    let rename = guest(
        "f",
        "(call $leave (call $path_rename (i32.const 3) (i32.const 1024) (i32.const 1)
           (i32.const 4) (i32.const 1024) (i32.const 1)))",
    );
    let mut spec = in_(&a, Access::ReadWrite);
    spec.mounts.extend(in_(&b, Access::ReadWrite).mounts);
    let exit = world.run(&rename, spec, Limits::default()).await;
    assert_eq!(exit.ending, Ending::Exited(75), "EXDEV");
}

#[tokio::test]
async fn descriptors_are_bounded() {
    let world = World::new();
    let volume = world.volume("descriptors");
    std::fs::write(volume.join("f"), "x").unwrap();
    let leak = guest(
        "f",
        r#"(loop $again
             (local.set $errno (call $open (i32.const 3) (i32.const 1024) (i32.const 1) (i32.const 0)))
             (local.set $i (i32.add (local.get $i) (i32.const 1)))
             (br_if $again (i32.eqz (local.get $errno))))
           (call $leave (select (local.get $i) (i32.const 99)
             (i32.eq (local.get $errno) (i32.const 33))))"#,
    );
    let limits = Limits { descriptors: 20, ..Limits::default() };
    let exit = world.run(&leak, in_(&volume, Access::ReadWrite), limits).await;
    assert_eq!(exit.ending, Ending::Exited(21), "the 21st open fails with EMFILE");
}

#[tokio::test]
async fn a_missing_directory_is_named() {
    let world = World::new();
    let missing = world.directory.path().join("missing");
    let spec = in_(&missing, Access::ReadOnly);
    let exit = world.run(&guest("", ""), spec, Limits::default()).await;
    let Ending::StartFailed { why } = exit.ending else { panic!("{:?}", exit.ending) };
    assert!(why.contains("/data"), "{why}");
}

fn in_(volume: &Path, access: Access) -> RunSpec {
    let mount = Mount {
        guest_path: "/data".to_owned(),
        host: volume.to_path_buf(),
        access,
        quotas: Vec::new(),
    };
    RunSpec { mounts: vec![mount], ..RunSpec::default() }
}

fn on(volume: &Path, quota: &Arc<Quota>) -> RunSpec {
    let mut spec = in_(volume, Access::ReadWrite);
    spec.mounts[0].quotas.push(Arc::clone(quota));
    spec
}
