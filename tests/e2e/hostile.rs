//! A guest that misbehaves ends for the documented reason, and a healthy Job beside it finishes as if
//! nothing were.

use std::path::Path;

use harness::{Folder, jobling, module};

use crate::outcome::{Outcome, run};

/// Each way to misbehave of tests/modules' `hostile`, how its container ends and why its Job fails.
const WAYS: [(&str, &str, &str); 10] = [
    ("loop", "152 FuelExhausted", "BackoffLimitExceeded"),
    ("recurse", "134 Error", "BackoffLimitExceeded"),
    ("grow-memory", "137 OOMKilled", "BackoffLimitExceeded"),
    ("flood", "153 OutputLimitExceeded", "BackoffLimitExceeded"),
    ("sleep", "143 Error", "DeadlineExceeded"),
    ("read-outside", "13 Error", "BackoffLimitExceeded"),
    ("link-outside", "13 Error", "BackoffLimitExceeded"),
    ("fill-claim", "13 Error", "BackoffLimitExceeded"),
    ("many-files", "13 Error", "BackoffLimitExceeded"),
    ("many-descriptors", "13 Error", "BackoffLimitExceeded"),
];

/// Modules that are wrong by themselves, as text, how their container ends, and what its message names.
const MODULES: [(&str, &str, &str, &str); 5] = [
    (
        "start-traps",
        "(module (func $f unreachable) (start $f) (func (export \"_start\")))",
        "134 Error",
        "unreachable",
    ),
    ("no-start", "(module (memory (export \"memory\") 1))", "128 StartError", "_start"),
    (
        "unknown-import",
        "(module (import \"env\" \"launch\" (func)) (func (export \"_start\")))",
        "128 StartError",
        "env::launch",
    ),
    (
        "grow-table",
        "(module (table 1 funcref) (func (export \"_start\")
           (loop $more (drop (table.grow (ref.null func) (i32.const 100000))) (br $more))))",
        "152 FuelExhausted",
        "",
    ),
    (
        "memory-too-large",
        "(module (memory (export \"memory\") 4096) (func (export \"_start\")))",
        "137 OOMKilled",
        "",
    ),
];

#[test]
fn guests_that_misbehave_end_for_the_documented_reason() {
    let folder = Folder::new();
    // Only who does nothing is ended by its deadline, however busy the machine that tests.
    let way_job = |way| match way {
        "sleep" => job(way, "hostile", way).replace("Seconds: 600", "Seconds: 5"),
        _ => job(way, "hostile", way),
    };
    let jobs: Vec<String> = WAYS.iter().map(|(way, ..)| way_job(way)).collect();
    let hostile = module("hostile");
    let outcome = beside_a_healthy_job(&folder, &jobs.join("---\n"), &[("hostile", &hostile)], &[]);
    for (way, ending, reason) in WAYS {
        assert_eq!(outcome.endings(way), [ending], "{way}");
        assert_eq!(outcome.result(way), format!("Failed {reason}"), "{way}");
    }
}

#[test]
fn modules_that_are_wrong_end_for_the_documented_reason() {
    let folder = Folder::new();
    let jobs: Vec<String> = MODULES.iter().map(|(name, ..)| job(name, name, "")).collect();
    let files: Vec<_> = MODULES
        .iter()
        .map(|(name, text, ..)| (*name, folder.write(name, wat::parse_str(text).expect(name))))
        .collect();
    let images: Vec<(&str, &Path)> =
        files.iter().map(|(name, file)| (*name, file.as_path())).collect();
    let outcome = beside_a_healthy_job(&folder, &jobs.join("---\n"), &images, &[]);
    for (name, _, ending, word) in MODULES {
        assert_eq!(outcome.endings(name), [ending], "{name}");
        let state = &outcome.pods(name)[0]["status"]["containerStatuses"][0]["state"]["terminated"];
        let message = state["message"].as_str().unwrap_or_default();
        assert!(message.contains(word), "{name}: {message}");
    }
}

#[test]
fn what_is_no_module_or_too_large_a_one_is_refused_before_anything_runs() {
    let folder = Folder::new();
    let garbage = [0xde, 0xad, 0xbe, 0xef].repeat(64);
    for (name, bytes, said) in [
        ("garbage", garbage, "it is no WebAssembly"),
        ("large", large_module(100 << 20), "more than 64 MiB"),
    ] {
        folder.write(name, bytes);
        folder.write("job.yaml", job(name, name, ""));
        let image = format!("{name}={name}");
        let output = jobling(&folder, ["run", "job.yaml", "--image", &image]).expect_code(2);
        assert!(output.stderr.contains(said), "{output}");
    }
}

#[test]
fn a_module_of_a_million_functions_ends_while_others_run() {
    let folder = Folder::new();
    let many = folder.write("many", module_of_functions(1_000_000));
    let many_job = job("many", "many", "");
    let data = folder.path().join("data").display().to_string();
    // With a cache of its own the healthy Job's module is compiled, too, and within the same bound.
    let options = ["--compile-memory", "256Mi", "--data", &data];
    let outcome = beside_a_healthy_job(&folder, &many_job, &[("many", &many)], &options);
    assert_eq!(outcome.endings("many"), ["128 StartError"], "{}", outcome.stderr);
    assert!(outcome.stderr.contains("raise --compile-memory"), "{}", outcome.stderr);
}

/// Runs the Jobs and one that works for a while; that one is Complete, in one attempt.
#[track_caller]
fn beside_a_healthy_job(
    folder: &Folder,
    jobs: &str,
    images: &[(&str, &Path)],
    options: &[&str],
) -> Outcome {
    let healthy = job("healthy", "multicall", "echo").replace("backoffLimit: 0", "completions: 20");
    let manifest = folder.write("jobs.yaml", format!("{jobs}---\n{healthy}"));
    let multicall = module("multicall");
    let images: Vec<(&str, &Path)> =
        images.iter().copied().chain([("multicall", multicall.as_path())]).collect();
    let outcome = run(folder.path(), &[&manifest], &images, options);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert_eq!(outcome.result("healthy"), "Complete", "{}", outcome.stderr);
    assert_eq!(outcome.endings("healthy"), vec!["0 Completed"; 20], "{}", outcome.stderr);
    outcome
}

/// Returns a Job of one attempt with limits that are reached soon, and a small claim at /data.
fn job(name: &str, image: &str, argument: &str) -> String {
    format!(
        "apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {name}
spec:
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: 1Mi
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {name}
spec:
  backoffLimit: 0
  activeDeadlineSeconds: 600
  template:
    spec:
      containers:
        - name: main
          image: {image}
          args: [{argument}]
          resources:
            limits:
              memory: 32Mi
              jobling.dev/fuel: 2G
          volumeMounts:
            - name: data
              mountPath: /data
      volumes:
        - name: data
          persistentVolumeClaim:
            claimName: {name}
      restartPolicy: Never
"
    )
}

/// Returns a module with a custom section of so many bytes.
fn large_module(bytes: u32) -> Vec<u8> {
    let mut module = b"\0asm\x01\0\0\0\0".to_vec();
    leb128(&mut module, bytes);
    module.push(0);
    module.resize(module.len() + bytes as usize - 1, 0);
    module
}

/// Returns a module of so many functions that each do nothing.
fn module_of_functions(count: u32) -> Vec<u8> {
    let mut module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0".to_vec();
    for (id, each) in [(3, &[0][..]), (10, &[2, 0, 0x0b])] {
        let mut body = Vec::new();
        leb128(&mut body, count);
        body.extend(each.iter().copied().cycle().take(each.len() * count as usize));
        module.push(id);
        leb128(&mut module, u32::try_from(body.len()).expect("below 4 GiB"));
        module.extend(body);
        if id == 3 {
            module.extend(b"\x07\x0a\x01\x06_start\0\0");
        }
    }
    module
}

/// Appends a number as WebAssembly writes it: seven bits a byte, the lowest first.
fn leb128(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}
