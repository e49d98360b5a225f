//! Images to and from a real registry, with the real kubectl and the real binary on both sides of it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use harness::{Daemon, Door, Folder, Registry};

/// ada's password is s3cret, hashed by bcrypt as the registry wants it.
const HTPASSWD: &str = "ada:$2y$05$abcdefghijklmnopqrstuuLK7U1u6pVRmL7L1BBM2aS35PSZnDXlK\n";

#[test]
fn an_image_goes_to_a_registry_and_comes_back_by_tag_and_by_digest_in_both_shapes() {
    let folder = Folder::new();
    let registry = Registry::start(folder.path(), Door::Open);
    let here = daemon(&folder, "here", &[]);
    here.import("greeter:1", &module(&folder, "greeter"));
    let there = daemon(&folder, "there", &[]);
    for (shape, tag) in [("artifact", "a"), ("runwasi", "r")] {
        let remote = format!("{}/team/greeter:{tag}", registry.host());
        let push = ["image", "push", "greeter:1", &remote, "--format", shape];
        let pushed = here.jobling(push).expect_code(0).stdout;
        let digest = pushed.trim().rsplit_once(' ').expect("NAME pushed: DIGEST").1.to_owned();
        let by_digest = format!("{}/team/greeter@{digest}", registry.host());
        for (job, image) in
            [(format!("digest-{shape}"), by_digest), (format!("tag-{shape}"), remote)]
        {
            apply(&there, &folder, &job, &image, "");
            complete(&there, &job);
            let printed = there.kubectl(["logs", &format!("job/{job}")]).expect_code(0).stdout;
            assert_eq!(printed, "greeter\n", "{image}");
            let events = events(&there, &job);
            assert!(events.contains(&format!("Pulling Pulling image \"{image}\"")), "{events}");
            assert!(
                events.contains(&format!("Pulled Successfully pulled image \"{image}\" in ")),
                "{events}"
            );
            assert!(events.contains("including waiting). Image size: "), "{events}");
            assert!(!events.contains("already present"), "{events}");
            let id = jsonpath(&there, &job, ".status.containerStatuses[0].imageID");
            assert_eq!(id, format!("{}/team/greeter@{digest}", registry.host()));
        }
    }
}

#[test]
fn the_pull_policy_decides_whether_the_registry_is_asked() {
    let folder = Folder::new();
    let registry = Registry::start(folder.path(), Door::Open);
    let daemon = daemon(&folder, "data", &[]);
    let image = format!("{}/greeter:1", registry.host());
    for word in ["old", "new"] {
        daemon.import("own", &module(&folder, word));
        drop(daemon.jobling(["image", "push", "own", &image]).expect_code(0));
        if word == "old" {
            drop(daemon.jobling(["image", "pull", &image]).expect_code(0));
        }
    }
    for (job, policy, expected) in [
        ("never", "Never", "old\n"),
        ("present", "IfNotPresent", "old\n"),
        ("always", "Always", "new\n"),
    ] {
        apply(&daemon, &folder, job, &image, policy);
        complete(&daemon, job);
        let printed = daemon.kubectl(["logs", &format!("job/{job}")]).expect_code(0).stdout;
        assert_eq!(printed, expected, "{policy}");
        let asked = events(&daemon, job).contains("Successfully pulled");
        assert_eq!(asked, policy == "Always", "{policy}");
    }
    let missing = format!("{}/greeter:2", registry.host());
    apply(&daemon, &folder, "gone", &missing, "Never");
    waits(&daemon, "gone", "ErrImageNeverPull");
    apply(&daemon, &folder, "unknown", &missing, "Always");
    let why = waits(&daemon, "unknown", "ErrImagePull");
    assert!(why.contains("has no manifest in greeter"), "{why}");
}

#[test]
fn a_guarded_registry_is_shown_an_image_pull_secret_or_dockers_configuration() {
    let folder = Folder::new();
    let htpasswd = folder.write("htpasswd", HTPASSWD);
    let registry = Registry::start(folder.path(), Door::Password { htpasswd: &htpasswd });
    let auths = format!(
        r#"{{"auths": {{"{}": {{"username": "ada", "password": "s3cret"}}}}}}"#,
        registry.host()
    );
    let config = folder.write("config.json", auths);
    let here = daemon(&folder, "here", &["--docker-config", config.to_str().expect("text")]);
    here.import("own", &module(&folder, "hidden"));
    let image = format!("{}/hidden:1", registry.host());
    drop(here.jobling(["image", "push", "own", &image]).expect_code(0));

    let there = daemon(&folder, "there", &[]);
    apply(&there, &folder, "without", &image, "");
    let why = waits(&there, "without", "ErrImagePull");
    assert!(
        why.contains("denies access to hidden (without credentials; an imagePullSecret"),
        "{why}"
    );
    let server = format!("--docker-server={}", registry.host());
    let make = ["create", "secret", "docker-registry", "ada", &server, "--docker-username=ada"];
    let made = there.kubectl(make.into_iter().chain(["--docker-password=s3cret"]));
    drop(made.expect_code(0));
    let text = manifest("with", &image, "")
        .replace("containers:", "imagePullSecrets: [{name: ada}]\n      containers:");
    drop(
        there
            .kubectl(["apply", "-f", text_file(&folder, "with", &text).to_str().expect("text")])
            .expect_code(0),
    );
    complete(&there, "with");

    let refused = there.jobling(["image", "pull", &image]).expect_code(1);
    assert!(refused.stderr.contains("denies access to hidden"), "{refused}");
    let shown = ["image", "pull", &image, "--docker-config", config.to_str().expect("text")];
    let pulled = there.jobling(shown).expect_code(0).stdout;
    assert!(pulled.contains("is up to date"), "{pulled}");
    for told in [events(&there, "without"), refused.stderr] {
        assert!(!told.contains("s3cret"), "{told}");
    }
}

#[test]
fn a_registry_over_tls_is_trusted_by_its_authority_alone() {
    let folder = Folder::new();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let certificate = folder.write("certificate.pem", made.cert.pem());
    let key = folder.write("key.pem", made.signing_key.serialize_pem());
    let registry =
        Registry::start(folder.path(), Door::Tls { certificate: &certificate, key: &key });
    let image = format!("{}/own:1", registry.host());
    let trusting =
        daemon(&folder, "trusting", &["--registry-ca", certificate.to_str().expect("text")]);
    trusting.import("own", &module(&folder, "own"));
    drop(trusting.jobling(["image", "push", "own", &image]).expect_code(0));
    drop(trusting.jobling(["image", "pull", &image]).expect_code(0));

    let wary = daemon(&folder, "wary", &[]);
    let refused = wary.jobling(["image", "pull", &image]).expect_code(1);
    assert!(refused.stderr.contains("cannot be reached"), "{refused}");
    assert!(refused.stderr.contains("certificate"), "{refused}");
}

#[test]
fn images_are_shown_with_what_they_need_and_pruned_by_their_last_use() {
    let folder = Folder::new();
    let registry = Registry::start(folder.path(), Door::Open);
    let daemon = daemon(&folder, "data", &[]);
    daemon.import("own", &module(&folder, "own"));
    let image = format!("{}/own:1", registry.host());
    drop(daemon.jobling(["image", "push", "own", &image]).expect_code(0));
    drop(daemon.jobling(["image", "pull", &image]).expect_code(0));
    let shown = daemon.jobling(["image", "inspect", &image]).expect_code(0).json();
    let status = &shown["status"];
    assert_eq!(status["imports"][0]["name"], "wasi_snapshot_preview1.fd_write");
    assert_eq!(status["producers"][0]["name"], "WAT");
    assert_eq!(status["permissions"], serde_json::json!([]));
    assert!(status["origin"].as_str().is_some_and(|origin| origin.starts_with("sha256:")));
    let listed = daemon.jobling(["image", "ls", "--quiet"]).expect_code(0).stdout;
    assert_eq!(listed, format!("{image}\nown:latest\n"));
    // What is imported stays, and so do the bytes that it shares.
    let pruned = daemon.jobling(["image", "prune"]).expect_code(0);
    assert_eq!(pruned.stdout, "");
    drop(daemon.jobling(["image", "rm", "own"]).expect_code(0));
    let pruned = daemon.jobling(["image", "prune"]).expect_code(0);
    assert_eq!(pruned.stdout, format!("image/{image} deleted\n"));
}

fn daemon(folder: &Folder, name: &str, options: &[&str]) -> Daemon {
    Daemon::start(&folder.path().join(name), options)
}

/// A module that prints a word.
fn module(folder: &Folder, word: &str) -> PathBuf {
    let text = format!(
        r#"(module
            (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "\10\00\00\00\{length:02x}\00\00\00")
            (data (i32.const 16) "{word}\0a")
            (func (export "_start")
                (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
            (@producers (language "WAT" "1")))"#,
        length = word.len() + 1
    );
    folder.write(&format!("{word}.wasm"), wat::parse_str(text).expect("a module"))
}

pub(crate) fn manifest(job: &str, image: &str, policy: &str) -> String {
    let policy =
        if policy.is_empty() { String::new() } else { format!(", imagePullPolicy: {policy}") };
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: {job}}}\nspec:\n  template:\n    spec:\n      \
         restartPolicy: Never\n      containers: [{{name: main, image: \"{image}\"{policy}}}]\n"
    )
}

fn text_file(folder: &Folder, job: &str, text: &str) -> PathBuf {
    folder.write(&format!("{job}.yaml"), text)
}

pub(crate) fn apply(daemon: &Daemon, folder: &Folder, job: &str, image: &str, policy: &str) {
    let file = text_file(folder, job, &manifest(job, image, policy));
    drop(daemon.kubectl(["apply", "-f", file.to_str().expect("text")]).expect_code(0));
}

fn complete(daemon: &Daemon, job: &str) {
    let wait = ["wait", "--for=condition=complete", "--timeout=60s", &format!("job/{job}")];
    drop(daemon.kubectl(wait).expect_code(0));
}

/// Waits until the Job's pod waits for `reason`, and returns why it does.
pub(crate) fn waits(daemon: &Daemon, job: &str, reason: &str) -> String {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let waiting = ".status.containerStatuses[0].state.waiting";
        if jsonpath(daemon, job, &format!("{waiting}.reason")) == reason {
            return jsonpath(daemon, job, &format!("{waiting}.message"));
        }
        assert!(
            Instant::now() < deadline,
            "{job} does not wait for {reason}: {}",
            events(daemon, job)
        );
    }
}

fn jsonpath(daemon: &Daemon, job: &str, path: &str) -> String {
    let selector = format!("job-name={job}");
    let path = format!("jsonpath={{.items[*]{path}}}");
    daemon.kubectl(["get", "pods", "-l", &selector, "-o", &path]).expect_code(0).stdout
}

/// Returns the events of the Job's pods, a line each: reason and message.
pub(crate) fn events(daemon: &Daemon, job: &str) -> String {
    let path =
        "jsonpath={range .items[*]}{.involvedObject.name} {.reason} {.message}{\"\\n\"}{end}";
    let all = daemon.kubectl(["get", "events", "-o", path]).expect_code(0).stdout;
    let own = all.lines().filter_map(|line| line.strip_prefix(job)?.split_once(' '));
    own.fold(String::new(), |all, (_, told)| all + told + "\n")
}
