//! HTTPTriggers with the real kubectl: every verb that it has for a kind, on a kind that it does not know.

use harness::{Daemon, Folder, Output, module};

const TRIGGER: &str = "\
apiVersion: jobling.dev/v1alpha1
kind: HTTPTrigger
metadata: {name: thumbnail}
spec:
  path: /thumbnail/{size}
  methods: [POST, PUT]
  auth: {none: {}}
  idempotency: {}
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: c, image: 'multicall:1', args: [echo, small]}]
";

#[test]
fn kubectl_has_every_verb_for_triggers() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder.path().join("data"), &[]);
    daemon.import("multicall:1", &module("multicall"));
    let manifest = folder.write("trigger.yaml", TRIGGER);
    let manifest = manifest.to_str().expect("UTF-8");
    let said = |arguments: &str, words: &[&str]| {
        let output = daemon.kubectl(arguments.split(' ')).expect_code(0);
        for word in words {
            assert!(output.stdout.contains(word), "kubectl {arguments}: {output}");
        }
    };

    said(&format!("apply -f {manifest}"), &["httptrigger.jobling.dev/thumbnail created"]);
    let revision = "get httptrigger thumbnail -o jsonpath={.metadata.resourceVersion}";
    let made = daemon.kubectl(revision.split(' ')).expect_code(0).stdout;
    said(&format!("apply -f {manifest}"), &["httptrigger.jobling.dev/thumbnail unchanged"]);
    assert_eq!(daemon.kubectl(revision.split(' ')).expect_code(0).stdout, made);
    said(
        "get httptriggers",
        &["NAME", "PATH", "thumbnail", "/thumbnail/{size}", "POST,PUT", "Sync"],
    );
    said("get ht -o wide", &["AUTH", "IMAGES", "multicall:1"]);
    said("get all", &["httptrigger.jobling.dev/thumbnail"]);
    said("get httptrigger thumbnail -o jsonpath={.spec.bodyLimit}", &["1Mi"]);
    said("describe httptrigger thumbnail", &["Max Concurrency:", "Retention Seconds:", "86400"]);
    said("api-resources --api-group=jobling.dev", &["httptriggers", "HTTPTrigger"]);
    said("explain httptriggers.spec.concurrencyPolicy", &["Queue has it wait for its turn"]);
    said("explain httptriggers --recursive", &["secretKeyRef", "retentionSeconds", "backoffLimit"]);
    let patch = r#"{"spec":{"suspend":true}}"#;
    said(&format!("patch httptrigger thumbnail --type=merge -p {patch}"), &["patched"]);
    said("get httptriggers", &["True"]);
    said("label httptrigger thumbnail team=a", &["labeled"]);
    said("get httptriggers -l team=a -o name", &["httptrigger.jobling.dev/thumbnail"]);
    said("auth can-i create httptriggers", &["yes"]);
    said("delete httptrigger thumbnail", &["deleted"]);
}

#[test]
fn what_cannot_be_a_trigger_is_refused_with_each_field_and_its_rule() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder.path().join("data"), &[]);
    let wrong = TRIGGER
        .replace("/thumbnail/{size}", "thumbnail")
        .replace("[POST, PUT]", "[post]")
        .replace("auth: {none: {}}", "timeoutSeconds: 0");
    let wrong = folder.write("wrong.yaml", wrong);
    let refused = apply(&daemon, &wrong).expect_code(1);
    for words in [
        "The HTTPTrigger \"thumbnail\" is invalid",
        "spec.path: Invalid value: \"thumbnail\": must begin with '/'",
        "spec.methods[0]: Unsupported value: \"post\"",
        "spec.auth: Required value: one of bearer, hmac and none; `none: {}` lets anybody ask",
        "spec.timeoutSeconds: Invalid value: 0: must be from 1 to 3600",
    ] {
        assert!(refused.stderr.contains(words), "{words}: {refused}");
    }

    let right = folder.write("trigger.yaml", TRIGGER);
    drop(apply(&daemon, &right).expect_code(0));
    let other = TRIGGER.replace("name: thumbnail", "name: other").replace("{size}", "{width}");
    let refused = apply(&daemon, &folder.write("other.yaml", other)).expect_code(1);
    let taken = "spec.path: Duplicate value: \"/thumbnail/{width}\": POST on this path is taken by \
                 httptrigger default/thumbnail";
    assert!(refused.stderr.contains(taken), "{refused}");
}

#[test]
fn a_job_is_made_of_a_trigger_and_goes_with_it() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder.path().join("data"), &[]);
    daemon.import("multicall:1", &module("multicall"));
    drop(apply(&daemon, &folder.write("trigger.yaml", TRIGGER)).expect_code(0));
    let make = ["create", "job", "once", "--from=httptrigger/thumbnail"];
    drop(daemon.jobling(make).expect_code(0));
    drop(daemon.kubectl(["wait", "--for=condition=complete", "job/once"]).expect_code(0));
    let printed = daemon.kubectl(["logs", "job/once"]).expect_code(0);
    assert_eq!(printed.stdout, "small\n");

    let described = daemon.jobling(["describe", "httptrigger", "thumbnail"]).expect_code(0);
    for words in ["Path:", "/thumbnail/{size}", "Last Requests:", "<none>"] {
        assert!(described.stdout.contains(words), "{described}");
    }
    drop(daemon.kubectl(["delete", "httptrigger", "thumbnail"]).expect_code(0));
    drop(daemon.kubectl(["wait", "--for=delete", "job/once", "--timeout=30s"]).expect_code(0));
}

#[test]
fn run_says_what_it_does_with_a_trigger_and_tries_its_job() {
    let folder = Folder::new();
    let manifest = folder.write("trigger.yaml", TRIGGER);
    let manifest = manifest.to_str().expect("UTF-8");
    let image = format!("multicall:1={}", module("multicall").display());
    let refused = harness::jobling(&folder, ["run", manifest, "--image", &image]).expect_code(2);
    assert!(
        refused.stderr.contains(
            "trigger.yaml, line 2: an HTTPTrigger is not run in the foreground, where no request comes: try \
             its Job once, without a request, with --now; hand it to a daemon: jobling serve, then \
             jobling apply -f"
        ),
        "{refused}"
    );
    let arguments = ["run", "--now", manifest, "--image", &image];
    let ran = harness::jobling(&folder, arguments).expect_code(0);
    assert!(ran.stdout.contains("small"), "{ran}");
}

fn apply(daemon: &Daemon, manifest: &std::path::Path) -> Output {
    daemon.kubectl(["apply".as_ref(), "-f".as_ref(), manifest.as_os_str()])
}
