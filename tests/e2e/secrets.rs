//! What comes from a Secret stays out of a guest's environment where it should.

use harness::Folder;

use crate::outcome::run;

/// Leaves with the number of its variables; ten more if it gets the secret `KEY` by its handle, a hundred more
/// if it gets `QUEUE_URL` so.
fn module(import: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
          (import "wasi_snapshot_preview1" "environ_sizes_get"
            (func $sizes (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
          (import "jobling:task/secrets@0.1.0" "[static]secret.open"
            (func $open (param i32 i32 i32)))
          {import}
          (memory (export "memory") 1)
          (global $free (mut i32) (i32.const 4096))
          (data (i32.const 1024) "KEY")
          (data (i32.const 1032) "QUEUE_URL")
          (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
            (global.get $free)
            (global.set $free (i32.add (global.get $free) (local.get 3))))
          (func (export "_start")
            (drop (call $sizes (i32.const 0) (i32.const 4)))
            (call $open (i32.const 1024) (i32.const 3) (i32.const 2048))
            (call $open (i32.const 1032) (i32.const 9) (i32.const 2080))
            (call $exit (i32.add (i32.load (i32.const 0)) (i32.add
              (i32.mul (i32.const 10) (i32.eqz (i32.load8_u (i32.const 2048))))
              (i32.mul (i32.const 100) (i32.eqz (i32.load8_u (i32.const 2080)))))))))"#
    );
    wat::parse_str(text).expect("WebAssembly text")
}

const QUEUES: &str = r#"(import "jobling:task/work-queue@0.1.0" "[static]queue.open"
    (func (param i32 i32 i32)))"#;

const MANIFEST: &str = "\
apiVersion: v1
kind: Secret
metadata: {name: keys}
stringData: {key: abc, url: 'redis://:s3cret@127.0.0.1:1'}
---
apiVersion: batch/v1
kind: Job
metadata: {name: look}
spec:
  backoffLimit: 0
  template:
    metadata: {annotations: {ANNOTATION}}
    spec:
      restartPolicy: Never
      containers:
        - name: look
          image: look
          env:
            - {name: PLAIN, value: x}
            - {name: KEY, valueFrom: {secretKeyRef: {name: keys, key: key}}}
            - {name: QUEUE_URL, valueFrom: {secretKeyRef: {name: keys, key: url}}}
";

#[test]
fn a_guest_sees_of_its_secrets_what_it_is_to_see() {
    // HOSTNAME is every pod's.
    for (import, annotation, expected) in [
        ("", "", "14 Error"),
        (QUEUES, "", "13 Error"),
        ("", "jobling.dev/secret-variables: handles", "12 Error"),
    ] {
        let folder = Folder::new();
        let guest = folder.write("look.wasm", module(import));
        let manifest = folder.write("job.yaml", MANIFEST.replace("ANNOTATION", annotation));
        let outcome = run(folder.path(), &[&manifest], &[("look", &guest)], &[]);
        assert_eq!(
            outcome.endings("look"),
            [expected],
            "{import} {annotation}\n{}",
            outcome.stderr
        );
        assert!(!outcome.stderr.contains("s3cret"), "{}", outcome.stderr);
    }
}
